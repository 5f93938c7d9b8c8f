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
 * Lifetime: from `open` to `close` the thread is inside an epoch; results hold addresses.
 */

import { assert } from "@narthex/platform/assert";
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
import { chunk, series } from "./head-layout.ts";
import type { HeadReader } from "./head-reader.ts";
import { labelNamesOf, labelValuesOf } from "./head-label-strings.ts";
import { expandRuns } from "./postings.ts";

/** An open chunk's data is never larger: see the cut rule in assembly/head-append.ts. */
const openChunkBytes = 1_088;

/**
 * Series that snapshots begun anew look at in all: some seconds' work. Commits to one series hardly ever come
 * twice within one snapshot.
 */
const mostRetakenSeries = 20_000_000;

/** What a query may see of the head. */
export interface HeadView {
  readonly reader: HeadReader;
  readonly symbols: QuerySymbols;
  /** The last commit to show. */
  readonly commit: number;
}

/** Opens a querier over the head in this thread's reader slot. */
export function openHeadQuerier(reader: HeadReader, slot: number, symbols: QuerySymbols): Querier {
  enterEpoch(reader.arena, slot);
  const view: HeadView = { reader, symbols, commit: reader.commit };
  return {
    symbols,
    select: (request) => HeadSeriesSet.select(view, request),
    labelValues: (name, matchers, limit): LabelStrings => labelValuesOf(reader, name, matchers, limit),
    labelNames: (matchers: readonly LabelMatcher[], limit: number): LabelStrings =>
      labelNamesOf(reader, matchers, limit),
    close: () => leaveEpoch(reader.arena, slot),
  };
}

/** Label ids of the head as ids of a query, remembered per set. */
class IdTranslation {
  readonly #view: HeadView;
  readonly #known: Uint32Array | Map<number, number>;

  constructor(view: HeadView, seriesCount: number) {
    this.#view = view;
    // A dense table costs its zeroing; for few series a map is cheaper.
    const { count } = view.reader.symbols;
    this.#known = seriesCount * 64 > count ? new Uint32Array(count) : new Map();
  }

