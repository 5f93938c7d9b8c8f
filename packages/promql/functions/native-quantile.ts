/**
 * Quantiles and fractions of native histograms.
 *
 * Within a bucket observations are taken to be spread evenly: over its logarithm in exponential buckets,
 * over its width in custom ones and in the zero bucket, which reaches to zero only when all others are on
 * one side.
 */

import { fractionBelow, type Bucket, type FloatHistogram } from "@narthex/model/float-histogram";

/** NaN observations lie in no bucket: nothing was found (`nan`), or too much (`skewed`). */
export type NaNNote = "nan" | "skewed" | null;

/** A result, and what NaN observations did to it. */
export interface NativeResult {
  readonly value: number;
  readonly note: NaNNote;
}

function plain(value: number): NativeResult {
  return { value, note: null };
}

/**
 * The φ-quantile. NaN without observations; infinite for φ beyond [0, 1]; a finite bound when it falls into a
 * custom bucket that is infinite.
 */
export function nativeQuantile(phi: number, h: FloatHistogram): NativeResult {
  if (phi < 0) return plain(-Infinity);
  if (phi > 1) return plain(Infinity);
  if (h.count === 0 || Number.isNaN(phi)) return plain(NaN);
  // From the nearer end; but with NaN observations, which are none of the buckets', from below.
  const hasNaN = Number.isNaN(h.sum);
  const forward = hasNaN || phi < 0.5;
  let rank = (forward ? phi : 1 - phi) * h.count;
  const buckets = forward ? h.allBucketIterator() : h.allReverseBucketIterator();
  const reached = seek(buckets, rank);
  const bucket = boundedBucket(reached.bucket, h);
  if (typeof bucket === "number") return plain(bucket);
  const count = Math.min(reached.count, h.count);
  if (count < rank) return hasNaN ? { value: NaN, note: "nan" } : plain(bucket.upper);
  rank = forward ? rank - (count - bucket.count) : count - rank;
  if (!hasNaN) return plain(interpolate(bucket, rank, h.usesCustomBuckets()));
  const rest = restOf(buckets);
  // With NaN observations the original looks for the place in the last bucket, whatever bucket was reached.
  const value = interpolate(rest.last ?? bucket, rank, h.usesCustomBuckets());
  return { value, note: count + rest.count < h.count ? "skewed" : null };
}

/**
 * The first filled bucket at which the counts so far are at least `rank`, else the last; with these counts.
 */
function seek(buckets: Iterator<Bucket>, rank: number): { bucket: Bucket; count: number } {
  let bucket: Bucket = {
    lower: 0,
    upper: 0,
    lowerInclusive: false,
    upperInclusive: false,
    count: 0,
    index: 0,
  };
  let count = 0;
  for (let next = buckets.next(); next.done !== true; next = buckets.next()) {
    bucket = next.value;
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  return { bucket, count };
}

/** The buckets that are left: how many observations, and the last of them. */
function restOf(buckets: Iterator<Bucket>): { count: number; last: Bucket | null } {
  let count = 0;
  let last: Bucket | null = null;
  for (let next = buckets.next(); next.done !== true; next = buckets.next()) {
    last = next.value;
    count += last.count;
  }
  return { count, last };
}

/** The bucket with bounds to interpolate between, or the quantile itself when one is infinite. */
function boundedBucket(bucket: Bucket, h: FloatHistogram): Bucket | number {
  if (!h.usesCustomBuckets()) return bucket.lower < 0 && bucket.upper > 0 ? zeroSide(bucket, h) : bucket;
  if (bucket.lower === -Infinity) return bucket.upper <= 0 ? bucket.upper : { ...bucket, lower: 0 };
  return bucket.upper === Infinity ? bucket.lower : bucket;
}

/** The zero bucket without its negative (or positive) half when there are no such buckets. */
function zeroSide(bucket: Bucket, { negativeBuckets, positiveBuckets }: FloatHistogram): Bucket {
  if (negativeBuckets.length === 0 && positiveBuckets.length > 0) return { ...bucket, lower: 0 };
  if (positiveBuckets.length === 0 && negativeBuckets.length > 0) return { ...bucket, upper: 0 };
  return bucket;
}

/** The value at `rank` observations into a bucket. */
function interpolate({ lower, upper, count }: Bucket, rank: number, isCustom: boolean): number {
  const fraction = rank / count;
  if (isCustom || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

/** The share of observations between `lower` and `upper`; NaN observations count as outside (`skewed`). */
export function nativeFraction(lower: number, upper: number, h: FloatHistogram): NativeResult {
  if (h.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return plain(NaN);
  if (lower >= upper) return plain(0);
  const search = new RankSearch(h, [lower, upper]);
  const buckets = h.allBucketIterator();
  let inBuckets = 0;
  for (let next = buckets.next(); next.done !== true; next = buckets.next()) {
    inBuckets += next.value.count;
    if (search.visit(next.value)) break;
  }
  let count = h.count;
  let note: NaNNote = null;
  if (Number.isNaN(h.sum)) {
    count = inBuckets + restOf(buckets).count;
    if (count < h.count) note = "skewed";
  }
  const [lowerRank, upperRank] = search.ranks.map((rank) => Math.min(rank ?? count, count));
  return { value: (upperRank - lowerRank) / h.count, note };
}

/** How many observations lie below each of two values. */
class RankSearch {
  readonly ranks: (number | undefined)[] = [undefined, undefined];
  readonly #histogram: FloatHistogram;
  readonly #values: readonly number[];
  #rank = 0;

  constructor(histogram: FloatHistogram, values: readonly number[]) {
    this.#histogram = histogram;
    this.#values = values;
  }

  /** Takes the next bucket, ascending; returns whether both ranks are known. */
  visit(bucket: Bucket): boolean {
    const isZero = bucket.lower <= 0 && bucket.upper >= 0;
    const bounded = isZero ? zeroSide(bucket, this.#histogram) : bucket;
    const isLinear = isZero || this.#histogram.usesCustomBuckets();
    this.#values.forEach((value, i) => {
      this.ranks[i] ??= this.#rankIn(bounded, value, isLinear);
    });
    if (!this.ranks.includes(undefined)) return true;
    this.#rank += bucket.count;
    return false;
  }

  #rankIn(bucket: Bucket, value: number, isLinear: boolean): number | undefined {
    if (bucket.lower >= value) return this.#rank;
    if (bucket.upper <= value) return undefined;
    // Nothing is known about where in an infinite bucket observations lie.
    if (isLinear && bucket.lower === -Infinity) return bucket.count;
    return this.#rank + bucket.count * fractionBelow(bucket, value, isLinear);
  }
}
