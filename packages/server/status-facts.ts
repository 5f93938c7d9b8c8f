/**
 * What the server can tell of itself: the source of `/api/v1/status/*` and of some metrics.
 */

import { formatDuration, formatSize } from "@narthex/model/duration";
import type { Clock } from "@narthex/platform/clock";
import { currentDirectory, hostName, processorCount } from "@narthex/platform/machine";
import type { Db } from "@narthex/tsdb/db";
import { headStatistics } from "@narthex/tsdb/head-statistics";
import type { HeadStatus, StatusSource } from "./api/status-api.ts";
import { isoTime } from "./api/target-api.ts";
import type { PrometheusConfig } from "./config-file.ts";

/** What the facts are read from. */
export interface StatusInputs {
  readonly db: Db;
  readonly clock: Clock;
  readonly flags: Readonly<Record<string, string>>;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly config: () => PrometheusConfig;
}

/** Facts with the outcome of the last reload. */
export class StatusFacts implements StatusSource {
  readonly #inputs: StatusInputs;
  readonly #startedMs: number;
  reloadSucceeded = false;
  /** When a configuration was last taken, ms; 0 before. */
  lastReloadMs = 0;

  constructor(inputs: StatusInputs) {
    this.#inputs = inputs;
    this.#startedMs = inputs.clock.nowMs();
  }

  /** Notes how a reload ended. */
  reloaded(succeeded: boolean): void {
    this.reloadSucceeded = succeeded;
    if (succeeded) this.lastReloadMs = this.#inputs.clock.nowMs();
  }

  configYaml(): string {
    return this.#inputs.config().print();
  }

  flags(): Readonly<Record<string, string>> {
    return this.#inputs.flags;
  }

  runtimeInfo(): Readonly<Record<string, unknown>> {
    const { db, clock, retentionMs, retentionBytes } = this.#inputs;
    const limits = [
      retentionMs > 0 ? formatDuration(retentionMs) : "",
      retentionBytes > 0 ? formatSize(retentionBytes) : "",
    ];
    return {
      startTime: isoTime(this.#startedMs),
      CWD: currentDirectory(),
      hostname: hostName(),
      serverTime: isoTime(clock.nowMs()),
      reloadConfigSuccess: this.reloadSucceeded,
      lastConfigTime: isoTime(this.lastReloadMs),
      corruptionCount: db.counts.walCorruptions,
      // Threads of ours, for want of goroutines.
      goroutineCount: processorCount() + 1,
      GOMAXPROCS: processorCount(),
      GOMEMLIMIT: 0,
      GOGC: "",
      GODEBUG: "",
      storageRetention: limits.filter((text) => text !== "").join(" or "),
    };
  }

  headStatus(limit: number): HeadStatus {
    const { head } = this.#inputs.db;
    const statistics = headStatistics(head.reader, limit);
    const finite = (timeMs: number, empty: number): number => (Number.isFinite(timeMs) ? timeMs : empty);
    return {
      headStats: {
        numSeries: head.seriesCount,
        numLabelPairs: statistics.labelPairs,
        chunkCount: head.chunkCount,
        minTime: finite(head.minTimeMs, 2 ** 63),
        maxTime: finite(head.maxTimeMs, -(2 ** 63)),
      },
      seriesCountByMetricName: statistics.seriesByMetricName,
      labelValueCountByLabelName: statistics.valuesByLabelName,
      memoryInBytesByLabelName: statistics.bytesByLabelName,
      seriesCountByLabelValuePair: statistics.seriesByLabelPair,
    };
  }

  blocks(): readonly unknown[] {
    return this.#inputs.db.blocks.map(({ meta }) => meta);
  }

  walReplay(): { readonly min: number; readonly max: number; readonly current: number } {
    const { walSegment } = this.#inputs.db;
    return { min: 0, max: walSegment, current: walSegment };
  }
}

/** Whether a host is this machine as only itself sees it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || /^127(?:\.\d+){3}$/u.test(host);
}
