/**
 * What a job allows native histograms to be: how fine, and of how many buckets.
 */

import type { FloatHistogram } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";
import {
  isExponentialSchema,
  maxExponentialSchema,
  maxReservedSchema,
  minExponentialSchema,
} from "@narthex/model/histogram-schema";

/** The limits of a job. */
export interface HistogramLimits {
  /** Buckets of both sides together; 0 for no limit. */
  readonly nativeBucketLimit: number;
  /** The finest schema that is stored; finer ones are reduced. */
  readonly maxSchema: number;
}

/** The finest schema whose buckets grow by at least `factor` each; the finest there is for 1 and below. */
export function schemaOfFactor(factor: number): number {
  const schema = Math.floor(0 - Math.log2(Math.log2(factor <= 1 ? 1.00271 : factor)));
  return Math.min(maxExponentialSchema, Math.max(minExponentialSchema, schema));
}

/**
 * Makes the histogram coarser until it keeps the limits; false when it cannot be. Throws the model's error
 * for one that is not valid.
 */
export function limitHistogram(h: Histogram | FloatHistogram, limits: HistogramLimits): boolean {
  const maxSchema = Math.min(limits.maxSchema, maxExponentialSchema);
  if (h.schema > maxSchema && h.schema <= maxReservedSchema) h.reduceResolution(maxSchema);
  const { nativeBucketLimit } = limits;
  if (nativeBucketLimit === 0) return true;
  while (h.positiveBuckets.length + h.negativeBuckets.length > nativeBucketLimit) {
    if (!isExponentialSchema(h.schema) || h.schema === minExponentialSchema) return false;
    h.reduceResolution(h.schema - 1);
  }
  return true;
}
