/** Integer histograms: deltas, validation, text. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "./histogram.ts";

/** One side in schema 0 from bucket 1 on. */
const withDeltas = (deltas: readonly number[], count: number, sum = 1): Histogram =>
  Histogram.of({
    count,
    sum,
    positiveSpans: [{ offset: 1, length: deltas.length }],
    positiveBuckets: [...deltas],
  });

test("deltas become counts", () => {
  assert.equal(withDeltas([1, 2, -3, 1], 5).toString(), "{count:5, sum:1, (1,2]:1, (2,4]:3, (8,16]:1}");
  assert.deepEqual(withDeltas([1, 2, -3, 1], 5).toFloat().positiveBuckets, [1, 3, 0, 1]);
  assert.deepEqual(withDeltas([1, 2, -3, 1], 5).compact(0).positiveBuckets, [1, 2, -2]);
  assert.deepEqual(withDeltas([1, 2, -3, 1], 5).reduceResolution(-1).positiveBuckets, [4, -3]);
  assert.equal(withDeltas([1_000_000], 1_000_000).toString(), "{count:1000000, sum:1, (1,2]:1000000}");
});

test("validate: buckets add up to the count, or to less when NaN was observed", () => {
  const fails = (histogram: Histogram, text: RegExp) => assert.throws(() => histogram.validate(), text);
  withDeltas([1, 2, -3, 1], 5).validate();
  withDeltas([1, 2, -3, 1], 6, NaN).validate();
  fails(
    withDeltas([1, 2], 5),
    /^InvalidHistogramError: 4 observations found in buckets, but the Count field is 5: /u,
  );
  fails(
    withDeltas([1, 2], 3, NaN),
    /the Count field is 3: histogram's observation count should be at least/u,
  );
  fails(withDeltas([1, -2], 0), /positive side: bucket number 2 has observation count of -1: /u);
});
