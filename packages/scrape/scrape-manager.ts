/**
 * All scrape jobs: hands each its configuration and its target groups.
 *
 *   discovery manager (sets of groups) → SCRAPE MANAGER → scrape-pool per job
 *
 * Invariants
 *  - Changes are applied one after the other, in the order they came; of sets of groups that wait, only the
 *    newest.
 *  - A job whose configuration did not change is not touched by a reload.
 */

import type { TargetSets } from "@narthex/discovery/manager";
import type { Labels } from "@narthex/model/labels";
import type { ScrapeConfig } from "./scrape-config.ts";
import { ScrapePool, type PoolContext } from "./scrape-pool.ts";
import type { Target } from "./target.ts";
import { fnv64a, type Hash64 } from "./target-hash.ts";

/** What a manager is made of. */
export interface ScrapeManagerOptions extends PoolContext {
  /**
   * The machine's full name; with the external labels it decides when in the interval targets are scraped.
   */
  readonly hostname: string;
}

/** The targets of one job, for the API. */
export interface PoolView {
  readonly active: readonly Target[];
  /** Labels before relabelling. */
  readonly dropped: readonly Labels[];
  readonly droppedCount: number;
}

/** Runs the pools of all jobs. */
export class ScrapeManager {
  readonly #options: ScrapeManagerOptions;
  readonly #pools = new Map<string, ScrapePool>();
  #configs: ReadonlyMap<string, ScrapeConfig> = new Map();
  #seed: Hash64 = { high: 0, low: 0 };
  #waiting: TargetSets | null = null;
  #queue: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: ScrapeManagerOptions) {
    this.#options = options;
  }

  /** Takes the configuration; resolves when every pool goes by it. Jobs that are gone end. */
  apply(configs: readonly ScrapeConfig[], externalLabels: Labels): Promise<void> {
    return this.#enqueue(async () => {
      const { hostname } = this.#options;
      const seed = fnv64a(`${hostname}${externalLabels.toString()}`);
      const reseeds = seed.high !== this.#seed.high || seed.low !== this.#seed.low;
      this.#seed = seed;
      this.#configs = new Map(configs.map((config) => [config.jobName, config]));
      await Promise.all(
        [...this.#pools].map(async ([job, pool]) => {
          const config = this.#configs.get(job);
          if (config === undefined) {
            this.#pools.delete(job);
            await pool.stop(true);
          } else if (reseeds || config.fingerprint !== pool.config.fingerprint) {
            await pool.reload(config, seed);
          }
        }),
      );
    });
  }

  /** Takes the groups that discovery found; pools follow as soon as earlier changes are done. */
  update(sets: TargetSets): void {
    const isQueued = this.#waiting !== null;
    this.#waiting = sets;
    if (isQueued) return;
    void this.#enqueue(async () => {
      const newest = this.#waiting;
      this.#waiting = null;
      if (newest !== null) await this.#sync(newest);
    });
  }

  /** Resolves when all changes so far are applied. */
  settled(): Promise<void> {
    return this.#queue;
  }

  /** Ends all scrapes. No markers are written: the server will go on where it was. */
  stop(): Promise<void> {
    return this.#enqueue(async () => {
      this.#stopped = true;
      await Promise.all([...this.#pools.values()].map((pool) => pool.stop()));
      this.#pools.clear();
    });
  }

  /** The jobs in alphabetical order with their targets. */
  views(): ReadonlyMap<string, PoolView> {
    const names = [...this.#pools.keys()].toSorted();
    return new Map(
      names.map((name) => {
        const pool = this.#pools.get(name) as ScrapePool;
        return [
          name,
          { active: pool.activeTargets(), dropped: pool.droppedTargets(), droppedCount: pool.droppedCount },
        ];
      }),
    );
  }

  /** The names of the jobs that scrape, in alphabetical order. */
  poolNames(): readonly string[] {
    return [...this.#pools.keys()].toSorted();
  }

  async #sync(sets: TargetSets): Promise<void> {
    if (this.#stopped) return;
    const { logger } = this.#options;
    await Promise.all(
      [...sets].map(async ([job, groups]) => {
        const config = this.#configs.get(job);
        if (config === undefined) {
          logger.error("error reloading target set", { err: `invalid config id:${job}` });
          return;
        }
        let pool = this.#pools.get(job);
        if (pool === undefined) {
          pool = new ScrapePool(config, this.#seed, this.#options);
          this.#pools.set(job, pool);
        }
        await pool.sync(groups);
      }),
    );
  }

  /** Runs `change` after those before it; its failure is told to the caller and does not hold up the next. */
  #enqueue(change: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(change);
    this.#queue = done.catch((error: unknown) => {
      this.#options.logger.error("scrape configuration could not be applied", { err: error });
    });
    return done;
  }
}
