/**
 * Reads samples of the head, from any thread, as of one commit.
 *
 *   select: matchers → refs → snapshot of each series' chunks → (later) read: decode
 *
 * Isolation: the set shows commits up to the one that was last when it was opened, each whole or not at all.
 * A series that a later commit has touched is clipped before that commit's first sample of it (samples of a
 * series ascend). When two have come to one series by the time its snapshot is taken, all snapshots are taken
 * anew as of the then last commit. (After some seconds of that, a series shows what it has.)
 *
 * Lifetime: from `open` to `close` the thread is inside an epoch; sets hold addresses. Labels are looked
 * up when they are asked for first; once looked up they stay.
 */

import { assert } from "@narthex/platform/assert";
import { ChunkEncoding } from "@narthex/chunk/chunk-encoding";
import { enterEpoch, leaveEpoch } from "@narthex/kernel/epochs";
import type { Scratch } from "@narthex/kernel/scratch";
import { maxTimeMs, minTimeMs } from "@narthex/model/sample";
import type {
  LatestColumns,
  Querier,
  SelectRequest,
  SeriesSet,
  LabelStrings,
} from "@narthex/storage/querier";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import { SeriesBatch } from "@narthex/storage/series-batch";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { headSnapshotRowBytes } from "@narthex/kernel/head-snapshot";
import type { HeadLabels } from "./head-labels.ts";
import { chunk } from "./head-layout.ts";
import type { HeadReader } from "./head-reader.ts";
import { labelNamesOf, labelValuesOf } from "./head-label-strings.ts";
import { MixedColumns } from "./mixed-columns.ts";
import { snapshotRow } from "./head-snapshot-row.ts";
import { countRefs } from "./postings.ts";

/** An open chunk's data is never larger: see the cut rule in assembly/head-append.ts. */
const openChunkBytes = 1_088;
/** Nor is one of histograms: see head-histograms.ts. */
const openHistogramsBytes = 1_048_576;

/**
 * Series that snapshots begun anew look at in all: some seconds' work. Commits to one series hardly ever come
 * twice within one snapshot.
 */
const mostRetakenSeries = 20_000_000;

/** What a query may see of the head. */
export interface HeadView {
  readonly reader: HeadReader;
  /** Snapshots lie here until the querier is closed. */
  readonly scratch: Scratch;
  readonly labels: HeadLabels;
  /** The last commit to show. */
  readonly commit: number;
}

/** Opens a querier over the head in this thread's reader slot. */
export function openHeadQuerier(reader: HeadReader, slot: number, symbols: QuerySymbols): Querier {
  enterEpoch(reader.arena, slot);
  const scratch = reader.takeScratch();
  const labels = reader.labelsFor(symbols);
  const view: HeadView = { reader, scratch, labels, commit: reader.commit };
  return {
    symbols,
    select: (request) => HeadSeriesSet.select(view, request),
    labelValues: (name, matchers, limit): LabelStrings => labelValuesOf(reader, name, matchers, limit),
    labelNames: (matchers: readonly LabelMatcher[], limit: number): LabelStrings =>
      labelNamesOf(reader, matchers, limit),
    close: () => {
      reader.giveScratch(scratch);
      leaveEpoch(reader.arena, slot);
    },
  };
}

/** Series of the head with their chunks as they were when the set was made. */
export class HeadSeriesSet implements SeriesSet {
  readonly warnings: readonly string[] = [];
  readonly count: number;
  readonly #view: HeadView;
  readonly #fromMs: number;
  /** Rows of the kernel `head-snapshot`, in the view's scratch. */
  readonly #rowsAt: number;
  #labelIds: Uint32Array | null = null;
  #labelEnds: Uint32Array | null = null;
  /** Sealed chunks of the series being read, newest first. */
  #chunks = new Uint32Array(64);
  #mixed: MixedColumns | null = null;

  private constructor(view: HeadView, fromMs: number, rowsAt: number, count: number) {
    this.#view = view;
    this.#fromMs = fromMs;
    this.#rowsAt = rowsAt;
    this.count = count;
  }

