/**
 * Columns of a series that has more than plain float chunks: histograms, start times, or several kinds of
 * samples one after the other.
 *
 *   chunk bytes (block or head) → MIXED COLUMNS → a series of a batch
 *
 * Series of plain floats do not come here: their kernel writes straight into the batch's columns.
 *
 * Invariants
 *  - A record says "no reset" only of the sample right before it: where a sample in between was left out, or
 *    put there, it says that it does not know.
 *
 * Lifetime: one object serves series after series; columns and records lie in the scratch given to `begin`.
 */

import { ChunkEncoding, holdsHistograms } from "@narthex/chunk/chunk-encoding";
import { HistogramReader } from "@narthex/chunk/histogram-reader";
import { loadKernels } from "@narthex/kernel/load";
import type { Scratch } from "@narthex/kernel/scratch";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { recordField, recordHeaderBytes, writeRecord } from "@narthex/storage/histogram-record";
import { kindsBytes, type SeriesBatch } from "@narthex/storage/series-batch";
import type { Interval } from "./tombstones.ts";

/** A chunk's data in the arena, without encoding byte, with 16 readable bytes behind it. */
export interface ChunkInArena {
  readonly encoding: number;
  readonly at: number;
  readonly sizeBytes: number;
  /** How many samples to decode. */
  readonly samples: number;
}

/** Whether samples of a chunk can have start times. */
function hasStarts(encoding: number): boolean {
  return encoding >= ChunkEncoding.Xor2;
}

/** See the head of the file: `begin`, `add` each chunk, `sort` and `dropDeleted` where needed, `putInto`. */
export class MixedColumns {
  count = 0;
  readonly #reader = new HistogramReader();
  #scratch: Scratch | null = null;
  #timesAt = 0;
  #valuesAt = 0;
  #startsAt = 0;
  #kindsAt = 0;
  #staleAt = 0;

