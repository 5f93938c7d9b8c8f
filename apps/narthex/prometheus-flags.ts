/**
 * The command line of `narthex prometheus`: every flag of Prometheus 3.14 with its default. Flags whose
 * subject Narthex does not have yet are accepted, so that an existing command line starts; `notYet` names
 * them for a warning.
 */

import { versionText } from "@narthex/server/build-info";
import { parseDuration } from "@narthex/model/duration";
import type { Flag, ProgramTable } from "./program-table.ts";

/** Refuses what is no duration, in the original's words. */
function duration(text: string): string | null {
  try {
    parseDuration(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function integer(text: string): string | null {
  return /^[+-]?\d+$/u.test(text)
    ? null
    : `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function value(name: string, help: string, standard: string, rest: Partial<Flag> = {}): Flag {
  return { name, help, default: standard, ...rest };
}

function time(name: string, help: string, standard: string, rest: Partial<Flag> = {}): Flag {
  return { name, help, default: standard, check: duration, ...rest };
}

function count(name: string, help: string, standard: string, rest: Partial<Flag> = {}): Flag {
  return { name, help, default: standard, check: integer, ...rest };
}

function toggle(name: string, help: string, standard = "false", rest: Partial<Flag> = {}): Flag {
  return { name, help, default: standard, isSwitch: true, ...rest };
}

const hidden = { isHidden: true } as const;

const generalFlags: readonly Flag[] = [
  value("config.file", "Prometheus configuration file path.", "prometheus.yml"),
  toggle("config.auto-reload", "Reload the configuration file when it changes."),
  time("config.auto-reload-interval", "How often the configuration file is looked at for changes.", "30s"),
  toggle("auto-gomaxprocs", "Accepted for compatibility; Node.js has no such setting.", "true"),
  toggle("auto-gomemlimit", "Accepted for compatibility; Node.js has no such setting.", "true"),
  value("auto-gomemlimit.ratio", "Accepted for compatibility; Node.js has no such setting.", "0.9"),
  time("auto-gomemlimit.refresh-interval", "Accepted for compatibility.", "0s"),
  value("enable-feature", "Comma separated names of features to enable.", "", { isRepeatable: true }),
  toggle("agent", "Run in agent mode."),
  value("log.level", "Only log messages with the given severity or above.", "info", {
    choices: ["debug", "info", "warn", "error"],
  }),
  value("log.format", "Output format of log messages.", "logfmt", { choices: ["logfmt", "json"] }),
];

const webFlags: readonly Flag[] = [
  value("web.listen-address", "Address to listen on. May be repeated.", "0.0.0.0:9090", {
    isRepeatable: true,
  }),
  value("web.config.file", "File with TLS and authentication settings.", ""),
  time("web.read-timeout", "How long a request may take to arrive, and a connection to be idle.", "5m"),
  count("web.max-connections", "Most simultaneous connections over all listeners.", "512"),
  count("web.max-notifications-subscribers", "Most subscribers of live notifications.", "16"),
  value("web.external-url", "The URL under which the server is reached from outside.", "", {
    placeholder: "<URL>",
  }),
  value("web.route-prefix", "Prefix of all routes; the path of --web.external-url by default.", "", {
    placeholder: "<path>",
  }),
  value("web.user-assets", "Directory of files served under /user.", "", { placeholder: "<path>" }),
  toggle("web.enable-lifecycle", "Allow shutdown and reload by HTTP request."),
  toggle("web.enable-admin-api", "Allow administration by HTTP request."),
  toggle("web.enable-remote-write-receiver", "Accept remote write requests."),
  toggle("web.enable-otlp-receiver", "Accept OTLP write requests."),
  value(
    "web.remote-write-receiver.accepted-protobuf-messages",
    "Messages that remote write requests may have.",
    "prometheus.WriteRequest",
    { isRepeatable: true },
  ),
  value("web.console.templates", "Directory of console templates, served under /consoles.", "consoles"),
  value("web.console.libraries", "Directory of console libraries.", "console_libraries"),
  value("web.page-title", "Title of the pages.", "Prometheus Time Series Collection and Processing Server"),
  value("web.cors.origin", "Pattern of the origins that browsers may ask from. It is anchored.", ".*"),
  count("web.search.max-limit", "Highest limit of search requests.", "10000"),
];

const storageFlags: readonly Flag[] = [
  value("storage.tsdb.path", "Directory of the data.", "data/"),
  value("storage.tsdb.retention.time", "How long samples are kept.", ""),
  value("storage.tsdb.retention.size", "Most bytes that blocks may take.", ""),
  toggle("storage.tsdb.no-lockfile", "Do not create a lock file in the data directory."),
  count("storage.tsdb.head-chunks-write-queue-size", "Accepted for compatibility.", "0"),
  value("storage.tsdb.delay-compact-file.path", "File that lists blocks another program has uploaded.", ""),
  time("storage.tsdb.min-block-duration", "Width of a block when it is written first.", "2h", hidden),
  time("storage.tsdb.max-block-duration", "Most width of a compacted block.", "", {
    ...hidden,
    check: () => null,
  }),
  value("storage.tsdb.max-block-chunk-segment-size", "Most bytes of a chunk segment.", "0B", hidden),
  value("storage.tsdb.wal-segment-size", "Bytes of a segment of the write-ahead log.", "0B", hidden),
  toggle("storage.tsdb.allow-overlapping-compaction", "Compact overlapping blocks.", "true", hidden),
  toggle("storage.tsdb.wal-compression", "Compress the write-ahead log.", "true", hidden),
  value("storage.tsdb.wal-compression-type", "How the log is compressed.", "snappy", {
    ...hidden,
    choices: ["snappy", "zstd"],
  }),
  count("storage.tsdb.samples-per-chunk", "Wanted samples per chunk.", "120", hidden),
  count("storage.tsdb.delayed-compaction.max-percent", "Most delay of a compaction.", "10", hidden),
  time("storage.tsdb.block-reload-interval", "How often blocks are looked at.", "1m", hidden),
  value("storage.agent.path", "Directory of the agent's data.", "data-agent/"),
  toggle("storage.agent.wal-compression", "Compress the agent's log.", "true"),
  time("storage.agent.retention.min-time", "Least age of samples that may be removed.", "5m"),
  time("storage.agent.retention.max-time", "Age at which samples are removed.", "4h"),
  toggle("storage.agent.no-lockfile", "Do not create a lock file in the agent's data directory."),
  toggle("storage.agent.checkpoint-from-in-memory-series", "Accepted for compatibility."),
  count("storage.agent.checkpoint-batch-size", "Accepted for compatibility.", "1000"),
  value("storage.agent.wal-segment-size", "Bytes of a segment of the agent's log.", "0B", hidden),
  value("storage.agent.wal-compression-type", "How the agent's log is compressed.", "snappy", hidden),
  time("storage.agent.wal-truncate-frequency", "How often the agent's log is cut.", "2h", hidden),
  time("storage.remote.flush-deadline", "How long flushing samples at shutdown may take.", "1m"),
  count("storage.remote.read-sample-limit", "Most samples of a remote read.", "50000000"),
  count("storage.remote.read-concurrent-limit", "Most remote reads at once.", "10"),
  count("storage.remote.read-max-bytes-in-frame", "Most bytes of a streamed frame.", "1048576"),
];

const queryFlags: readonly Flag[] = [
  time("query.lookback-delta", "How far back a sample may lie to count as current.", "5m"),
  time("query.timeout", "Most time of a query.", "2m"),
  count("query.max-concurrency", "Most queries at once.", "20"),
  count("query.max-samples", "Most samples that a query may hold in memory.", "50000000"),
  time(
    "rules.alert.for-outage-tolerance",
    "Longest outage after which the state of alerts is restored.",
    "1h",
  ),
  time("rules.alert.for-grace-period", "Least time between a restored alert and its firing.", "10m"),
  time("rules.alert.resend-delay", "Least time before an alert is sent again.", "1m"),
  count("rules.max-concurrent-evals", "Most rules that are evaluated at once.", "4"),
  count("alertmanager.notification-queue-capacity", "Most alerts that wait to be sent.", "10000"),
  count("alertmanager.notification-batch-size", "Most alerts of one request.", "256"),
  toggle("alertmanager.drain-notification-queue-on-shutdown", "Send waiting alerts before the end.", "true"),
  toggle("scrape.adjust-timestamps", "Move scrape times to their ideal moment.", "true", hidden),
  time("scrape.timestamp-tolerance", "How far a scrape time may be moved.", "2ms", hidden),
  time("scrape.discovery-reload-interval", "How often discovered targets are taken over.", "5s", hidden),
];

/** The command line of `narthex prometheus`. */
export const prometheusProgram: ProgramTable = {
  name: "prometheus",
  help: "The Prometheus monitoring server",
  version: versionText("prometheus"),
  flags: [...generalFlags, ...webFlags, ...storageFlags, ...queryFlags],
};

/** Flags whose subject is not built yet: giving them has no effect. */
export const notYet: readonly string[] = [
  "config.auto-reload",
  "web.enable-admin-api",
  "web.enable-remote-write-receiver",
  "web.enable-otlp-receiver",
  "web.user-assets",
  "storage.tsdb.delay-compact-file.path",
];

/**
 * Flags that change what the server is or whom it answers: giving them ends the program until they are built.
 */
export const refusedFlags: readonly string[] = ["agent", "web.config.file"];
