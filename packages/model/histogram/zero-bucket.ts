/**
 * Zero buckets of different width: the narrower one is widened, taking in the buckets near zero, until both
 * are as wide and neither ends inside a filled bucket.
 */

import { assert } from "@narthex/platform/assert";
import { exponentialBound } from "../histogram-bounds.ts";
import { BucketCursor, compactSide } from "./bucket-side.ts";
import { setSide, sideOf, type HistogramFields } from "./fields.ts";
import { CompensatedSum } from "../kahan-sum.ts";
import { isExponentialSchema } from "../histogram-schema.ts";

/** A zero bucket as it would be. */
export interface ZeroBucket {
  readonly threshold: number;
  readonly count: number;
  /** What the count lost in rounding. */
  readonly lost: number;
}

/**
 * The zero bucket that `h` would have if it reached to `threshold` (at least what it has): further, if that
 * lies inside a filled bucket, up to that one's end. `lost` holds what counts have lost so far, or is null.
 */
export function zeroBucketUpTo(
  h: HistogramFields,
  lost: HistogramFields | null,
  threshold: number,
): ZeroBucket {
  let wanted = threshold;
  const zeroLost = lost?.zeroCount ?? 0;
  if (wanted === h.zeroThreshold) return { threshold: wanted, count: h.zeroCount, lost: zeroLost };
  assert(wanted > h.zeroThreshold, "a zero bucket only grows");
  for (;;) {
    const sum = new CompensatedSum(h.zeroCount, zeroLost);
    const reached = takeIn(h, true, lost, wanted, sum);
    const reachedBelow = takeIn(h, false, lost, reached, sum);
    // A negative bucket pushed the threshold out: the positive side has to be looked at again.
    if (reachedBelow === reached) return { threshold: reached, count: sum.sum, lost: sum.lost };
    wanted = reachedBelow;
  }
}

/** Adds the buckets of a side that start below `threshold`; returns where the last filled one ends. */
function takeIn(
  h: HistogramFields,
  isPositive: boolean,
  lost: HistogramFields | null,
  threshold: number,
  sum: CompensatedSum,
): number {
  const side = sideOf(h, isPositive, lost);
  const cursor = new BucketCursor(side.spans, side.counts);
  for (let i = 0; cursor.next(); i++) {
    if (exponentialBound(cursor.index - 1, h.schema) >= threshold) break;
    sum.add(cursor.count);
    if (side.lost !== null) sum.add(side.lost[i]);
    const end = exponentialBound(cursor.index, h.schema);
    if (end > threshold) return cursor.count === 0 ? threshold : end;
  }
  return threshold;
}

/** Widens the zero bucket of `h`: buckets inside it go. */
function widen(h: HistogramFields, lost: HistogramFields | null, zero: ZeroBucket): void {
  h.zeroThreshold = zero.threshold;
  h.zeroCount = zero.count;
  if (lost !== null) lost.zeroCount = zero.lost;
  for (const isPositive of [true, false]) {
    const side = sideOf(h, isPositive, lost);
    const cursor = new BucketCursor(side.spans, side.counts);
    let inside = 0;
    while (cursor.next() && exponentialBound(cursor.index - 1, h.schema) < zero.threshold) inside++;
    const counts = side.counts.map((count, i) => (i < inside ? 0 : count));
    const lostCounts = side.lost?.map((count, i) => (i < inside ? 0 : count)) ?? null;
    setSide(h, isPositive, compactSide({ spans: side.spans, counts, lost: lostCounts }, 0), lost);
  }
}

/**
 * Brings `h` to the width at which its zero bucket and that of `other` can be added. Returns the other's as
 * it would be then; `other` stays as it is.
 */
export function reconcileZeroBuckets(
  h: HistogramFields,
  lost: HistogramFields | null,
  other: HistogramFields,
): ZeroBucket {
  let theirs: ZeroBucket = { threshold: other.zeroThreshold, count: other.zeroCount, lost: 0 };
  while (theirs.threshold !== h.zeroThreshold) {
    if (h.zeroThreshold > theirs.threshold) theirs = zeroBucketUpTo(other, null, h.zeroThreshold);
    if (theirs.threshold > h.zeroThreshold) widen(h, lost, zeroBucketUpTo(h, lost, theirs.threshold));
  }
  return theirs;
}

/**
 * Moves to the next bucket (the first, for a fresh cursor) that reaches beyond `threshold`; false when there
 * is none. Custom buckets have no zero bucket: none is left out.
 */
export function nextBeyond(cursor: BucketCursor, schema: number, threshold: number): boolean {
  while (cursor.next()) {
    if (!isExponentialSchema(schema) || exponentialBound(cursor.index, schema) > threshold) return true;
  }
  return false;
}
