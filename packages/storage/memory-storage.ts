/**
 * A small storage over plain arrays, for tests of everything that reads or writes through the contracts.
 *
 * Keeps the contracts' promises (bit-exact values, series in label order, batches all or nothing) and no
 * others: no index, no limits, every `select` looks at every series.
 */

import type { Scratch } from "@narthex/kernel/scratch";
import { FloatHistogram, isStaleHistogram } from "@narthex/model/float-histogram";
import { Histogram } from "@narthex/model/histogram";
import { compareLabels, type Labels } from "@narthex/model/labels";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import { isStaleAt, maxTimeMs, minTimeMs, writeStaleMarker } from "@narthex/model/sample";
import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { AppendResult } from "./append-result.ts";
import type { Appendable, Appender, SeriesRef } from "./appender.ts";
import type { LabelStrings, LatestColumns, Querier, SelectRequest, SeriesSet } from "./querier.ts";
import { writeRecord } from "./histogram-record.ts";
import { QuerySymbols } from "./query-symbols.ts";
import { kindsBytes, SeriesBatch } from "./series-batch.ts";

/** One sample on its way in. */
export interface MemorySample {
  readonly timeMs: number;
  /** One float, bit-exact; without meaning for a histogram. */
  readonly value: Float64Array;
  readonly histogram: FloatHistogram | null;
  /** When its counter began, 0 for unknown. */
  readonly startMs: number;
}

function doubled(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * column.length);
  larger.set(column);
  return larger;
}

/** A float as a sample carries it; null for the staleness marker. */
function floatBits(value: number | null): Float64Array {
  const bits = new Float64Array([value ?? 0]);
  if (value === null) writeStaleMarker(bits, 0);
  return bits;
}

/** A histogram as a sample, a float staleness marker if it is only that. */
function histogramSample(timeMs: number, given: Histogram | FloatHistogram, startMs: number): MemorySample {
  if (isStaleHistogram(given)) return { timeMs, value: floatBits(null), histogram: null, startMs };
  const histogram = given instanceof Histogram ? given.toFloat() : given.copy();
  return { timeMs, value: floatBits(0), histogram, startMs };
}

/** Samples of one series, times strictly ascending. */
class MemorySeries {
  readonly labels: Labels;
  times = new Float64Array(16);
  values = new Float64Array(16);
  starts = new Float64Array(16);
  /** By sample; a float where there is none. */
  readonly histograms = new Map<number, FloatHistogram>();
  hasStarts = false;
  count = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  get lastTimeMs(): number {
    return this.count === 0 ? minTimeMs : (this.times[this.count - 1] as number);
  }

  push({ timeMs, value, histogram, startMs }: MemorySample): void {
    if (this.count === this.times.length) {
      this.times = doubled(this.times);
      this.values = doubled(this.values);
      this.starts = doubled(this.starts);
    }
    this.times[this.count] = timeMs;
    this.values.set(value, this.count);
    if (histogram !== null) this.histograms.set(this.count, histogram);
    this.starts[this.count] = startMs;
    this.hasStarts ||= startMs !== 0;
    this.count++;
  }

  /** Index of the first sample at or after `timeMs`. */
  indexOf(timeMs: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times[middle] as number) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Holds every sample it is given until it is collected. */
export class MemoryStorage implements Appendable {
  readonly #series: MemorySeries[] = [];
  readonly #byText = new Map<string, number>();

  /** How many series. */
  get seriesCount(): number {
    return this.#series.length;
  }

  appender(): Appender {
    return new MemoryAppender(this);
  }

