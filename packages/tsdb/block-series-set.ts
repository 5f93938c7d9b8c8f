/**
 * Series of a block that a request found, and their samples.
 *
 *   select: matchers → series ids → labels and chunks of each → (later) read: chunk bytes → columns
 *
 * `read` plans runs: chunks of neighbouring series lie close together in a segment, so up to 1 MiB is read
 * in one call and decoded from there by the kernel, straight into the batch's columns.
 *
 * Invariants
 *  - Every chunk's checksum is checked before it is decoded.
 *  - Samples of a series strictly ascend in time, also where chunks overlap (then the first chunk's sample
 *    stays).
 *
 * Series that have more than plain float chunks take another way: mixed-columns.ts.
 */

import { ChunkEncoding } from "@narthex/chunk/chunk-encoding";
import type { Scratch } from "@narthex/kernel/scratch";
import type { SelectRequest, SeriesSet } from "@narthex/storage/querier";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { ChunkRuns } from "./chunk-runs.ts";
import { offsetOfRef, segmentOfRef, type ChunkSegments } from "./chunk-segment.ts";
import { IndexSeries, type IndexReader } from "./index-reader.ts";
import type { BlockMeta } from "./meta.ts";
import { MixedColumns } from "./mixed-columns.ts";
import { coversAll, dropDeleted, type Interval, type Tombstones } from "./tombstones.ts";

/** What selecting needs of an open block. */
export interface BlockContent {
  readonly index: IndexReader;
  readonly chunks: ChunkSegments;
  readonly tombstones: Tombstones;
  readonly meta: BlockMeta;
}

/** A growing list of numbers. */
class Column<T extends Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>> {
  items: T;
  count = 0;
  readonly #make: (length: number) => T;

  constructor(make: (length: number) => T) {
    this.#make = make;
    this.items = make(256);
  }

  push(item: number): void {
    if (this.count === this.items.length) {
      const larger = this.#make(this.items.length * 2);
      larger.set(this.items);
      this.items = larger;
    }
    this.items[this.count++] = item;
  }
}

const words = () => new Column((length) => new Uint32Array(length));
const numbers = () => new Column((length) => new Float64Array(length));

/** Resolves a request; `remap` holds the query's ids of the block's symbols, plus one. */
export function selectFromBlock(
  block: BlockContent,
  request: SelectRequest,
  remap: Uint32Array,
  symbols: QuerySymbols,
): BlockSeriesSet {
  const found = new BlockSeriesSet(block, request);
  const series = new IndexSeries();
  for (const id of block.index.select(request.matchers)) {
    block.index.series(id, series);
    if (!found.addChunks(id, series)) continue;
    for (let i = 0; i < series.labelCount * 2; i++) {
      const ordinal = series.labels[i];
      found.addLabel((remap[ordinal] ||= symbols.intern(block.index.symbols.text(ordinal)) + 1) - 1);
    }
    found.endSeries();
    if (request.limit !== undefined && request.limit > 0 && found.count >= request.limit) break;
  }
  return found;
}

/** See the head of the file. Filled by `selectFromBlock`, then read. */
export class BlockSeriesSet implements SeriesSet {
  readonly warnings: readonly string[] = [];
  readonly #block: BlockContent;
  readonly #minTimeMs: number;
  readonly #maxTimeMs: number;
  #labelIds = words();
  #labelEnds = words();
  #ids = words();
  #chunkEnds = words();
  #segments = words();
  #offsets = words();
  #chunkMinMs = numbers();
  #chunkMaxMs = numbers();
  #runs: ChunkRuns | null = null;
  #mixed: MixedColumns | null = null;

  constructor(block: BlockContent, request: SelectRequest) {
    this.#block = block;
    this.#minTimeMs = request.minTimeMs;
    this.#maxTimeMs = request.maxTimeMs;
  }

  get count(): number {
    return this.#labelEnds.count;
  }

  get labelIds(): Uint32Array {
    return this.#labelIds.items.subarray(0, this.#labelIds.count);
  }

  get labelEnds(): Uint32Array {
    return this.#labelEnds.items.subarray(0, this.#labelEnds.count);
  }

