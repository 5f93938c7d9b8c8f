/**
 * Writes the series of a page into a batch: values, staleness markers for what is missing, and counts of what
 * the storage refused.
 *
 *   scrape-template (refs and values as columns) → SCRAPE APPEND → appender (storage)
 *
 * Runs without a pause between reading the page and the end of the batch, so nothing moves underneath.
 */

import type { HttpAnswer } from "@narthex/http/client";
import type { Labels } from "@narthex/model/labels";
import { writeStaleMarker } from "@narthex/model/sample";
import type { Logger } from "@narthex/platform/logger";
import { AppendResult } from "@narthex/storage/append-result";
import type { Appender } from "@narthex/storage/appender";
import { LabelLimitError, ScrapeError } from "./sample-labels.ts";
import type { ScrapeConfig } from "./scrape-config.ts";
import type { ScrapeMetrics } from "./scrape-metrics.ts";
import type { FreshLine, ScrapeTemplate } from "./scrape-template.ts";

/** How many samples and series a page brought. */
export interface PageCounts {
  readonly scraped: number;
  readonly kept: number;
  readonly added: number;
}

/** A page over a limit: it counts, and nothing of it is stored. */
export class SampleLimitError extends ScrapeError {
  readonly counts: PageCounts;

  constructor(counts: PageCounts) {
    super("sample limit exceeded");
    this.counts = counts;
  }
}

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
   * Adds a page to the batch. Throws `ExpositionError` or `ScrapeError` when the scrape fails: the batch must
   * then be rolled back, and `appendNothing` called with the next.
   */
  appendPage(appender: Appender, page: HttpAnswer, timeMs: number, nowMs: number): PageCounts {
    if (page.sizeBytes === 0) {
      this.appendNothing(appender, timeMs);
      this.template.pageBytes = 0;
      return { scraped: 0, kept: 0, added: 0 };
    }
    const { template } = this;
    const fresh = this.#read(page);
    const counts = { scraped: template.sampleCount, kept: template.keptCount, added: fresh.length };
    const { sampleLimit } = this.#config;
    if (sampleLimit > 0 && counts.kept > sampleLimit) {
      this.#metrics.sampleLimitExceeded();
      throw new SampleLimitError({ ...counts, added: Math.min(counts.added, sampleLimit) });
    }
    this.#resolve(appender, fresh);
    const refused = this.#appendRows(appender, timeMs, nowMs, fresh);
    this.#appendMarkers(appender, template.missingRefs(fresh), timeMs);
    template.settle(this.#config);
    return { ...counts, added: counts.added - refused };
  }

  /** Adds staleness markers for all series of the last good page. */
  appendNothing(appender: Appender, timeMs: number): void {
    this.#appendMarkers(appender, this.template.liveRefs(), timeMs);
    this.template.markersWritten();
  }

  #read(page: HttpAnswer): readonly FreshLine[] {
    try {
      return this.template.read(page, this.#target, this.#config);
    } catch (error) {
      if (error instanceof LabelLimitError) this.#metrics.labelLimitsExceeded();
      throw error;
    }
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

  /** How many of the fresh lines were refused. */
  #appendRows(appender: Appender, timeMs: number, nowMs: number, fresh: readonly FreshLine[]): number {
    const { template } = this;
    const count = template.sampleCount;
    columns.reserve(count);
    const { results } = columns;
    const refused =
      template.hasTimes && this.#config.honorTimestamps
        ? this.#appendTimed(appender, timeMs, nowMs + futureMs)
        : appender.appendColumns(template.refs(), timeMs, template.values(), count, results);
    if (refused === 0) return 0;
    this.#countRefused(appender, timeMs, count);
    return fresh.reduce((sum, { row }) => sum + (results[row] === AppendResult.Accepted ? 0 : 1), 0);
  }

  /** Rows with times of their own, run by run of equal times. Returns how many were refused. */
  #appendTimed(appender: Appender, timeMs: number, maxTimeMs: number): number {
    const times = this.template.times();
    const refs = this.template.refs();
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

  #countRefused(appender: Appender, timeMs: number, count: number): void {
    const { results } = columns;
    const refs = this.template.refs();
    const seen = [0, 0, 0, 0, 0, 0];
    for (let row = 0; row < count; row++) {
      if (refs[row] === 0) continue;
      if (results[row] === AppendResult.UnknownSeries) results[row] = this.#appendAnew(appender, row, timeMs);
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
  #appendAnew(appender: Appender, row: number, timeMs: number): number {
    const labels = this.template.labelsOf(row, this.#target, this.#config);
    if (labels === null) return AppendResult.UnknownSeries;
    const refs = this.template.refs();
    refs[row] = appender.resolve(labels);
    const hasOwnTime = this.template.hasTimes && this.#config.honorTimestamps;
    const own = hasOwnTime ? (this.template.times()[row] as number) : NaN;
    const at = Number.isNaN(own) ? timeMs : own;
    const result = new Uint8Array(1);
    appender.appendColumns(
      refs.subarray(row, row + 1),
      at,
      this.template.values().subarray(row, row + 1),
      1,
      result,
    );
    return result[0] as number;
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
