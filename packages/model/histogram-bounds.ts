/**
 * Bucket index ↔ bound. An exponential bound is a fraction in [0.5, 1) times a power of two.
 */

import { assert } from "@narthex/platform/assert";
import { bucketFractions } from "./histogram/bucket-fractions.ts";
import { isCustomBucketsSchema, maxExponentialSchema } from "./histogram-schema.ts";

/**
 * The upper bound of bucket `index` in an exponential schema. The bucket that holds the largest float ends
 * there; only the one behind it, for infinite observations, ends at infinity.
 */
export function exponentialBound(index: number, schema: number): number {
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : powerOfTwo(1, exponent);
  }
  const perPower = 1 << schema;
  const place = index & (perPower - 1);
  const exponent = (index >> schema) + 1;
  if (place === 0 && exponent === 1025) return Number.MAX_VALUE;
  return powerOfTwo(bucketFractions[place << (maxExponentialSchema - schema)], exponent);
}

/** fraction × 2^exponent, rounded once. */
function powerOfTwo(fraction: number, exponent: number): number {
  if (exponent >= -1022 && exponent <= 1023) return fraction * 2 ** exponent;
  if (exponent > 1023) return exponent > 1100 ? Infinity : fraction * 2 ** 1000 * 2 ** (exponent - 1000);
  // 2^-1074 is the least float: one division brings a subnormal result, the step before it is exact.
  return exponent < -1100 ? 0 : (fraction * 2 ** -900 * 2 ** (exponent + 1000)) / 2 ** 100;
}

/**
 * The upper bound of bucket `index`: of a custom schema, bucket 0 ends at the first bound and the bucket
 * behind the last bound at infinity; bucket -1 ends where bucket 0 starts.
 */
export function bucketBound(index: number, schema: number, customValues: readonly number[]): number {
  if (!isCustomBucketsSchema(schema)) return exponentialBound(index, schema);
  assert(index >= -1 && index <= customValues.length, "a custom bucket lies among the bounds");
  if (index === customValues.length) return Infinity;
  return index === -1 ? -Infinity : customValues[index];
}

/** The bucket that holds bucket `index` when the schema is `shift` lower. */
export function coarserIndex(index: number, shift: number): number {
  return ((index - 1) >> Math.min(shift, 31)) + 1;
}

/** Whether two lists of custom bounds are the same. */
export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((bound, i) => bound === b[i]));
}

/** The bounds that both ascending lists have. */
export function commonBounds(a: readonly number[], b: readonly number[]): number[] {
  const common: number[] = [];
  for (let i = 0, k = 0; i < a.length && k < b.length;) {
    if (a[i] === b[k]) {
      common.push(a[i]);
      i++;
      k++;
    } else if (a[i] < b[k]) {
      i++;
    } else {
      k++;
    }
  }
  return common;
}
