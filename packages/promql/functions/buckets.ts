/**
 * Quantiles and fractions of classic histograms: cumulative counts by upper bound.
 */

/** One bucket. */
export interface Bucket {
  upperBound: number;
  count: number;
}

/** Where counts had to be raised so that they do not fall. */
export interface Repair {
  minBucket: number;
  maxBucket: number;
  maxDifference: number;
}

/** A quantile, and what was repaired on the way (null: nothing). */
export interface BucketQuantile {
  readonly quantile: number;
  readonly repair: Repair | null;
}

/** Differences below this share of the sum are rounding. */
const smallDifference = 1e-12;
const smallestNormal = 2.2250738585072014e-308;

/**
 * The φ-quantile, linear within a bucket; the second highest bound when it falls into the last bucket. NaN
 * without a +Inf bucket, a second bucket or observations. Sorts and changes `buckets`, which is not empty.
 */
export function bucketQuantile(phi: number, buckets: Bucket[]): BucketQuantile {
  const plain = (quantile: number): BucketQuantile => ({ quantile, repair: null });
  if (Number.isNaN(phi)) return plain(NaN);
  if (phi < 0) return plain(-Infinity);
  if (phi > 1) return plain(Infinity);
  buckets.sort((a, b) => (a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0));
  if (buckets[buckets.length - 1].upperBound !== Infinity) return plain(NaN);
  const merged = mergeEqualBounds(buckets);
  const repair = makeMonotonic(merged);
  const last = merged.length - 1;
  if (last < 1 || merged[last].count === 0) return { quantile: NaN, repair };
  return { quantile: interpolate(phi, merged), repair };
}

function interpolate(phi: number, buckets: readonly Bucket[]): number {
  const last = buckets.length - 1;
  let rank = phi * buckets[last].count;
  let at = 0;
  let end = last;
  while (at < end) {
    const middle = (at + end) >>> 1;
    if (buckets[middle].count >= rank) end = middle;
    else at = middle + 1;
  }
  if (at === last) return buckets[last - 1].upperBound;
  const { upperBound } = buckets[at];
  if (at === 0 && upperBound <= 0) return upperBound;
  let { count } = buckets[at];
  let lowerBound = 0;
  if (at > 0) {
    lowerBound = buckets[at - 1].upperBound;
    count -= buckets[at - 1].count;
    rank -= buckets[at - 1].count;
  }
  return lowerBound + (upperBound - lowerBound) * (rank / count);
}

function mergeEqualBounds(buckets: readonly Bucket[]): Bucket[] {
  const merged: Bucket[] = [];
  for (const { upperBound, count } of buckets) {
    const last = merged.at(-1);
    if (last !== undefined && last.upperBound === upperBound) last.count += count;
    else merged.push({ upperBound, count });
  }
  return merged;
}

function nearlyEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < smallestNormal) return difference < smallDifference * smallestNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < smallDifference;
}

/** Removes rounding differences, then raises every count that is below its predecessor. */
function makeMonotonic(buckets: readonly Bucket[]): Repair | null {
  let repair: Repair | null = null;
  let previous = buckets[0].count;
  for (const bucket of buckets.slice(1)) {
    const { count, upperBound } = bucket;
    if (count === previous) continue;
    if (nearlyEqual(previous, count)) {
      bucket.count = previous;
    } else if (count < previous) {
      bucket.count = previous;
      repair ??= { minBucket: Infinity, maxBucket: -Infinity, maxDifference: 0 };
      repair.minBucket = Math.min(repair.minBucket, upperBound);
      repair.maxBucket = Math.max(repair.maxBucket, upperBound);
      repair.maxDifference = Math.max(repair.maxDifference, previous - count);
    } else {
      previous = count;
    }
  }
  return repair;
}

/** The share of observations in (lower, upper]. Sorts `buckets`, which is not empty. */
export function bucketFraction(lower: number, upper: number, buckets: Bucket[]): number {
  buckets.sort((a, b) => (a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0));
  if (buckets[buckets.length - 1].upperBound !== Infinity) return NaN;
  const merged = mergeEqualBounds(buckets);
  const total = merged[merged.length - 1].count;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, merged, total) - rankOf(lower, merged, total)) / total;
}

/** How many observations lie below `value`. */
function rankOf(value: number, buckets: readonly Bucket[], total: number): number {
  let rank = 0;
  let lowerBound = buckets[0].upperBound > 0 ? 0 : -Infinity;
  for (const { upperBound, count } of buckets) {
    if (lowerBound >= value) return Math.min(rank, total);
    if (upperBound > value) {
      if (lowerBound === -Infinity) return Math.min(count, total);
      return Math.min(rank + ((count - rank) * (value - lowerBound)) / (upperBound - lowerBound), total);
    }
    rank = count;
    lowerBound = upperBound;
  }
  return total;
}
