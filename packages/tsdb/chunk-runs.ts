/**
 * Brings the chunks of a series into the arena, reading those of the series after it along: chunks of
 * neighbouring series lie side by side in a segment, so one call to the disk serves many of them.
 *
 * Invariants
 *  - After `locate`, the first `count` entries of the columns are the chunks of that series, checksums
 *    checked, with 16 readable bytes behind each.
 *  - A run holds whole series of one segment; a series that spans segments, or more than a run, is read
 *    chunk by chunk.
 *
 * Lifetime: chunks lie in a buffer that all runs of a thread share, until the next `locate` of any of them;
 * those of large series lie in the caller's scratch.
 */

import { ChunkEncoding, chunkSampleCount } from "@narthex/chunk/chunk-encoding";
import type { Arena } from "@narthex/kernel/arena";
import { crcTable } from "@narthex/kernel/crc32c";
import { loadKernels, type Kernels } from "@narthex/kernel/load";
import type { Scratch } from "@narthex/kernel/scratch";
import type { SharedMemory } from "@narthex/kernel/web-assembly";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { chunkFrameBytes, type ChunkSegments } from "./chunk-segment.ts";

/** A run is extended up to this, and never larger than the buffer. */
const runBytes = 1_048_576;
const bufferBytes = 2 * runBytes;
/** What is read over is cheaper than another call. */
const gapBytes = 32_768;
/** Read behind the last chunk's beginning: its size is not known before. Most are far smaller. */
const tailBytes = 4096;

/** Where the chunks of some series lie. */
export interface ChunkPlaces {
  readonly segments: Uint32Array;
  readonly offsets: Uint32Array;
  /** Chunks of series i end there. */
  readonly chunkEnds: Uint32Array;
}

/** The buffer of each thread, and whose run is in it. */
const buffers = new WeakMap<SharedMemory, { readonly at: number; owner: ChunkRuns | null }>();

/** Chunks of the series of one set. */
export class ChunkRuns {
  readonly kernels: Kernels;
  /** How many chunks `locate` found; columns of their data (without encoding byte), and what they are. */
  count = 0;
  dataAt = new Uint32Array(64);
  dataBytes = new Uint32Array(64);
  sampleCounts = new Uint32Array(64);
  encodings = new Uint8Array(64);
  readonly #chunks: ChunkSegments;
  readonly #arena: Arena;
  readonly #places: ChunkPlaces;
  readonly #crcTable: number;
  readonly #buffer: { readonly at: number; owner: ChunkRuns | null };
  #segment = -1;
  #start = 0;
  #end = 0;

  constructor(chunks: ChunkSegments, arena: Arena, places: ChunkPlaces) {
    this.#chunks = chunks;
    this.#arena = arena;
    this.#places = places;
    this.kernels = loadKernels(arena);
    this.#crcTable = crcTable(arena, this.kernels);
    let buffer = buffers.get(arena.memory);
    if (buffer === undefined) {
      buffer = { at: arena.allocatePages(bufferBytes + 64), owner: null };
      buffers.set(arena.memory, buffer);
    }
    this.#buffer = buffer;
  }

  /**
   * Finds the chunks of `series` and returns how many samples they say they have. Series up to `seriesEnd`
   * (exclusive) are read along. Throws `CorruptionError`.
   */
  locate(series: number, seriesEnd: number, scratch: Scratch): number {
    const { chunkEnds, segments, offsets } = this.#places;
    const first = series === 0 ? 0 : chunkEnds[series - 1];
    const end = chunkEnds[series];
    this.#reserve(end - first);
    this.count = end - first;
    const whole = this.#isOneStretch(first, end);
    if (whole && !this.#holds(segments[first], offsets[first], offsets[end - 1])) {
      this.#load(series, seriesEnd);
    }
    let samples = 0;
    for (let chunk = first; chunk < end; chunk++) {
      this.#locateChunk(chunk, chunk - first, whole, scratch);
      samples += this.sampleCounts[chunk - first];
    }
    return samples;
  }

  /** Whether one of the chunks that `locate` found is not of plain floats. */
  hasMixed(): boolean {
    for (let k = 0; k < this.count; k++) if (this.encodings[k] !== ChunkEncoding.Xor) return true;
    return false;
  }

