import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena, ArenaFullError, arenaStart, controlWord, pageBytes } from "./arena.ts";
import { advanceEpoch, enterEpoch, leaveEpoch } from "./epochs.ts";
import { loadKernels } from "./load.ts";
import { Scratch } from "./scratch.ts";

test("pages do not overlap, are zeroed, and views grow with the memory", () => {
  const arena = Arena.create();
  const before = arena.sizeBytes;
  const first = arena.allocatePages(10);
  const second = arena.allocatePages(before * 2);
  assert.equal(first, arenaStart);
  assert.equal(second, first + pageBytes);
  assert.ok(arena.sizeBytes >= second + before * 2);
  assert.equal(arena.u8.length, arena.sizeBytes);
  arena.u8[second + before * 2 - 1] = 7;
  assert.equal(arena.u8[second], 0);
});

test("kernels and TypeScript allocate from the same pages", () => {
  const arena = Arena.create();
  const kernels = loadKernels(arena);
  assert.ok(kernels.constantsEnd() <= arenaStart);
  const mine = arena.allocatePages(1);
  const theirs = kernels.pagesAllocate(2) >>> 0;
  assert.equal(theirs, mine + pageBytes);
  assert.equal(arena.allocatePages(1), theirs + 2 * pageBytes);
});

test("the end of the memory is an error, and what there is stays usable", () => {
  const arena = Arena.create();
  assert.throws(() => arena.allocatePages(2 ** 32), ArenaFullError);
  assert.equal(loadKernels(arena).pagesAllocate(65_536), 0);
  assert.equal(arena.allocatePages(1), arenaStart);
});

test("texts are UTF-8", () => {
  const arena = Arena.create();
  const at = arena.allocatePages(100);
  assert.equal(arena.putText("aé€😀", at), 10);
  assert.equal(arena.text(at, 10), "aé€😀");
});

test("a view from outside covers what the writer allocated", () => {
  const arena = Arena.create();
  const other = Arena.attach(arena.memory);
  const at = arena.allocatePages(64 * 1_048_576);
  other.cover(at + 100);
  other.u8[at] = 9;
  assert.equal(arena.u8[at], 9);
});

test("scratch blocks are aligned, apart, and given back in order", () => {
  const scratch = new Scratch(Arena.create());
  const a = scratch.take(10);
  const mark = scratch.mark();
  const b = scratch.take(1_000_000);
  const c = scratch.take(0);
  assert.ok(a % 16 === 0 && b % 16 === 0 && c % 16 === 0);
  assert.ok(b + 1_000_000 + 16 <= c || c < b);
  scratch.release(mark);
  assert.equal(scratch.take(1_000_000), b);
  const size = scratch.sizeBytes;
  scratch.reset();
  assert.equal(scratch.take(10), a);
  assert.equal(scratch.sizeBytes, size);
});

test("the oldest announced epoch holds reuse back", () => {
  const arena = Arena.create();
  assert.equal(advanceEpoch(arena), 2);
  enterEpoch(arena, 3);
  assert.equal(advanceEpoch(arena), 2);
  enterEpoch(arena, 4);
  assert.equal(Atomics.load(arena.i32, controlWord.readers + 4), 3);
  leaveEpoch(arena, 3);
  assert.equal(advanceEpoch(arena), 3);
  leaveEpoch(arena, 4);
  assert.equal(advanceEpoch(arena), 5);
});