  /** A reader of all samples present now and later. */
  querier(): Querier {
    return new MemoryQuerier(this.#series.toSorted((a, b) => compareLabels(a.labels, b.labels)));
  }

  /** The ref of the series with these labels, made if new. */
  resolve(labels: Labels): SeriesRef {
    const text = labels.pairs.join("\u0000");
    let ref = this.#byText.get(text);
    if (ref === undefined) {
      ref = this.#series.push(new MemorySeries(labels));
      this.#byText.set(text, ref);
    }
    return ref;
  }

  /** What would become of a sample. */
  verdict(ref: SeriesRef, timeMs: number, lastTimeMs: number): AppendResult {
    if (this.#series[ref - 1] === undefined) return AppendResult.UnknownSeries;
    if (timeMs > lastTimeMs) return AppendResult.Accepted;
    return timeMs === lastTimeMs ? AppendResult.Duplicate : AppendResult.OutOfOrder;
  }

  /** The time of the newest sample of a series, far in the past without one. */
  lastTimeMs(ref: SeriesRef): number {
    return this.#series[ref - 1]?.lastTimeMs ?? minTimeMs;
  }

  /** Stores one sample that `verdict` accepted. */
  store(ref: SeriesRef, sample: MemorySample): void {
    (this.#series[ref - 1] as MemorySeries).push(sample);
  }

  /**
   * For tests: adds one sample at once; `value` null stores a staleness marker. Must be newer than the
   * last.
   */
  add(labels: Labels, timeMs: number, value: number | null | FloatHistogram, startMs = 0): void {
    const ref = this.resolve(labels);
    if (this.verdict(ref, timeMs, this.lastTimeMs(ref)) !== AppendResult.Accepted) {
      throw new Error(`cannot add a sample of ${labels.toString()} at ${timeMs}: it is not newer`);
    }
    const sample =
      value instanceof FloatHistogram
        ? histogramSample(timeMs, value, startMs)
        : { timeMs, value: floatBits(value), histogram: null, startMs };
    this.store(ref, sample);
  }

  /** Forgets everything. */
  clear(): void {
    this.#series.length = 0;
    this.#byText.clear();
  }
}

class MemoryAppender implements Appender {
  readonly #storage: MemoryStorage;
  #waiting: { readonly ref: SeriesRef; readonly sample: MemorySample }[] = [];
  readonly #newest = new Map<SeriesRef, number>();

  constructor(storage: MemoryStorage) {
    this.#storage = storage;
  }

  resolve(labels: Labels): SeriesRef {
    return this.#storage.resolve(labels);
  }

  append(ref: SeriesRef, timeMs: number, value: number): AppendResult {
    return this.#append(ref, { timeMs, value: floatBits(value), histogram: null, startMs: 0 });
  }

  appendHistogram(
    ref: SeriesRef,
    timeMs: number,
    histogram: Histogram | FloatHistogram,
    startMs = 0,
  ): AppendResult {
    return this.#append(ref, histogramSample(timeMs, histogram, startMs));
  }

  appendColumns(
    refs: Uint32Array,
    timeMs: number,
    values: Float64Array,
    count: number,
    results: Uint8Array,
  ): number {
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const ref = refs[i] as number;
      const result = ref === 0 ? AppendResult.Accepted : this.#appendAt(ref, timeMs, values, i);
      results[i] = result;
      if (result !== AppendResult.Accepted) refused++;
    }
    return refused;
  }

  #appendAt(ref: SeriesRef, timeMs: number, values: Float64Array, at: number): AppendResult {
    return this.#append(ref, { timeMs, value: values.slice(at, at + 1), histogram: null, startMs: 0 });
  }

  #append(ref: SeriesRef, sample: MemorySample): AppendResult {
    const { timeMs } = sample;
    const newest = this.#newest.get(ref) ?? this.#storage.lastTimeMs(ref);
    const result = this.#storage.verdict(ref, timeMs, newest);
    if (result !== AppendResult.Accepted) return result;
    this.#waiting.push({ ref, sample });
    this.#newest.set(ref, timeMs);
    return result;
  }

  commit(): Promise<void> {
    for (const { ref, sample } of this.#waiting) this.#storage.store(ref, sample);
    this.rollback();
    return Promise.resolve();
  }

  rollback(): void {
    this.#waiting = [];
    this.#newest.clear();
  }
}

class MemoryQuerier implements Querier {
  readonly symbols = new QuerySymbols();
  readonly #series: readonly MemorySeries[];

  constructor(series: readonly MemorySeries[]) {
    this.#series = series;
  }

  select(request: SelectRequest): SeriesSet {
    const found = this.#matching(request.matchers).filter((series) => {
      const first = series.indexOf(request.minTimeMs);
      return first < series.count && (series.times[first] as number) <= request.maxTimeMs;
    });
    const limit = request.limit ?? 0;
    return new MemorySeriesSet(limit > 0 ? found.slice(0, limit) : found, request, this.symbols);
  }

  labelValues(name: string, matchers: readonly LabelMatcher[], limit: number): LabelStrings {
    return this.#strings(matchers, limit, (labels) => [labels.get(name)]);
  }

  labelNames(matchers: readonly LabelMatcher[], limit: number): LabelStrings {
    return this.#strings(matchers, limit, (labels) => labels.pairs.filter((_, i) => i % 2 === 0));
  }

