/**
 * Native histograms as the HTTP API shows them:
 * `{"count":"…","sum":"…","buckets":[[b,"lower","upper","n"],…]}` with the filled buckets in ascending
 * order; b says which bounds belong to the bucket.
 */

import { formatFloat } from "@narthex/model/go-float";
import type { FloatHistogram } from "@narthex/model/float-histogram";

/** One histogram. `buckets` is left out when all are empty. */
export function histogramJson(h: FloatHistogram): string {
  const buckets: string[] = [];
  for (const { lower, upper, lowerInclusive, upperInclusive, count } of h.allBucketIterator()) {
    if (count === 0) continue;
    const bounds = boundsCode(lowerInclusive, upperInclusive);
    buckets.push(`[${bounds},"${formatFloat(lower)}","${formatFloat(upper)}","${formatFloat(count)}"]`);
  }
  const shown = buckets.length === 0 ? "" : `,"buckets":[${buckets.join()}]`;
  return `{"count":"${formatFloat(h.count)}","sum":"${formatFloat(h.sum)}"${shown}}`;
}

/** 0: the upper bound belongs to it, 1: the lower, 2: none, 3: both. */
function boundsCode(lowerInclusive: boolean, upperInclusive: boolean): number {
  if (lowerInclusive) return upperInclusive ? 3 : 1;
  return upperInclusive ? 0 : 2;
}

/** A time in seconds, with three decimals unless it is whole. */
export function timeJson(timeMs: number): string {
  const millis = Math.abs(timeMs);
  const rest = millis % 1000;
  const seconds = `${timeMs < 0 ? "-" : ""}${Math.trunc(millis / 1000)}`;
  return rest === 0 ? seconds : `${seconds}.${String(rest).padStart(3, "0")}`;
}
