/**
 * The targets of one scrape job with their loops.
 *
 *   target groups → SCRAPE POOL (relabels, tells apart) → scrape-loop per target
 *
 * Invariants
 *  - One loop per distinct target; a loop that was stopped has ended before its successor writes.
 *  - A reload that cannot change the stored series keeps what is known of each target's lines.
 */

import type { PageMemory } from "@narthex/exposition/page-memory";
import type { Labels } from "@narthex/model/labels";
import { formatDuration, parseDuration } from "@narthex/model/duration";
import type { TargetGroup } from "@narthex/discovery/target-group";
import type { Clock } from "@narthex/platform/clock";
import type { Logger } from "@narthex/platform/logger";
import type { Appendable } from "@narthex/storage/appender";
import { MetadataTables } from "./metadata-table.ts";
import { discoveredLabels, populateLabels, type DiscoveredTarget } from "./populate-labels.ts";
import { ScrapeAppend } from "./scrape-append.ts";
import type { ScrapeConfig } from "./scrape-config.ts";
import { ScrapeLoop } from "./scrape-loop.ts";
import type { ScrapeMetrics } from "./scrape-metrics.ts";
import { ScrapeRequest } from "./scrape-request.ts";
import { ScrapeTemplate, type ScrapeFeatures } from "./scrape-template.ts";
import { Target } from "./target.ts";
import type { Hash64 } from "./target-hash.ts";

/** What all pools share. */
export interface PoolContext {
  readonly appendable: Appendable;
  readonly memory: PageMemory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ScrapeMetrics;
  /** `Prometheus/<version>` */
  readonly userAgent: string;
  readonly alignToleranceMs: number;
  /** Absent: none. */
  readonly features?: ScrapeFeatures;
}

interface Active {
  readonly target: Target;
  readonly loop: ScrapeLoop;
}

/** The pool of one job. Its methods must not overlap: the manager calls them one after the other. */
export class ScrapePool {
  readonly #context: PoolContext;
  readonly #logger: Logger;
  readonly #tables = new MetadataTables();
  readonly #shutdown = new AbortController();
  readonly #active = new Map<string, Active>();
  #config: ScrapeConfig;
  #seed: Hash64;
  #dropped: DiscoveredTarget[] = [];
  #droppedCount = 0;

  constructor(config: ScrapeConfig, seed: Hash64, context: PoolContext) {
    this.#config = config;
    this.#seed = seed;
    this.#context = context;
    this.#logger = context.logger.child({ scrape_pool: config.jobName });
    context.metrics.poolCreated();
    context.metrics.targetLimit(config.jobName, config.targetLimit);
  }

  get config(): ScrapeConfig {
    return this.#config;
  }

