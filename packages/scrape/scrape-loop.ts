/**
 * Scrapes one target again and again, at its place in the interval.
 *
 *   timer → SCRAPE LOOP → scrape-request (await) → scrape-template, scrape-append (no await) → commit (await)
 *
 * Invariants
 *  - At most one scrape of a target is in flight; ticks that pass meanwhile are skipped.
 *  - Scrapes start at `offset + n × interval` of absolute time, and samples carry that very time when the
 *    start is within the tolerance, so that deltas of timestamps are equal and compress.
 *  - A batch is either reported with its samples or holds the report alone; nothing is awaited in between.
 *
 * Lifetime: `start` once, `stop` once. After `stop` resolves no scrape runs; markers for the series may still
 * follow, just over two intervals later, unless called off or the pool is shut down.
 */

import type { HttpAnswer } from "@narthex/http/client";
import { formatDuration } from "@narthex/model/duration";
import type { Clock } from "@narthex/platform/clock";
import type { Logger } from "@narthex/platform/logger";
import type { Appendable } from "@narthex/storage/appender";
import { ReportSeries } from "./report-series.ts";
import { FailedPageError, type PageCounts } from "./page-failure.ts";
import type { ScrapeAppend } from "./scrape-append.ts";
import type { ScrapeConfig } from "./scrape-config.ts";
import type { ScrapeMetrics } from "./scrape-metrics.ts";
import { isBodyLimit, type ScrapeRequest } from "./scrape-request.ts";
import type { Target } from "./target.ts";
import type { Hash64 } from "./target-hash.ts";

/** What a loop is made of. */
export interface LoopParts {
  readonly target: Target;
  readonly config: ScrapeConfig;
  readonly request: ScrapeRequest;
  readonly append: ScrapeAppend;
  readonly appendable: Appendable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ScrapeMetrics;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Spreads the offsets of servers with the same targets. */
  readonly seed: Hash64;
  /** Starts within this of a tick count as on it; 0 switches the alignment off. */
  readonly alignToleranceMs: number;
  /** Aborts when the server shuts down: no marker is written then. */
  readonly shutdown: AbortSignal;
  /** Called when nothing will use the append state any more, and it was not handed over. */
  readonly onEnd: () => void;
}

const noCounts: PageCounts = { scraped: 0, kept: 0, added: 0 };

/** What one scrape came to. */
interface Outcome {
  readonly counts: PageCounts;
  readonly bodyBytes: number;
  readonly error: string;
}

/** The loop of one target. */
export class ScrapeLoop {
  readonly parts: LoopParts;
  /** A reason for which every scrape fails without asking the target; "" for none. */
  forcedError = "";
  readonly #report: ReportSeries;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #lastStartMs: number | null = null;
  #nextTickMs = 0;
  #handedOver = false;

  constructor(parts: LoopParts) {
    this.parts = parts;
    this.#report = new ReportSeries(parts.target.publicLabels, parts.config.extraMetrics);
  }

  start(): void {
    this.#running = this.#run();
  }

  /**
   * Ends the loop; resolves when a scrape in flight is done. Markers follow later unless the state is handed
   * over.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.parts.request.close();
    void this.#finish();
  }

  /** Leaves the append state to another loop: this one will write no markers. */
  handOver(): ScrapeAppend {
    this.#handedOver = true;
    return this.parts.append;
  }

  /** Writes no markers when it ends: the series go on elsewhere. */
  disableEndMarkers(): void {
    this.#handedOver = true;
  }