  /** Whether the chunks from `first` to `end` lie in one segment, in order, and fit the buffer. */
  #isOneStretch(first: number, end: number): boolean {
    const { segments, offsets } = this.#places;
    for (let chunk = first + 1; chunk < end; chunk++) {
      if (segments[chunk] !== segments[first] || offsets[chunk] <= offsets[chunk - 1]) return false;
    }
    return offsets[end - 1] - offsets[first] + tailBytes <= bufferBytes;
  }

  #holds(segment: number, firstOffset: number, lastOffset: number): boolean {
    return (
      this.#buffer.owner === this &&
      segment === this.#segment &&
      firstOffset >= this.#start &&
      lastOffset + chunkFrameBytes <= this.#end
    );
  }

  /** Reads the run that begins with `series`. */
  #load(series: number, seriesEnd: number): void {
    const { chunkEnds, segments, offsets } = this.#places;
    const first = series === 0 ? 0 : chunkEnds[series - 1];
    const segment = segments[first];
    const start = offsets[first];
    let last = offsets[chunkEnds[series] - 1];
    for (let next = series + 1; next < seriesEnd; next++) {
      const [from, to] = [chunkEnds[next - 1], chunkEnds[next]];
      const fits =
        segments[from] === segment &&
        offsets[from] > last &&
        offsets[from] - last <= gapBytes &&
        offsets[to - 1] - start <= runBytes &&
        this.#isOneStretch(from, to);
      if (!fits) break;
      last = offsets[to - 1];
    }
    const end = Math.min(last + tailBytes, this.#chunks.sizeOf(segment));
    if (end <= last)
      throw new CorruptionError(this.#chunks.pathOf(segment), last, "a chunk begins behind the end");
    this.#buffer.owner = null;
    this.#chunks.read(segment, start, end - start, this.#arena.u8, this.#buffer.at);
    this.#buffer.owner = this;
    [this.#segment, this.#start, this.#end] = [segment, start, end];
  }

  #locateChunk(chunk: number, slot: number, inRun: boolean, scratch: Scratch): void {
    const segment = this.#places.segments[chunk];
    const offset = this.#places.offsets[chunk];
    let at = this.#buffer.at + offset - this.#start;
    let have = this.#end - offset;
    if (!inRun) {
      have = Math.min(tailBytes, this.#chunks.sizeOf(segment) - offset);
      at = this.#fetch(segment, offset, have, scratch);
    }
    let bytes = this.#arena.u8;
    let [length, size] = [0, 0];
    for (let shift = 1; ; shift *= 128) {
      if (size === 5 || size >= have)
        throw this.#corruption(segment, offset, "a chunk's length is not readable");
      const byte = bytes[at + size++];
      length += (byte & 127) * shift;
      if (byte < 128) break;
    }
    const whole = size + 1 + length + 4;
    if (whole > have) {
      at = this.#fetch(segment, offset, whole, scratch);
      bytes = this.#arena.u8;
    }
    const end = at + size + 1 + length;
    const expected =
      ((bytes[end] << 24) | (bytes[end + 1] << 16) | (bytes[end + 2] << 8) | bytes[end + 3]) >>> 0;
    const got = this.kernels.crc32c(this.#crcTable, at + size, 1 + length, 0) >>> 0;
    if (got !== expected) {
      throw this.#corruption(
        segment,
        offset,
        `checksum mismatch expected:${expected.toString(16)}, actual:${got.toString(16)}`,
      );
    }
    const dataAt = at + size + 1;
    this.encodings[slot] = bytes[at + size];
    this.dataAt[slot] = dataAt;
    this.dataBytes[slot] = length;
    this.sampleCounts[slot] =
      length < 2 ? 0 : sampleCount(bytes[at + size], bytes[dataAt], bytes[dataAt + 1]);
  }

  /** Reads bytes of a segment into the scratch. */
  #fetch(segment: number, offset: number, length: number, scratch: Scratch): number {
    if (length <= 0 || offset + length > this.#chunks.sizeOf(segment)) {
      throw this.#corruption(segment, offset, `a chunk of ${length} bytes reaches behind the end`);
    }
    const at = scratch.take(length);
    this.#chunks.read(segment, offset, length, this.#arena.u8, at);
    return at;
  }

  #corruption(segment: number, offset: number, what: string): CorruptionError {
    return new CorruptionError(this.#chunks.pathOf(segment), offset, what);
  }

  #reserve(count: number): void {
    if (count <= this.dataAt.length) return;
    this.dataAt = new Uint32Array(count * 2);
    this.dataBytes = new Uint32Array(count * 2);
    this.sampleCounts = new Uint32Array(count * 2);
    this.encodings = new Uint8Array(count * 2);
  }
}

const countBytes = new Uint8Array(2);

function sampleCount(encoding: number, high: number, low: number): number {
  countBytes[0] = high;
  countBytes[1] = low;
  return chunkSampleCount(encoding, countBytes);
}
