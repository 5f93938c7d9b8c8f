/**
 * The head: the newest samples of all series, in the arena. Main thread, single writer; head-reader.ts and
 * head-querier.ts read it from any thread.
 *
 *   scrape-append → HEAD APPENDER → write-ahead log → open chunks → sealed chunks → block-writer
 *
 * Nothing here whose count grows with series or samples is a JavaScript object. Layout: head-layout.ts.
 *
 * Invariants
 *  - A series' samples strictly ascend in time (kernel head-append, property-tested).
 *  - No series holds a sample whose log record is not written (checked by the crash simulation).
 *  - Refs ascend and are never given out twice; 2^32 - 2 is the last one, then `resolve` throws.
 */

import { assert } from "@narthex/platform/assert";
import type { Arena } from "@narthex/kernel/arena";
import { advanceEpoch } from "@narthex/kernel/epochs";
import { loadKernels, type Kernels } from "@narthex/kernel/load";
import type { Labels } from "@narthex/model/labels";
import type { Appendable, Appender, SeriesRef } from "@narthex/storage/appender";
import { makeBatchColumns, type Batch, type BatchColumns, type StartTimes } from "./batch-columns.ts";
import { HeadAppender } from "./head-appender.ts";
import { HeadHistograms } from "./head-histograms.ts";
import { root, series, seriesSegmentShift } from "./head-layout.ts";
import { PostingsWriter } from "./head-postings.ts";
import { HeadReader } from "./head-reader.ts";
import { SeriesTable } from "./head-series-table.ts";
import { SymbolWriter } from "./head-symbols.ts";
import type { HistogramEntry } from "./wal-histograms.ts";

export type { StartTimes } from "./batch-columns.ts";

/** Where records go before their samples become visible. A batch is some records and one `flush`. */
export interface WriteAheadLog {
  logSeries(entries: readonly NewSeries[]): void;
  /** Adds the record of `sizeBytes` bytes at an address of the arena, with 16 readable bytes behind it. */
  logAt(address: number, sizeBytes: number): void;
  /** Adds the records of these histograms. */
  logHistograms(entries: readonly HistogramEntry[]): void;
  /** Hands the batch to the operating system, or throws; then nothing of it counts as written. */
  flush(): void;
}

/** A series that the log does not know yet. */
export interface NewSeries {
  readonly ref: SeriesRef;
  readonly labels: Labels;
}

/** Settings of a head. */
export interface HeadOptions {
  /** Width of a block in ms (2 h); no chunk crosses a multiple of it. */
  readonly chunkRangeMs: number;
  /** Wanted samples per chunk (120). */
  readonly samplesPerChunk: number;
  /** "ignore" when absent. */
  readonly startTimes?: StartTimes;
}

/** Refs end here: they are u32 columns everywhere. */
const lastPossibleRef = 2 ** 32 - 2;
/** A commit that is so far back is before every reader's. Commit numbers wrap at 2^32. */
const longAgoCommits = 2 ** 29;
const segmentSeries = 1 << seriesSegmentShift;
/** Labels of one series: far more than any real one has; the kernel's room for ids has this size. */
const mostLabels = 8_192;

/** The writer's side of the head. */
export class Head implements Appendable {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly rootAt: number;
  readonly slab: number;
  readonly symbols: SymbolWriter;
  readonly postings: PostingsWriter;
  readonly reader: HeadReader;
  readonly seriesTable: SeriesTable;
  readonly chunkRangeMs: number;
  readonly startTimes: StartTimes;
  readonly histograms: HeadHistograms;
  #log: WriteAheadLog | null = null;
  readonly #idsAt: number;
  readonly #freeColumns: BatchColumns[] = [];
  #unlogged: NewSeries[] = [];
  #minValidMs = -Infinity;

  constructor(arena: Arena, options: HeadOptions) {
    this.arena = arena;
    this.kernels = loadKernels(arena);
    this.slab = this.kernels.slabCreate() >>> 0;
    this.rootAt = this.kernels.slabAllocate(this.slab, root.bytes) >>> 0;
    this.chunkRangeMs = options.chunkRangeMs;
    this.#idsAt = arena.allocatePages(mostLabels * 8);
    this.#initRoot(options);
    this.symbols = new SymbolWriter(arena, this.kernels, this.rootAt, this.slab);
    this.postings = new PostingsWriter(arena, this.kernels, this.rootAt, this.slab);
    this.reader = new HeadReader(arena, this.rootAt);
    this.seriesTable = new SeriesTable(arena, this.kernels, this.slab, this.reader);
    this.startTimes = options.startTimes ?? "ignore";
    this.histograms = new HeadHistograms(this, this.startTimes === "store");
  }

