/** Quantiles and fractions of native histograms. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { nativeFraction, nativeQuantile } from "./native-quantile.ts";

/** Buckets (1/2, 1], (1, 2], (2, 4], … */
function powers(buckets: number[], fields: Partial<FloatHistogram> = {}): FloatHistogram {
  const h = FloatHistogram.of({
    zeroThreshold: 0.001,
    positiveSpans: [{ offset: 0, length: buckets.length }],
    positiveBuckets: buckets,
    ...fields,
  });
  h.count ||= [h.zeroCount, ...h.positiveBuckets, ...h.negativeBuckets].reduce((a, b) => a + b);
  return h;
}

function custom(customValues: number[], buckets: number[]): FloatHistogram {
  return powers(buckets, { schema: -53, customValues, zeroThreshold: 0 });
}

const quantile = (phi: number, h: FloatHistogram): number => nativeQuantile(phi, h).value;
const fraction = (lower: number, upper: number, h: FloatHistogram): number =>
  nativeFraction(lower, upper, h).value;

test("quantiles out of range, and of nothing", () => {
  assert.equal(quantile(-0.1, powers([1])), -Infinity);
  assert.equal(quantile(1.1, powers([1])), Infinity);
  assert.equal(quantile(NaN, powers([1])), NaN);
  assert.equal(quantile(0.5, new FloatHistogram()), NaN);
});

test("within exponential buckets the logarithm is even", () => {
  assert.equal(quantile(0.5, powers([0, 4])), Math.SQRT2);
  assert.equal(quantile(1, powers([2, 2])), 2);
  assert.equal(quantile(0, powers([2, 2])), 0.5);
  const mirrored = { negativeSpans: [{ offset: 0, length: 2 }], negativeBuckets: [0, 4] };
  assert.equal(quantile(0.5, powers([], mirrored)), -Math.SQRT2);
});

test("the zero bucket ends at zero when all others are on one side", () => {
  const negative = { negativeSpans: [{ offset: 0, length: 1 }], negativeBuckets: [1] };
  assert.equal(quantile(0.25, powers([2], { zeroCount: 2 })), 0.0005);
  assert.equal(quantile(0.5, powers([1], { zeroCount: 2, ...negative })), 0);
});

test("custom buckets are even by width; beyond their bounds is the bound", () => {
  assert.equal(quantile(0.5, custom([1, 3], [0, 4])), 2);
  assert.equal(quantile(0.5, custom([4], [4])), 2);
  assert.equal(quantile(0.9, custom([4], [0, 4])), 4);
  assert.equal(quantile(0.5, custom([-2, 1], [4])), -2);
});

test("NaN observations lie above all buckets", () => {
  const withNaN = powers([2, 2], { count: 5, sum: NaN });
  assert.deepEqual(nativeQuantile(0.9, withNaN), { value: NaN, note: "nan" });
  assert.equal(nativeQuantile(0.5, withNaN).note, "skewed");
  assert.equal(nativeQuantile(0.5, powers([2, 2], { sum: NaN })).note, null);
  assert.deepEqual(nativeFraction(0, Infinity, withNaN), { value: 0.8, note: "skewed" });
});

test("fractions between bounds", () => {
  assert.equal(fraction(-Infinity, Infinity, powers([1, 2])), 1);
  assert.equal(fraction(1, 2, powers([1, 3])), 0.75);
  assert.equal(fraction(0.5, Math.SQRT2, powers([1, 2])), 2 / 3);
  assert.equal(fraction(2, 1, powers([1, 3])), 0);
  assert.equal(fraction(NaN, 1, powers([1, 3])), NaN);
  assert.equal(fraction(0, 0.0005, powers([2], { zeroCount: 2 })), 0.25);
  assert.equal(fraction(2, 5, custom([1, 3], [0, 4])), 0.5);
  assert.equal(fraction(0, 1, new FloatHistogram()), NaN);
});
