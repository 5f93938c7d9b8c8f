/**
 * The Prometheus server as an object: create, start, reload, stop.
 *
 *   configuration → discovery → scraping → database ← query workers ← HTTP API
 *
 * Invariants
 *  - A configuration that is wrong changes nothing: the one in force stays, and the failure is counted.
 *  - `stop` ends in reverse order: no scrape writes to a closed database, no query reads one.
 */

import { NodeMetrics } from "@narthex/client/node-metrics";
import { ProcessMetrics } from "@narthex/client/process-metrics";
import { Registry } from "@narthex/client/registry";
import { DiscoveryManager } from "@narthex/discovery/manager";
import type { MechanismContext } from "@narthex/discovery/mechanism";
import { PageMemory } from "@narthex/exposition/page-memory";
import { Listener, type ListenAddress } from "@narthex/http/listener";
import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { quoteGo } from "@narthex/model/labels";
import { Scratch } from "@narthex/kernel/scratch";
import { hostName, processorCount } from "@narthex/platform/machine";
import { watchDirectory } from "@narthex/platform/watch";
import { ScrapeManager } from "@narthex/scrape/scrape-manager";
import { Db, type DbOptions } from "@narthex/tsdb/db";
import { startMaintenance } from "@narthex/tsdb/maintenance-worker";
import { ActiveQueries } from "./active-queries.ts";
import { buildInfo } from "./build-info.ts";
import type { PrometheusConfig } from "./config-file.ts";
import { registerDiscoveryMetrics, registerScrapeMetrics } from "./metrics-scrape.ts";
import { registerEngineMetrics } from "./metrics-engine.ts";
import { registerServerMetrics, type ServerMetrics } from "./metrics-server.ts";
import { QueryLog } from "./query-log.ts";
import type { EngineSettings } from "./query-messages.ts";
import { QueryObserver } from "./query-observer.ts";
import { QueryPool } from "./query-pool.ts";
import type { ServerOptions } from "./server-options.ts";
import { serverRoutes } from "./server-routes.ts";
import { isLoopback, StatusFacts } from "./status-facts.ts";

const maintenanceSlot = 1;
/** How long requests may go on when the server ends. */
const stopGraceMs = 5_000;

/** A running server. */
export class PrometheusServer {
  readonly db: Db;
  readonly registry = new Registry();
  readonly #options: ServerOptions;
  readonly #pool: QueryPool;
  readonly #scrapes: ScrapeManager;
  readonly #discovery: DiscoveryManager;
  readonly #nodeMetrics: NodeMetrics;
  readonly #status: StatusFacts;
  readonly #metrics: ServerMetrics;
  readonly #queryLog: QueryLog;
  readonly #activeQueries: ActiveQueries;
  readonly #observer: QueryObserver;
  #config: PrometheusConfig;
  #listener: Listener | null = null;

