/**
 * Buckets with their bounds, one by one, as quantiles, texts and answers need them.
 *
 * Bounds cost a little arithmetic each: what needs only indexes and counts takes a `BucketCursor`.
 */

import { formatGoG } from "../go-float.ts";
import { goLog2 } from "../go-logarithm.ts";
import { bucketBound } from "../histogram-bounds.ts";
import { BucketCursor, type Span } from "./bucket-side.ts";
import { isCustomBucketsSchema, isExponentialSchema } from "../histogram-schema.ts";

/** One bucket. Reuse nothing of it: every bucket is an object of its own. */
export interface Bucket {
  lower: number;
  upper: number;
  lowerInclusive: boolean;
  upperInclusive: boolean;
  count: number;
  /** Index in the schema; of the zero bucket 0, without meaning. */
  index: number;
}

/** What a side is iterated with. */
export interface BucketLayout {
  readonly spans: readonly Span[];
  readonly counts: readonly number[];
  readonly schema: number;
  readonly isPositive: boolean;
  readonly customValues: readonly number[];
}

/** The bucket `index` of a side with its bounds in `schema`. */
function bucketAt(layout: BucketLayout, schema: number, index: number, count: number): Bucket {
  const { isPositive, customValues } = layout;
  const far = bucketBound(index, schema, customValues);
  const near = bucketBound(index - 1, schema, customValues);
  const lower = isPositive ? near : -far;
  const upper = isPositive ? far : -near;
  const isCustom = isCustomBucketsSchema(schema);
  return {
    lower,
    upper,
    lowerInclusive: isCustom ? index === 0 : lower < 0,
    upperInclusive: isCustom || upper > 0,
    count,
    index,
  };
}

/**
 * Buckets going away from zero, in the lower resolution of `targetSchema`. Leading ones whose absolute end is
 * at or below `startValue` are left out, in exponential schemas.
 */
export function* bucketsOutward(
  layout: BucketLayout,
  startValue: number,
  targetSchema: number,
): Generator<Bucket, void, undefined> {
  const cursor = new BucketCursor(layout.spans, layout.counts, layout.schema - targetSchema);
  let hasStarted = startValue === 0 || !isExponentialSchema(targetSchema);
  while (cursor.next()) {
    hasStarted ||= bucketBound(cursor.index, targetSchema, layout.customValues) > startValue;
    if (hasStarted) yield bucketAt(layout, targetSchema, cursor.index, cursor.count);
  }
}

/** Buckets coming from the end towards zero. */
export function* bucketsInward(layout: BucketLayout): Generator<Bucket, void, undefined> {
  const { spans, counts, schema } = layout;
  let index = spans.reduce((sum, { offset, length }) => sum + offset + length, 0);
  let at = counts.length;
  for (let s = spans.length - 1; s >= 0; s--) {
    const { offset, length } = spans[s];
    for (let i = 0; i < length; i++) {
      index--;
      at--;
      if (at < 0) return; // fewer counts than the spans promise: only an invalid histogram has that
      yield bucketAt(layout, schema, index, counts[at]);
    }
    index -= offset;
  }
}

/** Cuts off what overlaps with the zero bucket. */
export function clampToZeroBucket(bucket: Bucket, zeroThreshold: number): Bucket {
  if (bucket.upper < 0 && bucket.upper > -zeroThreshold) bucket.upper = -zeroThreshold;
  else if (bucket.lower > 0 && bucket.lower < zeroThreshold) bucket.lower = zeroThreshold;
  return bucket;
}

/** `[lower,upper]:count`, with round brackets where a bound is not part of the bucket. */
export function bucketText(bucket: Bucket, format: (count: number) => string): string {
  const { lower, upper, lowerInclusive, upperInclusive, count } = bucket;
  const left = lowerInclusive ? "[" : "(";
  const right = upperInclusive ? "]" : ")";
  return `${left}${formatGoG(lower)},${formatGoG(upper)}${right}:${format(count)}`;
}

/**
 * The share (0 to 1) of a bucket's width at or below `value`, which lies strictly between its finite bounds:
 * by value when `isLinear`, else by its logarithm.
 */
export function fractionBelow(bucket: Bucket, value: number, isLinear: boolean): number {
  const { lower, upper } = bucket;
  if (isLinear) return (value - lower) / (upper - lower);
  const logLower = goLog2(Math.abs(lower));
  const logUpper = goLog2(Math.abs(upper));
  const logValue = goLog2(Math.abs(value));
  if (value > 0) return (logValue - logLower) / (logUpper - logLower);
  return 1 - (logValue - logUpper) / (logLower - logUpper);
}
