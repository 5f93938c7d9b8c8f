import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { Arena } from "./arena.ts";
import { advanceEpoch, enterEpoch, leaveEpoch } from "./epochs.ts";
import { loadKernels } from "./load.ts";

interface Block {
  readonly at: number;
  readonly size: number;
  readonly mark: number;
}

test("blocks never overlap, are zeroed when new, and retired ones wait for the readers", () => {
  forSeeds(60, (random) => {
    const arena = Arena.create();
    const kernels = loadKernels(arena);
    const slab = kernels.slabCreate() >>> 0;
    const live = new Set<Block>();
    const retired = new Map<Block, number>();
    let inside = 0;
    const intact = (block: Block): void => {
      const bytes = arena.u8;
      assert.equal(bytes[block.at], block.mark, "first byte");
      assert.equal(bytes[block.at + block.size - 1], block.mark, "last byte");
    };
    for (let step = 0; step < 400; step++) {
      const one = [...live][random.below(Math.max(1, live.size))];
      switch (random.below(6)) {
        case 0:
        case 1: {
          const size = 1 + random.below(random.below(10) === 0 ? 200_000 : 600);
          const at = kernels.slabAllocate(slab, size) >>> 0;
          assert.ok(at !== 0 && at % 16 === 0);
          const bytes = arena.u8.subarray(at, at + size);
          assert.ok(
            bytes.every((byte) => byte === 0),
            "a new block is zeroed",
          );
          const block = { at, size, mark: 1 + random.below(255) };
          bytes.fill(block.mark);
          live.add(block);
          break;
        }
        case 2:
          if (one === undefined) break;
          intact(one);
          kernels.slabFree(slab, one.at, one.size);
          live.delete(one);
          break;
        case 3:
          if (one === undefined) break;
          kernels.slabRetire(slab, one.at, one.size);
          live.delete(one);
          if (inside > 0) retired.set(one, inside);
          break;
        case 4:
          if (inside === 0) {
            enterEpoch(arena, 5);
            inside = step + 1;
          } else {
            for (const block of retired.keys()) intact(block);
            retired.clear();
            leaveEpoch(arena, 5);
            inside = 0;
          }
          break;
        default:
          kernels.slabReclaim(slab, advanceEpoch(arena));
      }
    }
    for (const block of [...live, ...retired.keys()]) intact(block);
    leaveEpoch(arena, 5);
    kernels.slabReclaim(slab, advanceEpoch(arena));
    for (const block of live) kernels.slabFree(slab, block.at, block.size);
    assert.equal(kernels.slabUsedBytes(slab), 0, "all is given back");
  });
});