  #initRoot(options: HeadOptions): void {
    const directory = this.arena.allocatePages((2 ** 32 / segmentSeries) * 4);
    const { u32, f64 } = this.arena;
    const at = this.rootAt;
    u32[(at + root.slab) >>> 2] = this.slab;
    u32[(at + root.directory) >>> 2] = directory;
    u32[(at + root.samplesPerChunk) >>> 2] = options.samplesPerChunk;
    f64[(at + root.chunkRange) >>> 3] = options.chunkRangeMs;
    f64[(at + root.minTime) >>> 3] = Infinity;
    f64[(at + root.maxTime) >>> 3] = -Infinity;
    f64[(at + root.minValid) >>> 3] = -Infinity;
    f64[(at + root.floorTime) >>> 3] = -Infinity;
  }

  /**
   * From now on batches are logged; before (replay) they are not. Of the series made so far only those that
   * `restore` gave another ref than the log has are logged (with the first batch).
   */
  attachLog(log: WriteAheadLog): void {
    this.#log = log;
  }

  get seriesCount(): number {
    return this.arena.u32[(this.rootAt + root.seriesCount) >>> 2];
  }

  get chunkCount(): number {
    return this.arena.u32[(this.rootAt + root.chunkCount) >>> 2];
  }

  /** Samples appended since the start. */
  get appendedCount(): number {
    return this.arena.f64[(this.rootAt + root.appended) >>> 3];
  }

  /** Chunks made since the start. */
  get chunksCreated(): number {
    return this.arena.f64[(this.rootAt + root.chunksCreated) >>> 3];
  }

  /** Bytes of arena blocks in use, retired ones included. */
  get usedBytes(): number {
    return this.kernels.slabUsedBytes(this.slab);
  }

  get lastRef(): SeriesRef {
    return this.arena.u32[(this.rootAt + root.lastRef) >>> 2];
  }

  get minTimeMs(): number {
    return this.reader.minTimeMs;
  }

  get maxTimeMs(): number {
    return this.reader.maxTimeMs;
  }

  /** Samples before `timeMs` are refused from now on: blocks hold that time. */
  raiseMinValid(timeMs: number): void {
    this.#minValidMs = Math.max(this.#minValidMs, timeMs);
  }

  /** A new batch. Takes samples from half a block range before the newest one. */
  appender(): Appender {
    const floor = Math.max(this.#minValidMs, this.maxTimeMs - this.chunkRangeMs / 2);
    this.arena.f64[(this.rootAt + root.minValid) >>> 3] = floor;
    return new HeadAppender(this, this.#freeColumns, floor);
  }

  /** Columns for replay, which it gives back. */
  borrowColumns(capacity: number): BatchColumns {
    const columns = this.#freeColumns.pop();
    if (columns !== undefined && columns.capacity >= capacity) return columns;
    return makeBatchColumns(this.arena, capacity);
  }

  giveBackColumns(columns: BatchColumns): void {
    this.#freeColumns.push(columns);
  }

  /** The ref of the series with these labels, made (and logged with the next commit) if it is new. */
  resolve(labels: Labels): SeriesRef {
    const count = this.#internLabels(labels);
    const hash = this.kernels.hashWords(this.#idsAt, count) >>> 0;
    const known = this.seriesTable.find(hash, this.#idsAt, count);
    if (known !== 0) return known;
    if (this.lastRef >= lastPossibleRef)
      throw new Error("cannot make series: all 2^32 refs have been given out");
    return this.#create(this.lastRef + 1, labels, hash, count);
  }

  /** Replay: the series with these labels under `ref` if it is new; the ref it really has. */
  restore(ref: SeriesRef, labels: Labels): SeriesRef {
    const count = this.#internLabels(labels);
    const hash = this.kernels.hashWords(this.#idsAt, count) >>> 0;
    const isPossible = ref > 0 && ref <= lastPossibleRef;
    // What the log has called by this ref must not be another series' from now on.
    if (isPossible && ref > this.lastRef) this.#publishLastRef(ref);
    const known = this.seriesTable.find(hash, this.#idsAt, count);
    if (known !== 0) return known;
    if (isPossible && this.reader.recordOf(ref) === 0) return this.#create(ref, labels, hash, count);
    const given = this.#create(this.lastRef + 1, labels, hash, count);
    this.#unlogged.push({ ref: given, labels });
    return given;
  }

  #publishLastRef(ref: SeriesRef): void {
    Atomics.store(this.arena.i32, (this.rootAt + root.lastRef) >>> 2, ref);
  }

  /** Writes the label ids to `#idsAt`; returns how many. */
  #internLabels(labels: Labels): number {
    const { pairs } = labels;
    assert(pairs.length <= mostLabels * 2, "a series has at most 8192 labels");
    for (let i = 0; i < pairs.length; i++) {
      const id = this.symbols.intern(pairs[i]);
      this.arena.u32[(this.#idsAt >>> 2) + i] = id;
    }
    return pairs.length;
  }

  #create(ref: SeriesRef, labels: Labels, hash: number, count: number): SeriesRef {
    const { arena } = this;
    const labelsAt = this.kernels.slabAllocate(this.slab, Math.max(4, count * 4)) >>> 0;
    if (labelsAt === 0) arena.refuse();
    const record = this.#makeRecord(ref);
    const { u32, f64 } = arena;
    u32.copyWithin(labelsAt >>> 2, this.#idsAt >>> 2, (this.#idsAt >>> 2) + count);
    u32[(record + series.labels) >>> 2] = labelsAt;
    u32[(record + series.labelIds) >>> 2] = count;
    u32[(record + series.hash) >>> 2] = hash;
    f64[(record + series.lastTime) >>> 3] = -Infinity;
    const longAgo = this.reader.commit - longAgoCommits;
    u32[(record + series.commitA) >>> 2] = longAgo;
    u32[(record + series.commitB) >>> 2] = longAgo;
    Atomics.store(arena.i32, (record + series.ref) >>> 2, ref);
    for (let i = 0; i < count; i++) this.symbols.use(arena.u32[(labelsAt >>> 2) + i], 1);
    this.seriesTable.add(hash, ref);
    this.postings.addSeries(ref, labelsAt, count);
    arena.u32[(this.rootAt + root.seriesCount) >>> 2]++;
    if (ref > this.lastRef) this.#publishLastRef(ref);
    if (this.#log !== null) this.#unlogged.push({ ref, labels });
    return ref;
  }

  /** The address of the (empty) record of `ref`, with its segment made if need be. */
  #makeRecord(ref: SeriesRef): number {
    const entry = (this.arena.u32[(this.rootAt + root.directory) >>> 2] >>> 2) + (ref >>> seriesSegmentShift);
    if (this.arena.u32[entry] === 0) {
      const segment = this.arena.allocatePages(segmentSeries * series.bytes);
      Atomics.store(this.arena.i32, entry, segment);
    }
    return this.arena.u32[entry] + (ref & (segmentSeries - 1)) * series.bytes;
  }

  /**
   * Stores the kept rows and histograms of a batch: log, then chunks. Throws when the log cannot be written
   * (nothing is stored) or the memory is full (rows before it are). `floorMs` is what they were admitted by:
   * those that a truncation has overtaken since are left out.
   */
  commitBatch({ columns, count, histograms }: Batch, floorMs: number): void {
    const { refsAt, timesAt, valuesAt, keepAt, recordAt } = columns;
    let kept = histograms;
    if (this.#minValidMs > floorMs) {
      this.#leaveOutOvertaken(columns, count);
      kept = histograms.filter(
        ({ ref, timeMs }) => timeMs >= this.#minValidMs && this.reader.recordOf(ref) !== 0,
      );
    }
    const log = this.#log;
    if (log !== null) {
      if (this.#unlogged.length > 0) log.logSeries(this.#unlogged);
      const sizeBytes = this.kernels.recordEncodeSamples(
        refsAt,
        timesAt,
        8,
        valuesAt,
        keepAt,
        count,
        recordAt,
      );
      if (sizeBytes > 0) log.logAt(recordAt, sizeBytes);
      if (kept.length > 0) log.logHistograms(kept);
      if (sizeBytes > 0 || kept.length > 0 || this.#unlogged.length > 0) log.flush();
      if (this.#unlogged.length > 0) this.#unlogged = [];
    }
    this.apply(columns, count, kept);
  }

  #leaveOutOvertaken({ refsAt, timesAt, keepAt }: BatchColumns, count: number): void {
    const { u32, f64, u8 } = this.arena;
    for (let i = 0; i < count; i++) {
      const isLate = f64[(timesAt >>> 3) + i] < this.#minValidMs;
      if (isLate || this.reader.recordOf(u32[(refsAt >>> 2) + i]) === 0) u8[keepAt + i] = 0;
    }
  }

  /** Puts the kept rows and the histograms into the chunks and publishes the commit. */
  apply(columns: BatchColumns, count: number, histograms: readonly HistogramEntry[] = []): void {
    const { refsAt, timesAt, valuesAt, keepAt } = columns;
    const commit = (this.reader.commit + 1) >>> 0;
    let failedAt = this.kernels.headApply(this.rootAt, refsAt, timesAt, 8, valuesAt, keepAt, count, commit);
    if (failedAt < 0 && histograms.length > 0) failedAt = this.histograms.apply(histograms, commit);
    Atomics.store(this.arena.i32, (this.rootAt + root.commit) >>> 2, commit);
    this.kernels.slabReclaim(this.slab, advanceEpoch(this.arena));
    if (failedAt >= 0) this.arena.refuse();
  }
}