  close(): void {}

  #matching(matchers: readonly LabelMatcher[]): readonly MemorySeries[] {
    return this.#series.filter(({ labels }) => matchers.every((m) => m.matches(labels.get(m.name))));
  }

  #strings(
    matchers: readonly LabelMatcher[],
    limit: number,
    of: (labels: Labels) => readonly string[],
  ): LabelStrings {
    const found = new Set(this.#matching(matchers).flatMap(({ labels }) => of(labels)));
    found.delete("");
    const strings = [...found].toSorted(compareUtf8);
    return { strings: limit > 0 ? strings.slice(0, limit) : strings, warnings: [] };
  }
}

class MemorySeriesSet implements SeriesSet {
  readonly count: number;
  readonly labelIds: Uint32Array;
  readonly labelEnds: Uint32Array;
  readonly warnings: readonly string[] = [];
  readonly #series: readonly MemorySeries[];
  readonly #request: SelectRequest;

  constructor(series: readonly MemorySeries[], request: SelectRequest, symbols: QuerySymbols) {
    this.#series = series;
    this.#request = request;
    this.count = series.length;
    let end = 0;
    this.labelEnds = Uint32Array.from(series, ({ labels }) => (end += labels.pairs.length));
    this.labelIds = Uint32Array.from(
      series.flatMap(({ labels }) => labels.pairs.map((text) => symbols.intern(text))),
    );
  }

  read(first: number, count: number, batch: SeriesBatch, scratch: Scratch): number {
    const wanted = Math.min(count, SeriesBatch.capacity, this.count - first);
    for (let i = 0; i < wanted; i++) {
      const series = this.#series[first + i] as MemorySeries;
      const from = series.indexOf(this.#request.minTimeMs);
      const end = series.indexOf(this.#request.maxTimeMs + 1);
      const timesAt = scratch.take(8 * (end - from));
      const valuesAt = scratch.take(8 * (end - from));
      scratch.arena.f64.set(series.times.subarray(from, end), timesAt / 8);
      scratch.arena.f64.set(series.values.subarray(from, end), valuesAt / 8);
      batch.timesAt[i] = timesAt;
      batch.valuesAt[i] = valuesAt;
      batch.count[i] = end - from;
      let stale = 0;
      for (let at = from; at < end; at++) if (isStaleAt(series.values, at)) stale++;
      batch.staleCount[i] = stale;
      batch.startsAt[i] = series.hasStarts ? scratch.take(8 * (end - from)) : 0;
      if (series.hasStarts) {
        scratch.arena.f64.set(series.starts.subarray(from, end), (batch.startsAt[i] as number) / 8);
      }
      batch.kindsAt[i] = writeHistograms(series, from, end, valuesAt, scratch);
    }
    batch.seriesCount = wanted;
    return wanted;
  }

  readLatest(first: number, count: number, timeMs: number, into: LatestColumns): boolean {
    for (let i = 0; i < count; i++) {
      const series = this.#series[first + i] as MemorySeries;
      const at = series.indexOf(Math.min(timeMs, this.#request.maxTimeMs, maxTimeMs) + 1) - 1;
      const found = at >= 0 && (series.times[at] as number) >= this.#request.minTimeMs;
      into.timesMs[i] = found ? (series.times[at] as number) : Number.NaN;
      if (found && series.histograms.has(at)) return false;
      into.records[i] = 0;
      if (found) into.values.set(series.values.subarray(at, at + 1), i);
    }
    return true;
  }
}

/** Writes records and their addresses for samples `from` … `end` - 1; returns the bitmap's address, or 0. */
function writeHistograms(
  series: MemorySeries,
  from: number,
  end: number,
  valuesAt: number,
  scratch: Scratch,
): number {
  const { histograms } = series;
  let kindsAt = 0;
  for (let at = from; histograms.size > 0 && at < end; at++) {
    const histogram = histograms.get(at);
    if (histogram === undefined) continue;
    if (kindsAt === 0) {
      kindsAt = scratch.take(kindsBytes(end - from));
      scratch.arena.u8.fill(0, kindsAt, kindsAt + kindsBytes(end - from));
    }
    const record = writeRecord(scratch, histogram);
    const i = at - from;
    scratch.arena.f64[valuesAt / 8 + i] = record;
    (scratch.arena.u32[(kindsAt >>> 2) + (i >>> 5)] as number) |= 1 << (i & 31);
  }
  return kindsAt;
}