  /**
   * The same selection for other times: what lies within them, without looking into the index again. Columns
   * are shared when all of it does.
   */
  within(request: SelectRequest): BlockSeriesSet {
    const part = new BlockSeriesSet(this.#block, request);
    const { minTime, maxTime } = this.#block.meta;
    if (request.minTimeMs <= minTime && request.maxTimeMs >= maxTime - 1) {
      part.#labelIds = this.#labelIds;
      part.#labelEnds = this.#labelEnds;
      part.#ids = this.#ids;
      part.#chunkEnds = this.#chunkEnds;
      part.#segments = this.#segments;
      part.#offsets = this.#offsets;
      part.#chunkMinMs = this.#chunkMinMs;
      part.#chunkMaxMs = this.#chunkMaxMs;
      return part;
    }
    for (let i = 0; i < this.count; i++) this.#copySeries(i, part);
    return part;
  }

  /** Adds series `i` to `part`, if one of its chunks lies within that one's times. */
  #copySeries(i: number, part: BlockSeriesSet): void {
    const before = part.#offsets.count;
    const end = this.#chunkEnds.items[i];
    for (let k = i === 0 ? 0 : this.#chunkEnds.items[i - 1]; k < end; k++) {
      const [minMs, maxMs] = [this.#chunkMinMs.items[k], this.#chunkMaxMs.items[k]];
      if (maxMs < part.#minTimeMs || minMs > part.#maxTimeMs) continue;
      part.#segments.push(this.#segments.items[k]);
      part.#offsets.push(this.#offsets.items[k]);
      part.#chunkMinMs.push(minMs);
      part.#chunkMaxMs.push(maxMs);
    }
    if (part.#offsets.count === before) return;
    part.#ids.push(this.#ids.items[i]);
    part.#chunkEnds.push(part.#offsets.count);
    const labelEnd = this.#labelEnds.items[i];
    for (let k = i === 0 ? 0 : this.#labelEnds.items[i - 1]; k < labelEnd; k++) {
      part.addLabel(this.#labelIds.items[k]);
    }
    part.endSeries();
  }

  /** Adds the chunks of a series that lie in the request's times; false when there is none. */
  addChunks(id: number, series: IndexSeries): boolean {
    const intervals = this.#block.tombstones.of(id);
    const before = this.#offsets.count;
    for (let i = 0; i < series.chunkCount; i++) {
      const [minMs, maxMs] = [series.chunkMinMs[i], series.chunkMaxMs[i]];
      if (maxMs < this.#minTimeMs || minMs > this.#maxTimeMs) continue;
      if (intervals.length > 0 && coversAll(intervals, minMs, maxMs)) continue;
      this.#segments.push(segmentOfRef(series.chunkRefs[i]));
      this.#offsets.push(offsetOfRef(series.chunkRefs[i]));
      this.#chunkMinMs.push(minMs);
      this.#chunkMaxMs.push(maxMs);
    }
    if (this.#offsets.count === before) return false;
    this.#ids.push(id);
    this.#chunkEnds.push(this.#offsets.count);
    return true;
  }

  addLabel(id: number): void {
    this.#labelIds.push(id);
  }

  endSeries(): void {
    this.#labelEnds.push(this.#labelIds.count);
  }

  read(first: number, count: number, batch: SeriesBatch, scratch: Scratch): number {
    this.#runs ??= new ChunkRuns(this.#block.chunks, scratch.arena, {
      segments: this.#segments.items,
      offsets: this.#offsets.items,
      chunkEnds: this.#chunkEnds.items,
    });
    const wanted = Math.min(count, SeriesBatch.capacity, this.count - first);
    const stale = scratch.take(4);
    for (let i = 0; i < wanted; i++) this.#readSeries(first + i, first + wanted, batch, i, scratch, stale);
    batch.seriesCount = wanted;
    return wanted;
  }

  readLatest(): boolean {
    return false;
  }

  #readSeries(
    series: number,
    end: number,
    batch: SeriesBatch,
    slot: number,
    scratch: Scratch,
    stale: number,
  ): void {
    const runs = this.#runs as ChunkRuns;
    const firstChunk = series === 0 ? 0 : this.#chunkEnds.items[series - 1];
    const samples = runs.locate(series, end, scratch);
    const { arena } = scratch;
    if (runs.hasMixed()) {
      this.#readMixed(series, samples, batch, slot, scratch);
      return;
    }
    const times = scratch.take(samples * 8);
    const values = scratch.take(samples * 8);
    arena.u32[stale >>> 2] = 0;
    let count = 0;
    let overlaps = false;
    for (let k = 0; k < runs.count; k++) {
      if (k > 0 && this.#chunkMinMs.items[firstChunk + k] <= this.#chunkMaxMs.items[firstChunk + k - 1]) {
        overlaps = true;
      }
      count += this.#decode(k, firstChunk + k, times + count * 8, values + count * 8, stale);
    }
    if (overlaps) count = sortColumns(scratch, times, values, count);
    const intervals = this.#block.tombstones.of(this.#ids.items[series]);
    if (intervals.length > 0) count = this.#dropDeleted(intervals, scratch, times, values, count);
    batch.timesAt[slot] = times;
    batch.valuesAt[slot] = values;
    batch.count[slot] = count;
    batch.kindsAt[slot] = 0;
    batch.startsAt[slot] = 0;
    batch.staleCount[slot] =
      overlaps || intervals.length > 0 ? countStale(scratch, values, count) : arena.u32[stale >>> 2];
  }

  #decode(k: number, chunk: number, times: number, values: number, stale: number): number {
    const runs = this.#runs as ChunkRuns;
    let count = -1;
    if (runs.encodings[k] === ChunkEncoding.Xor) {
      count = runs.kernels.xorDecodeRange(
        runs.dataAt[k],
        runs.dataBytes[k],
        runs.sampleCounts[k],
        this.#minTimeMs,
        this.#maxTimeMs,
        times,
        values,
        stale,
      );
    }
    if (count >= 0) return count;
    throw this.#corruption(k, chunk);
  }

  /** The chunks that `#runs` has located, whatever they hold. */
  #readMixed(series: number, samples: number, batch: SeriesBatch, slot: number, scratch: Scratch): void {
    const runs = this.#runs as ChunkRuns;
    const mixed = (this.#mixed ??= new MixedColumns());
    mixed.begin(scratch, samples, runs.encodings.subarray(0, runs.count));
    const firstChunk = series === 0 ? 0 : this.#chunkEnds.items[series - 1];
    let overlaps = false;
    for (let k = 0; k < runs.count; k++) {
      const chunk = firstChunk + k;
      overlaps ||= k > 0 && this.#chunkMinMs.items[chunk] <= this.#chunkMaxMs.items[chunk - 1];
      const located = {
        encoding: runs.encodings[k],
        at: runs.dataAt[k],
        sizeBytes: runs.dataBytes[k],
        samples: runs.sampleCounts[k],
      };
      if (!mixed.add(located, this.#minTimeMs, this.#maxTimeMs)) throw this.#corruption(k, chunk);
    }
    if (overlaps) mixed.sort();
    const intervals = this.#block.tombstones.of(this.#ids.items[series]);
    if (intervals.length > 0) mixed.dropDeleted(intervals);
    mixed.putInto(batch, slot);
  }

  #corruption(k: number, chunk: number): CorruptionError {
    const runs = this.#runs as ChunkRuns;
    const path = this.#block.chunks.pathOf(this.#segments.items[chunk]);
    return new CorruptionError(
      path,
      this.#offsets.items[chunk],
      `a chunk of encoding ${runs.encodings[k]} does not decode`,
    );
  }

  #dropDeleted(
    intervals: readonly Interval[],
    scratch: Scratch,
    times: number,
    values: number,
    count: number,
  ): number {
    const { f64, u32 } = scratch.arena;
    return dropDeleted(
      intervals,
      f64.subarray(times >>> 3, (times >>> 3) + count),
      u32.subarray(values >>> 2, (values >>> 2) + 2 * count),
      count,
    );
  }
}

/**
 * Puts samples of overlapping chunks in order; of several at one time the first stays. Returns how many
 * there are.
 */
function sortColumns(scratch: Scratch, times: number, values: number, count: number): number {
  const { f64, u64 } = scratch.arena;
  const [timeIndex, valueIndex] = [times >>> 3, values >>> 3];
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => f64[timeIndex + a] - f64[timeIndex + b] || a - b,
  );
  const sortedTimes = f64.slice(timeIndex, timeIndex + count);
  const sortedValues = u64.slice(valueIndex, valueIndex + count);
  let kept = 0;
  for (const i of order) {
    if (kept > 0 && f64[timeIndex + kept - 1] === sortedTimes[i]) continue;
    f64[timeIndex + kept] = sortedTimes[i];
    u64[valueIndex + kept] = sortedValues[i];
    kept++;
  }
  return kept;
}

function countStale(scratch: Scratch, values: number, count: number): number {
  const bits = scratch.arena.u32;
  let stale = 0;
  for (let i = values >>> 2, end = i + 2 * count; i < end; i += 2) {
    if (bits[i] === 2 && bits[i + 1] === 0x7ff00000) stale++;
  }
  return stale;
}
