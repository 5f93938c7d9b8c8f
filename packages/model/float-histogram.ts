/**
 * A native histogram with float counts, as the query engine computes with them.
 *
 * Fields and operations are those of the original, results and error texts equal; the parts lie in
 * histogram/: spans and cursors (bucket-side), bounds, addition, custom bounds, trimming, text.
 *
 * Invariants (`validate` checks them; operations on anything else give garbage, not crashes)
 *  - Spans ascend and have as many buckets as there are counts; counts are absolute and not negative.
 *  - With custom buckets (schema -53) only the positive side is used; `customValues` are its upper bounds.
 *
 * Operations named by a verb change the receiver, never the other histogram. Arrays may be shared by
 * histograms that one operation made: an operation replaces them, it does not write into them.
 */

import { assert } from "@narthex/platform/assert";
import { CounterResetHint } from "./counter-reset-hint.ts";
import { formatGoG } from "./go-float.ts";
import { compactSide, copySpans, reduceSide, type Span } from "./histogram/bucket-side.ts";
import { bucketsInward, bucketsOutward, clampToZeroBucket, type Bucket } from "./histogram/buckets.ts";
import { checkCompatible, combine, type AdditionNotes } from "./histogram/combine.ts";
import { isStaleMarker, sameHistogram } from "./histogram/equality.ts";
import { histogramFaults, HistogramOperationError, InvalidHistogramError } from "./histogram/errors.ts";
import { layoutOf, setSide, sideOf, type HistogramFields } from "./histogram/fields.ts";
import { hasReset } from "./histogram/reset.ts";
import { isCustomBucketsSchema, isExponentialSchema } from "./histogram-schema.ts";
import { histogramExpression, histogramText } from "./histogram/text.ts";
import { trim } from "./histogram/trim.ts";
import { checkCounts, checkLayout, inContext } from "./histogram/validate.ts";

export type { Span } from "./histogram/bucket-side.ts";
export { fractionBelow, type Bucket } from "./histogram/buckets.ts";
export type { AdditionNotes } from "./histogram/combine.ts";
export { isStaleMarker } from "./histogram/equality.ts";
export {
  HistogramOperationError,
  IncompatibleHistogramsError,
  InvalidHistogramError,
} from "./histogram/errors.ts";

/** What a compensated addition has to tell. */
export interface KahanAdditionNotes extends AdditionNotes {
  /** What the sums lost so far: for the next addition. Add it at the end. */
  readonly compensation: FloatHistogram;
}

/** See the head of the file. */
export class FloatHistogram implements HistogramFields {
  counterResetHint: CounterResetHint = CounterResetHint.Unknown;
  /** -4 to 8, or -53 for custom buckets. */
  schema = 0;
  /** Observations from -zeroThreshold to zeroThreshold (both inclusive) are in the zero bucket. */
  zeroThreshold = 0;
  zeroCount = 0;
  /** All observations, NaN ones included. */
  count = 0;
  /** Sum of observations, or the staleness marker (`isStaleHistogram`). */
  sum = 0;
  positiveSpans: Span[] = [];
  negativeSpans: Span[] = [];
  positiveBuckets: number[] = [];
  negativeBuckets: number[] = [];
  /** Upper bounds of custom buckets, ascending, without infinity. Shared between copies: never changed. */
  customValues: readonly number[] = [];

  /** A histogram with these fields; all others are 0 or empty. */
  static of(fields: Partial<HistogramFields>): FloatHistogram {
    return Object.assign(new FloatHistogram(), fields);
  }

  usesCustomBuckets(): boolean {
    return isCustomBucketsSchema(this.schema);
  }

  isExponential(): boolean {
    return isExponentialSchema(this.schema);
  }

  /** A deep copy, without what the schema does not use. */
  copy(): FloatHistogram {
    return this.copyTo(new FloatHistogram());
  }

  /** Makes `to` a deep copy; returns it. */
  copyTo(to: FloatHistogram): FloatHistogram {
    const isCustom = this.usesCustomBuckets();
    to.counterResetHint = this.counterResetHint;
    to.schema = this.schema;
    to.count = this.count;
    to.sum = this.sum;
    to.zeroThreshold = isCustom ? 0 : this.zeroThreshold;
    to.zeroCount = isCustom ? 0 : this.zeroCount;
    to.negativeSpans = isCustom ? [] : copySpans(this.negativeSpans);
    to.negativeBuckets = isCustom ? [] : this.negativeBuckets.slice();
    to.customValues = isCustom ? this.customValues : [];
    to.positiveSpans = copySpans(this.positiveSpans);
    to.positiveBuckets = this.positiveBuckets.slice();
    return to;
  }

