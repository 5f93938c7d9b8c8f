/**
 * Histograms into the open chunks of the head: what the kernel head-append is for floats. Main thread.
 *
 *   head-appender → log → HEAD HISTOGRAMS → open chunk in the arena → (kernel) sealed chunk
 *
 * The chunk lies in the arena as a float chunk does, byte for byte what a block will hold, and is published
 * the same way: samples first, then the version. What coding needs to go on with it is an object
 * (chunk/histogram-appender.ts); a fixed number of them is remembered, the others are made anew from the
 * chunk's bytes.
 *
 * A chunk ends at its block's edge, at about 1 KiB (predicted at a quarter), but not before ten samples, and
 * where the appender wants a new one.
 *
 * Invariants
 *  - A remembered appender is used only while the series' open chunk is the one it wrote.
 */

import { ChunkEncoding } from "@narthex/chunk/chunk-encoding";
import { HistogramAppender } from "@narthex/chunk/histogram-appender";
import { HistogramReader } from "@narthex/chunk/histogram-reader";
import type { Arena } from "@narthex/kernel/arena";
import type { Kernels } from "@narthex/kernel/load";
import { FloatHistogram, isStaleHistogram } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";
import { AppendResult } from "@narthex/storage/append-result";
import { root, series } from "./head-layout.ts";
import type { HeadReader } from "./head-reader.ts";
import type { HistogramEntry } from "./wal-histograms.ts";

/** What this needs of the head. */
export interface HistogramTarget {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly slab: number;
  readonly rootAt: number;
  readonly reader: HeadReader;
  readonly chunkRangeMs: number;
}

const targetBytes = 1024;
const fewestSamples = 10;
/** A chunk's buffer is a u16 number of 16 bytes. */
const mostCapacityBytes = 0xffff * 16;
/** A chunk of this size ends whatever it holds. */
const hugeChunkBytes = mostCapacityBytes / 2;
/** A histogram is refused when it could take more. */
const mostHistogramBytes = 256 * 1024;
/** Appenders that are remembered, a power of two: some 3 KiB each. */
const keptAppenders = 4096;

/** Open histogram chunks. */
export class HeadHistograms {
  /** Histograms stored since the start. */
  appendedCount = 0;
  readonly #head: HistogramTarget;
  readonly #withStarts: boolean;
  /** By a hash of the ref; a newcomer takes the place of whoever was there. */
  readonly #refs = new Float64Array(keptAppenders);
  readonly #appenders: (HistogramAppender | null)[] = [];

  /** `withStarts`: chunks are made with start times. */
  constructor(head: HistogramTarget, withStarts: boolean) {
    this.#head = head;
    this.#withStarts = withStarts;
  }

  /** What would become of a histogram; one that repeats the newest is accepted and not stored twice. */
  admit(ref: number, timeMs: number, minValidMs: number, h: Histogram | FloatHistogram): AppendResult {
    const record = this.#head.reader.recordOf(ref);
    if (record === 0) return AppendResult.UnknownSeries;
    if (timeMs < minValidMs) return AppendResult.OutOfBounds;
    const lastMs = this.#head.arena.f64[(record + series.lastTime) >>> 3];
    if (timeMs < lastMs) return AppendResult.OutOfOrder;
    if (timeMs === lastMs) return this.#isRepeat(record, h) ? AppendResult.Accepted : AppendResult.Duplicate;
    return mostBytes(h) > mostHistogramBytes ? AppendResult.StorageFull : AppendResult.Accepted;
  }

  #isRepeat(record: number, h: Histogram | FloatHistogram): boolean {
    const encoding = this.#head.arena.u8[record + series.encoding];
    if (encoding !== this.#encodingOf(h)) return false;
    const reader = new HistogramReader();
    const { samples } = this.#version(record);
    const chunk = this.#openBytes(record);
    reader.open(encoding, chunk, samples);
    while (reader.next());
    if (reader.state.isStale || isStaleHistogram(h)) return reader.state.isStale && isStaleHistogram(h);
    return h instanceof FloatHistogram ? reader.floatHistogram().equals(h) : reader.histogram().equals(h);
  }

  /** Stores those that are newer than their series; returns -1, or at which one the memory was full. */
  apply(entries: readonly HistogramEntry[], commit: number): number {
    const { arena, reader, rootAt } = this.#head;
    for (let i = 0; i < entries.length; i++) {
      const { ref, timeMs } = entries[i];
      const record = reader.recordOf(ref);
      if (record === 0 || timeMs <= arena.f64[(record + series.lastTime) >>> 3]) continue;
      this.#stamp(record, commit, timeMs);
      if (!this.#append(record, entries[i])) return i;
      const { f64 } = arena;
      f64[(rootAt + root.minTime) >>> 3] = Math.min(f64[(rootAt + root.minTime) >>> 3], timeMs);
      f64[(rootAt + root.maxTime) >>> 3] = Math.max(f64[(rootAt + root.maxTime) >>> 3], timeMs);
      this.appendedCount++;
    }
    return -1;
  }

  /** As the kernel does: the commit and its first time take the place of the older stamp. */
  #stamp(record: number, commit: number, timeMs: number): void {
    const { i32 } = this.#head.arena;
    const a = i32[(record + series.commitA) >>> 2] >>> 0;
    const b = i32[(record + series.commitB) >>> 2] >>> 0;
    if (a === commit || b === commit) return;
    const isALater = ((a - b) | 0) > 0;
    const low = Number(BigInt.asIntN(32, BigInt(timeMs)));
    Atomics.store(i32, (record + (isALater ? series.startB : series.startA)) >>> 2, low);
    Atomics.store(i32, (record + (isALater ? series.commitB : series.commitA)) >>> 2, commit | 0);
  }

