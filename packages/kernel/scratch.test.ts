import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena, ArenaFullError } from "./arena.ts";
import { Scratch } from "./scratch.ts";

const megabyte = 1_048_576;

test("a scratch leaves alone what it is to spare, and stays usable", () => {
  const arena = Arena.create();
  const scratch = new Scratch(arena, arena.freeBytes - 4 * megabyte);
  const mark = scratch.mark();
  scratch.take(megabyte);
  const free = arena.freeBytes;
  assert.throws(() => scratch.take(64 * megabyte), ArenaFullError);
  assert.equal(arena.freeBytes, free, "nothing was taken");
  scratch.release(mark);
  scratch.take(megabyte);
  assert.equal(arena.freeBytes, free, "what it has is used again");
  arena.allocatePages(8 * megabyte);
});
