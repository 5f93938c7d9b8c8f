import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { Arena } from "./arena.ts";
import { loadKernels } from "./load.ts";

test("equal bytes have equal hashes wherever they lie, other bytes almost never", () => {
  const arena = Arena.create();
  const kernels = loadKernels(arena);
  const at = arena.allocatePages(4_096);
  const seen = new Map<number, string>();
  let collisions = 0;
  forSeeds(3_000, (random) => {
    const bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(4));
    const offset = random.below(64);
    arena.u8.set(bytes, at + offset);
    arena.u8[at + offset + bytes.length] = random.below(256);
    const hash = kernels.hashBytes(at + offset, bytes.length) >>> 0;
    arena.u8.set(bytes, at + 1_024);
    assert.equal(kernels.hashBytes(at + 1_024, bytes.length) >>> 0, hash);
    const known = seen.get(hash);
    if (known !== undefined && known !== bytes.join()) collisions++;
    seen.set(hash, bytes.join());
  });
  assert.ok(collisions <= 2, `${collisions} collisions among 3000 short texts`);
});

test("words: order and count matter", () => {
  const arena = Arena.create();
  const kernels = loadKernels(arena);
  const at = arena.allocatePages(64);
  arena.u32.set([1, 2, 0, 2, 1, 0], at >>> 2);
  const hash = (from: number, count: number): number => kernels.hashWords(at + from * 4, count) >>> 0;
  assert.equal(hash(0, 2), hash(0, 2));
  assert.notEqual(hash(0, 2), hash(3, 2));
  assert.notEqual(hash(0, 2), hash(0, 3));
});
