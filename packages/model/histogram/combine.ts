/**
 * Addition and subtraction of histograms, plain or compensated.
 *
 * Exponential: the wider zero bucket and the lower schema of both are taken, then the sides are added.
 * Custom: equal bounds are added bucket by bucket, others in the bounds that both have.
 *
 * As in the original, buckets of the second histogram that its widened zero bucket takes in are left out of
 * the sides only after they were merged for a lower schema: where the threshold falls inside a merged bucket
 * they count twice. A threshold at a bound of the lower schema, which is the rule, never does.
 */

import { CounterResetHint } from "../counter-reset-hint.ts";
import { addSides } from "./add-buckets.ts";
import { commonBounds, sameBounds } from "../histogram-bounds.ts";
import { reduceSide } from "./bucket-side.ts";
import { addCustomBuckets } from "./custom-buckets.ts";
import { IncompatibleHistogramsError } from "./errors.ts";
import { setSide, sideOf, type HistogramFields } from "./fields.ts";
import { CompensatedSum } from "../kahan-sum.ts";
import { isCustomBucketsSchema } from "../histogram-schema.ts";
import { reconcileZeroBuckets } from "./zero-bucket.ts";

/** What an addition or subtraction has to tell. */
export interface AdditionNotes {
  /** One histogram says there was a reset, the other that there was none. The hint is now unknown. */
  readonly counterResetCollision: boolean;
  /** Custom bounds differed: the result has those that both had. */
  readonly nhcbBoundsReconciled: boolean;
}

/** Throws `IncompatibleHistogramsError` unless both have bounds of one kind. */
export function checkCompatible(a: HistogramFields, b: HistogramFields): void {
  if (isCustomBucketsSchema(a.schema) !== isCustomBucketsSchema(b.schema)) {
    throw new IncompatibleHistogramsError();
  }
}

/** Changes `h` to `h` plus (or minus) `other`, and `lost`, if there, to what that loses in rounding. */
export function combine(
  h: HistogramFields,
  other: HistogramFields,
  sign: 1 | -1,
  lost: HistogramFields | null,
): AdditionNotes {
  checkCompatible(h, other);
  const counterResetCollision = adjustHint(h, other);
  const nhcbBoundsReconciled = isCustomBucketsSchema(h.schema)
    ? combineCustom(h, other, sign, lost)
    : combineExponential(h, other, sign, lost);
  const count = new CompensatedSum(h.count, lost?.count);
  const sum = new CompensatedSum(h.sum, lost?.sum);
  count.add(sign * other.count);
  sum.add(sign * other.sum);
  h.count = count.sum;
  h.sum = sum.sum;
  if (lost !== null) {
    lost.count = count.lost;
    lost.sum = sum.lost;
  }
  return { counterResetCollision, nhcbBoundsReconciled };
}

/** Gauge wins over all, unknown over the rest. Returns whether "reset" met "not reset". */
function adjustHint(h: HistogramFields, other: HistogramFields): boolean {
  const [mine, theirs] = [h.counterResetHint, other.counterResetHint];
  if (mine === theirs || mine === CounterResetHint.Gauge) return false;
  const isGauge = theirs === CounterResetHint.Gauge;
  h.counterResetHint = isGauge ? CounterResetHint.Gauge : CounterResetHint.Unknown;
  return !isGauge && mine !== CounterResetHint.Unknown && theirs !== CounterResetHint.Unknown;
}

/** Returns whether bounds had to be reconciled. */
function combineCustom(
  h: HistogramFields,
  other: HistogramFields,
  sign: 1 | -1,
  lost: HistogramFields | null,
): boolean {
  const mine = sideOf(h, true, lost);
  const theirs = sideOf(other, true);
  if (sameBounds(h.customValues, other.customValues)) {
    setSide(h, true, addSides(mine, theirs, { schema: h.schema, zeroThreshold: 0, sign }), lost);
    return false;
  }
  const common = commonBounds(h.customValues, other.customValues);
  const sum = addCustomBuckets(
    { side: mine, bounds: h.customValues },
    { side: theirs, bounds: other.customValues },
    common,
    sign,
  );
  setSide(h, true, sum, lost);
  h.customValues = common;
  if (lost !== null) lost.customValues = common;
  return true;
}

function combineExponential(
  h: HistogramFields,
  other: HistogramFields,
  sign: 1 | -1,
  lost: HistogramFields | null,
): false {
  addZeroBucket(h, other, sign, lost);
  const down = Math.max(0, h.schema - other.schema);
  const otherDown = Math.max(0, other.schema - h.schema);
  const addition = { schema: h.schema - down, zeroThreshold: h.zeroThreshold, sign };
  for (const isPositive of [true, false]) {
    let mine = sideOf(h, isPositive, lost);
    let theirs = sideOf(other, isPositive);
    if (down > 0) mine = reduceSide(mine, down);
    if (otherDown > 0) {
      const nothingLost = lost === null ? null : theirs.counts.map(() => 0);
      theirs = reduceSide({ ...theirs, lost: nothingLost }, otherDown);
    }
    setSide(h, isPositive, addSides(mine, theirs, addition), lost);
  }
  h.schema -= down;
  if (lost !== null) {
    lost.schema = h.schema;
    lost.zeroThreshold = h.zeroThreshold;
  }
  return false;
}

function addZeroBucket(
  h: HistogramFields,
  other: HistogramFields,
  sign: 1 | -1,
  lost: HistogramFields | null,
): void {
  const theirs = reconcileZeroBuckets(h, lost, other);
  const zero = new CompensatedSum(h.zeroCount, lost?.zeroCount);
  zero.add(sign * theirs.count);
  if (lost !== null) zero.add(theirs.lost);
  h.zeroCount = zero.sum;
  if (lost !== null) lost.zeroCount = zero.lost;
}