  /** Starts a series of at most `samples` samples, whose chunks have these encodings. */
  begin(scratch: Scratch, samples: number, encodings: Iterable<number>): void {
    const all = [...encodings];
    this.#scratch = scratch;
    this.count = 0;
    this.#timesAt = scratch.take(samples * 8);
    this.#valuesAt = scratch.take(samples * 8);
    this.#startsAt = all.some(hasStarts) ? scratch.take(samples * 8) : 0;
    this.#kindsAt = all.some(holdsHistograms) ? scratch.take(kindsBytes(samples)) : 0;
    this.#staleAt = scratch.take(4);
    const { u8, f64 } = scratch.arena;
    if (this.#kindsAt !== 0) u8.fill(0, this.#kindsAt, this.#kindsAt + kindsBytes(samples));
    if (this.#startsAt !== 0) f64.fill(0, this.#startsAt >>> 3, (this.#startsAt >>> 3) + samples);
  }

  /** Adds the chunk's samples from `fromMs` to `toMs` (inclusive); false when it does not decode. */
  add(chunk: ChunkInArena, fromMs: number, toMs: number): boolean {
    if (holdsHistograms(chunk.encoding)) return this.#addHistograms(chunk, fromMs, toMs);
    const { at, sizeBytes, samples } = chunk;
    const kernels = loadKernels((this.#scratch as Scratch).arena);
    const done = this.count * 8;
    const [times, values] = [this.#timesAt + done, this.#valuesAt + done];
    let got = -1;
    if (chunk.encoding === ChunkEncoding.Xor) {
      got = kernels.xorDecodeRange(at, sizeBytes, samples, fromMs, toMs, times, values, this.#staleAt);
    } else if (chunk.encoding === ChunkEncoding.Xor2) {
      const starts = this.#startsAt + done;
      got = kernels.xor2DecodeRange(
        at,
        sizeBytes,
        samples,
        fromMs,
        toMs,
        times,
        values,
        starts,
        this.#staleAt,
      );
    }
    if (got < 0) return false;
    this.count += got;
    return true;
  }

  #addHistograms(chunk: ChunkInArena, fromMs: number, toMs: number): boolean {
    const reader = this.#reader;
    const { arena } = this.#scratch as Scratch;
    const { at, sizeBytes, samples } = chunk;
    try {
      reader.open(chunk.encoding as ChunkEncoding, arena.u8, samples, at, at + sizeBytes);
      while (reader.next()) {
        if (reader.timeMs > toMs) break;
        if (reader.timeMs >= fromMs) this.#push();
      }
    } catch (error) {
      if (error instanceof Error && /^(?:Decode|InvalidHistogram)Error$/u.test(error.name)) return false;
      throw error;
    }
    return true;
  }

  /** Adds the reader's sample. */
  #push(): void {
    const reader = this.#reader;
    const scratch = this.#scratch as Scratch;
    const i = this.count++;
    const isStale = reader.state.isStale;
    const record = isStale ? 0 : writeReaderRecord(scratch, reader);
    // The arena may have grown with the record: its views are taken now.
    const { f64, u32 } = scratch.arena;
    f64[(this.#timesAt >>> 3) + i] = reader.timeMs;
    if (isStale) {
      u32[(this.#valuesAt >>> 2) + 2 * i] = 2;
      u32[(this.#valuesAt >>> 2) + 2 * i + 1] = 0x7ff00000;
    } else {
      f64[(this.#valuesAt >>> 3) + i] = record;
      u32[(this.#kindsAt >>> 2) + (i >>> 5)] |= 1 << (i & 31);
    }
    if (this.#startsAt !== 0) f64[(this.#startsAt >>> 3) + i] = reader.startMs;
  }

  /** Puts samples of overlapping chunks in order; of several at one time the first stays. */
  sort(): void {
    const times = this.#column(this.#timesAt);
    const order = Uint32Array.from({ length: this.count }, (_, i) => i).sort(
      (a, b) => times[a] - times[b] || a - b,
    );
    this.#keep(order.filter((sample, i) => i === 0 || times[order[i - 1]] !== times[sample]));
  }

  /** Leaves out samples within the intervals. Samples are in order. */
  dropDeleted(intervals: readonly Interval[]): void {
    const times = this.#column(this.#timesAt);
    const isDeleted = (time: number) =>
      intervals.some(({ minTimeMs, maxTimeMs }) => minTimeMs <= time && time <= maxTimeMs);
    const kept = Uint32Array.from(times.keys()).filter((i) => !isDeleted(times[i]));
    if (kept.length < this.count) this.#keep(kept);
  }

  #column(at: number): Float64Array {
    return (this.#scratch as Scratch).arena.f64.subarray(at >>> 3, (at >>> 3) + this.count);
  }

  /** Keeps these samples, in this order. */
  #keep(order: Uint32Array): void {
    const { u32, u64 } = (this.#scratch as Scratch).arena;
    for (const at of [this.#timesAt, this.#valuesAt, this.#startsAt]) {
      if (at === 0) continue;
      // As integers: floats may lose the bits of a staleness marker.
      const column = u64.slice(at >>> 3, (at >>> 3) + this.count);
      for (let k = 0; k < order.length; k++) u64[(at >>> 3) + k] = column[order[k]];
    }
    if (this.#kindsAt !== 0) {
      const words = this.#kindsAt >>> 2;
      const kinds = u32.slice(words, words + (kindsBytes(this.count) >>> 2));
      u32.fill(0, words, words + kinds.length);
      for (let k = 0; k < order.length; k++) {
        const i = order[k];
        if (((kinds[i >>> 5] >>> (i & 31)) & 1) === 0) continue;
        u32[words + (k >>> 5)] |= 1 << (k & 31);
        if (k > 0 && order[k - 1] !== i - 1) this.#forgetReset(k);
      }
    }
    this.count = order.length;
  }

  /** Sample `k` no longer follows the one it was compared with. */
  #forgetReset(k: number): void {
    const { f64, u32 } = (this.#scratch as Scratch).arena;
    const hint = (f64[(this.#valuesAt >>> 3) + k] + recordField.hint) >>> 2;
    if (u32[hint] !== CounterResetHint.Gauge) u32[hint] = CounterResetHint.Unknown;
  }

  /** Hands the columns to the series in `slot`. */
  putInto(batch: SeriesBatch, slot: number): void {
    const { u32 } = (this.#scratch as Scratch).arena;
    let stale = 0;
    for (let i = this.#valuesAt >>> 2, end = i + 2 * this.count; i < end; i += 2) {
      if (u32[i] === 2 && u32[i + 1] === 0x7ff00000) stale++;
    }
    let isHistogram = 0;
    for (let i = 0; this.#kindsAt !== 0 && i < kindsBytes(this.count) >>> 2; i++) {
      isHistogram |= u32[(this.#kindsAt >>> 2) + i];
    }
    const isStarted = this.#startsAt !== 0 && this.#column(this.#startsAt).some((start) => start !== 0);
    batch.timesAt[slot] = this.#timesAt;
    batch.valuesAt[slot] = this.#valuesAt;
    batch.count[slot] = this.count;
    batch.staleCount[slot] = stale;
    batch.kindsAt[slot] = isHistogram === 0 ? 0 : this.#kindsAt;
    batch.startsAt[slot] = isStarted ? this.#startsAt : 0;
  }
}

/** Writes the sample of a reader, which is not stale, as a record. */
export function writeReaderRecord(scratch: Scratch, reader: HistogramReader): number {
  if (reader.isTooFine) return writeRecord(scratch, reader.floatHistogram());
  const { state } = reader;
  const { schema, zeroThreshold, positiveSpans, negativeSpans, customValues } = state.layout;
  const spans = positiveSpans.length + negativeSpans.length;
  const byteLength = recordHeaderBytes + 8 * (spans + state.bucketCount + customValues.length);
  const at = scratch.take(byteLength);
  const { u32, i32, f64 } = scratch.arena;
  u32[at >>> 2] = byteLength;
  u32[(at + recordField.hint) >>> 2] = reader.hint;
  i32[(at + recordField.schema) >>> 2] = schema;
  u32[(at + recordField.positiveSpans) >>> 2] = positiveSpans.length;
  u32[(at + recordField.negativeSpans) >>> 2] = negativeSpans.length;
  u32[(at + recordField.positiveBuckets) >>> 2] = state.positiveCount;
  u32[(at + recordField.negativeBuckets) >>> 2] = state.bucketCount - state.positiveCount;
  u32[(at + recordField.customValues) >>> 2] = customValues.length;
  f64[(at + recordField.zeroThreshold) >>> 3] = zeroThreshold;
  f64[(at + recordField.zeroCount) >>> 3] = state.zeroObservations;
  f64[(at + recordField.count) >>> 3] = state.observations;
  f64[(at + recordField.sum) >>> 3] = state.sum;
  let word = (at + recordHeaderBytes) >>> 2;
  for (const side of [positiveSpans, negativeSpans]) {
    for (const { offset, length } of side) {
      i32[word] = offset;
      u32[word + 1] = length;
      word += 2;
    }
  }
  state.writeCounts(f64, word >>> 1);
  f64.set(customValues, (word >>> 1) + state.bucketCount);
  return at;
}