  /**
   * A copy in a schema that is not finer. Unless the schema stays, the hint is not taken over. Exponential
   * histograms only.
   */
  copyToSchema(targetSchema: number): FloatHistogram {
    if (targetSchema === this.schema) return this.copy();
    assert(!this.usesCustomBuckets() && !isCustomBucketsSchema(targetSchema), "both schemas are exponential");
    assert(targetSchema <= this.schema, "resolution is only reduced");
    const copy = this.copy();
    copy.counterResetHint = CounterResetHint.Unknown;
    copy.#lowerTo(targetSchema);
    return copy;
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
    this.#lowerTo(targetSchema);
    return this;
  }

  #lowerTo(schema: number): void {
    const shift = this.schema - schema;
    for (const isPositive of [true, false]) {
      setSide(this, isPositive, reduceSide(sideOf(this, isPositive), shift));
    }
    this.schema = schema;
  }

  /** Scales counts and sum. A negative factor makes it a gauge. */
  mul(factor: number): this {
    this.zeroCount *= factor;
    this.count *= factor;
    this.sum *= factor;
    this.positiveBuckets = this.positiveBuckets.map((count) => count * factor);
    this.negativeBuckets = this.negativeBuckets.map((count) => count * factor);
    if (factor < 0) this.counterResetHint = CounterResetHint.Gauge;
    return this;
  }

  /** As `mul` with the inverse; dividing by 0 removes all buckets. */
  div(scalar: number): this {
    this.zeroCount /= scalar;
    this.count /= scalar;
    this.sum /= scalar;
    if (scalar === 0) {
      this.positiveSpans = [];
      this.negativeSpans = [];
      this.positiveBuckets = [];
      this.negativeBuckets = [];
      return this;
    }
    this.positiveBuckets = this.positiveBuckets.map((count) => count / scalar);
    this.negativeBuckets = this.negativeBuckets.map((count) => count / scalar);
    if (scalar < 0) this.counterResetHint = CounterResetHint.Gauge;
    return this;
  }

  /**
   * Adds another histogram: the lower resolution and the wider zero bucket of both, the custom bounds that
   * both have. The result may have empty buckets (`compact`). Throws `IncompatibleHistogramsError`.
   */
  add(other: FloatHistogram): AdditionNotes {
    return combine(this, other, 1, null);
  }

  /** As `add`, but takes away. For a difference the caller makes it a gauge. */
  sub(other: FloatHistogram): AdditionNotes {
    return combine(this, other, -1, null);
  }

  /** As `add`, keeping track of what rounding takes away; `compensation` is that of the addition before. */
  kahanAdd(other: FloatHistogram, compensation: FloatHistogram | null): KahanAdditionNotes {
    checkCompatible(this, other);
    const lost = compensation ?? this.#noCompensation();
    return { ...combine(this, other, 1, lost), compensation: lost };
  }

  /** Zero everywhere, in this histogram's layout. */
  #noCompensation(): FloatHistogram {
    const zero = this.copy();
    zero.zeroCount = 0;
    zero.count = 0;
    zero.sum = 0;
    zero.positiveBuckets.fill(0);
    zero.negativeBuckets.fill(0);
    return zero;
  }

  /** Whether the data is the same, bit by bit; the hint is not looked at. */
  equals(other: FloatHistogram): boolean {
    return sameHistogram(this, other);
  }

  /** Bytes that the original would hold it in: the measure of memory in limits. */
  size(): number {
    const items =
      this.positiveSpans.length +
      this.negativeSpans.length +
      this.positiveBuckets.length +
      this.negativeBuckets.length +
      this.customValues.length;
    return 168 + 8 * items;
  }

  /**
   * Removes empty buckets at the ends of spans and in gaps of more than `maxEmptyBuckets`, and joins spans
   * that are not further apart than that.
   */
  compact(maxEmptyBuckets: number): this {
    for (const isPositive of [true, false]) {
      setSide(this, isPositive, compactSide(sideOf(this, isPositive), maxEmptyBuckets));
    }
    return this;
  }

  /**
   * Whether a counter started anew between `previous` and this: hints decide, else any count that went down
   * or is gone, a finer schema, a smaller zero bucket.
   */
  detectReset(previous: FloatHistogram): boolean {
    if (this.counterResetHint === CounterResetHint.Reset) return true;
    if (this.counterResetHint === CounterResetHint.NotReset) return false;
    return hasReset(this, previous);
  }

  /** Whether a count, the sum or a bound is infinite, as after adding too much. */
  hasOverflow(): boolean {
    const isInfinite = (value: number): boolean => value === Infinity || value === -Infinity;
    return (
      isInfinite(this.zeroCount) ||
      isInfinite(this.count) ||
      isInfinite(this.sum) ||
      this.positiveBuckets.some(isInfinite) ||
      this.negativeBuckets.some(isInfinite) ||
      this.customValues.some(isInfinite)
    );
  }

  /** Cuts off what lies above (`isUpper`) or below `bound`; count and sum are estimated from what is left. */
  trimBuckets(bound: number, isUpper: boolean): this {
    return trim(this, bound, isUpper) ? this.compact(0) : this;
  }

  /** The bucket around 0. Exponential histograms only. */
  zeroBucket(): Bucket {
    assert(!this.usesCustomBuckets(), "histograms with custom buckets have no zero bucket");
    return {
      lower: -this.zeroThreshold,
      upper: this.zeroThreshold,
      lowerInclusive: true,
      upperInclusive: true,
      count: this.zeroCount,
      index: 0,
    };
  }

  /** Positive buckets, from zero upwards. */
  positiveBucketIterator(): Generator<Bucket, void, undefined> {
    return bucketsOutward(layoutOf(this, true), 0, this.schema);
  }

  /** Negative buckets, from zero downwards. */
  negativeBucketIterator(): Generator<Bucket, void, undefined> {
    return bucketsOutward(layoutOf(this, false), 0, this.schema);
  }

  /** Positive buckets, from the highest down to zero. */
  positiveReverseBucketIterator(): Generator<Bucket, void, undefined> {
    return bucketsInward(layoutOf(this, true));
  }

  /** Negative buckets, from the lowest up to zero. */
  negativeReverseBucketIterator(): Generator<Bucket, void, undefined> {
    return bucketsInward(layoutOf(this, false));
  }

  /** All buckets, ascending; the zero bucket when it is filled, and others without what overlaps with it. */
  *allBucketIterator(): Generator<Bucket, void, undefined> {
    for (const bucket of this.negativeReverseBucketIterator()) {
      yield clampToZeroBucket(bucket, this.zeroThreshold);
    }
    if (this.zeroCount > 0) yield this.zeroBucket();
    for (const bucket of this.positiveBucketIterator()) yield clampToZeroBucket(bucket, this.zeroThreshold);
  }

  /** As `allBucketIterator`, descending. */
  *allReverseBucketIterator(): Generator<Bucket, void, undefined> {
    for (const bucket of this.positiveReverseBucketIterator()) {
      yield clampToZeroBucket(bucket, this.zeroThreshold);
    }
    if (this.zeroCount > 0) yield this.zeroBucket();
    for (const bucket of this.negativeBucketIterator()) yield clampToZeroBucket(bucket, this.zeroThreshold);
  }

  /**
   * Buckets of one side from zero outwards in a schema that is not finer, without those whose absolute end is
   * at or below `absoluteStartValue` (which custom buckets ignore).
   */
  floatBucketIterator(
    positive: boolean,
    absoluteStartValue: number,
    targetSchema: number,
  ): Generator<Bucket, void, undefined> {
    const isCustom = this.usesCustomBuckets();
    assert(isCustom === isCustomBucketsSchema(targetSchema), "custom and exponential buckets do not mix");
    assert(targetSchema <= this.schema, "resolution is only reduced");
    return bucketsOutward(layoutOf(this, positive), absoluteStartValue, targetSchema);
  }

  /**
   * Throws `InvalidHistogramError` when layout and fields contradict each other or a count is negative. The
   * count is not compared with the buckets: rounding may part them.
   */
  validate(): void {
    checkLayout(this, () => checkCounts(this.negativeBuckets, formatGoG));
    if (this.count < 0) {
      const detail = `observation count is  ${formatGoG(this.count)}`;
      throw new InvalidHistogramError(histogramFaults.negativeCount, detail);
    }
    inContext("positive side", () => checkCounts(this.positiveBuckets, formatGoG));
  }

  /** `{count:2, sum:3, [-1,1]:1, (1,2]:1}`, as answers and logs show it. */
  toString(): string {
    return histogramText({
      count: this.count,
      sum: this.sum,
      negative: this.negativeBucketIterator(),
      zero: this.zeroCount === 0 ? null : this.zeroBucket(),
      positive: this.positiveBucketIterator(),
      format: formatGoG,
    });
  }

  /** `{{count:2 sum:3 buckets:[2]}}`, the notation of test scripts. */
  testExpression(): string {
    return histogramExpression(this);
  }
}

/** Whether a histogram (of either kind) only says that its series is stale. */
export function isStaleHistogram(h: { readonly sum: number }): boolean {
  return isStaleMarker(h.sum);
}
