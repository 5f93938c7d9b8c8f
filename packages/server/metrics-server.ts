/**
 * The server's own metrics under the original's names: build, configuration, storage, engine, HTTP.
 */

import { infoMetric, type CallbackOptions } from "@narthex/client/callback-metric";
import type { Registry } from "@narthex/client/registry";
import type { Histogram } from "@narthex/client/histogram";
import type { Counter } from "@narthex/client/counter";
import type { Db } from "@narthex/tsdb/db";
import { buildInfo } from "./build-info.ts";

/** What the server reports to its metrics while it runs. */
export interface ServerMetrics {
  readonly requests: Counter;
  readonly requestDuration: Histogram;
}

/** Facts that are read when a page is asked for. */
export interface ServerFacts {
  readonly db: Db;
  isReady(): boolean;
  lastReloadSucceeded(): boolean;
  /** Unix seconds of the last successful reload. */
  lastReloadSeconds(): number;
  readonly retentionSeconds: number;
  readonly retentionBytes: number;
}

/** Registers all of it. */
export function registerServerMetrics(registry: Registry, facts: ServerFacts): ServerMetrics {
  const { version, revision, branch } = buildInfo;
  registry.register(
    infoMetric("prometheus_build_info", "Facts about the build.", {
      version,
      revision,
      branch,
      goversion: "",
      goos: process.platform,
      goarch: process.arch,
      tags: "narthex",
    }),
  );
  for (const options of [...stateMetrics(facts), ...headMetrics(facts.db), ...diskMetrics(facts)]) {
    registry.callback({ ...options, name: `prometheus_${options.name}` });
  }
  return {
    requests: registry.counter("prometheus_http_requests_total", "HTTP requests by handler and status.", [
      "handler",
      "code",
    ]),
    requestDuration: registry.histogram({
      name: "prometheus_http_request_duration_seconds",
      help: "How long HTTP requests took.",
      labelNames: ["handler"],
      bounds: [0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120],
    }),
  };
}

type Metric = CallbackOptions;

function gauge(name: string, help: string, read: Metric["read"]): Metric {
  return { name, help, type: "gauge", read };
}

function counter(name: string, help: string, read: Metric["read"]): Metric {
  return { name, help, type: "counter", read };
}

function stateMetrics(facts: ServerFacts): Metric[] {
  return [
    gauge("ready", "Whether the server is ready.", () => Number(facts.isReady())),
    gauge("config_last_reload_successful", "Whether the last configuration was good.", () =>
      Number(facts.lastReloadSucceeded()),
    ),
    gauge("config_last_reload_success_timestamp_seconds", "When a configuration was good.", () =>
      facts.lastReloadSeconds(),
    ),
  ];
}

function headMetrics(db: Db): Metric[] {
  const { head, counts } = db;
  const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
  return [
    gauge("tsdb_head_series", "Series in the head.", () => head.seriesCount),
    gauge("tsdb_head_chunks", "Chunks in the head.", () => head.chunkCount),
    gauge("tsdb_head_min_time", "Time of the oldest sample of the head.", () => finite(head.minTimeMs)),
    gauge("tsdb_head_max_time", "Time of the newest sample of the head.", () => finite(head.maxTimeMs)),
    gauge(
      "tsdb_head_min_time_seconds",
      "Time of the oldest sample of the head.",
      () => finite(head.minTimeMs) / 1000,
    ),
    gauge(
      "tsdb_head_max_time_seconds",
      "Time of the newest sample of the head.",
      () => finite(head.maxTimeMs) / 1000,
    ),
    counter("tsdb_head_samples_appended_total", "Samples appended to the head.", () => [
      { labels: { type: "float" }, value: head.appendedCount },
    ]),
    counter("tsdb_head_series_created_total", "Series made in the head.", () => head.lastRef),
    counter("tsdb_head_series_removed_total", "Series removed from the head.", () => counts.seriesRemoved),
    counter("tsdb_head_chunks_created_total", "Chunks made in the head.", () => head.chunksCreated),
    counter("tsdb_head_chunks_removed_total", "Chunks removed from the head.", () => counts.chunksRemoved),
    counter("tsdb_head_truncations_total", "Truncations of the head.", () => counts.headTruncations),
    counter(
      "tsdb_head_truncations_failed_total",
      "Truncations that failed.",
      () => counts.headTruncationsFailed,
    ),
    gauge("tsdb_symbol_table_size_bytes", "Bytes of the head in the arena.", () => head.usedBytes),
    gauge("tsdb_lowest_timestamp", "Oldest time in the database.", () =>
      Math.min(db.blocks[0]?.meta.minTime ?? Infinity, finite(head.minTimeMs)),
    ),
  ];
}

function diskMetrics({ db, retentionSeconds, retentionBytes }: ServerFacts): Metric[] {
  const { counts } = db;
  return [
    gauge("tsdb_clean_start", "Whether the last end was clean.", () => Number(db.wasClean)),
    gauge("tsdb_blocks_loaded", "Blocks there are.", () => db.blocks.length),
    gauge("tsdb_storage_blocks_bytes", "Bytes of the blocks.", () => db.blocksSizeBytes()),
    gauge("tsdb_wal_segment_current", "Number of the log segment.", () => db.walSegment),
    gauge("tsdb_wal_storage_size_bytes", "Bytes of the log.", () => db.walSizeBytes()),
    gauge("tsdb_retention_limit_seconds", "How long samples are kept.", () => retentionSeconds),
    gauge("tsdb_retention_limit_bytes", "Most bytes of blocks.", () => retentionBytes),
    counter("tsdb_compactions_total", "Compactions.", () => counts.compactions),
    counter("tsdb_compactions_failed_total", "Compactions that failed.", () => counts.compactionsFailed),
    counter(
      "tsdb_checkpoint_creations_total",
      "Checkpoints that were begun.",
      () => counts.checkpoints + counts.checkpointsFailed,
    ),
    counter(
      "tsdb_checkpoint_creations_failed_total",
      "Checkpoints that failed.",
      () => counts.checkpointsFailed,
    ),
    counter("tsdb_wal_truncations_total", "Truncations of the log.", () => counts.walTruncations),
    counter("tsdb_wal_corruptions_total", "Damages of the log that were met.", () => counts.walCorruptions),
    counter("tsdb_reloads_total", "Times the blocks were read.", () => counts.reloads),
    counter("tsdb_reloads_failures_total", "Blocks that could not be read.", () => counts.reloadsFailed),
    counter("tsdb_time_retentions_total", "Times blocks were too old.", () => counts.timeRetentions),
    counter("tsdb_size_retentions_total", "Times blocks were too much.", () => counts.sizeRetentions),
  ];
}
