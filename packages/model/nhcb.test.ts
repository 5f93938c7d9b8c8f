/** Classic histograms become native ones with custom buckets, and back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FloatHistogram } from "./float-histogram.ts";
import { Histogram } from "./histogram.ts";
import { classicBuckets, ClassicHistogram, classicSeriesName } from "./nhcb.ts";

/** Buckets as bound and cumulative count. */
function native(buckets: readonly (readonly [number, number])[], count?: number): Histogram | FloatHistogram {
  const classic = new ClassicHistogram();
  for (const [bound, cumulative] of buckets) classic.addBucket(bound, cumulative);
  if (count !== undefined) classic.setCount(count);
  classic.setSum(7);
  return classic.toNative();
}

test("to native", () => {
  const is = (buckets: readonly (readonly [number, number])[], count: number | undefined, text: string) => {
    const found = native(buckets, count);
    const float = found instanceof Histogram ? found.toFloat() : found;
    assert.equal(float.testExpression(), text);
    found.validate();
  };
  const three = "{{schema:-53 count:5 sum:7 custom_values:[1 2] buckets:[2 1 2]}}";
  is(
    [
      [1, 2],
      [2, 3],
      [Infinity, 5],
    ],
    5,
    three,
  );
  is(
    [
      [Infinity, 5],
      [2, 3],
      [2, 3],
      [1, 2],
    ],
    undefined,
    three,
  );
  is(
    [
      [1, 2],
      [2, 3],
    ],
    5,
    three,
  );
  is(
    [
      [1, 0.5],
      [Infinity, 1],
    ],
    1,
    "{{schema:-53 count:1 sum:7 custom_values:[1] buckets:[0.5 0.5]}}",
  );
  is([], 3, "{{schema:-53 count:3 sum:7 custom_values:[] buckets:[3]}}");
  assert.ok(native([[1, 2]]) instanceof Histogram);
  assert.ok(native([[1, 2.5]]) instanceof FloatHistogram);
});

test("what is no histogram", () => {
  const fails = (make: () => unknown, message: string) =>
    assert.throws(make, { name: "ClassicHistogramError", message });
  fails(() => native([[NaN, 1]]), "bucket boundary must not be NaN");
  fails(() => native([[1, -1]]), "bucket count must be non-negative: le=1, count=-1");
  fails(
    () =>
      native([
        [1, 2],
        [2, 1],
      ]),
    "count is not cumulative: 1 < 2",
  );
  fails(
    () =>
      native([
        [2, 1],
        [1, 2],
      ]),
    "count is not cumulative: 2 > 1",
  );
  fails(() => native([[1, 2]], -1), "count must be non-negative: count=-1");
  fails(() => native([[Infinity, 2]], 3), "count mismatch: count=3 != le=+Inf count=2");
});

test("to classic", () => {
  const h = FloatHistogram.of({
    schema: -53,
    positiveSpans: [{ offset: 1, length: 2 }],
    positiveBuckets: [3, 4],
    customValues: [1, 2, 5],
  });
  assert.deepEqual(
    classicBuckets(h).map(({ bound, count }) => `${bound}:${count}`),
    ["1:0", "2:3", "5:7", "Infinity:7"],
  );
  assert.deepEqual(classicSeriesName("a_count_sum"), { base: "a_count", part: "sum" });
  assert.equal(classicSeriesName("a_total"), null);
});
