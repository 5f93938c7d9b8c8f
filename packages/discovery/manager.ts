/**
 * Runs the mechanisms of all scrape jobs and tells who listens which groups each job has now.
 *
 *   mechanisms → MANAGER → scrape-manager
 *
 * Invariants
 *  - Equal sections, in one job or in several, share one running mechanism; a reload keeps those that stay.
 *  - Updates go out at once after a quiet time, and then at growing distances of at most `maxDelayMs`, so a
 *    mechanism that never rests costs one sync per five seconds.
 *  - Every update is the full state, and holds a set for every job, also an empty one.
 */

import { assert } from "@narthex/platform/assert";
import type { Timer } from "@narthex/platform/clock";
import type { Mechanism, MechanismConfig, MechanismContext } from "./mechanism.ts";
import type { TargetGroup } from "./target-group.ts";

/** Groups by job. */
export type TargetSets = ReadonlyMap<string, readonly TargetGroup[]>;

interface Provider {
  readonly name: string;
  /** The job it was started for. */
  readonly config: string;
  readonly stop: AbortController;
  readonly groups: Map<string, TargetGroup>;
  jobs: Set<string>;
  done: Promise<void>;
}

const firstDelayMs = 100;

/** Keeps mechanisms running. */
export class DiscoveryManager {
  readonly #context: MechanismContext;
  readonly #onUpdate: (sets: TargetSets) => void;
  readonly #maxDelayMs: number;
  readonly #providers = new Map<string, Provider>();
  #jobs = new Set<string>();
  #timer: Timer | null = null;
  #delayMs = firstDelayMs;
  #lastSentMs = -Infinity;
  #stopped = false;

  constructor(context: MechanismContext, onUpdate: (sets: TargetSets) => void, maxDelayMs = 5_000) {
    this.#context = context;
    this.#onUpdate = onUpdate;
    this.#maxDelayMs = maxDelayMs;
  }

  /** Starts what is new, stops what is gone, keeps the rest; an update of the full state follows. */
  apply(configs: ReadonlyMap<string, readonly MechanismConfig[]>): void {
    assert(!this.#stopped, "a stopped manager is not used");
    const wanted = new Map<string, { readonly config: MechanismConfig; readonly jobs: Set<string> }>();
    for (const [job, asked] of configs) {
      for (const config of asked) {
        const entry = wanted.get(config.identity);
        if (entry === undefined) wanted.set(config.identity, { config, jobs: new Set([job]) });
        else entry.jobs.add(job);
      }
    }
    for (const [identity, provider] of this.#providers) {
      if (wanted.has(identity)) continue;
      provider.stop.abort();
      this.#providers.delete(identity);
      this.#context.metrics.forgetRefreshes?.(provider.name, provider.config);
    }
    for (const job of this.#jobs) if (!configs.has(job)) this.#context.metrics.forget(job);
    this.#jobs = new Set(configs.keys());
    this.#startWanted(wanted);
    this.#trigger();
  }

  /** Stops all mechanisms and waits for them. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.stop();
    const running = [...this.#providers.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all(running.map(({ done }) => done));
    this.#providers.clear();
  }

  #startWanted(
    wanted: ReadonlyMap<string, { readonly config: MechanismConfig; readonly jobs: Set<string> }>,
  ): void {
    let failed = 0;
    for (const [identity, { config, jobs }] of wanted) {
      const known = this.#providers.get(identity);
      if (known !== undefined) known.jobs = jobs;
      else if (!this.#start(identity, config, jobs)) failed++;
    }
    this.#context.metrics.failedConfigs(failed);
  }

  #start(identity: string, config: MechanismConfig, jobs: Set<string>): boolean {
    const { logger } = this.#context;
    const context = {
      ...this.#context,
      config: [...jobs][0] ?? "",
      logger: logger.child({ discovery: config.name, config: [...jobs].join(",") }),
    };
    let mechanism: Mechanism;
    try {
      mechanism = config.create(context);
    } catch (error) {
      logger.error("Cannot create service discovery", { err: error, type: config.name });
      return false;
    }
    const provider: Provider = {
      name: config.name,
      config: context.config,
      stop: new AbortController(),
      groups: new Map(),
      jobs,
      done: Promise.resolve(),
    };
    this.#providers.set(identity, provider);
    provider.done = mechanism
      .run((groups) => this.#take(provider, groups), provider.stop.signal)
      .catch((error: unknown) => context.logger.error("Service discovery ended", { err: error }));
    return true;
  }

  #take(provider: Provider, groups: readonly TargetGroup[]): void {
    if (provider.stop.signal.aborted) return;
    this.#context.metrics.receivedUpdate();
    for (const group of groups) {
      if (group.targets.length > 0) provider.groups.set(group.source, group);
      else provider.groups.delete(group.source);
    }
    this.#trigger();
  }

  #trigger(): void {
    if (this.#stopped) return;
    if (this.#timer !== null) {
      this.#context.metrics.delayedUpdate?.();
      return;
    }
    const { clock } = this.#context;
    const quietMs = clock.monotonicMs() - this.#lastSentMs;
    if (quietMs > this.#maxDelayMs) this.#delayMs = firstDelayMs;
    const waitMs = quietMs > this.#maxDelayMs ? 0 : Math.max(0, this.#delayMs - quietMs);
    this.#timer = clock.after(waitMs, () => this.#send());
  }

  #send(): void {
    const { clock, metrics } = this.#context;
    this.#timer = null;
    this.#lastSentMs = clock.monotonicMs();
    this.#delayMs = Math.min(this.#maxDelayMs, this.#delayMs * 1.5);
    const sets = new Map<string, TargetGroup[]>([...this.#jobs].map((job) => [job, []]));
    for (const [identity, { jobs, groups }] of this.#providers) {
      // Groups of different mechanisms may have the same source: the pool tells them apart by both.
      const named = [...groups.values()].map((group) => ({
        ...group,
        source: `${identity.split(" ", 1)[0]}/${group.source}`,
      }));
      for (const job of jobs) sets.get(job)?.push(...named);
    }
    for (const [job, groups] of sets) {
      metrics.discoveredTargets(
        job,
        groups.reduce((sum, { targets }) => sum + targets.length, 0),
      );
      metrics.lastUpdated?.(job, clock.nowMs() / 1000);
    }
    metrics.sentUpdate();
    this.#onUpdate(sets);
  }
}
