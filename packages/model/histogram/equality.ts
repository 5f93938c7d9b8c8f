/**
 * Equality of histograms as data: floats are compared by their bits, so that NaN equals NaN and 0 is not -0.
 *
 * The bits of a NaN may change on their way through JavaScript, except that the staleness marker stays
 * apart from other NaNs (isStaleAt). So NaNs are equal when both are markers, or both are none.
 */

import { isStaleAt } from "../sample.ts";
import { sameBounds } from "../histogram-bounds.ts";
import { sameLayout } from "./bucket-side.ts";
import { isCustomBucketsSchema } from "../histogram-schema.ts";
import type { HistogramLayout } from "./validate.ts";

const one = new Float64Array(1);

/** Whether a float is the staleness marker, told by its bits. */
export function isStaleMarker(value: number): boolean {
  if (value === value) return false;
  one[0] = value;
  return isStaleAt(one, 0);
}

/** Whether two floats are the same data. */
export function sameFloat(a: number, b: number): boolean {
  return Object.is(a, b) && (a === a || isStaleMarker(a) === isStaleMarker(b));
}

/** What `sameHistogram` compares. */
export interface ComparableHistogram extends HistogramLayout {
  readonly count: number;
  readonly sum: number;
}

/**
 * Whether two histograms of one kind are the same: same buckets (spans may be cut differently only where
 * they are empty), counts and sums. Hints are not compared.
 */
export function sameHistogram(a: ComparableHistogram, b: ComparableHistogram): boolean {
  return (
    a.schema === b.schema &&
    sameFloat(a.count, b.count) &&
    sameFloat(a.sum, b.sum) &&
    (!isCustomBucketsSchema(a.schema) || sameBounds(a.customValues, b.customValues)) &&
    a.zeroThreshold === b.zeroThreshold &&
    sameFloat(a.zeroCount, b.zeroCount) &&
    sameLayout(a.negativeSpans, b.negativeSpans) &&
    sameCounts(a.negativeBuckets, b.negativeBuckets) &&
    sameLayout(a.positiveSpans, b.positiveSpans) &&
    sameCounts(a.positiveBuckets, b.positiveBuckets)
  );
}

function sameCounts(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((count, i) => sameFloat(count, b[i]));
}