  of(id: number): number {
    const known = this.#known;
    if (known instanceof Map) {
      let found = known.get(id);
      if (found === undefined) known.set(id, (found = this.#intern(id)));
      return found;
    }
    return id < known.length ? (known[id] ||= this.#intern(id)) : this.#intern(id);
  }

  #intern(id: number): number {
    return this.#view.symbols.intern(this.#view.reader.symbols.text(id));
  }
}

/** Whether commit `a` comes after `b`. Numbers wrap at 2^32: the difference tells. */
function isLater(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/**
 * The time up to which commits until `commit` have filled a series; NaN when more than one has come since,
 * for then their stamps do not tell. Call after the series' version was read.
 */
function visibleTime(reader: HeadReader, record: number, commit: number): number {
  const { i32, f64 } = reader.arena;
  const [stampA, stampB] = [(record + series.commitA) >>> 2, (record + series.commitB) >>> 2];
  for (;;) {
    const a = Atomics.load(i32, stampA);
    const b = Atomics.load(i32, stampB);
    const [laterA, laterB] = [isLater(a, commit), isLater(b, commit)];
    if (laterA && laterB) return NaN;
    if (!laterA && !laterB) return f64[(record + series.lastTime) >>> 3];
    const start = Atomics.load(i32, (record + (laterA ? series.startA : series.startB)) >>> 2);
    // A next commit writes the other stamp first: while that one stands, this one's time is its own.
    if (Atomics.load(i32, stampA) !== a || Atomics.load(i32, stampB) !== b) continue;
    const last = f64[(record + series.lastTime) >>> 3];
    const ahead = (start - last) | 0;
    // Ahead of the last time: stamped, and not appended yet.
    return ahead > 0 ? last : last + ahead - 1;
  }
}

/** Series of the head with their chunks as they were when the set was made. */
export class HeadSeriesSet implements SeriesSet {
  readonly warnings: readonly string[] = [];
  count = 0;
  labelIds = new Uint32Array(0);
  labelEnds: Uint32Array;
  readonly #view: HeadView;
  readonly #fromMs: number;
  readonly #toMs: number;
  /** Per series: record, open chunk and its samples, newest sealed chunk, last visible time. */
  readonly #records: Uint32Array;
  readonly #open: Uint32Array;
  readonly #openSamples: Uint16Array;
  readonly #sealed: Uint32Array;
  readonly #visibleMs: Float64Array;
  /** The last commit to show: the view's, or a later one when that one's samples could not be told apart. */
  #commit = 0;
  #retakes = 0;
  /** Sealed chunks of the series being read, newest first. */
  #chunks = new Uint32Array(64);

  private constructor(view: HeadView, request: SelectRequest, capacity: number) {
    this.#view = view;
    this.#fromMs = Math.max(request.minTimeMs, view.reader.floorTimeMs, minTimeMs);
    this.#toMs = Math.min(request.maxTimeMs, maxTimeMs);
    this.labelEnds = new Uint32Array(capacity);
    this.#records = new Uint32Array(capacity);
    this.#open = new Uint32Array(capacity);
    this.#openSamples = new Uint16Array(capacity);
    this.#sealed = new Uint32Array(capacity);
    this.#visibleMs = new Float64Array(capacity);
  }

  /** Resolves `request` and takes the snapshot. */
  static select(view: HeadView, request: SelectRequest): HeadSeriesSet {
    const refs = expandRuns(view.reader.select(request.matchers));
    const limit = request.limit === undefined || request.limit === 0 ? refs.length : request.limit;
    const set = new HeadSeriesSet(view, request, Math.min(refs.length, limit));
    while (!set.#snapshotAll(refs, limit)) set.#retakes++;
    set.#translateLabels();
    return set;
  }

  /** The snapshot of `refs`; false when two commits have come to one series since `#commit`. */
  #snapshotAll(refs: Uint32Array, limit: number): boolean {
    this.#commit = this.#retakes > 0 ? this.#view.reader.commit : this.#view.commit;
    this.count = 0;
    for (let i = 0; i < refs.length && this.count < limit; i++) {
      const record = this.#view.reader.recordOf(refs[i]);
      if (record !== 0 && !this.#snapshot(record)) return false;
    }
    return true;
  }

  /**
   * Copies a series' chunk pointers, unless it has nothing within the request's times. False when it cannot
   * be told which of its samples `#commit` covers.
   */
  #snapshot(record: number): boolean {
    const { i32, u32, f64 } = this.#view.reader.arena;
    const at = this.count;
    const version = record + series.version;
    let openMs = 0;
    for (;;) {
      const before = Atomics.load(i32, version >>> 2);
      this.#open[at] = Atomics.load(i32, (record + series.chunk) >>> 2);
      this.#sealed[at] = Atomics.load(i32, (record + series.sealed) >>> 2);
      openMs = f64[(record + series.openMin) >>> 3];
      const after = Atomics.load(i32, version >>> 2);
      // Sealing is under way, or happened in between: the two pointers may not belong together.
      if ((before & 0x10000) !== 0 || before >>> 16 !== after >>> 16) continue;
      this.#openSamples[at] = before & 0xffff;
      break;
    }
    let visible = visibleTime(this.#view.reader, record, this.#commit);
    if (Number.isNaN(visible)) {
      if (this.#retakes * this.labelEnds.length < mostRetakenSeries) return false;
      visible = f64[(record + series.lastTime) >>> 3];
    }
    const upTo = Math.min(visible, this.#toMs);
    if (visible < this.#fromMs || !this.#startsBy(upTo, openMs, at)) return true;
    this.#visibleMs[at] = upTo;
    this.#records[at] = record;
    this.labelEnds[at] = u32[(record + series.labelIds) >>> 2] + (at === 0 ? 0 : this.labelEnds[at - 1]);
    this.count++;
    return true;
  }

  /**
   * Whether the snapshot at `at`, whose open chunk starts at `openMs`, has a chunk that starts by `timeMs`.
   */
  #startsBy(timeMs: number, openMs: number, at: number): boolean {
    const { f64, i32 } = this.#view.reader.arena;
    if (this.#openSamples[at] > 0 && openMs <= timeMs) return true;
    let block = this.#sealed[at];
    while (block !== 0 && f64[(block + chunk.minTime) >>> 3] > timeMs) {
      block = Atomics.load(i32, (block + chunk.older) >>> 2) >>> 0;
    }
    return block !== 0;
  }

  #translateLabels(): void {
    const { u32 } = this.#view.reader.arena;
    const total = this.count === 0 ? 0 : this.labelEnds[this.count - 1];
    this.labelIds = new Uint32Array(total);
    this.labelEnds = this.labelEnds.subarray(0, this.count);
    const translation = new IdTranslation(this.#view, this.count);
    let at = 0;
    for (let i = 0; i < this.count; i++) {
      const labels = u32[(this.#records[i] + series.labels) >>> 2] >>> 2;
      const end = this.labelEnds[i];
      for (let k = labels; at < end; k++) this.labelIds[at++] = translation.of(u32[k]);
    }
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
    const to = this.#visibleMs[index];
    let chunkCount = 0;
    let samples = this.#openSamples[index];
    const openAt = this.#open[index];
    for (let block = this.#sealed[index]; block !== 0;) {
      if (f64[(block + chunk.maxTime) >>> 3] < this.#fromMs) break;
      if (f64[(block + chunk.minTime) >>> 3] <= to) {
        if (chunkCount === this.#chunks.length) this.#growChunks();
        this.#chunks[chunkCount++] = block;
        samples += u32[(block + chunk.samples) >>> 2] & 0xffff;
      }
      block = Atomics.load(i32, (block + chunk.older) >>> 2) >>> 0;
    }
    const times = scratch.take(samples * 8);
    const values = scratch.take(samples * 8);
    const stale = scratch.take(8);
    arena.u32[stale >>> 2] = 0;
    let done = 0;
    for (let k = chunkCount - 1; k >= -1; k--) {
      const isOpen = k < 0;
      const block = isOpen ? openAt : this.#chunks[k];
      if (block === 0 || (isOpen && this.#openSamples[index] === 0)) continue;
      const words = arena.u32;
      const got = kernels.xorDecodeRange(
        isOpen ? block : block + chunk.data,
        isOpen ? openChunkBytes : words[(block + chunk.dataBytes) >>> 2],
        isOpen ? this.#openSamples[index] : words[(block + chunk.samples) >>> 2] & 0xffff,
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
  }

  #growChunks(): void {
    const larger = new Uint32Array(this.#chunks.length * 2);
    larger.set(this.#chunks);
    this.#chunks = larger;
  }

  readLatest(first: number, count: number, timeMs: number, into: LatestColumns): boolean {
    const { f64, u64, i32 } = this.#view.reader.arena;
    const valueBits = new BigUint64Array(into.values.buffer, into.values.byteOffset, into.values.length);
    for (let i = 0; i < count; i++) {
      const record = this.#records[first + i];
      const last = f64[(record + series.lastTime) >>> 3];
      const bits = u64[(record + series.lastValue) >>> 3];
      // Someone appended since the snapshot, or the newest sample is too new: only decoding tells.
      if (last > timeMs || last !== this.#visibleMs[first + i]) return false;
      const stampA = Atomics.load(i32, (record + series.commitA) >>> 2);
      const stampB = Atomics.load(i32, (record + series.commitB) >>> 2);
      if (isLater(stampA, this.#commit) || isLater(stampB, this.#commit)) return false;
      into.timesMs[i] = last;
      valueBits[i] = bits;
    }
    return true;
  }
}
