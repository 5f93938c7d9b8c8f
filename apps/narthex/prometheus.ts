/**
 * `narthex prometheus`: the Prometheus server with the original's command line.
 *
 *   flags → configuration → server → signals
 *
 * Exit codes as the original's: 0 after a graceful end, 1 when something failed, 2 for wrong flags or
 * configuration.
 */

import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { parseDuration, parseSize } from "@narthex/model/duration";
import { ListenError, parseListenAddress, type ListenAddress } from "@narthex/http/listener";
import { systemClock } from "@narthex/platform/clock";
import { systemDisk } from "@narthex/platform/disk";
import { favourSmallHeap } from "@narthex/platform/heap";
import { createLogger, type Logger, type LogLevel } from "@narthex/platform/logger";
import { buildInfo } from "@narthex/server/build-info";
import { loadConfigFile, type PrometheusConfig } from "@narthex/server/config-file";
import { readFeatures } from "@narthex/server/feature-flags";
import { PrometheusServer } from "@narthex/server/server";
import type { ServerOptions } from "@narthex/server/server-options";
import { parseFlags, ParsedFlags } from "./flags.ts";
import { notYet, prometheusProgram, refusedFlags } from "./prometheus-flags.ts";
import { endOfSignals, onHangup } from "./signals.ts";

/** How long after its start a server is busy making series. */
const settlingMs = 15_000;

/** Runs the program until a signal ends it. */
export async function run(args: readonly string[]): Promise<number> {
  const flags = parseFlags(prometheusProgram, args, {
    readFile: (path) => readFileSync(path, "utf8"),
    errorCode: 2,
    errorPrefix: "Error parsing command line arguments: ",
  });
  if (!(flags instanceof ParsedFlags)) {
    (flags.exitCode === 0 ? process.stdout : process.stderr).write(flags.text);
    return flags.exitCode;
  }
  const logger = createLogger({
    clock: systemClock,
    level: flags.text("log.level") as LogLevel,
    format: flags.text("log.format") as "logfmt" | "json",
  });
  for (const name of notYet) {
    if (flags.isGiven(name)) logger.warn("Flag has no effect yet", { flag: `--${name}` });
  }
  for (const { level, message, fields } of readFeatures(flags.list("enable-feature")).notices) {
    logger[level](message, fields);
  }
  const refused = refusedFlags.find(
    (name) => flags.isOn(name) || (flags.isGiven(name) && flags.text(name) !== "false"),
  );
  if (refused !== undefined) {
    // Running without it would be something else than asked: open where it should be closed, for instance.
    logger.error("Flag is not supported yet", { flag: `--${refused}` });
    return 2;
  }
  return serve(flags, logger);
}

async function serve(flags: ParsedFlags, logger: Logger): Promise<number> {
  const file = flags.text("config.file");
  const readConfig = (): PrometheusConfig =>
    loadConfigFile(file, { disk: systemDisk, env: process.env, agentMode: false });
  try {
    readConfig();
  } catch (error) {
    logger.error(`Error loading config (--config.file=${file})`, { file: resolve(file), err: error });
    return 2;
  }
  const end = new AbortController();
  let options: ServerOptions;
  try {
    options = serverOptions(flags, logger, readConfig, () => end.abort());
  } catch (error) {
    logger.error("Invalid flag", { err: error });
    return 2;
  }
  logger.info("Starting Prometheus Server", { mode: "server", version: buildInfo.version });
  return runServer(options, logger, end);
}

/** Starts a server, keeps it until a signal or `end`, stops it. Gives the exit code. */
export async function runServer(
  options: ServerOptions,
  logger: Logger,
  end: AbortController,
): Promise<number> {
  let server: PrometheusServer;
  favourSmallHeap(true);
  const settled = systemClock.after(settlingMs, () => favourSmallHeap(false));
  try {
    server = await PrometheusServer.start(options);
  } catch (error) {
    if (error instanceof ListenError) logger.error("Unable to start web listener", { err: error });
    else logger.error("Fatal error", { err: error });
    settled.stop();
    return 1;
  }
  onHangup(() => {
    server.reload().catch((error: unknown) => logger.error("Error reloading config", { err: error }));
  });
  logger.info("Listening on", {
    address: server.addresses.map(({ host, port }) => `${host}:${port}`).join(","),
  });
  await endOfSignals(end.signal, (name) => {
    logger.warn("Received an OS signal, exiting gracefully...", { signal: name });
  });
  settled.stop();
  await server.stop();
  logger.info("See you next time!");
  return 0;
}

/** Settings of a server from its flags. Throws for values that do not fit. */
export function serverOptions(
  flags: ParsedFlags,
  logger: Logger,
  readConfig: () => PrometheusConfig,
  onQuit: () => void,
): ServerOptions {
  const listen = flags.list("web.listen-address").map(parseListenAddress);
  const externalUrl = externalUrlOf(flags.text("web.external-url"), listen[0] as ListenAddress);
  const prefix = flags.text("web.route-prefix") || new URL(externalUrl).pathname;
  const retention = flags.text("storage.tsdb.retention.time");
  return {
    disk: systemDisk,
    clock: systemClock,
    logger,
    readConfig,
    listen,
    externalUrl,
    onQuit,
    dataDirectory: flags.text("storage.tsdb.path").replace(/(?<=.)\/+$/u, ""),
    routePrefix: `/${prefix.replace(/^\/+|\/+$/gu, "")}`.replace(/^\/$/u, ""),
    pageTitle: flags.text("web.page-title"),
    corsOrigin: flags.text("web.cors.origin"),
    lifecycleEnabled: flags.isOn("web.enable-lifecycle"),
    maxConnections: flags.number("web.max-connections"),
    readTimeoutMs: parseDuration(flags.text("web.read-timeout")),
    flags: flags.toObject(),
    retentionMs: retention === "" ? 0 : parseDuration(retention),
    retentionBytes: sizeOf(flags.text("storage.tsdb.retention.size")),
    minBlockMs: parseDuration(flags.text("storage.tsdb.min-block-duration")),
    maxBlockMs: durationOf(flags.text("storage.tsdb.max-block-duration")),
    samplesPerChunk: flags.number("storage.tsdb.samples-per-chunk"),
    compressWal: flags.isOn("storage.tsdb.wal-compression"),
    walSegmentBytes: sizeOf(flags.text("storage.tsdb.wal-segment-size")),
    useLock: !flags.isOn("storage.tsdb.no-lockfile"),
    lookbackMs: parseDuration(flags.text("query.lookback-delta")),
    queryTimeoutMs: parseDuration(flags.text("query.timeout")),
    maxConcurrency: flags.number("query.max-concurrency"),
    maxSamples: flags.number("query.max-samples"),
    features: readFeatures(flags.list("enable-feature")).features,
    alignToleranceMs: flags.isOn("scrape.adjust-timestamps")
      ? durationOf(flags.text("scrape.timestamp-tolerance"))
      : 0,
    discoveryReloadMs: parseDuration(flags.text("scrape.discovery-reload-interval")),
  };
}

function durationOf(text: string): number {
  return text === "" ? 0 : parseDuration(text);
}

function sizeOf(text: string): number {
  return text === "" ? 0 : parseSize(text);
}

/** The URL from outside: as given, or this machine's name with the port. Throws for what is no URL. */
function externalUrlOf(text: string, { port }: ListenAddress): string {
  if (text === "") return `http://${hostname()}:${port}/`;
  if (/^["'].*["']$/u.test(text)) throw new Error(`URL must not begin or end with quotes: ${text}`);
  return new URL(text).href;
}
