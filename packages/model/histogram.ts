/**
 * A native histogram with integer counts, as targets expose it and chunks store it.
 *
 * Buckets are deltas: the first is a count, every other the difference to the one before. Integers are exact
 * below 2^53. Everything the engine computes goes over `toFloat`.
 */

import { CounterResetHint } from "./counter-reset-hint.ts";
import { FloatHistogram } from "./float-histogram.ts";
import { compactSide, copySpans, reduceSide, type Span } from "./histogram/bucket-side.ts";
import { sameHistogram } from "./histogram/equality.ts";
import { histogramFaults, HistogramOperationError, InvalidHistogramError } from "./histogram/errors.ts";
import type { HistogramFields } from "./histogram/fields.ts";
import { isCustomBucketsSchema } from "./histogram-schema.ts";
import { histogramText } from "./histogram/text.ts";
import { checkCounts, checkLayout, inContext } from "./histogram/validate.ts";

/** See the head of the file. Fields as in `FloatHistogram`, but for the deltas. */
export class Histogram implements HistogramFields {
  counterResetHint: CounterResetHint = CounterResetHint.Unknown;
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  count = 0;
  sum = 0;
  positiveSpans: Span[] = [];
  negativeSpans: Span[] = [];
  positiveBuckets: number[] = [];
  negativeBuckets: number[] = [];
  customValues: readonly number[] = [];

  /** A histogram with these fields; all others are 0 or empty. */
  static of(fields: Partial<HistogramFields>): Histogram {
    return Object.assign(new Histogram(), fields);
  }

  usesCustomBuckets(): boolean {
    return isCustomBucketsSchema(this.schema);
  }

  /** A deep copy, without what the schema does not use. */
  copy(): Histogram {
    const isCustom = this.usesCustomBuckets();
    return Histogram.of({
      ...this,
      zeroThreshold: isCustom ? 0 : this.zeroThreshold,
      zeroCount: isCustom ? 0 : this.zeroCount,
      positiveSpans: copySpans(this.positiveSpans),
      positiveBuckets: this.positiveBuckets.slice(),
      negativeSpans: isCustom ? [] : copySpans(this.negativeSpans),
      negativeBuckets: isCustom ? [] : this.negativeBuckets.slice(),
      customValues: isCustom ? this.customValues : [],
    });
  }

  /** The same with float counts, into `into` when given. Nothing is shared but custom bounds. */
  toFloat(into: FloatHistogram = new FloatHistogram()): FloatHistogram {
    const isCustom = this.usesCustomBuckets();
    into.counterResetHint = this.counterResetHint;
    into.schema = this.schema;
    into.count = this.count;
    into.sum = this.sum;
    into.zeroThreshold = isCustom ? 0 : this.zeroThreshold;
    into.zeroCount = isCustom ? 0 : this.zeroCount;
    into.negativeSpans = isCustom ? [] : copySpans(this.negativeSpans);
    into.negativeBuckets = isCustom ? [] : absoluteCounts(this.negativeBuckets);
    into.customValues = isCustom ? this.customValues : [];
    into.positiveSpans = copySpans(this.positiveSpans);
    into.positiveBuckets = absoluteCounts(this.positiveBuckets);
    return into;
  }

  /** Whether the data is the same; the hint is not looked at. */
  equals(other: Histogram): boolean {
    return sameHistogram(this, other);
  }

  /** As `FloatHistogram.compact`. */
  compact(maxEmptyBuckets: number): this {
    const compactOf = (spans: Span[], deltas: readonly number[]) =>
      compactSide({ spans, counts: absoluteCounts(deltas), lost: null }, maxEmptyBuckets);
    const positive = compactOf(this.positiveSpans, this.positiveBuckets);
    const negative = compactOf(this.negativeSpans, this.negativeBuckets);
    this.positiveSpans = positive.spans;
    this.positiveBuckets = deltasOf(positive.counts);
    this.negativeSpans = negative.spans;
    this.negativeBuckets = deltasOf(negative.counts);
    return this;
  }

  /** Lowers the resolution. Throws `HistogramOperationError`, or `InvalidHistogramError` for bad spans. */
  reduceResolution(targetSchema: number): this {
    if (this.usesCustomBuckets()) {
      throw new HistogramOperationError("cannot reduce resolution when there are custom buckets");
    }
    if (isCustomBucketsSchema(targetSchema)) {
      throw new HistogramOperationError("cannot reduce resolution to custom buckets schema");
    }
    if (targetSchema >= this.schema) {
      throw new HistogramOperationError(
        `cannot reduce resolution from schema ${this.schema} to ${targetSchema}`,
      );
    }
    const reduced = (spans: Span[], deltas: readonly number[]) =>
      reduceSide({ spans, counts: absoluteCounts(deltas), lost: null }, this.schema - targetSchema);
    const positive = reduced(this.positiveSpans, this.positiveBuckets);
    const negative = reduced(this.negativeSpans, this.negativeBuckets);
    this.positiveSpans = positive.spans;
    this.positiveBuckets = deltasOf(positive.counts);
    this.negativeSpans = negative.spans;
    this.negativeBuckets = deltasOf(negative.counts);
    this.schema = targetSchema;
    return this;
  }

  /**
   * Throws `InvalidHistogramError` when layout and fields contradict each other, a count is negative, or the
   * buckets do not add up to the count (to at most the count when NaN was observed, which no bucket holds).
   */
  validate(): void {
    let inBuckets = this.zeroCount;
    checkLayout(this, () => {
      inBuckets += checkCounts(absoluteCounts(this.negativeBuckets), String);
    });
    inContext("positive side", () => {
      inBuckets += checkCounts(absoluteCounts(this.positiveBuckets), String);
    });
    const detail = `${inBuckets} observations found in buckets, but the Count field is ${this.count}`;
    if (Number.isNaN(this.sum)) {
      if (inBuckets > this.count) throw new InvalidHistogramError(histogramFaults.countNotBigEnough, detail);
    } else if (inBuckets !== this.count) {
      throw new InvalidHistogramError(histogramFaults.countMismatch, detail);
    }
  }

  /** As `FloatHistogram.toString`, integers in full. */
  toString(): string {
    const float = this.toFloat();
    return histogramText({
      count: this.count,
      sum: this.sum,
      negative: float.negativeBucketIterator(),
      zero: float.zeroCount === 0 ? null : float.zeroBucket(),
      positive: float.positiveBucketIterator(),
      format: String,
    });
  }
}

function absoluteCounts(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => (count += delta));
}

function deltasOf(counts: readonly number[]): number[] {
  return counts.map((count, i) => count - (i === 0 ? 0 : counts[i - 1]));
}
