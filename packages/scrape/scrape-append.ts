/**
 * Writes the series of a page into a batch: values, staleness markers for what is missing, and counts of what
 * the storage refused.
 *
 *   scrape-template (refs and values as columns) → SCRAPE APPEND → appender (storage)
 *
 * Plain samples go in one call; rows with a native histogram or a start time follow one by one.
 *
 * Runs without a pause between reading the page and the end of the batch, so nothing moves underneath.
 */

import { ExpositionError } from "@narthex/exposition/exposition-parser";
import type { RowHistogram } from "@narthex/exposition/page-flattener";
import type { HttpAnswer } from "@narthex/http/client";
import { HistogramOperationError, InvalidHistogramError } from "@narthex/model/float-histogram";
import type { Labels } from "@narthex/model/labels";
import { writeStaleMarker } from "@narthex/model/sample";
import type { Logger } from "@narthex/platform/logger";
import { AppendResult } from "@narthex/storage/append-result";
import type { Appender, SeriesRef } from "@narthex/storage/appender";
import { appendExemplars } from "./exemplar-append.ts";
import { limitHistogram } from "./histogram-limits.ts";
import { FailedPageError, readBeginning, type PageCounts } from "./page-failure.ts";
import { LabelLimitError, ScrapeError } from "./sample-labels.ts";
import type { ScrapeConfig } from "./scrape-config.ts";
import type { ScrapeMetrics } from "./scrape-metrics.ts";
import type { FreshLine, ScrapeTemplate } from "./scrape-template.ts";

const sampleLimitText = "sample limit exceeded";
const noRows: ReadonlySet<number> = new Set();
const bucketLimitText = "histogram bucket limit exceeded";

/** Samples may be this far in the future. */
const futureMs = 600_000;

/** Columns that all targets of a thread share; they only grow. */
class SharedColumns {
  results = new Uint8Array(1_024);
  refs = new Uint32Array(1_024);
  markers = new Float64Array(0);

  reserve(count: number): void {
    if (count <= this.results.length) return;
    this.results = new Uint8Array(2 * count);
    this.refs = new Uint32Array(2 * count);
  }

  /** At least `count` staleness markers. */
  markersFor(count: number): Float64Array {
    if (this.markers.length < count) {
      this.markers = new Float64Array(Math.max(1_024, 2 * count));
      for (let i = 0; i < this.markers.length; i++) writeStaleMarker(this.markers, i);
    }
    return this.markers;
  }
}

const columns = new SharedColumns();

/** Writes the pages of one target. */
export class ScrapeAppend {
  readonly template: ScrapeTemplate;
  readonly #target: Labels;
  readonly #config: ScrapeConfig;
  readonly #metrics: ScrapeMetrics;
  readonly #logger: Logger;
  /** Series that pages brought which were then not stored: they are not new when they come again. */
  #known: Set<SeriesRef> | null = null;
  /** Series that the page at hand brought before it failed. */
  #met: readonly SeriesRef[] = [];