  async #run(): Promise<void> {
    const { clock, intervalMs, target, seed, logger } = this.parts;
    const offsetMs = target.offsetMs(intervalMs, seed);
    const nowMs = clock.nowMs();
    this.#nextTickMs = offsetMs + (Math.floor((nowMs - offsetMs) / intervalMs) + 1) * intervalMs;
    for (;;) {
      await clock.sleep(Math.max(0, this.#nextTickMs - clock.nowMs()), this.#stopping.signal);
      if (this.#stopping.signal.aborted || this.parts.shutdown.aborted) return;
      try {
        await this.#scrape(this.#takeTick());
      } catch (error) {
        logger.error("Scrape ended by a bug", { err: error, target: target.url });
      }
    }
  }

  /** The time that the samples of a scrape beginning now get; moves on to the next tick that lies ahead. */
  #takeTick(): number {
    const { clock, intervalMs, alignToleranceMs } = this.parts;
    const nowMs = clock.nowMs();
    const missed = Math.max(0, Math.floor((nowMs - this.#nextTickMs) / intervalMs));
    const tickMs = this.#nextTickMs + missed * intervalMs;
    this.#nextTickMs = tickMs + intervalMs;
    const toleranceMs = Math.min(intervalMs / 100, alignToleranceMs);
    return alignToleranceMs > 0 && Math.abs(nowMs - tickMs) <= toleranceMs ? tickMs : nowMs;
  }

  async #scrape(timeMs: number): Promise<void> {
    const { clock, metrics, intervalMs, shutdown } = this.parts;
    const startMs = clock.monotonicMs();
    if (this.#lastStartMs !== null) {
      metrics.intervalLength(formatDuration(intervalMs), (startMs - this.#lastStartMs) / 1000);
    }
    this.#lastStartMs = startMs;
    let page: HttpAnswer | null = null;
    let error: unknown = this.forcedError === "" ? null : new Error(this.forcedError);
    if (error === null) {
      try {
        page = await this.parts.request.fetch(shutdown);
      } catch (cause) {
        error = cause;
      }
      if (shutdown.aborted) return;
    }
    await this.#store(page, error, timeMs, startMs);
    if (this.parts.config.extraMetrics) metrics.scrapeDuration((clock.monotonicMs() - startMs) / 1000);
  }

  /** Writes a page or its failure, and the report. No await before the commit. */
  async #store(page: HttpAnswer | null, failure: unknown, timeMs: number, startMs: number): Promise<void> {
    const { append, appendable, clock, config, logger, target, timeoutMs } = this.parts;
    let appender = appendable.appender();
    let outcome: Outcome;
    try {
      if (page === null) throw failure;
      const counts = append.appendPage(appender, page, timeMs, clock.nowMs());
      outcome = { counts, bodyBytes: append.template.pageBytes, error: "" };
    } catch (cause) {
      appender.rollback();
      appender = appendable.appender();
      append.appendNothing(appender, timeMs);
      outcome = this.#failed(cause, page);
    }
    const { counts, bodyBytes, error } = outcome;
    const durationSeconds = (clock.monotonicMs() - startMs) / 1000;
    target.metadata = append.template.metadata;
    target.status = {
      health: error === "" ? "up" : "down",
      lastError: error,
      lastScrapeMs: timeMs,
      lastDurationSeconds: durationSeconds,
    };
    this.#report.append(appender, timeMs, {
      isUp: error === "",
      durationSeconds,
      samplesScraped: counts.scraped,
      samplesKept: counts.kept,
      seriesAdded: counts.added,
      timeoutSeconds: timeoutMs / 1000,
      sampleLimit: config.sampleLimit,
      bodyBytes,
    });
    try {
      await appender.commit();
    } catch (cause) {
      logger.error("Scrape commit failed", { err: cause });
    }
  }

  #failed(cause: unknown, page: HttpAnswer | null): Outcome {
    const { logger, metrics, target } = this.parts;
    const error = cause instanceof Error ? cause.message : String(cause);
    logger.debug(page === null ? "Scrape failed" : "Append failed", { err: error, target: target.url });
    const tooLarge = isBodyLimit(cause);
    if (tooLarge) metrics.bodyLimitExceeded();
    return {
      counts: cause instanceof FailedPageError ? cause.counts : noCounts,
      bodyBytes: tooLarge ? -1 : (page?.sizeBytes ?? 0),
      error,
    };
  }

  /**
   * Markers for a target that is gone. It may come back, so this waits until a new loop would have scraped
   * it; its samples then make the markers out of order, and the storage refuses them.
   */
  async #finish(): Promise<void> {
    const { append, appendable, clock, intervalMs, logger, shutdown, onEnd } = this.parts;
    try {
      if (this.#lastStartMs === null || this.#handedOver) return;
      await clock.sleep(Math.max(0, this.#nextTickMs - clock.nowMs()), shutdown);
      const staleMs = clock.nowMs();
      await clock.sleep(intervalMs + intervalMs / 10, shutdown);
      if (shutdown.aborted || this.#handedOver) return;
      const appender = appendable.appender();
      append.appendNothing(appender, staleMs);
      this.#report.appendStale(appender, staleMs);
      await appender.commit();
    } catch (error) {
      logger.warn("Stale commit failed", { err: error });
    } finally {
      if (!this.#handedOver) onEnd();
    }
  }
}
