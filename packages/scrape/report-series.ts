/**
 * The series that a scrape writes about itself, beside those of the page: `up` and its companions.
 *
 * They carry the target's labels, are not relabelled and count towards no limit.
 */

import { metricNameLabel, type Labels } from "@narthex/model/labels";
import type { Metadata } from "@narthex/model/metadata";
import { writeStaleMarker } from "@narthex/model/sample";
import { AppendResult } from "@narthex/storage/append-result";
import type { Appender } from "@narthex/storage/appender";

interface ReportMetric {
  readonly name: string;
  readonly metadata: Metadata;
}

function gauge(name: string, unit: string, help: string): ReportMetric {
  return { name, metadata: { type: "gauge", help, unit } };
}

/** The metrics, in the order of `ScrapeReport`; the first five are always written. */
export const reportMetrics: readonly ReportMetric[] = [
  gauge(
    "up",
    "targets",
    "Health of the scrape target. 1 means the target is healthy, 0 if the scrape failed.",
  ),
  gauge("scrape_duration_seconds", "seconds", "Duration of the last scrape in seconds."),
  gauge("scrape_samples_scraped", "samples", "Number of samples last scraped."),
  gauge(
    "scrape_samples_post_metric_relabeling",
    "samples",
    "Number of samples remaining after metric relabeling was applied.",
  ),
  gauge("scrape_series_added", "series", "Number of series in the last scrape."),
  gauge("scrape_timeout_seconds", "seconds", "The configured scrape timeout for a target."),
  gauge(
    "scrape_sample_limit",
    "samples",
    "The configured sample limit for a target. Returns zero if there is no limit configured.",
  ),
  gauge(
    "scrape_body_size_bytes",
    "bytes",
    "The uncompressed size of the last scrape response, if successful. Scrapes failing because " +
      "body_size_limit is exceeded report -1, other scrape failures report 0.",
  ),
];

const basicCount = 5;

/** What a scrape says about itself. */
export interface ScrapeReport {
  readonly isUp: boolean;
  readonly durationSeconds: number;
  readonly samplesScraped: number;
  readonly samplesKept: number;
  readonly seriesAdded: number;
  readonly timeoutSeconds: number;
  readonly sampleLimit: number;
  readonly bodyBytes: number;
}

/** The report series of one target. */
export class ReportSeries {
  readonly #target: Labels;
  readonly #count: number;
  readonly #refs: Uint32Array;
  readonly #values: Float64Array;
  readonly #results: Uint8Array;

  /** `target` are the target's public labels. */
  constructor(target: Labels, extraMetrics: boolean) {
    this.#target = target;
    this.#count = extraMetrics ? reportMetrics.length : basicCount;
    this.#refs = new Uint32Array(this.#count);
    this.#values = new Float64Array(reportMetrics.length);
    this.#results = new Uint8Array(this.#count);
  }

  /** Adds the report of a scrape to its batch. */
  append(appender: Appender, timeMs: number, report: ScrapeReport): void {
    this.#values.set([
      report.isUp ? 1 : 0,
      report.durationSeconds,
      report.samplesScraped,
      report.samplesKept,
      report.seriesAdded,
      report.timeoutSeconds,
      report.sampleLimit,
      report.bodyBytes,
    ]);
    this.#appendValues(appender, timeMs);
  }

  /** Adds staleness markers to a batch; nothing when no report was ever written. */
  appendStale(appender: Appender, timeMs: number): void {
    if (this.#refs[0] === 0) return;
    for (let i = 0; i < this.#count; i++) writeStaleMarker(this.#values, i);
    appender.appendColumns(this.#refs, timeMs, this.#values, this.#count, this.#results);
  }

  /** A refused report is normal when a target comes back under a new loop: it is not told. */
  #appendValues(appender: Appender, timeMs: number): void {
    if (this.#refs[0] === 0) this.#resolve(appender);
    if (appender.appendColumns(this.#refs, timeMs, this.#values, this.#count, this.#results) === 0) return;
    if (!this.#results.includes(AppendResult.UnknownSeries)) return;
    // The storage forgot them, so it holds nothing of theirs: write all anew.
    this.#resolve(appender);
    appender.appendColumns(this.#refs, timeMs, this.#values, this.#count, this.#results);
  }

  #resolve(appender: Appender): void {
    for (let i = 0; i < this.#count; i++) {
      const metric = reportMetrics[i] as ReportMetric;
      this.#refs[i] = appender.resolve(this.#target.with(metricNameLabel, metric.name));
    }
  }
}