  /** `target` are the target's public labels. */
  constructor(
    template: ScrapeTemplate,
    target: Labels,
    config: ScrapeConfig,
    metrics: ScrapeMetrics,
    logger: Logger,
  ) {
    this.template = template;
    this.#target = target;
    this.#config = config;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  /**
   * Adds a page to the batch. Throws `FailedPageError` when the scrape fails, `ScrapeError` for want of
   * memory, `ExpositionError` for a content type of no format: the batch must then be rolled back, and
   * `appendNothing` called with the next.
   */
  appendPage(appender: Appender, page: HttpAnswer, timeMs: number, nowMs: number): PageCounts {
    if (page.sizeBytes === 0) {
      this.appendNothing(appender, timeMs);
      this.template.pageBytes = 0;
      return { scraped: 0, kept: 0, added: 0 };
    }
    const { template } = this;
    const fresh = this.#read(appender, page);
    this.#checkSampleLimit(appender, fresh);
    this.#checkHistograms(appender, fresh);
    this.#resolve(appender, fresh);
    this.#appendRows(appender, timeMs, nowMs);
    this.#appendExemplars(appender, timeMs);
    this.#appendMarkers(appender, template.missingRefs(fresh), timeMs);
    template.settle(this.#config);
    const added = this.#countNew(fresh);
    this.#known = null;
    return { scraped: template.sampleCount, kept: template.keptCount, added };
  }

  /**
   * Adds staleness markers for all series of the last good page, but for those that the page at hand brought
   * before it failed.
   */
  appendNothing(appender: Appender, timeMs: number): void {
    const met = this.#met;
    this.#met = [];
    const live = this.template.liveRefs();
    const gone = met.length === 0 ? live : live.filter((ref) => !met.includes(ref));
    this.#appendMarkers(appender, gone, timeMs);
    this.template.markersWritten(met);
  }

  #read(appender: Appender, page: HttpAnswer): readonly FreshLine[] {
    try {
      return this.template.read(page, this.#target, this.#config);
    } catch (error) {
      if (!(error instanceof ExpositionError) && !(error instanceof ScrapeError)) throw error;
      const parser = this.template.parser(page, this.#config);
      const { scraped, series, problem } = readBeginning(parser, this.#target, this.#config);
      const first = problem ?? error;
      if (first instanceof LabelLimitError) this.#metrics.labelLimitsExceeded();
      const limit = this.#config.sampleLimit || series.length;
      const added = this.#meet(series.slice(0, limit).map((labels) => appender.resolve(labels)));
      throw new FailedPageError(first.message, { scraped, kept: series.length, added }, first);
    }
  }

  /**
   * Notes the series that a page brought before it failed. Returns how many were not seen on the last good
   * page or on one that failed since.
   */
  #meet(refs: readonly SeriesRef[]): number {
    this.#met = [...new Set(refs)];
    this.#known ??= new Set(this.template.liveRefs());
    const before = this.#known.size;
    for (const ref of refs) this.#known.add(ref);
    return this.#known.size - before;
  }

  /** Notes the first `count` rows that no rule drops, without those of `except`, and counts as `#meet`. */
  #meetRows(
    appender: Appender,
    fresh: readonly FreshLine[],
    count: number,
    except: ReadonlySet<number> = noRows,
  ): number {
    const refs = this.template.refs();
    const met: SeriesRef[] = [];
    let next = 0;
    for (let row = 0; row < refs.length && met.length < count; row++) {
      const line = fresh[next]?.row === row ? fresh[next++] : undefined;
      if (except.has(row)) continue;
      const ref = line === undefined ? (refs[row] as SeriesRef) : appender.resolve(line.labels);
      if (ref !== 0) met.push(ref);
    }
    return this.#meet(met);
  }

  /** A page over the limit counts, and its first series become known; nothing of it is stored. */
  #checkSampleLimit(appender: Appender, fresh: readonly FreshLine[]): void {
    const { sampleLimit } = this.#config;
    const { sampleCount: scraped, keptCount: kept } = this.template;
    if (sampleLimit === 0 || kept <= sampleLimit) return;
    this.#metrics.sampleLimitExceeded();
    const added = this.#meetRows(appender, fresh, sampleLimit);
    throw new FailedPageError(sampleLimitText, { scraped, kept, added });
  }

  /** Reduces histograms to the job's limits and checks them. */
  #checkHistograms(appender: Appender, fresh: readonly FreshLine[]): void {
    const { sampleCount: scraped, keptCount: kept, histograms } = this.template;
    const overLimit = new Set<number>();
    for (const { row, histogram } of histograms) {
      try {
        if (!limitHistogram(histogram, this.#config)) overLimit.add(row);
        else histogram.validate();
      } catch (cause) {
        if (cause instanceof InvalidHistogramError || cause instanceof HistogramOperationError) {
          const counts = { scraped: row + 1, kept: Math.min(row, kept) };
          const added = this.#meetRows(appender, fresh, row, overLimit);
          throw new FailedPageError((cause as Error).message, { ...counts, added }, cause);
        }
        throw cause;
      }
    }
    if (overLimit.size === 0) return;
    this.#metrics.bucketLimitExceeded?.();
    const added = this.#meetRows(appender, fresh, Infinity, overLimit);
    throw new FailedPageError(bucketLimitText, { scraped, kept, added });
  }

  #resolve(appender: Appender, fresh: readonly FreshLine[]): void {
    const refs = this.template.refs();
    try {
      for (const { row, labels } of fresh) refs[row] = appender.resolve(labels);
    } catch (error) {
      this.template.abandon(fresh);
      throw error;
    }
  }

  /**
   * Fresh lines that were stored, a repeated line once; not those that failing pages brought before. Two
   * lines that rules make one series are two.
   */
  #countNew(fresh: readonly FreshLine[]): number {
    const refs = this.template.refs();
    const rowOf = new Map<SeriesRef, number>();
    let added = 0;
    for (const { row } of fresh) {
      const ref = refs[row] as SeriesRef;
      if (columns.results[row] !== AppendResult.Accepted || this.#known?.has(ref) === true) continue;
      const other = rowOf.get(ref);
      if (other === undefined) rowOf.set(ref, row);
      else if (this.#samePageLabels(row, other)) continue;
      added++;
    }
    return added;
  }

  #samePageLabels(row: number, other: number): boolean {
    const labels = this.template.pageLabels(row);
    const others = this.template.pageLabels(other);
    return labels.length === others.length && labels.every((text, i) => text === others[i]);
  }

  /** Stores the rows and leaves the verdict on each in the shared column. */
  #appendRows(appender: Appender, timeMs: number, nowMs: number): void {
    const { template } = this;
    const count = template.sampleCount;
    columns.reserve(count);
    const { results } = columns;
    const starts = appender.appendWithStart === undefined ? null : template.starts();
    const refs = this.#plainRefs(starts);
    const maxTimeMs = nowMs + futureMs;
    let refused = this.#hasOwnTimes
      ? this.#appendTimed(appender, refs, timeMs, maxTimeMs)
      : appender.appendColumns(refs, timeMs, template.values(), count, results);
    for (const { row, histogram } of template.histograms) {
      refused += this.#appendAlone(appender, row, timeMs, maxTimeMs, histogram);
    }
    let next = 0;
    for (let row = 0; starts !== null && row < count; row++) {
      if (template.histograms[next]?.row === row) next++;
      else if (starts[row] !== 0) refused += this.#appendAlone(appender, row, timeMs, maxTimeMs);
    }
    if (refused > 0) this.#countRefused(appender, timeMs, count, maxTimeMs);
  }

