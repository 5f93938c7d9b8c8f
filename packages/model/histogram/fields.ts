/**
 * The fields of a histogram with float counts, for the parts of its arithmetic.
 */

import type { CounterResetHint } from "../counter-reset-hint.ts";
import type { BucketSide, Span } from "./bucket-side.ts";
import type { BucketLayout } from "./buckets.ts";

/** Everything a histogram consists of; see FloatHistogram for what each means. */
export interface HistogramFields {
  counterResetHint: CounterResetHint;
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  count: number;
  sum: number;
  positiveSpans: Span[];
  negativeSpans: Span[];
  positiveBuckets: number[];
  negativeBuckets: number[];
  customValues: readonly number[];
}

/** The buckets of one side; `lost` is a histogram of the same layout that holds what they lost, or null. */
export function sideOf(
  h: HistogramFields,
  isPositive: boolean,
  lost: HistogramFields | null = null,
): BucketSide {
  return isPositive
    ? { spans: h.positiveSpans, counts: h.positiveBuckets, lost: lost?.positiveBuckets ?? null }
    : { spans: h.negativeSpans, counts: h.negativeBuckets, lost: lost?.negativeBuckets ?? null };
}

/** Gives a histogram, and the one that holds what it lost, the buckets of a side. */
export function setSide(
  h: HistogramFields,
  isPositive: boolean,
  side: BucketSide,
  lost: HistogramFields | null = null,
): void {
  if (isPositive) {
    h.positiveSpans = side.spans;
    h.positiveBuckets = side.counts;
  } else {
    h.negativeSpans = side.spans;
    h.negativeBuckets = side.counts;
  }
  if (lost !== null && side.lost !== null) {
    setSide(lost, isPositive, { spans: side.spans, counts: side.lost, lost: null });
  }
}

/** One side as iteration takes it. */
export function layoutOf(h: HistogramFields, isPositive: boolean): BucketLayout {
  const { schema } = h;
  return isPositive
    ? { spans: h.positiveSpans, counts: h.positiveBuckets, schema, isPositive, customValues: h.customValues }
    : { spans: h.negativeSpans, counts: h.negativeBuckets, schema, isPositive, customValues: [] };
}
