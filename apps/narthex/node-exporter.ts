/**
 * `narthex node-exporter`: metrics of this machine over HTTP, a drop-in for Prometheus' node_exporter.
 *
 *   flags → node-host (files, system calls) → @narthex/exporters/node/node-exporter → kit → http/listener
 */

import { statfs } from "node:fs/promises";
import { hostname, machine, release, type as systemName, version } from "node:os";
import { NodeMetrics } from "@narthex/client/node-metrics";
import { ProcessMetrics } from "@narthex/client/process-metrics";
import { Registry } from "@narthex/client/registry";
import { buildInfoMetric, exporterRouter } from "@narthex/exporters/kit";
import { MetricsHandler } from "@narthex/exporters/metrics-handler";
import { NodeExporter } from "@narthex/exporters/node/node-exporter";
import { NodeHost, type SystemCalls } from "@narthex/exporters/node/node-host";
import { ListenError, Listener, parseListenAddress, type ListenAddress } from "@narthex/http/listener";
import { systemClock } from "@narthex/platform/clock";
import { systemDisk } from "@narthex/platform/disk";
import { createLogger, type Logger, type LogLevel } from "@narthex/platform/logger";
import { buildInfo } from "@narthex/server/build-info";
import { parseFlags, ParsedFlags } from "./flags.ts";
import { nodeExporterTable, readSetup, type NodeExporterSetup } from "./node-exporter-flags.ts";

const systemCalls: SystemCalls = {
  uname: () => ({
    sysname: systemName(),
    release: release(),
    version: version(),
    machine: machine(),
    nodename: hostname(),
  }),
  statfs: async (path) => {
    const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
    return { blockBytes: bsize, blocks, freeBlocks: bfree, availableBlocks: bavail, files, freeFiles: ffree };
  },
};

/** How a node exporter is served. */
export interface NodeExporterOptions {
  readonly addresses: readonly ListenAddress[];
  readonly logger: Logger;
  /** From the command line; the defaults when absent. */
  readonly setup?: NodeExporterSetup;
  /** Default `/metrics`. */
  readonly telemetryPath?: string;
  /** Requests at once, 0 for no limit. Default 40. */
  readonly maxRequests?: number;
  /** Show metrics of the program itself. Default true. */
  readonly ownMetrics?: boolean;
}

/**
 * Serves a node exporter until the listener is stopped. Rejects with `ListenError`; throws for a bad pattern.
 */
export function startNodeExporter(options: NodeExporterOptions): Promise<Listener> {
  const { addresses, logger, telemetryPath = "/metrics", maxRequests = 40, ownMetrics = true } = options;
  const setup = options.setup ?? readSetup(defaultFlags());
  const host = new NodeHost(systemDisk, systemCalls, systemClock, setup.paths);
  const exporter = new NodeExporter(host, logger, setup.enabled, setup.settings);
  const build = buildInfoMetric("node_exporter", buildInfo.version, buildInfo.revision).collect();
  const metrics = new MetricsHandler({
    gather: async (request) => [...(await exporter.gather(request)), ...build],
    own: ownMetrics ? ownRegistry() : null,
    maxRequests,
  });
  const router = exporterRouter({
    title: "Node Exporter",
    description: "Prometheus Node Exporter",
    version: nodeExporterTable.version,
    telemetryPath,
    metrics,
  });
  return Listener.start(addresses, {
    handler: router.handle,
    clock: systemClock,
    onError: (error) => logger.error("request failed", { err: error }),
  });
}

function ownRegistry(): Registry {
  const registry = new Registry();
  registry.register(new ProcessMetrics());
  registry.register(new NodeMetrics());
  return registry;
}

function defaultFlags(): ParsedFlags {
  const parsed = parseFlags(nodeExporterTable, []);
  if (!(parsed instanceof ParsedFlags)) throw new Error(parsed.text);
  return parsed;
}

/** Runs the program until it is told to stop; gives its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const flags = parseFlags(nodeExporterTable, args);
  if (!(flags instanceof ParsedFlags)) {
    if (flags.exitCode === 0) process.stdout.write(flags.text);
    else process.stderr.write(`${flags.text.split("\n", 1)[0]}, try --help\n`);
    return flags.exitCode;
  }
  const logger = createLogger({
    clock: systemClock,
    level: flags.text("log.level") as LogLevel,
    format: flags.text("log.format") === "json" ? "json" : "logfmt",
  });
  try {
    return await serve(flags, logger);
  } catch (error) {
    // A taken address, patterns that exclude each other or do not compile: the command line's fault, not a
    // bug.
    if (!(error instanceof ListenError || error instanceof RangeError || isPatternError(error))) throw error;
    logger.error(error.message);
    return 1;
  }
}

async function serve(flags: ParsedFlags, logger: Logger): Promise<number> {
  const setup = readSetup(flags);
  logger.info("Starting node_exporter", { version: nodeExporterTable.version.split("\n", 1)[0] });
  for (const name of setup.absent) logger.warn("collector is not available yet", { collector: name });
  logger.info("Enabled collectors");
  for (const name of setup.enabled) logger.info(name);
  const listener = await startNodeExporter({
    addresses: flags.list("web.listen-address").map(parseListenAddress),
    logger,
    setup,
    telemetryPath: flags.text("web.telemetry-path"),
    maxRequests: flags.number("web.max-requests"),
    ownMetrics: !flags.isOn("web.disable-exporter-metrics"),
  });
  for (const { host, port } of listener.addresses) {
    logger.info("Listening on", { address: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}` });
  }
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  await listener.stop(5_000);
  return 0;
}

function isPatternError(error: unknown): error is Error {
  return error instanceof Error && error.name === "RegexError";
}
