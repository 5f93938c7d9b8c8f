/**
 * Merges blocks into one, series by series: what is held in memory is one series at a time, and the symbols.
 *
 *   compaction-plan → COMPACTION → block-writer
 *
 * Chunks are taken over byte for byte, except where they overlap or samples of them were deleted: those are
 * decoded, merged (of samples at one time the one of the older block's chunk stays) and encoded anew, 120
 * samples each.
 *
 * Invariants
 *  - The sources stay untouched; the new block names them as parents, so that a crash before their removal
 *    is seen (block-set, `supersededBlocks`).
 *  - A source that fails to decode fails the compaction: it is marked and not tried again.
 */

import { ChunkEncoding } from "@narthex/chunk/chunk-encoding";
import type { Arena } from "@narthex/kernel/arena";
import { loadKernels, type Kernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import { compareLabels, type Labels } from "@narthex/model/labels";
import type { Disk } from "@narthex/platform/disk";
import type { Random } from "@narthex/platform/random";
import { BlockReader } from "./block-reader.ts";
import { writeBlock, type SourceChunk, type SourceSeries } from "./block-writer.ts";
import { IndexSeries } from "./index-reader.ts";
import { mergeChunks, needsSlowMerge } from "./merged-chunks.ts";
import { outOfOrderHint, partialHints, writeMeta, type BlockMeta } from "./meta.ts";
import { coversAll, dropDeleted, touchesAny, type Interval } from "./tombstones.ts";

const samplesPerChunk = 120;

/** What merging needs besides the disk. */
export interface CompactionOptions {
  readonly arena: Arena;
  readonly nowMs: number;
  readonly random: Random;
  /** Bytes of a chunk segment; 512 MiB when absent. */
  readonly segmentBytes?: number;
}

/**
 * Merges the blocks `metas` of a data directory into one and returns its meta.json; null when nothing was
 * left of them (then they are marked deletable). The sources stay: remove them when the new block is open.
 * On failure they are marked failed, unless the disk was full, and the error is thrown on.
 */
export function compactBlocks(
  disk: Disk,
  dataDirectory: string,
  metas: readonly BlockMeta[],
  options: CompactionOptions,
): BlockMeta | null {
  const sorted = metas.toSorted((a, b) => a.minTime - b.minTime);
  const blocks: BlockReader[] = [];
  const mark = (change: Partial<BlockMeta["compaction"]>): void => {
    for (const meta of sorted) {
      writeMeta(disk, `${dataDirectory}/${meta.ulid}`, {
        ...meta,
        compaction: { ...meta.compaction, ...change },
      });
    }
  };
  try {
    for (const { ulid } of sorted) blocks.push(BlockReader.open(disk, `${dataDirectory}/${ulid}`));
    const merger = new BlockMerger(blocks, options.arena);
    const made = writeBlock(disk, dataDirectory, merger, { ...options, ...mergedFacts(sorted) });
    if (made === null) mark({ deletable: true });
    return made;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOSPC") mark({ failed: true });
    throw error;
  } finally {
    for (const block of blocks) block.close();
  }
}

/** Range, level, sources, parents and hints of a block made from others. */
function mergedFacts(metas: readonly BlockMeta[]): {
  minTimeMs: number;
  maxTimeMs: number;
  level: number;
  sources: string[];
  parents: BlockMeta["compaction"]["parents"];
  hints: string[];
} {
  const of = (hint: string) => metas.filter((meta) => meta.compaction.hints.includes(hint)).length;
  const hints = partialHints.filter((hint) => of(hint) > 0);
  if (of(outOfOrderHint) === metas.length) hints.push(outOfOrderHint);
  return {
    minTimeMs: Math.min(...metas.map((meta) => meta.minTime)),
    maxTimeMs: Math.max(...metas.map((meta) => meta.maxTime)),
    level: Math.max(...metas.map((meta) => meta.compaction.level)) + 1,
    sources: [...new Set(metas.flatMap((meta) => meta.compaction.sources))].toSorted(),
    parents: metas.map(({ ulid, minTime, maxTime }) => ({ ulid, minTime, maxTime })),
    hints: hints.toSorted(),
  };
}

/** A block's series, one after the other. */
class SeriesCursor {
  readonly block: BlockReader;
  readonly series = new IndexSeries();
  labels: Labels | null = null;
  intervals: readonly Interval[] = [];
  readonly #ids: Uint32Array;
  #next = 0;

  constructor(block: BlockReader) {
    this.block = block;
    this.#ids = block.index.allSeries();
    this.advance();
  }

  /** Goes to the next series; `labels` is null behind the last one. */
  advance(): void {
    if (this.#next === this.#ids.length) {
      this.labels = null;
      return;
    }
    const id = this.#ids[this.#next++];
    this.block.index.series(id, this.series);
    this.labels = this.block.index.labelsOf(this.series);
    this.intervals = this.block.tombstones.of(id);
  }
}

/** A chunk of one of the blocks, not read yet. */
interface PlacedChunk {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly ref: number;
  readonly cursor: SeriesCursor;
}

/** The union of some blocks. */
class BlockMerger {
  readonly #blocks: readonly BlockReader[];
  readonly #kernels: Kernels;
  readonly #scratch: Scratch;

  constructor(blocks: readonly BlockReader[], arena: Arena) {
    this.#blocks = blocks;
    this.#kernels = loadKernels(arena);
    this.#scratch = scratchOf(arena);
  }

  *symbols(): Generator<string> {
    for (const block of this.#blocks) yield* block.index.symbols.texts();
  }

  *series(): Generator<SourceSeries> {
    const cursors = this.#blocks.map((block) => new SeriesCursor(block));
    for (;;) {
      let smallest: Labels | null = null;
      for (const { labels } of cursors) {
        if (labels !== null && (smallest === null || compareLabels(labels, smallest) < 0)) smallest = labels;
      }
      if (smallest === null) return;
      const labels = smallest;
      const same = cursors.filter(
        (cursor) => cursor.labels !== null && compareLabels(cursor.labels, labels) === 0,
      );
      yield { labels, chunks: this.#chunks(same) };
      for (const cursor of same) cursor.advance();
    }
  }

  /** Chunks of one series, in order, merged where they overlap. */
  *#chunks(cursors: readonly SeriesCursor[]): Generator<SourceChunk> {
    const placed = placeChunks(cursors);
    for (let first = 0; first < placed.length;) {
      let end = first + 1;
      let { maxTimeMs } = placed[first];
      while (end < placed.length && placed[end].minTimeMs <= maxTimeMs) {
        maxTimeMs = Math.max(maxTimeMs, placed[end++].maxTimeMs);
      }
      const cluster = withoutRepeats(placed.slice(first, end));
      const [only] = cluster;
      if (cluster.length === 1 && !touchesAny(only.cursor.intervals, only.minTimeMs, only.maxTimeMs)) {
        const { encoding, bytes } = only.cursor.block.chunks.chunk(only.ref);
        yield { minTimeMs: only.minTimeMs, maxTimeMs: only.maxTimeMs, encoding, bytes };
      } else {
        const read = cluster.map(({ cursor, ref }) => ({
          ...copied(cursor.block.chunks.chunk(ref)),
          intervals: cursor.intervals,
        }));
        if (needsSlowMerge(read.map(({ encoding }) => encoding))) yield* mergeChunks(read);
        else yield* this.#merge(cluster);
      }
      first = end;
    }
  }

  /** Decodes chunks of plain floats, puts their samples in order and encodes them anew. */
  *#merge(cluster: readonly PlacedChunk[]): Generator<SourceChunk> {
    const scratch = this.#scratch;
    scratch.reset();
    const { times, values, count } = this.#decodeAll(cluster);
    const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
      (a, b) => times[a] - times[b] || a - b,
    );
    const { arena } = scratch;
    const timesAt = scratch.take(samplesPerChunk * 8);
    const valuesAt = scratch.take(samplesPerChunk * 8);
    const chunkAt = scratch.take(32 + 19 * samplesPerChunk);
    let [n, last] = [0, NaN];
    const encode = (): SourceChunk => {
      const size = this.#kernels.xorEncode(timesAt, valuesAt, n, chunkAt);
      const { f64, u8 } = arena;
      n = 0;
      return {
        minTimeMs: f64[timesAt / 8],
        maxTimeMs: last,
        encoding: ChunkEncoding.Xor,
        bytes: u8.subarray(chunkAt, chunkAt + size),
      };
    };
    for (const i of order) {
      if (times[i] === last) continue;
      if (n === samplesPerChunk) yield encode();
      last = times[i];
      arena.f64[timesAt / 8 + n] = last;
      arena.u64[valuesAt / 8 + n] = values[i];
      n++;
    }
    if (n > 0) yield encode();
  }

  /** Samples of all chunks, one chunk after the other, deleted ones left out. */
  #decodeAll(cluster: readonly PlacedChunk[]): {
    times: Float64Array;
    values: BigUint64Array;
    count: number;
  } {
    let times = new Float64Array(0);
    let values = new BigUint64Array(0);
    for (const { cursor, ref } of cluster) {
      const { bytes } = cursor.block.chunks.chunk(ref);
      const limit = bytes[0] * 256 + bytes[1];
      const scratch = this.#scratch;
      const mark = scratch.mark();
      const [chunkAt, timesAt, valuesAt] = [
        scratch.take(bytes.length),
        scratch.take(limit * 8),
        scratch.take(limit * 8),
      ];
      const { arena } = scratch;
      arena.u8.set(bytes, chunkAt);
      let count = this.#kernels.xorDecode(chunkAt, bytes.length, limit, timesAt, valuesAt);
      if (count < 0) throw new Error(`cannot decode chunk ${ref} of ${cursor.block.directory}`);
      if (cursor.intervals.length > 0) {
        count = dropDeleted(
          cursor.intervals,
          arena.f64.subarray(timesAt / 8, timesAt / 8 + count),
          arena.u32.subarray(valuesAt / 4, valuesAt / 4 + 2 * count),
          count,
        );
      }
      times = joined(times, arena.f64.subarray(timesAt / 8, timesAt / 8 + count), Float64Array);
      values = joined(values, arena.u64.subarray(valuesAt / 8, valuesAt / 8 + count), BigUint64Array);
      scratch.release(mark);
    }
    return { times, values, count: times.length };
  }
}

