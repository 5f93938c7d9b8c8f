/**
 * What can be wrong with a native histogram. Texts equal the original's: users see them in logs and answers.
 */

import {
  customBucketsSchema,
  maxExponentialSchema,
  maxReservedSchema,
  minExponentialSchema,
  minReservedSchema,
} from "../histogram-schema.ts";

/** A histogram that contradicts itself. `reason` is the kind of fault, one of `histogramFaults`. */
export class InvalidHistogramError extends Error {
  override readonly name = "InvalidHistogramError";
  readonly reason: string;

  /** `detail` comes before the reason, with a colon. */
  constructor(reason: string, detail = "") {
    super(detail === "" ? reason : `${detail}: ${reason}`);
    this.reason = reason;
  }
}

/** Two histograms that cannot be brought to one layout: exponential and custom buckets. */
export class IncompatibleHistogramsError extends Error {
  override readonly name = "IncompatibleHistogramsError";

  constructor() {
    super("cannot apply this operation on histograms with a mix of exponential and custom bucket schemas");
  }
}

/** An operation that is never right for this histogram: a fault of the caller. */
export class HistogramOperationError extends Error {
  override readonly name = "HistogramOperationError";
}

/** The kinds of faults. */
export const histogramFaults = {
  countNotBigEnough:
    "histogram's observation count should be at least the number of observations found in the buckets",
  countMismatch:
    "histogram's observation count should equal the number of observations found in the buckets " +
    "(in absence of NaN)",
  negativeCount: "histogram's observation count is negative",
  negativeBucketCount: "histogram has a bucket whose observation count is negative",
  spanNegativeOffset: "histogram has a span whose offset is negative",
  spansBucketsMismatch: "histogram spans specify different number of buckets than provided",
  customBoundsTooFew: "histogram custom bounds are too few",
  customBoundsNotIncreasing: "histogram custom bounds must be in strictly increasing order",
  customBoundsInfinite: "histogram custom bounds must be finite",
  customBoundsNaN: "histogram custom bounds must not be NaN",
  customZeroCount: "custom buckets: must have zero count of 0",
  customZeroThreshold: "custom buckets: must have zero threshold of 0",
  customNegativeSpans: "custom buckets: must not have negative spans",
  customNegativeBuckets: "custom buckets: must not have negative buckets",
  exponentialWithCustomBounds: "histogram with exponential schema must not have custom bounds",
  invalidSchema:
    `histogram has an invalid schema, which must be between ${minExponentialSchema} and ` +
    `${maxExponentialSchema} for exponential buckets, or ${customBucketsSchema} for custom buckets`,
  unknownSchema:
    `histogram has an unknown schema, which must be between ${minReservedSchema} and ` +
    `${maxReservedSchema} for exponential buckets, or ${customBucketsSchema} for custom buckets`,
} as const;

/** A schema no histogram may have. */
export function invalidSchemaError(schema: number): InvalidHistogramError {
  return schemaError(histogramFaults.invalidSchema, schema);
}

/** A schema nobody knows. */
export function unknownSchemaError(schema: number): InvalidHistogramError {
  return schemaError(histogramFaults.unknownSchema, schema);
}

function schemaError(reason: string, schema: number): InvalidHistogramError {
  const error = new InvalidHistogramError(reason);
  error.message = `${reason}, got schema ${schema}`;
  return error;
}
