/**
 * The table of functions that make a number of a native histogram and look at nothing else.
 */

import type { FloatHistogram } from "@narthex/model/float-histogram";
import { KahanSum } from "./kahan.ts";

/** All of them, by name. */
export const histogramFunctions: ReadonlyMap<string, (h: FloatHistogram) => number> = new Map(
  Object.entries({
    histogram_count: (h: FloatHistogram) => h.count,
    histogram_sum: (h: FloatHistogram) => h.sum,
    histogram_avg: (h: FloatHistogram) => h.sum / h.count,
    histogram_stdvar: histogramVariance,
    histogram_stddev: (h: FloatHistogram) => Math.sqrt(histogramVariance(h)),
  }),
);

/**
 * The variance, all observations of a bucket taken to be in its middle: the arithmetic one of custom bounds,
 * zero in the zero bucket, else the geometric one.
 */
function histogramVariance(h: FloatHistogram): number {
  const mean = h.sum / h.count;
  const isCustom = h.usesCustomBuckets();
  const squares = new KahanSum();
  for (const { lower, upper, count } of h.allBucketIterator()) {
    if (count === 0) continue;
    let middle = 0;
    if (isCustom) middle = (upper + lower) / 2;
    else if (lower > 0 || upper < 0) middle = Math.sqrt(upper * lower) * (upper < 0 ? -1 : 1);
    const delta = middle - mean;
    squares.add(count * delta * delta);
  }
  return (squares.sum + squares.lost) / h.count;
}
