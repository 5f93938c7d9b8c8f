/**
 * Whether a counter started anew between two histograms: any count that went down or is gone, a finer schema
 * or a narrower zero bucket (which no running counter shows).
 */

import { sameBounds } from "../histogram-bounds.ts";
import { BucketCursor } from "./bucket-side.ts";
import { hasCustomReset, type BoundedSpans } from "./custom-buckets.ts";
import { sideOf, type HistogramFields } from "./fields.ts";
import { isCustomBucketsSchema } from "../histogram-schema.ts";
import { nextBeyond, zeroBucketUpTo } from "./zero-bucket.ts";

/** Looks at all counts; hints do not matter here. */
export function hasReset(current: HistogramFields, previous: HistogramFields): boolean {
  const { schema, zeroThreshold } = current;
  if (current.count < previous.count) return true;
  if (isCustomBucketsSchema(schema)) {
    if (!isCustomBucketsSchema(previous.schema)) return true;
    if (!sameBounds(current.customValues, previous.customValues)) {
      return hasCustomReset(boundedSpans(current), boundedSpans(previous));
    }
  }
  if (schema > previous.schema || zeroThreshold < previous.zeroThreshold) return true;
  const zero = zeroBucketUpTo(previous, null, zeroThreshold);
  if (zero.threshold !== zeroThreshold || current.zeroCount < zero.count) return true;
  return [true, false].some((isPositive) => hasSideReset(current, previous, isPositive));
}

function boundedSpans(h: HistogramFields): BoundedSpans {
  return { spans: h.positiveSpans, counts: h.positiveBuckets, bounds: h.customValues };
}

/** Compares in the current schema, beyond the current zero bucket. */
function hasSideReset(current: HistogramFields, previous: HistogramFields, isPositive: boolean): boolean {
  const { schema, zeroThreshold } = current;
  const cursorOf = (h: HistogramFields): BucketCursor => {
    const { spans, counts } = sideOf(h, isPositive);
    return new BucketCursor(spans, counts, h.schema - schema);
  };
  const now = cursorOf(current);
  const before = cursorOf(previous);
  let hasNow = nextBeyond(now, schema, zeroThreshold);
  let hasBefore = nextBeyond(before, schema, zeroThreshold);
  while (hasBefore) {
    while (hasNow && now.index < before.index) hasNow = now.next();
    const isGone = !hasNow || now.index > before.index;
    if (isGone ? before.count !== 0 : now.count < before.count) return true;
    hasBefore = before.next();
  }
  return false;
}