  /** Refs of the rows that go in one call: 0 where a histogram is, or a start time. */
  #plainRefs(starts: Float64Array | null): Uint32Array {
    const { histograms } = this.template;
    const refs = this.template.refs();
    if (histograms.length === 0 && starts === null) return refs;
    const plain = refs.slice();
    if (starts !== null) for (let row = 0; row < plain.length; row++) if (starts[row] !== 0) plain[row] = 0;
    for (const { row } of histograms) plain[row] = 0;
    return plain;
  }

  get #hasOwnTimes(): boolean {
    return this.template.hasTimes && this.#config.honorTimestamps;
  }

  /** The time of a row: its own, or the scrape's. */
  #timeOf(row: number, timeMs: number): number {
    const own = this.#hasOwnTimes ? (this.template.times()[row] as number) : NaN;
    return Number.isNaN(own) ? timeMs : own;
  }

  /** Stores one row that cannot go with the others; 1 when it is refused. Rows without a series pass. */
  #appendAlone(
    appender: Appender,
    row: number,
    timeMs: number,
    maxTimeMs: number,
    histogram: RowHistogram["histogram"] | null = null,
  ): number {
    const ref = this.template.refs()[row] as SeriesRef;
    if (ref === 0) return 0;
    const at = this.#timeOf(row, timeMs);
    const isLate = at > maxTimeMs;
    const result = isLate ? AppendResult.OutOfBounds : this.#appendOne(appender, row, ref, at, histogram);
    columns.results[row] = result;
    return result === AppendResult.Accepted ? 0 : 1;
  }

  #appendOne(
    appender: Appender,
    row: number,
    ref: SeriesRef,
    at: number,
    histogram: RowHistogram["histogram"] | null,
  ): AppendResult {
    const { template } = this;
    const startMs = template.starts()?.[row] ?? 0;
    if (histogram !== null) {
      return appender.appendHistogram?.(ref, at, histogram, startMs) ?? AppendResult.Accepted;
    }
    const value = template.values()[row] as number;
    if (startMs !== 0 && appender.appendWithStart !== undefined) {
      return appender.appendWithStart(ref, at, value, startMs);
    }
    const one = new Uint8Array(1);
    const values = template.values().subarray(row, row + 1);
    appender.appendColumns(Uint32Array.of(ref), at, values, 1, one);
    return one[0] as AppendResult;
  }

  #appendExemplars(appender: Appender, timeMs: number): void {
    const { exemplars } = this.template;
    if (exemplars.length === 0 || appender.appendExemplar === undefined) return;
    const refs = this.template.refs();
    let outOfOrder = 0;
    for (const { row, exemplars: found } of exemplars) {
      const ref = refs[row] as SeriesRef;
      if (ref !== 0) outOfOrder += appendExemplars(appender, ref, found, this.#timeOf(row, timeMs));
    }
    if (outOfOrder === 0) return;
    this.#metrics.outOfOrderExemplars?.(outOfOrder);
    this.#logger.warn("Error on ingesting out-of-order exemplars", { num_dropped: outOfOrder });
  }

  /** Rows with times of their own, run by run of equal times. Returns how many were refused. */
  #appendTimed(appender: Appender, refs: Uint32Array, timeMs: number, maxTimeMs: number): number {
    const times = this.template.times();
    const values = this.template.values();
    const { results } = columns;
    let refused = 0;
    for (let start = 0; start < times.length;) {
      const own = times[start] as number;
      let end = start + 1;
      while (end < times.length && Object.is(times[end], own)) end++;
      const part = results.subarray(start, end);
      if (own > maxTimeMs) {
        part.fill(AppendResult.OutOfBounds);
        refused += end - start;
      } else {
        const at = Number.isNaN(own) ? timeMs : own;
        refused += appender.appendColumns(
          refs.subarray(start, end),
          at,
          values.subarray(start, end),
          end - start,
          part,
        );
      }
      start = end;
    }
    return refused;
  }

  #countRefused(appender: Appender, timeMs: number, count: number, maxTimeMs: number): void {
    const { results } = columns;
    const refs = this.template.refs();
    const seen = [0, 0, 0, 0, 0, 0];
    for (let row = 0; row < count; row++) {
      if (refs[row] === 0) continue;
      if (results[row] === AppendResult.UnknownSeries)
        results[row] = this.#appendAnew(appender, row, timeMs, maxTimeMs);
      const result = results[row] as number;
      seen[result] = (seen[result] ?? 0) + 1;
    }
    const [, duplicates = 0, outOfOrder = 0, outOfBounds = 0, , full = 0] = seen;
    if (outOfOrder > 0) {
      this.#metrics.outOfOrderSamples(outOfOrder);
      this.#logger.warn("Error on ingesting out-of-order samples", { num_dropped: outOfOrder });
    }
    if (duplicates > 0) {
      this.#metrics.duplicateSamples(duplicates);
      this.#logger.warn("Error on ingesting samples with different value but same timestamp", {
        num_dropped: duplicates,
      });
    }
    if (outOfBounds > 0) {
      this.#metrics.outOfBoundsSamples(outOfBounds);
      const text = "Error on ingesting samples that are too old or are too far into the future";
      this.#logger.warn(text, { num_dropped: outOfBounds });
    }
    if (full > 0) throw new ScrapeError(`no memory is left for ${full} of the page's samples`);
  }

  /** The storage forgot a series that was quiet for long: give its labels again. */
  #appendAnew(appender: Appender, row: number, timeMs: number, maxTimeMs: number): AppendResult {
    const labels = this.template.labelsOf(row, this.#target, this.#config);
    if (labels === null) return AppendResult.UnknownSeries;
    this.template.refs()[row] = appender.resolve(labels);
    const found = this.template.histograms.find((one) => one.row === row);
    this.#appendAlone(appender, row, timeMs, maxTimeMs, found?.histogram);
    return columns.results[row] as AppendResult;
  }

  /** A refused marker is normal: another target took the series over. */
  #appendMarkers(appender: Appender, gone: readonly number[], timeMs: number): void {
    if (gone.length === 0) return;
    columns.reserve(gone.length);
    const { refs, results } = columns;
    refs.set(gone);
    appender.appendColumns(refs, timeMs, columns.markersFor(gone.length), gone.length, results);
  }
}
