/**
 * Whether a histogram is what it says: the checks that both kinds share. All throw `InvalidHistogramError`.
 */

import { formatGoG } from "../go-float.ts";
import { checkSpans, negativeOffsetError, type Span } from "./bucket-side.ts";
import { histogramFaults, InvalidHistogramError, invalidSchemaError } from "./errors.ts";
import { isCustomBucketsSchema, isExponentialSchema } from "../histogram-schema.ts";

/** The layout of a histogram, of either kind. */
export interface HistogramLayout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly positiveBuckets: readonly number[];
  readonly negativeBuckets: readonly number[];
  readonly customValues: readonly number[];
}

/** Checks schema, spans, custom bounds and zero bucket, and that fields of the other kind are not used. */
export function checkLayout(h: HistogramLayout, checkNegativeBuckets: () => void): void {
  if (isCustomBucketsSchema(h.schema)) {
    inContext("custom buckets", () =>
      checkCustomBounds(h.customValues, h.positiveSpans, h.positiveBuckets.length),
    );
    if (h.zeroCount !== 0) throw new InvalidHistogramError(histogramFaults.customZeroCount);
    if (h.zeroThreshold !== 0) throw new InvalidHistogramError(histogramFaults.customZeroThreshold);
    if (h.negativeSpans.length > 0) throw new InvalidHistogramError(histogramFaults.customNegativeSpans);
    if (h.negativeBuckets.length > 0) throw new InvalidHistogramError(histogramFaults.customNegativeBuckets);
    return;
  }
  if (!isExponentialSchema(h.schema)) throw invalidSchemaError(h.schema);
  inContext("positive side", () => checkSpans(h.positiveSpans, h.positiveBuckets.length));
  inContext("negative side", () => checkSpans(h.negativeSpans, h.negativeBuckets.length));
  inContext("negative side", checkNegativeBuckets);
  if (h.zeroCount < 0) {
    throw new InvalidHistogramError(
      histogramFaults.negativeBucketCount,
      `zero bucket has observation count of ${formatGoG(h.zeroCount)}`,
    );
  }
  if (h.customValues.length > 0) {
    throw new InvalidHistogramError(histogramFaults.exponentialWithCustomBounds);
  }
}

/** Puts `place` before the message of what `check` throws. */
export function inContext(place: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof InvalidHistogramError)) throw error;
    const detail = error.message.slice(0, Math.max(0, error.message.length - error.reason.length - 2));
    throw new InvalidHistogramError(error.reason, detail === "" ? place : `${place}: ${detail}`);
  }
}

/** The sum of absolute counts. Throws when one is negative. */
export function checkCounts(counts: Iterable<number>, format: (count: number) => string): number {
  let sum = 0;
  let number = 0;
  for (const count of counts) {
    number++;
    if (count < 0) {
      throw new InvalidHistogramError(
        histogramFaults.negativeBucketCount,
        `bucket number ${number} has observation count of ${format(count)}`,
      );
    }
    sum += count;
  }
  return sum;
}

function checkCustomBounds(bounds: readonly number[], spans: readonly Span[], bucketCount: number): void {
  bounds.forEach((bound, i) => {
    if (Number.isNaN(bound)) throw new InvalidHistogramError(histogramFaults.customBoundsNaN);
    if (i > 0 && bound <= bounds[i - 1]) {
      throw new InvalidHistogramError(
        histogramFaults.customBoundsNotIncreasing,
        `previous bound is ${sixDecimals(bounds[i - 1])} and current is ${sixDecimals(bound)}`,
      );
    }
  });
  if (bounds.at(-1) === Infinity) {
    throw new InvalidHistogramError(
      histogramFaults.customBoundsInfinite,
      "last +Inf bound must not be explicitly defined",
    );
  }
  let reach = 0;
  spans.forEach(({ offset, length }, i) => {
    if (offset < 0) throw negativeOffsetError(i, offset);
    reach += offset + length;
  });
  checkSpans(spans, bucketCount);
  if (bounds.length + 1 < reach) {
    throw new InvalidHistogramError(
      histogramFaults.customBoundsTooFew,
      `only ${bounds.length} custom bounds defined ` +
        `which is insufficient to cover total span length of ${reach}`,
    );
  }
}

/** Go's `%f`. */
function sixDecimals(value: number): string {
  if (!Number.isFinite(value)) return formatGoG(value);
  // Beyond 10^21 JavaScript would write an exponent.
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}
