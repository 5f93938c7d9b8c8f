/**
 * Histograms in columns: a *record* is one histogram as bytes in the arena; the value of its sample is the
 * record's address, as an integer.
 *
 * Layout, little-endian, at a multiple of 16:
 *
 *    0 u32 bytes in all (a multiple of 8)   32 f64 count
 *    4 u32 counter reset hint               40 f64 sum
 *    8 i32 schema                           48 u32 negative spans
 *   12 u32 positive spans                   52 u32 positive buckets
 *   16 f64 zero threshold                   56 u32 negative buckets
 *   24 f64 zero count                       60 u32 custom bounds
 *   64 positive spans, then negative: i32 offset, u32 length each; then f64 counts of the positive and of the
 *      negative buckets (absolute), then f64 custom bounds
 *
 * Invariants
 *  - A record is not changed once its address is handed on.
 *
 * Lifetime: that of the scratch it was written to.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Scratch } from "@narthex/kernel/scratch";
import type { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram, type Span } from "@narthex/model/float-histogram";
import { isCustomBucketsSchema } from "@narthex/model/histogram-schema";

/** Bytes before the first span. */
export const recordHeaderBytes = 64;

/** Where things lie in a record, in bytes from its start. */
export const recordField = {
  byteLength: 0,
  hint: 4,
  schema: 8,
  positiveSpans: 12,
  zeroThreshold: 16,
  zeroCount: 24,
  count: 32,
  sum: 40,
  negativeSpans: 48,
  positiveBuckets: 52,
  negativeBuckets: 56,
  customValues: 60,
} as const;

/** Writes a histogram; returns the address of its record. */
export function writeRecord(scratch: Scratch, h: FloatHistogram): number {
  const { positiveSpans, negativeSpans, positiveBuckets, negativeBuckets, customValues } = h;
  const spanCount = positiveSpans.length + negativeSpans.length;
  const numberCount = positiveBuckets.length + negativeBuckets.length + customValues.length;
  const byteLength = recordHeaderBytes + 8 * (spanCount + numberCount);
  const at = scratch.take(byteLength);
  const { u32, i32, f64 } = scratch.arena;
  u32[at >>> 2] = byteLength;
  u32[(at + recordField.hint) >>> 2] = h.counterResetHint;
  i32[(at + recordField.schema) >>> 2] = h.schema;
  u32[(at + recordField.positiveSpans) >>> 2] = positiveSpans.length;
  u32[(at + recordField.negativeSpans) >>> 2] = negativeSpans.length;
  u32[(at + recordField.positiveBuckets) >>> 2] = positiveBuckets.length;
  u32[(at + recordField.negativeBuckets) >>> 2] = negativeBuckets.length;
  u32[(at + recordField.customValues) >>> 2] = customValues.length;
  f64[(at + recordField.zeroThreshold) >>> 3] = h.zeroThreshold;
  f64[(at + recordField.zeroCount) >>> 3] = h.zeroCount;
  f64[(at + recordField.count) >>> 3] = h.count;
  f64[(at + recordField.sum) >>> 3] = h.sum;
  let word = (at + recordHeaderBytes) >>> 2;
  for (const spans of [positiveSpans, negativeSpans]) {
    for (const { offset, length } of spans) {
      i32[word] = offset;
      u32[word + 1] = length;
      word += 2;
    }
  }
  let number = word >>> 1;
  for (const numbers of [positiveBuckets, negativeBuckets, customValues]) {
    f64.set(numbers, number);
    number += numbers.length;
  }
  return at;
}

/** The histogram of a record, in `into` when given. Shares nothing with the record. */
export function readRecord(arena: Arena, at: number, into = new FloatHistogram()): FloatHistogram {
  const { u32, i32, f64 } = arena;
  into.counterResetHint = u32[(at + recordField.hint) >>> 2] as CounterResetHint;
  into.schema = i32[(at + recordField.schema) >>> 2] as number;
  into.zeroThreshold = f64[(at + recordField.zeroThreshold) >>> 3] as number;
  into.zeroCount = f64[(at + recordField.zeroCount) >>> 3] as number;
  into.count = f64[(at + recordField.count) >>> 3] as number;
  into.sum = f64[(at + recordField.sum) >>> 3] as number;
  const positiveSpans = u32[(at + recordField.positiveSpans) >>> 2] as number;
  const negativeSpans = u32[(at + recordField.negativeSpans) >>> 2] as number;
  const spansAt = (at + recordHeaderBytes) >>> 2;
  into.positiveSpans = readSpans(i32, spansAt, positiveSpans);
  into.negativeSpans = readSpans(i32, spansAt + 2 * positiveSpans, negativeSpans);
  const positive = (spansAt >>> 1) + positiveSpans + negativeSpans;
  const negative = positive + (u32[(at + recordField.positiveBuckets) >>> 2] as number);
  const custom = negative + (u32[(at + recordField.negativeBuckets) >>> 2] as number);
  const end = custom + (u32[(at + recordField.customValues) >>> 2] as number);
  into.positiveBuckets = Array.from(f64.subarray(positive, negative));
  into.negativeBuckets = Array.from(f64.subarray(negative, custom));
  into.customValues = Array.from(f64.subarray(custom, end));
  return into;
}

function readSpans(i32: Int32Array, word: number, count: number): Span[] {
  const spans: Span[] = [];
  for (let i = 0; i < count; i++) {
    spans.push({ offset: i32[word + 2 * i] as number, length: (i32[word + 2 * i + 1] as number) >>> 0 });
  }
  return spans;
}

/** Bytes of a record. */
export function recordBytes(arena: Arena, at: number): number {
  return arena.u32[at >>> 2] as number;
}

/** How many observations it counts. */
export function recordCount(arena: Arena, at: number): number {
  return arena.f64[(at + recordField.count) >>> 3] as number;
}

/** The sum of its observations. */
export function recordSum(arena: Arena, at: number): number {
  return arena.f64[(at + recordField.sum) >>> 3] as number;
}

/** Whether its bounds are its own. */
export function recordUsesCustomBuckets(arena: Arena, at: number): boolean {
  return isCustomBucketsSchema(arena.i32[(at + recordField.schema) >>> 2] as number);
}

/** How many samples a histogram counts as in limits on memory: a sample is 16 bytes there. */
export function recordSampleSize(arena: Arena, at: number): number {
  // The original's struct has 168 bytes where the record's header has 64, and its point a time of 8.
  return (recordBytes(arena, at) - recordHeaderBytes + 168 + 8) >>> 4;
}
