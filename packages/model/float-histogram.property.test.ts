/** Laws of histogram arithmetic over random histograms. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { FloatHistogram } from "./float-histogram.ts";
import { randomFloatHistogram, randomHistogram } from "./random-histogram.ts";

/** Equal up to rounding; empty buckets do not matter. */
function assertClose(a: FloatHistogram, b: FloatHistogram, law: string): void {
  const [left, right] = [a.copy().compact(0), b.copy().compact(0)];
  const layout = ({ schema, zeroThreshold, positiveSpans, negativeSpans, customValues }: FloatHistogram) => ({
    schema,
    zeroThreshold,
    positiveSpans,
    negativeSpans,
    customValues,
  });
  assert.deepEqual(layout(left), layout(right), law);
  const numbers = (h: FloatHistogram) => [
    h.zeroCount,
    h.count,
    h.sum,
    ...h.positiveBuckets,
    ...h.negativeBuckets,
  ];
  numbers(left).forEach((value, i) => {
    const other = numbers(right)[i];
    assert.ok(
      Math.abs(value - other) <= 1e-9 * Math.max(1, Math.abs(value)),
      `${law}: ${value} and ${other}`,
    );
  });
}

/** Two histograms that can be added. */
function pair(random: Parameters<typeof randomFloatHistogram>[0]): [FloatHistogram, FloatHistogram] {
  const isCustom = random.below(3) === 0;
  const options = { isCustom, hasFractions: random.below(2) === 0 };
  return [randomFloatHistogram(random, options), randomFloatHistogram(random, options)];
}

test("addition commutes, and subtraction undoes it where layouts agree", () => {
  forSeeds(2_000, (random) => {
    const [a, b] = pair(random);
    const ab = a.copy();
    const ba = b.copy();
    const original = b.copy();
    ab.add(b);
    ba.add(a);
    assertClose(ab, ba, "a + b = b + a");
    assert.deepEqual(b, original, "the other stays as it is");
    ab.validate();
    const sum = a.copy();
    sum.add(a);
    sum.sub(a);
    assertClose(roundedToZero(sum), a, "a + a - a = a");
  });
});

/** Buckets that rounding left near zero, as zero. */
function roundedToZero(h: FloatHistogram): FloatHistogram {
  const rounded = h.copy();
  rounded.positiveBuckets = h.positiveBuckets.map((count) => (Math.abs(count) < 1e-9 ? 0 : count));
  rounded.negativeBuckets = h.negativeBuckets.map((count) => (Math.abs(count) < 1e-9 ? 0 : count));
  return rounded;
}

test("compensated addition is addition", () => {
  forSeeds(1_000, (random) => {
    const [a, b] = pair(random);
    const plain = a.copy();
    plain.add(b);
    const kahan = a.copy();
    const { compensation } = kahan.kahanAdd(b, null);
    assertClose(kahan, plain, "the sum");
    kahan.add(compensation);
    assertClose(kahan, plain, "the sum with what it lost");
  });
});

test("compensated addition does not lose small terms", () => {
  forSeeds(50, (random) => {
    const large = randomFloatHistogram(random, { isCustom: false }).mul(2 ** 60);
    const small = randomFloatHistogram(random, { isCustom: false, hasFractions: true });
    const sum = large.copy();
    const { compensation } = sum.kahanAdd(small, null);
    const minus = large.copy().mul(-1);
    const second = sum.kahanAdd(minus, compensation).compensation;
    sum.add(second);
    const wide = small.copy();
    wide.add(large.copy().mul(0));
    assertClose(roundedToZero(sum), roundedToZero(wide), "large + small - large = small");
  });
});

test("lower resolutions compose and keep the counts", () => {
  forSeeds(1_000, (random) => {
    const h = randomFloatHistogram(random, { isCustom: false });
    if (h.schema < -2) return;
    const middle = h.schema - 1 - random.below(h.schema + 3);
    const lowest = middle - random.below(middle + 5);
    assert.equal(h.copyToSchema(middle).copyToSchema(lowest).equals(h.copyToSchema(lowest)), true);
    h.copyToSchema(lowest).validate();
    const merged = [...h.floatBucketIterator(true, 0, lowest)].map(({ count, index }) => [index, count]);
    const copied = [...h.copyToSchema(lowest).positiveBucketIterator()].map(({ count, index }) => [
      index,
      count,
    ]);
    assert.deepEqual(merged, copied);
  });
});

test("compact keeps every filled bucket and is idempotent", () => {
  forSeeds(2_000, (random) => {
    const h = randomFloatHistogram(random);
    const filled = (one: FloatHistogram) => [...one.allBucketIterator()].filter(({ count }) => count !== 0);
    const maxEmpty = random.below(4);
    const compact = h.copy().compact(maxEmpty);
    compact.validate();
    assert.deepEqual(filled(compact), filled(h));
    assert.equal(compact.copy().compact(maxEmpty).equals(compact), true);
    assert.equal(compact.toString(), h.toString());
  });
});

test("a histogram equals its copy; hints and how spans are cut do not matter", () => {
  forSeeds(500, (random) => {
    const h = randomFloatHistogram(random);
    const other = h.copy();
    other.counterResetHint = 0;
    assert.equal(h.equals(other), true);
    other.positiveSpans = [{ offset: 0, length: 0 }, ...other.positiveSpans];
    assert.equal(h.equals(other), true);
    other.sum += 1;
    assert.equal(h.equals(other), false);
  });
});

test("growing is no reset, shrinking is one", () => {
  forSeeds(1_000, (random) => {
    const h = randomFloatHistogram(random);
    h.counterResetHint = 0;
    const more = h.copy();
    more.add(h);
    assert.equal(more.detectReset(h), false);
    assert.equal(h.detectReset(more), h.count > 0);
    assert.equal(h.detectReset(h), false);
    if (h.schema <= -4) return;
    const lower = h.copyToSchema(h.schema - 1);
    assert.equal(lower.detectReset(h), false, "a lower resolution is no reset");
    assert.equal(h.detectReset(lower), true, "a higher one is");
  });
});

test("what is trimmed above and below a value is what there was", () => {
  forSeeds(1_000, (random) => {
    const h = randomFloatHistogram(random, { isCustom: false });
    const at = [-4, -1, -0.3, 0.3, 1, 2.5][random.below(6)];
    const below = h.copy().trimBuckets(at, true);
    const above = h.copy().trimBuckets(at, false);
    assert.ok(
      Math.abs(below.count + above.count - h.count) < 1e-9,
      `${below.count} + ${above.count} = ${h.count}`,
    );
    below.validate();
    above.validate();
  });
});

test("integer histograms are their float ones", () => {
  forSeeds(1_000, (random) => {
    const h = randomHistogram(random);
    h.validate();
    const float = h.toFloat();
    float.validate();
    assert.equal(h.toString(), float.toString());
    assert.equal(h.copy().equals(h), true);
    const maxEmpty = random.below(4);
    assert.equal(h.copy().compact(maxEmpty).toFloat().equals(h.toFloat().compact(maxEmpty)), true);
    h.copy().compact(maxEmpty).validate();
    if (h.usesCustomBuckets() || h.schema === -4) return;
    const lowered = h.copy().reduceResolution(h.schema - 1);
    assert.equal(lowered.toFloat().equals(h.toFloat().reduceResolution(h.schema - 1)), true);
  });
});
