/**
 * Custom buckets whose bounds differ: both histograms are brought to the bounds that they share. A bucket
 * goes to the first shared bound at or above its own; without one, to the bucket that ends at infinity.
 */

import { BucketCursor, SideBuilder, type BucketSide, type Span } from "./bucket-side.ts";
import { addCompensated } from "../kahan-sum.ts";

/** The positive side of a histogram with custom buckets. */
export interface CustomBuckets {
  readonly side: BucketSide;
  /** Upper bounds, ascending, without infinity. */
  readonly bounds: readonly number[];
}

/** `a` plus (or minus) `b` in buckets that end at `common`, empty buckets left out. */
export function addCustomBuckets(
  a: CustomBuckets,
  b: CustomBuckets,
  common: readonly number[],
  sign: 1 | -1,
): BucketSide {
  const counts = Array.from({ length: common.length + 1 }, () => 0);
  const lost = counts.slice();
  mapTo(common, a, (target, count, lostHere) => {
    addCompensated(counts, lost, target, count);
    if (a.side.lost !== null) addCompensated(counts, lost, target, lostHere);
  });
  mapTo(common, b, (target, count) => addCompensated(counts, lost, target, sign * count));
  const sum = new SideBuilder(true);
  counts.forEach((count, i) => {
    if (count !== 0 || lost[i] !== 0) sum.push(i, count, lost[i]);
  });
  return sum.side();
}

/** Tells of every bucket to which of the shared bounds it goes. */
function mapTo(
  common: readonly number[],
  { side, bounds }: CustomBuckets,
  found: (target: number, count: number, lost: number) => void,
): void {
  const cursor = new BucketCursor(side.spans, side.counts);
  let target = 0;
  for (let i = 0; cursor.next(); i++) {
    const bound = cursor.index < bounds.length ? bounds[cursor.index] : Infinity;
    while (target < common.length && common[target] < bound) target++;
    found(target, cursor.count, side.lost === null ? 0 : side.lost[i]);
  }
}

/** A side with its bounds, as reset detection reads it. */
export interface BoundedSpans {
  readonly spans: readonly Span[];
  readonly counts: readonly number[];
  readonly bounds: readonly number[];
}

/** Whether a bucket between shared bounds (or above the last of them) has fewer observations than before. */
export function hasCustomReset(current: BoundedSpans, previous: BoundedSpans): boolean {
  const now = new BoundedSums(current);
  const before = new BoundedSums(previous);
  const { bounds } = current;
  const { bounds: previousBounds } = previous;
  for (let i = 0, k = 0; i <= bounds.length && k <= previousBounds.length;) {
    const bound = i < bounds.length ? bounds[i] : Infinity;
    const previousBound = k < previousBounds.length ? previousBounds[k] : Infinity;
    if (bound === previousBound) {
      if (now.upTo(bound) < before.upTo(bound)) return true;
      i++;
      k++;
    } else if (bound < previousBound) {
      i++;
    } else {
      k++;
    }
  }
  return false;
}

/** Sums of consecutive buckets. */
class BoundedSums {
  readonly #cursor: BucketCursor;
  readonly #bounds: readonly number[];
  #hasBucket: boolean;

  constructor({ spans, counts, bounds }: BoundedSpans) {
    this.#cursor = new BucketCursor(spans, counts);
    this.#bounds = bounds;
    this.#hasBucket = this.#cursor.next();
  }

  /** What the buckets up to `bound` hold that have not been counted before. */
  upTo(bound: number): number {
    let sum = 0;
    while (this.#hasBucket && this.#upper() <= bound) {
      sum += this.#cursor.count;
      this.#hasBucket = this.#cursor.next();
    }
    return sum;
  }

  #upper(): number {
    const { index } = this.#cursor;
    return index < this.#bounds.length ? this.#bounds[index] : Infinity;
  }
}