  /** Resolves `request` and takes the snapshot. */
  static select(view: HeadView, request: SelectRequest): HeadSeriesSet {
    const { reader, scratch } = view;
    const runs = reader.select(request.matchers);
    const total = countRefs(runs);
    const limit = Math.min(total, request.limit === undefined || request.limit === 0 ? total : request.limit);
    const fromMs = Math.max(request.minTimeMs, reader.floorTimeMs, minTimeMs);
    const toMs = Math.min(request.maxTimeMs, maxTimeMs);
    const runsAt = scratch.take(runs.length * 4);
    reader.arena.u32.set(runs, runsAt >>> 2);
    const rowsAt = scratch.take(limit * headSnapshotRowBytes);
    for (let retakes = 0; ; retakes++) {
      // The last commit to show: the view's, or a later one when that one's samples cannot be told apart.
      const commit = retakes > 0 ? reader.commit : view.commit;
      const count = reader.kernels.headSnapshot(
        reader.rootAt,
        runsAt,
        runs.length / 2,
        limit,
        commit,
        fromMs,
        toMs,
        retakes * limit < mostRetakenSeries ? 0 : 1,
        rowsAt,
      );
      if (count >= 0) return new HeadSeriesSet(view, fromMs, rowsAt, count);
    }
  }

  get labelEnds(): Uint32Array {
    if (this.#labelEnds === null) {
      const { u32 } = this.#view.reader.arena;
      const first = (this.#rowsAt + snapshotRow.labelEnd) >>> 2;
      const stride = headSnapshotRowBytes >>> 2;
      this.#labelEnds = new Uint32Array(this.count);
      for (let i = 0; i < this.count; i++) this.#labelEnds[i] = u32[first + i * stride];
    }
    return this.#labelEnds;
  }

  get labelIds(): Uint32Array {
    this.#labelIds ??= this.#view.labels.idsOf(this.#rowsAt, this.count);
    return this.#labelIds;
  }

  read(first: number, count: number, batch: SeriesBatch, scratch: Scratch): number {
    const end = Math.min(first + count, this.count, first + SeriesBatch.capacity);
    assert(end > first, "a batch has a series");
    for (let i = first; i < end; i++) this.#readOne(i, i - first, batch, scratch);
    batch.seriesCount = end - first;
    return end - first;
  }

  #readOne(index: number, slot: number, batch: SeriesBatch, scratch: Scratch): void {
    const { arena, kernels } = this.#view.reader;
    const { u32, f64, i32 } = arena;
    const row = this.#rowsAt + index * headSnapshotRowBytes;
    const to = f64[(row + snapshotRow.visible) >>> 3];
    const openAt = u32[(row + snapshotRow.open) >>> 2];
    const openSamples = u32[(row + snapshotRow.openSamples) >>> 2];
    let chunkCount = 0;
    let samples = openSamples;
    for (let block = u32[(row + snapshotRow.sealed) >>> 2]; block !== 0;) {
      if (f64[(block + chunk.maxTime) >>> 3] < this.#fromMs) break;
      if (f64[(block + chunk.minTime) >>> 3] <= to) {
        if (chunkCount === this.#chunks.length) this.#growChunks();
        this.#chunks[chunkCount++] = block;
        samples += u32[(block + chunk.samples) >>> 2] & 0xffff;
      }
      block = Atomics.load(i32, (block + chunk.older) >>> 2) >>> 0;
    }
    if (this.#isMixed(row, chunkCount)) {
      this.#readMixed(row, chunkCount, samples, batch, slot, scratch);
      return;
    }
    const times = scratch.take(samples * 8);
    const values = scratch.take(samples * 8);
    const stale = scratch.take(8);
    arena.u32[stale >>> 2] = 0;
    let done = 0;
    for (let k = chunkCount - 1; k >= -1; k--) {
      const isOpen = k < 0;
      const block = isOpen ? openAt : this.#chunks[k];
      if (block === 0 || (isOpen && openSamples === 0)) continue;
      const words = arena.u32;
      const got = kernels.xorDecodeRange(
        isOpen ? block : block + chunk.data,
        isOpen ? openChunkBytes : words[(block + chunk.dataBytes) >>> 2],
        isOpen ? openSamples : words[(block + chunk.samples) >>> 2] & 0xffff,
        this.#fromMs,
        to,
        times + done * 8,
        values + done * 8,
        stale,
      );
      if (got < 0) throw new CorruptionError("head", block, "chunk does not decode");
      done += got;
    }
    batch.timesAt[slot] = times;
    batch.valuesAt[slot] = values;
    batch.count[slot] = done;
    batch.staleCount[slot] = arena.u32[stale >>> 2];
    batch.kindsAt[slot] = 0;
    batch.startsAt[slot] = 0;
  }

  /** Whether one of the chunks is not of plain floats. */
  #isMixed(row: number, chunkCount: number): boolean {
    const { u8, u32 } = this.#view.reader.arena;
    const encoding = u32[(row + snapshotRow.encoding) >>> 2];
    if (u32[(row + snapshotRow.openSamples) >>> 2] > 0 && encoding !== ChunkEncoding.Xor) return true;
    for (let k = 0; k < chunkCount; k++) {
      if (u8[this.#chunks[k] + chunk.encoding] !== ChunkEncoding.Xor) return true;
    }
    return false;
  }

  /** As `#readOne`, whatever the chunks hold. */
  #readMixed(
    row: number,
    chunkCount: number,
    samples: number,
    batch: SeriesBatch,
    slot: number,
    scratch: Scratch,
  ): void {
    const { u8, u32, f64 } = this.#view.reader.arena;
    const openAt = u32[(row + snapshotRow.open) >>> 2];
    const open = {
      encoding: u32[(row + snapshotRow.encoding) >>> 2],
      at: openAt,
      sizeBytes: Math.min(openHistogramsBytes, u8.length - openAt),
      samples: u32[(row + snapshotRow.openSamples) >>> 2],
    };
    const sealed = Array.from(this.#chunks.subarray(0, chunkCount), (block) => ({
      encoding: u8[block + chunk.encoding],
      at: block + chunk.data,
      sizeBytes: u32[(block + chunk.dataBytes) >>> 2],
      samples: u32[(block + chunk.samples) >>> 2] & 0xffff,
    })).toReversed();
    const all = open.samples > 0 ? [...sealed, open] : sealed;
    const encodings = all.map(({ encoding }) => encoding);
    const mixed = (this.#mixed ??= new MixedColumns());
    mixed.begin(scratch, samples, encodings);
    for (const each of all) {
      if (mixed.add(each, this.#fromMs, f64[(row + snapshotRow.visible) >>> 3])) continue;
      throw new CorruptionError("head", each.at, "chunk does not decode");
    }
    mixed.putInto(batch, slot);
  }

  #growChunks(): void {
    const larger = new Uint32Array(this.#chunks.length * 2);
    larger.set(this.#chunks);
    this.#chunks = larger;
  }

  readLatest(first: number, count: number, timeMs: number, into: LatestColumns): boolean {
    const { f64, u32, u64 } = this.#view.reader.arena;
    const valueBits = new BigUint64Array(into.values.buffer, into.values.byteOffset, into.values.length);
    for (let i = 0; i < count; i++) {
      const row = this.#rowsAt + (first + i) * headSnapshotRowBytes;
      const last = f64[(row + snapshotRow.visible) >>> 3];
      // Someone appended since the snapshot, or the newest sample is too new: only decoding tells.
      if (last > timeMs || u32[(row + snapshotRow.isNewest) >>> 2] === 0) return false;
      into.timesMs[i] = last;
      into.records[i] = 0;
      valueBits[i] = u64[(row + snapshotRow.value) >>> 3];
    }
    return true;
  }
}
