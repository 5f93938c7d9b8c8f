/** Bucket bounds: the ends of the float range, and nearness to the exact powers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { goLog2 } from "./go-logarithm.ts";
import { bucketBound, coarserIndex, commonBounds, exponentialBound } from "./histogram-bounds.ts";

test("exponential bounds", () => {
  const is = (index: number, schema: number, bound: number) =>
    assert.equal(exponentialBound(index, schema), bound, `${index} in schema ${schema}`);
  is(0, 0, 1);
  is(1, 0, 2);
  is(-1, 0, 0.5);
  is(1, -1, 4);
  is(3, 1, 2.82842712474619);
  is(2, 1, 2);
  is(1, 8, 1.0027112750502025);
  // The bucket of the largest float ends there, the next one at infinity.
  is(1024, 0, Number.MAX_VALUE);
  is(1025, 0, Infinity);
  is(64, -4, Number.MAX_VALUE);
  is(65, -4, Infinity);
  is(1024 * 256, 8, Number.MAX_VALUE);
  is(-1074, 0, Number.MIN_VALUE);
  is(-1075, 0, 0);
  is(-68, -4, 0);
});

test("bounds are close to the powers they stand for, and ascend", () => {
  for (let schema = 0; schema <= 8; schema++) {
    for (let index = -600; index < 600; index++) {
      const bound = exponentialBound(index, schema);
      const exact = 2 ** (index / 2 ** schema);
      assert.ok(Math.abs(bound - exact) <= 1e-15 * exact, `${index} in schema ${schema}: ${bound}`);
      assert.ok(exponentialBound(index + 1, schema) > bound);
    }
  }
});

test("custom bounds", () => {
  assert.deepEqual(
    [-1, 0, 1, 2].map((index) => bucketBound(index, -53, [1, 2.5])),
    [-Infinity, 1, 2.5, Infinity],
  );
  assert.deepEqual(commonBounds([1, 2, 3, 5], [0, 2, 4, 5, 6]), [2, 5]);
  assert.deepEqual(commonBounds([], [1]), []);
});

test("coarser buckets contain finer ones", () => {
  for (let index = -40; index < 40; index++) {
    for (const shift of [1, 2, 5]) {
      const coarse = coarserIndex(index, shift);
      assert.ok(exponentialBound(coarse, 6 - shift) >= exponentialBound(index, 6));
      assert.ok(exponentialBound(coarse - 1, 6 - shift) <= exponentialBound(index - 1, 6));
    }
  }
  assert.equal(coarserIndex(5, 44), 1);
  assert.equal(coarserIndex(-5, 44), 0);
});

test("binary logarithm", () => {
  const is = (value: number, log: number) => assert.equal(goLog2(value), log, String(value));
  is(1, 0);
  is(0.5, -1);
  is(3, 1.5849625007211563);
  is(2 ** -1074, -1074);
  is(0, -Infinity);
  is(Infinity, Infinity);
  is(-1, NaN);
  is(NaN, NaN);
});