/** A chunk that outlives the next one's reading. */
function copied({ encoding, bytes }: { readonly encoding: number; readonly bytes: Uint8Array }): {
  readonly encoding: number;
  readonly bytes: Uint8Array;
} {
  return { encoding, bytes: bytes.slice() };
}

function placeChunks(cursors: readonly SeriesCursor[]): PlacedChunk[] {
  const placed: PlacedChunk[] = [];
  for (const cursor of cursors) {
    const { series, intervals } = cursor;
    for (let i = 0; i < series.chunkCount; i++) {
      const [minTimeMs, maxTimeMs] = [series.chunkMinMs[i], series.chunkMaxMs[i]];
      if (coversAll(intervals, minTimeMs, maxTimeMs)) continue;
      placed.push({ minTimeMs, maxTimeMs, ref: series.chunkRefs[i], cursor });
    }
  }
  // Sorting is stable: of equal times the older block's comes first.
  return placed.sort((a, b) => a.minTimeMs - b.minTimeMs);
}

/** Leaves out chunks that equal the one before them byte for byte. */
function withoutRepeats(cluster: readonly PlacedChunk[]): PlacedChunk[] {
  const kept: PlacedChunk[] = [];
  for (const chunk of cluster) {
    const before = kept.at(-1);
    const repeats =
      before !== undefined &&
      before.cursor !== chunk.cursor &&
      before.minTimeMs === chunk.minTimeMs &&
      before.maxTimeMs === chunk.maxTimeMs &&
      before.cursor.intervals.length === 0 &&
      chunk.cursor.intervals.length === 0 &&
      sameBytes(before, chunk);
    if (!repeats) kept.push(chunk);
  }
  return kept;
}

function sameBytes(a: PlacedChunk, b: PlacedChunk): boolean {
  const first = a.cursor.block.chunks.chunk(a.ref);
  const second = b.cursor.block.chunks.chunk(b.ref);
  return (
    first.encoding === second.encoding &&
    first.bytes.length === second.bytes.length &&
    first.bytes.every((byte, i) => byte === second.bytes[i])
  );
}

function joined<T extends Float64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>>(
  a: T,
  b: Float64Array | BigUint64Array,
  make: new (length: number) => T,
): T {
  const all = new make(a.length + b.length);
  all.set(a as never);
  all.set(b as never, a.length);
  return all;
}

const scratches = new WeakMap<Arena, Scratch>();

/** One scratch per thread: the arena takes no pages back, so each compaction uses the last one's. */
function scratchOf(arena: Arena): Scratch {
  let scratch = scratches.get(arena);
  if (scratch === undefined) scratches.set(arena, (scratch = new Scratch(arena)));
  return scratch;
}