  /** The targets being scraped. */
  activeTargets(): readonly Target[] {
    return [...this.#active.values()].map(({ target }) => target);
  }

  /** Labels before relabelling of targets that a rule dropped, as many as the job keeps. */
  droppedTargets(): readonly Labels[] {
    return this.#dropped.map((origin) => discoveredLabels(this.#config, origin));
  }

  /** How many targets rules dropped. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Scrapes what the groups say, and nothing else. Resolves when loops that ended have ended. */
  async sync(groups: readonly TargetGroup[]): Promise<void> {
    const { clock, metrics } = this.#context;
    const startMs = clock.monotonicMs();
    const found = this.#targetsOf(groups);
    const started: ScrapeLoop[] = [];
    for (const [id, target] of found) {
      if (this.#active.has(id)) continue;
      const loop = this.#loopFor(target, null);
      if (loop === null) continue;
      this.#active.set(id, { target, loop });
      started.push(loop);
    }
    const ended = [...this.#active].filter(([id]) => !found.has(id));
    for (const [id] of ended) this.#active.delete(id);
    metrics.poolTargets(this.#config.jobName, this.#active.size);
    this.#checkTargetLimit();
    for (const loop of started) loop.start();
    await Promise.all(ended.map(([, { loop }]) => loop.stop()));
    metrics.poolSynced(this.#config.jobName, (clock.monotonicMs() - startMs) / 1000);
  }

  /** Goes on with another configuration and seed. Resolves when the new loops run. */
  async reload(config: ScrapeConfig, seed: Hash64): Promise<void> {
    const { clock, metrics } = this.#context;
    const startMs = clock.monotonicMs();
    metrics.poolReloaded();
    metrics.targetLimit(config.jobName, config.targetLimit);
    const keeps = config.seriesFingerprint === this.#config.seriesFingerprint;
    this.#config = config;
    this.#seed = seed;
    await Promise.all([...this.#active].map(([id, active]) => this.#restart(id, active, keeps)));
    this.#checkTargetLimit();
    metrics.reloadLength(formatDuration(config.intervalMs), (clock.monotonicMs() - startMs) / 1000);
  }

  /** Ends all loops without markers: the server shuts down, or the job is gone (then `withMarkers`). */
  async stop(withMarkers = false): Promise<void> {
    if (!withMarkers) this.#shutdown.abort();
    const ended = [...this.#active.values()];
    this.#active.clear();
    await Promise.all(ended.map(({ loop }) => loop.stop()));
    this.#context.metrics.poolRemoved(this.#config.jobName);
  }

  async #restart(id: string, { target, loop: old }: Active, keeps: boolean): Promise<void> {
    const append = keeps ? old.handOver() : null;
    await old.stop();
    const loop = this.#loopFor(target, append?.template ?? null);
    if (loop === null) {
      append?.template.free();
      this.#active.delete(id);
      return;
    }
    this.#active.set(id, { target, loop });
    loop.forcedError = old.forcedError;
    loop.start();
  }

  #targetsOf(groups: readonly TargetGroup[]): ReadonlyMap<string, Target> {
    const found = new Map<string, Target>();
    this.#dropped = [];
    this.#droppedCount = 0;
    let failed = 0;
    for (const { source, targets, labels: group } of groups) {
      for (const [index, own] of targets.entries()) {
        try {
          this.#add({ own, group }, found);
        } catch (error) {
          failed++;
          const why = `instance ${index} in group ${source}: ${(error as Error).message}`;
          this.#logger.error("Creating target failed", { err: why });
        }
      }
    }
    this.#context.metrics.targetsFailed(this.#config.jobName, failed);
    return found;
  }

  #add(origin: DiscoveredTarget, found: Map<string, Target>): void {
    const labels = populateLabels(this.#config, origin);
    const target = labels === null ? null : new Target(labels, this.#config, origin);
    if (target === null || target.publicLabels.size === 0) {
      const { keepDroppedTargets } = this.#config;
      if (keepDroppedTargets === 0 || this.#dropped.length < keepDroppedTargets) this.#dropped.push(origin);
      this.#droppedCount++;
      return;
    }
    const known = this.#active.get(target.id)?.target;
    known?.rediscovered(this.#config, origin);
    found.set(target.id, known ?? target);
  }

  /** A loop for a target, not started; null, logged and counted, when none can be made. */
  #loopFor(target: Target, template: ScrapeTemplate | null): ScrapeLoop | null {
    const { appendable, memory, clock, metrics, userAgent, alignToleranceMs } = this.#context;
    const intervalMs = parseDuration(target.labels.get("__scrape_interval__"));
    const timeoutMs = parseDuration(target.labels.get("__scrape_timeout__"));
    let request: ScrapeRequest;
    try {
      request = new ScrapeRequest(target, this.#config, timeoutMs, userAgent, clock);
    } catch (error) {
      metrics.targetsFailed(this.#config.jobName, 1);
      this.#logger.error("Creating target failed", { err: error, target: target.url });
      return null;
    }
    const logger = this.#logger.child({ target: target.url });
    const kept = template ?? new ScrapeTemplate(memory, this.#tables, this.#context.features);
    return new ScrapeLoop({
      target,
      config: this.#config,
      request,
      appendable,
      clock,
      logger,
      metrics,
      intervalMs,
      timeoutMs,
      alignToleranceMs,
      append: new ScrapeAppend(kept, target.publicLabels, this.#config, metrics, logger),
      seed: this.#seed,
      shutdown: this.#shutdown.signal,
      onEnd: () => kept.free(),
    });
  }

  #checkTargetLimit(): void {
    const { targetLimit } = this.#config;
    const count = this.#active.size;
    const exceeded = targetLimit > 0 && count > targetLimit;
    if (exceeded) this.#context.metrics.targetLimitExceeded();
    const error = exceeded
      ? `target_limit exceeded (number of targets: ${count}, limit: ${targetLimit})`
      : "";
    for (const { loop } of this.#active.values()) loop.forcedError = error;
  }
}