  private constructor(options: ServerOptions, config: PrometheusConfig) {
    const { clock, logger, disk } = options;
    const arena = Arena.create();
    this.#options = options;
    this.#config = config;
    this.db = openDb(options, config, arena);
    this.#queryLog = new QueryLog(disk, clock);
    this.#activeQueries = ActiveQueries.open(
      disk,
      options.dataDirectory,
      options.maxConcurrency,
      clock,
      logger,
    );
    this.#pool = new QueryPool({
      arena,
      headRootAt: this.db.head.rootAt,
      workerCount: processorCount(),
      maxConcurrency: options.maxConcurrency,
      engine: this.#engineSettings(),
      logger,
      clock,
      active: this.#activeQueries,
    });
    const kernels = loadKernels(arena);
    this.#scrapes = new ScrapeManager({
      appendable: this.db,
      memory: new PageMemory(arena, kernels.slabCreate() >>> 0, new Scratch(arena)),
      clock,
      logger,
      metrics: registerScrapeMetrics(this.registry),
      userAgent: `Prometheus/${buildInfo.version}`,
      alignToleranceMs: options.alignToleranceMs,
      hostname: hostName(),
    });
    this.#discovery = new DiscoveryManager(
      mechanismContext(options, this.registry),
      (sets) => this.#scrapes.update(sets),
      options.discoveryReloadMs,
    );
    const retentionMs = retentionOf(options, config);
    const retentionBytes = retentionBytesOf(options, config);
    this.#nodeMetrics = this.registry.register(new NodeMetrics());
    this.registry.register(new ProcessMetrics());
    this.#status = new StatusFacts({
      db: this.db,
      clock,
      flags: options.flags,
      retentionMs,
      retentionBytes,
      config: () => this.#config,
    });
    this.#metrics = registerServerMetrics(this.registry, {
      db: this.db,
      isReady: () => this.#listener !== null,
      lastReloadSucceeded: () => this.#status.reloadSucceeded,
      lastReloadSeconds: () => this.#status.lastReloadMs / 1000,
      retentionSeconds: retentionMs / 1000,
      retentionBytes,
    });
    const engineMetrics = registerEngineMetrics(this.registry, {
      queryCount: () => this.#pool.runningCount + this.#pool.waitingCount,
      maxQueries: options.maxConcurrency,
      isLogOpen: () => this.#queryLog.isOpen,
      logFailures: () => this.#queryLog.failures,
    });
    this.#observer = new QueryObserver(engineMetrics, this.#queryLog);
  }

  /** Opens the database and starts all parts. Rejects with what prevents it; then nothing runs. */
  static async start(options: ServerOptions): Promise<PrometheusServer> {
    const server = new PrometheusServer(options, options.readConfig());
    try {
      await server.#start();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Addresses the server listens on, with real ports. */
  get addresses(): readonly ListenAddress[] {
    return this.#listener?.addresses ?? [];
  }

  /** Takes the configuration file anew. Rejects with what is wrong; then the old one stays. */
  async reload(): Promise<void> {
    const { logger } = this.#options;
    try {
      const config = this.#readAnew();
      this.#config = config;
      await this.#applyConfig();
      this.#status.reloaded(true);
      logger.info("Completed loading of configuration file", { filename: config.file });
    } catch (error) {
      this.#status.reloaded(false);
      throw error;
    }
  }

  #readAnew(): PrometheusConfig {
    try {
      return this.#options.readConfig();
    } catch (error) {
      const where = `(--config.file=${quoteGo(this.#config.file)})`;
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`couldn't load configuration ${where}: ${why}`, { cause: error });
    }
  }

  /** Ends all parts; what was committed is on the disk. */
  async stop(): Promise<void> {
    await this.#listener?.stop(stopGraceMs);
    await this.#discovery.stop();
    await this.#scrapes.stop();
    await this.#pool.stop();
    this.#activeQueries.close();
    this.#queryLog.close();
    await this.db.close();
    this.#nodeMetrics.stop();
  }

  async #start(): Promise<void> {
    const { listen, maxConnections, readTimeoutMs, clock, logger } = this.#options;
    for (const warning of this.#config.warnings) logger.warn(warning);
    await this.db.start((directories) => this.#pool.setBlocks(directories));
    const routes = serverRoutes({
      options: this.#options,
      pool: this.#pool,
      scrapes: this.#scrapes,
      status: this.#status,
      metrics: this.#metrics,
      observer: this.#observer,
      registry: this.registry,
      engine: () => this.#engineSettings(),
      reload: () => this.reload(),
      globalUrl: (url) => this.#globalUrl(url),
    });
    this.#listener = await Listener.start(listen, {
      handler: routes,
      clock,
      maxConnections,
      readTimeoutMs,
      onError: (error, request) => logger.error("Request failed", { path: request.path, err: error }),
    });
    await this.#applyConfig();
    this.#status.reloaded(true);
    logger.info("Server is ready to receive web requests.");
  }

  async #applyConfig(): Promise<void> {
    const { scrapeConfigs, externalLabels, global } = this.#config;
    this.#queryLog.setFile(global.query_log_file);
    this.#pool.setEngine(this.#engineSettings());
    await this.#scrapes.apply(scrapeConfigs, externalLabels);
    this.#discovery.apply(new Map(scrapeConfigs.map((config) => [config.jobName, config.mechanisms])));
  }

  #engineSettings(): EngineSettings {
    const { lookbackMs, queryTimeoutMs, maxSamples, features } = this.#options;
    return {
      features,
      lookbackMs,
      timeoutMs: queryTimeoutMs,
      maxSamples,
      defaultStepMs: this.#config.global.evaluation_interval,
    };
  }

  /** A target's URL as others reach it: for loopback addresses with this machine's outside name. */
  #globalUrl(text: string): string {
    const url = new URL(text);
    if (!isLoopback(url.hostname)) return text;
    url.hostname = new URL(this.#options.externalUrl).hostname;
    return url.href;
  }
}

/** The file wins over the flag. */
function retentionBytesOf(options: ServerOptions, config: PrometheusConfig): number {
  const { size } = config.storage.tsdb.retention;
  return size > 0 ? size : options.retentionBytes;
}

function retentionOf(options: ServerOptions, config: PrometheusConfig): number {
  const { time } = config.storage.tsdb.retention;
  if (time > 0) return time;
  if (options.retentionMs > 0) return options.retentionMs;
  // Fifteen days unless something else limits the data.
  return retentionBytesOf(options, config) > 0 ? 0 : 15 * 86_400_000;
}

function openDb(options: ServerOptions, config: PrometheusConfig, arena: Arena): Db {
  const { disk, clock, logger, dataDirectory } = options;
  const settings: DbOptions = {
    disk,
    directory: dataDirectory,
    arena,
    clock,
    logger: logger.child({ component: "tsdb" }),
    minBlockMs: options.minBlockMs,
    maxBlockMs: options.maxBlockMs,
    retentionMs: retentionOf(options, config),
    retentionBytes: retentionBytesOf(options, config),
    samplesPerChunk: options.samplesPerChunk,
    compressWal: options.compressWal,
    walSegmentBytes: options.walSegmentBytes,
    useLock: options.useLock,
    maintenance: (headRootAt) => startMaintenance(arena, headRootAt, maintenanceSlot, dataDirectory),
  };
  try {
    return Db.open(settings);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`opening storage failed: ${why}`, { cause });
  }
}

/** The world as discovery sees it. */
function mechanismContext({ clock, disk, logger }: ServerOptions, registry: Registry): MechanismContext {
  return {
    clock,
    disk,
    logger,
    watch: watchDirectory,
    metrics: registerDiscoveryMetrics(registry),
    userAgent: `Prometheus/${buildInfo.version}`,
  };
}
