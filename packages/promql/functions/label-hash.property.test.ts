/** The hash of label sets: known values, and the kernel equal to the definition. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadKernels } from "@narthex/kernel/load";
import { forSeeds } from "@narthex/platform/for-seeds";
import { testArena } from "../test-data.ts";
import { encodeLabelText, labelShare, xxHash64 } from "./label-hash.ts";

test("published values of XXH64", () => {
  const is = (text: string, hash: bigint) =>
    assert.equal(xxHash64(new TextEncoder().encode(text)), hash, text);
  is("", 0xef46db3751d8e999n);
  is("a", 0xd24ec4f1a98c6e5bn);
  is("as", 0x1c330fb2d66be179n);
  is("asd", 0x631c37ce72a97393n);
  is("asdf", 0x415872f599cea71en);
  is("Call me Ishmael. Some years ago--never mind how long precisely-", 0x02a2e85470d6fd96n);
});

test("lengths stand before texts", () => {
  assert.deepEqual([...encodeLabelText("ab")], [2, 0x61, 0x62]);
  assert.deepEqual([...encodeLabelText("é")], [2, 0xc3, 0xa9]);
  assert.deepEqual([...encodeLabelText("x".repeat(300)).subarray(0, 5)], [255, 44, 1, 0, 0x78]);
});

test("label sets lie anywhere in [0, 1]", () => {
  const shares = Array.from({ length: 1000 }, (_, i) => labelShare(["__name__", "m", "i", String(i)]));
  assert.ok(shares.every((share) => share >= 0 && share <= 1));
  const below = shares.filter((share) => share < 0.3).length;
  assert.ok(below > 230 && below < 370, `${below} of 1000 below 0.3`);
});

test("the kernel equals the definition", () => {
  const kernels = loadKernels(testArena);
  const at = testArena.allocatePages(4_096);
  forSeeds(500, (random) => {
    const bytes = Uint8Array.from({ length: random.below(150) }, () => random.below(256));
    const offset = 16 + random.below(16);
    testArena.u8.set(bytes, at + offset);
    testArena.u8.fill(random.below(256), at + offset + bytes.length, at + offset + bytes.length + 8);
    kernels.xxHash64(at + offset, bytes.length, at);
    assert.equal(testArena.u64[at >>> 3], xxHash64(bytes));
  });
});
