/** Quantiles and fractions of classic histograms. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketFraction, bucketQuantile, type Bucket } from "./buckets.ts";

/** `bound:count …` */
function buckets(text: string): Bucket[] {
  return text.split(" ").map((part) => {
    const [bound, count] = part.split(":") as [string, string];
    return { upperBound: Number(bound), count: Number(count) };
  });
}

test("bucketQuantile", () => {
  const is = (phi: number, text: string, quantile: number) =>
    assert.equal(bucketQuantile(phi, buckets(text)).quantile, quantile, `${phi} of ${text}`);
  const plain = "1:10 2:20 Infinity:20";
  is(0.25, plain, 0.5);
  is(0.75, plain, 1.5);
  is(1, plain, 2);
  is(-0.1, plain, -Infinity);
  is(1.1, plain, Infinity);
  is(NaN, plain, NaN);
  is(0.9, "1:1 2:1 Infinity:10", 2); // in the last bucket: its lower bound
  is(0.5, "-1:10 Infinity:10", -1); // no lower bound of zero for negative buckets
  is(0.5, "1:10 2:20", NaN); // no +Inf bucket
  is(0.5, "Infinity:10", NaN);
  is(0.5, "1:0 Infinity:0", NaN);
  is(0.75, "2:20 Infinity:20 1:10", 1.5); // any order
  is(0.75, "1:4 1:6 2:20 Infinity:20", 1.5); // equal bounds are one bucket
});

test("counts that fall are raised, and that is told; rounding is not", () => {
  const repaired = bucketQuantile(0.5, buckets("1:10 2:8 5:7 Infinity:20"));
  assert.deepEqual(repaired.repair, { minBucket: 2, maxBucket: 5, maxDifference: 3 });
  assert.equal(repaired.quantile, 1);
  assert.equal(bucketQuantile(0.5, buckets("1:10 2:9.9999999999999 Infinity:20")).repair, null);
});

test("bucketFraction", () => {
  const is = (lower: number, upper: number, text: string, fraction: number) =>
    assert.equal(bucketFraction(lower, upper, buckets(text)), fraction, `${lower} to ${upper} of ${text}`);
  const plain = "1:10 2:20 Infinity:40";
  is(0, 1, plain, 0.25);
  is(1, 2, plain, 0.25);
  is(0.5, 1.5, plain, 0.25);
  is(-Infinity, Infinity, plain, 1);
  is(2, 1, plain, 0);
  is(NaN, 1, plain, NaN);
  is(0, 1, "1:10 2:20", NaN);
});