  /** False when the memory is full. */
  #append(record: number, { ref, timeMs, startMs, histogram }: HistogramEntry): boolean {
    const encoding = this.#encodingOf(histogram);
    const { arena, kernels, rootAt } = this.#head;
    let appender = this.#openAppender(record, ref);
    let previous: HistogramAppender | null = null;
    if (arena.u32[(record + series.chunk) >>> 2] !== 0) {
      const goesOn = appender?.encoding === encoding && !this.#mustCut(record, appender, timeMs);
      if (!goesOn) {
        if (kernels.headSeal(rootAt, record) === 0) return false;
        previous = appender;
        appender = null;
      }
    }
    // Until all is stored there is nothing to remember: memory may be full in between.
    this.#forget(ref);
    const bitsBefore = appender === null ? 0 : appender.lengthBits;
    appender ??= HistogramAppender.create(encoding);
    const next = appender.append(previous, startMs, timeMs, histogram);
    const kept = next === null ? appender : next.appender;
    let isStored: boolean;
    if (next !== null && next.isRecoded) isStored = this.#replace(record, kept, timeMs);
    else if (next === null && bitsBefore > 0) isStored = this.#extend(record, kept, bitsBefore, timeMs);
    else {
      if (next !== null && kernels.headSeal(rootAt, record) === 0) return false;
      isStored = this.#begin(record, kept, timeMs);
    }
    if (isStored) this.#remember(ref, kept);
    return isStored;
  }

  #encodingOf(h: Histogram | FloatHistogram): ChunkEncoding {
    if (h instanceof FloatHistogram) {
      return this.#withStarts ? ChunkEncoding.FloatHistogramWithStart : ChunkEncoding.FloatHistogram;
    }
    return this.#withStarts ? ChunkEncoding.HistogramWithStart : ChunkEncoding.Histogram;
  }

  /** Whether a sample at `timeMs` belongs into a new chunk; predicts the end of a chunk a quarter full. */
  #mustCut(record: number, appender: HistogramAppender, timeMs: number): boolean {
    const { f64, u8 } = this.#head.arena;
    const sizeBytes = appender.view().length;
    const startMs = f64[(record + series.openMin) >>> 3];
    const edgeMs = this.#rangeEndMs(startMs);
    const cutAt = (record + series.nextCut) >>> 3;
    if (u8[record + series.isCutPredicted] === 0 && sizeBytes >= targetBytes / 4) {
      const parts = (edgeMs - startMs) / ((appender.lastTimeMs - startMs + 1) * (targetBytes / sizeBytes));
      if (parts > 1) f64[cutAt] = startMs + Math.trunc((edgeMs - startMs) / Math.floor(parts));
      u8[record + series.isCutPredicted] = 1;
    }
    if (sizeBytes >= hugeChunkBytes || timeMs >= edgeMs) return true;
    const isDue = timeMs >= f64[cutAt] || sizeBytes >= targetBytes * 2;
    return isDue && appender.samples >= fewestSamples;
  }

  #rangeEndMs(timeMs: number): number {
    const { chunkRangeMs } = this.#head;
    return Math.floor(timeMs / chunkRangeMs) * chunkRangeMs + chunkRangeMs;
  }

  /** Makes the appender's chunk, of one sample, the open one. There is no open chunk before. */
  #begin(record: number, appender: HistogramAppender, timeMs: number): boolean {
    const { arena, rootAt } = this.#head;
    const bytes = appender.view();
    const at = this.#allocate(record, bytes.length * 2 + 64);
    if (at === 0) return false;
    const { u8, u32, f64, i32 } = arena;
    u8.set(bytes, at);
    u8[record + series.encoding] = appender.encoding;
    u8[record + series.isCutPredicted] = 0;
    f64[(record + series.openMin) >>> 3] = timeMs;
    f64[(record + series.nextCut) >>> 3] = this.#rangeEndMs(timeMs);
    Atomics.store(i32, (record + series.chunk) >>> 2, at);
    u32[(rootAt + root.chunkCount) >>> 2]++;
    f64[(rootAt + root.chunksCreated) >>> 3]++;
    this.#finish(record, appender, timeMs);
    return true;
  }

  /** Adds the bits behind `bitsBefore` to the open chunk, in a larger buffer if need be. */
  #extend(record: number, appender: HistogramAppender, bitsBefore: number, timeMs: number): boolean {
    const { u8, u32, i32 } = this.#head.arena;
    const bytes = appender.view();
    const open = u32[(record + series.chunk) >>> 2];
    const capacity = this.#capacity(record);
    if (bytes.length <= capacity) {
      // The header's sample count is for whoever reads the chunk as a whole; readers of the head have theirs.
      u8.set(bytes.subarray(0, 3), open);
      u8.set(bytes.subarray(bitsBefore >>> 3), open + (bitsBefore >>> 3));
    } else {
      const at = this.#allocate(record, bytes.length * 2 + 64);
      if (at === 0) return false;
      this.#head.arena.u8.set(bytes, at);
      Atomics.store(i32, (record + series.chunk) >>> 2, at);
      this.#head.kernels.slabRetire(this.#head.slab, open, capacity);
    }
    this.#finish(record, appender, timeMs);
    return true;
  }

  /** Puts a recoded chunk in the place of the open one, together with its number of samples. */
  #replace(record: number, appender: HistogramAppender, timeMs: number): boolean {
    const { u32, i32 } = this.#head.arena;
    const bytes = appender.view();
    const open = u32[(record + series.chunk) >>> 2];
    const capacity = this.#capacity(record);
    const at = this.#allocate(record, bytes.length + (bytes.length >>> 1) + 64);
    if (at === 0) return false;
    this.#head.arena.u8.set(bytes, at);
    const version = u32[(record + series.version) >>> 2];
    // Odd sequence: readers wait, so that none takes the new chunk with the old number of samples.
    Atomics.store(i32, (record + series.version) >>> 2, (version + 0x10000) | 0);
    Atomics.store(i32, (record + series.chunk) >>> 2, at);
    Atomics.store(i32, (record + series.version) >>> 2, (version + 0x20000) | 0);
    this.#head.kernels.slabRetire(this.#head.slab, open, capacity);
    this.#finish(record, appender, timeMs);
    return true;
  }

  /** The last steps of every append: bits, time, and then the number of samples for all to see. */
  #finish(record: number, appender: HistogramAppender, timeMs: number): void {
    const { u32, f64, i32 } = this.#head.arena;
    u32[(record + series.bits) >>> 2] = appender.lengthBits;
    f64[(record + series.lastTime) >>> 3] = timeMs;
    const version = u32[(record + series.version) >>> 2];
    Atomics.store(i32, (record + series.version) >>> 2, (version & 0xffff0000) | appender.samples);
  }

  /** A buffer for the open chunk, its capacity noted; 0 when the memory is full. */
  #allocate(record: number, wantedBytes: number): number {
    const capacity = Math.min(mostCapacityBytes, (wantedBytes + 15) & ~15);
    const { kernels, slab, arena } = this.#head;
    const at = kernels.slabAllocate(slab, capacity) >>> 0;
    const word = (record + series.capacity) >>> 2;
    if (at !== 0) arena.u32[word] = (arena.u32[word] & 0xffff0000) | (capacity >>> 4);
    return at;
  }

  #capacity(record: number): number {
    return (this.#head.arena.u32[(record + series.capacity) >>> 2] & 0xffff) << 4;
  }

  #version(record: number): { samples: number } {
    return { samples: this.#head.arena.u32[(record + series.version) >>> 2] & 0xffff };
  }

  /** The open chunk's bytes, as a view. */
  #openBytes(record: number): Uint8Array {
    const { u8, u32 } = this.#head.arena;
    const at = u32[(record + series.chunk) >>> 2];
    return u8.subarray(at, at + ((u32[(record + series.bits) >>> 2] + 7) >>> 3));
  }

  /** The appender of the series' open chunk, null when that holds floats or there is none. */
  #openAppender(record: number, ref: number): HistogramAppender | null {
    const { u32, u8 } = this.#head.arena;
    const encoding = u8[record + series.encoding];
    if (encoding <= ChunkEncoding.Xor || u32[(record + series.chunk) >>> 2] === 0) return null;
    const slot = slotOf(ref);
    const known = this.#refs[slot] === ref ? this.#appenders[slot] : null;
    const isTheOne =
      known !== null &&
      known.encoding === encoding &&
      known.samples === this.#version(record).samples &&
      known.lengthBits === u32[(record + series.bits) >>> 2];
    if (isTheOne) return known;
    return HistogramAppender.resume(encoding as ChunkEncoding, this.#openBytes(record).slice());
  }

  #forget(ref: number): void {
    const slot = slotOf(ref);
    if (this.#refs[slot] === ref) this.#refs[slot] = 0;
  }

  #remember(ref: number, appender: HistogramAppender): void {
    const slot = slotOf(ref);
    this.#refs[slot] = ref;
    this.#appenders[slot] = appender;
  }
}

function slotOf(ref: number): number {
  return (Math.imul(ref, 0x9e3779b1) >>> 16) & (keptAppenders - 1);
}

/** The most bytes that a histogram takes in a chunk. */
function mostBytes(h: Histogram | FloatHistogram): number {
  const spans = h.positiveSpans.length + h.negativeSpans.length;
  return 64 + 18 * spans + 10 * (h.positiveBuckets.length + h.negativeBuckets.length + h.customValues.length);
}
