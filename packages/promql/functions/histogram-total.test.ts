/** Sums and means of native histograms. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram, IncompatibleHistogramsError } from "@narthex/model/float-histogram";
import { HistogramTotal } from "./histogram-total.ts";

function of(count: number, buckets: number[], fields: Partial<FloatHistogram> = {}): FloatHistogram {
  return FloatHistogram.of({
    count,
    sum: count,
    positiveSpans: [{ offset: 0, length: buckets.length }],
    positiveBuckets: buckets,
    ...fields,
  });
}

function total(isMean: boolean, histograms: readonly FloatHistogram[]): HistogramTotal {
  const result = new HistogramTotal(histograms[0], isMean);
  for (const one of histograms.slice(1)) result.add(one);
  return result;
}

test("counts, sums and buckets are added", () => {
  const sum = total(false, [of(3, [1, 2]), of(4, [4]), of(5, [2, 2, 1])]).finish();
  assert.equal(sum.testExpression(), "{{count:12 sum:12 buckets:[7 4 1]}}");
});

test("a mean is the sum divided", () => {
  const mean = total(true, [of(3, [1, 2]), of(5, [3, 2])]).finish();
  assert.equal(mean.testExpression(), "{{count:4 sum:4 buckets:[2 2]}}");
});

test("what is added stays as it is", () => {
  const parts = [of(3, [1, 2]), of(5, [3, 2]), of(1, [1])];
  const before = parts.map(String);
  total(true, parts).finish();
  assert.deepEqual(parts.map(String), before);
});

test("small terms are not lost beside large ones", () => {
  const large = 2 ** 60;
  const sum = total(false, [of(large, [large]), of(1, [1]), of(1, [1]), of(-large, [-large])]).finish();
  assert.equal(sum.count, 2);
  assert.deepEqual(sum.positiveBuckets, [2]);
});

test("a mean does not overflow where its sum would", () => {
  const huge = 1.5e308;
  const mean = total(true, [of(huge, [huge]), of(huge, [huge]), of(huge, [huge])]).finish();
  assert.equal(mean.count, huge);
  assert.deepEqual(mean.positiveBuckets, [huge]);
});

test("hints that contradict each other are told", () => {
  const [reset, same, unknown] = [
    CounterResetHint.Reset,
    CounterResetHint.NotReset,
    CounterResetHint.Unknown,
  ];
  const collides = (...hints: CounterResetHint[]): boolean =>
    total(
      false,
      hints.map((counterResetHint) => of(1, [1], { counterResetHint })),
    ).hintsCollide;
  assert.equal(collides(reset, same), true);
  assert.equal(collides(same, unknown, reset), true);
  assert.equal(collides(reset, reset, unknown), false);
  assert.equal(collides(same, unknown), false);
});

test("custom bounds are reconciled, and never mixed with exponential ones", () => {
  const custom = (customValues: number[], buckets: number[]) => of(3, buckets, { schema: -53, customValues });
  const sum = new HistogramTotal(custom([1, 2, 3], [1, 1, 1]), false);
  assert.equal(sum.add(custom([1, 2, 3], [1, 1, 1])), false);
  assert.equal(sum.add(custom([1, 3], [1, 2])), true);
  assert.deepEqual(sum.finish().customValues, [1, 3]);
  assert.throws(
    () => new HistogramTotal(of(1, [1]), false).add(custom([1], [1])),
    IncompatibleHistogramsError,
  );
});
