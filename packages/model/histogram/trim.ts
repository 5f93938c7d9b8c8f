/**
 * Cutting a histogram at a value: how much of a bucket stays, and where its observations lie on average
 * (their part of the new sum). Kept is what lies below the value (`isUpper`: the upper end is cut) or above.
 *
 * Inside a bucket observations are taken to be spread evenly, over the logarithm in exponential buckets. Of
 * buckets that end at infinity nobody knows: they are kept or dropped whole, except that a first custom
 * bucket with a positive end is taken to start at 0.
 */

import { assert } from "@narthex/platform/assert";
import { bucketsOutward, fractionBelow, type Bucket } from "./buckets.ts";
import { layoutOf, type HistogramFields } from "./fields.ts";
import { isCustomBucketsSchema } from "../histogram-schema.ts";

/** How a histogram is cut. */
interface Cut {
  readonly at: number;
  readonly isUpper: boolean;
  readonly isCustom: boolean;
}

/** What stays of a bucket: observations, and the value they count with in the sum. */
interface Kept {
  readonly count: number;
  readonly midpoint: number;
}

/**
 * Takes from `h` what lies above (`isUpper`) or below `at`, and sets its count and sum to what is left.
 * Returns whether anything was cut; if not, `h` is as it was. Emptied buckets stay.
 */
export function trim(h: HistogramFields, at: number, isUpper: boolean): boolean {
  const cut: Cut = { at, isUpper, isCustom: isCustomBucketsSchema(h.schema) };
  const total = { count: 0, sum: 0, isCut: false };
  const add = (before: number, { count, midpoint }: Kept): number => {
    total.count += count;
    total.sum += midpoint * count;
    total.isCut ||= count !== before;
    return count;
  };
  const trimSide = (isPositive: boolean): { counts: number[]; hasFilled: boolean } => {
    const layout = layoutOf(h, isPositive);
    const counts = layout.counts.slice();
    let i = 0;
    let hasFilled = false;
    for (const bucket of bucketsOutward(layout, 0, h.schema)) {
      if (bucket.count !== 0) {
        hasFilled = true;
        counts[i] = add(bucket.count, keepOfBucket(bucket, cut, isPositive));
      }
      i++;
    }
    return { counts, hasFilled };
  };
  const positive = trimSide(true);
  const negative = trimSide(false);
  if (h.zeroCount > 0) {
    const kept = keepOfZeroBucket(h, cut, negative.hasFilled, positive.hasFilled);
    h.zeroCount = add(h.zeroCount, kept);
  }
  if (!total.isCut) return false;
  h.positiveBuckets = positive.counts;
  h.negativeBuckets = negative.counts;
  h.count = total.count;
  h.sum = total.sum;
  return true;
}

/** What stays of a bucket of the positive or the negative side. */
function keepOfBucket(bucket: Bucket, cut: Cut, isPositive: boolean): Kept {
  const { lower, upper, count } = bucket;
  const { at, isUpper, isCustom } = cut;
  if (isUpper ? upper <= at : lower >= at) {
    return { count, midpoint: midpointOf(lower, upper, isPositive, isCustom) };
  }
  const reaches = isUpper ? lower < at : upper > at; // false for a cut at NaN, too
  if (!reaches) return { count: 0, midpoint: 0 };
  if (lower === -Infinity || upper === Infinity) return keepOfOpenBucket(bucket, cut);
  const below = countBelow(bucket, at, isCustom);
  return isUpper
    ? { count: below, midpoint: midpointOf(lower, at, isPositive, isCustom) }
    : { count: count - below, midpoint: midpointOf(at, upper, isPositive, isCustom) };
}

function countBelow(bucket: Bucket, at: number, isLinear: boolean): number {
  if (at <= bucket.lower) return 0;
  if (at >= bucket.upper) return bucket.count;
  return bucket.count * fractionBelow(bucket, at, isLinear);
}

function keepOfOpenBucket(bucket: Bucket, { at, isUpper }: Cut): Kept {
  const { lower, upper, count } = bucket;
  if (lower !== -Infinity) {
    assert(upper === Infinity, "an open bucket has an infinite bound");
    if (!isUpper && at >= lower) return { count, midpoint: at };
    return { count: 0, midpoint: lower };
  }
  const midpoint = upper === Infinity ? 0 : upper;
  const startsAtZero = upper > 0 && upper !== Infinity;
  if (isUpper) {
    if (at >= upper) return { count, midpoint: 0 };
    if (at > 0 && startsAtZero) return { count: (count * at) / upper, midpoint: at / 2 };
    return upper <= 0 ? { count, midpoint: at } : { count: 0, midpoint };
  }
  if (at === -Infinity) return { count, midpoint: 0 };
  if (at >= 0 && upper > at && startsAtZero) {
    return { count: count * (1 - at / upper), midpoint: (at + upper) / 2 };
  }
  return { count: 0, midpoint };
}

/** What stays of the zero bucket, which has only one side when no bucket of the other is filled. */
function keepOfZeroBucket(
  h: HistogramFields,
  { at, isUpper }: Cut,
  hasNegative: boolean,
  hasPositive: boolean,
): Kept {
  const count = h.zeroCount;
  const lower = hasPositive && !hasNegative ? 0 : -h.zeroThreshold;
  const upper = hasNegative && !hasPositive ? 0 : h.zeroThreshold;
  const whole: Kept = { count, midpoint: (lower + upper) / 2 };
  const nothing: Kept = { count: 0, midpoint: 0 };
  if (at <= lower) return isUpper ? nothing : whole;
  if (at >= upper) return isUpper ? whole : nothing;
  return isUpper
    ? { count: count * ((at - lower) / (upper - lower)), midpoint: (lower + at) / 2 }
    : { count: count * ((upper - at) / (upper - lower)), midpoint: (at + upper) / 2 };
}

/** Where the observations between two bounds lie on average. */
function midpointOf(lower: number, upper: number, isPositive: boolean, isLinear: boolean): number {
  if (!isFinite(lower) && lower === lower) {
    if (!isFinite(upper) && upper === upper) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (!isFinite(upper) && upper === upper) return lower;
  if (isLinear) return (lower + upper) / 2;
  const mean = Math.sqrt(Math.abs(lower * upper));
  return isPositive ? mean : -mean;
}
