/**
 * Epochs: what a reader keeps from being reused, also where the count wraps, and how views follow the memory.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena, controlWord, pageBytes } from "./arena.ts";
import { advanceEpoch, enterEpoch, leaveEpoch } from "./epochs.ts";
import { loadKernels } from "./load.ts";

/** Whether a block retired while the reader of slot 3 is inside comes back within `commits` epochs. */
function comesBack(arena: Arena, commits: number, leaves: boolean): boolean {
  const kernels = loadKernels(arena);
  const slab = kernels.slabCreate() >>> 0;
  const block = kernels.slabAllocate(slab, 64) >>> 0;
  arena.u32[block >>> 2] = 0xabcd;
  enterEpoch(arena, 3);
  kernels.slabRetire(slab, block, 64);
  if (leaves) leaveEpoch(arena, 3);
  let reclaimed = 0;
  for (let i = 0; i < commits; i++) reclaimed += kernels.slabReclaim(slab, advanceEpoch(arena));
  leaveEpoch(arena, 3);
  return reclaimed > 0;
}

for (const epoch of [1, 2 ** 31 - 3, 2 ** 31 - 1, 2 ** 32 - 3, 2 ** 32 - 1]) {
  test(`from epoch ${epoch} on: nothing is reused under a reader, all of it afterwards`, () => {
    const arena = Arena.create();
    Atomics.store(arena.i32, controlWord.epoch, epoch | 0);
    assert.equal(comesBack(arena, 8, false), false);
    Atomics.store(arena.i32, controlWord.epoch, epoch | 0);
    assert.equal(comesBack(arena, 8, true), true);
    // 0 says "outside": it is no epoch.
    assert.notEqual(Atomics.load(arena.i32, controlWord.epoch), 0);
  });
}

test("the writer is told the oldest reader", () => {
  const arena = Arena.create();
  advanceEpoch(arena);
  enterEpoch(arena, 0);
  const first = Atomics.load(arena.i32, controlWord.epoch);
  advanceEpoch(arena);
  enterEpoch(arena, 63);
  assert.equal(advanceEpoch(arena), first);
  leaveEpoch(arena, 0);
  assert.equal(advanceEpoch(arena), first + 1);
  leaveEpoch(arena, 63);
  assert.equal(advanceEpoch(arena), first + 4);
});

test("a view follows pages that someone else has made", () => {
  const arena = Arena.create();
  const other = Arena.attach(arena.memory);
  assert.ok(other.u32.length > 0);
  const at = arena.allocatePages(64 * 1_048_576);
  arena.f64[(at >>> 3) + 8 * 1_048_576 - 1] = 7;
  assert.equal(other.f64[(at >>> 3) + 8 * 1_048_576 - 1], 7);
  arena.putText("seen", at);
  assert.equal(other.text(at, 4), "seen");
  assert.equal(at % pageBytes, 0);
});
