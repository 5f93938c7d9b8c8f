/**
 * Schemas of native histograms: how wide buckets are.
 *
 * Schema n from -4 to 8: each bound is the previous one times 2^(2^-n), and 1 is a bound. Schema -53: the
 * histogram brings its own upper bounds. Numbers from -9 to 52 are reserved; readers reduce those above 8.
 */

/** The finest exponential schema. */
export const maxExponentialSchema = 8;
/** The coarsest exponential schema. */
export const minExponentialSchema = -4;
/** The highest number kept for exponential schemas. */
export const maxReservedSchema = 52;
/** The lowest number kept for exponential schemas. */
export const minReservedSchema = -9;
/** The schema of histograms with bounds of their own ("NHCB"). */
export const customBucketsSchema = -53;

/** Whether bounds are the histogram's own. */
export function isCustomBucketsSchema(schema: number): boolean {
  return schema === customBucketsSchema;
}

/** Whether bounds follow from the schema. */
export function isExponentialSchema(schema: number): boolean {
  return schema >= minExponentialSchema && schema <= maxExponentialSchema;
}

/** Whether a histogram may have this schema. */
export function isValidSchema(schema: number): boolean {
  return isCustomBucketsSchema(schema) || isExponentialSchema(schema);
}

/** Whether a reader knows what the schema means, if only to reduce it to one that is valid. */
export function isKnownSchema(schema: number): boolean {
  return isCustomBucketsSchema(schema) || (schema >= minReservedSchema && schema <= maxReservedSchema);
}
