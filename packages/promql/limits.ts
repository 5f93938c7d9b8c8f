/**
 * What one query may use: samples in memory, time, and the patience of whoever asked.
 *
 * Checked once per block of series and, in slow functions, every so many values, so a check costs nothing
 * against the work between two of them. The cancel word lies in shared memory: another thread sets it while
 * this one computes.
 */

import type { Clock } from "@narthex/platform/clock";
import { QueryCanceledError, QueryTimeoutError, TooManySamplesError } from "./query-errors.ts";

/** Limits that hold for every query of an engine. */
export interface EngineLimits {
  /** The most samples in memory at once. */
  readonly maxSamples: number;
  /** The longest a query may run. */
  readonly timeoutMs: number;
}

/** The original's defaults. */
export const defaultLimits: EngineLimits = { maxSamples: 50_000_000, timeoutMs: 120_000 };

/** Set `words[index]` to 1 (atomically) to cancel. */
export interface CancelFlag {
  readonly words: Int32Array;
  readonly index: number;
}

/** About a millisecond's worth of values. */
const workBetweenChecks = 250_000;

/** The running account of one query. */
export class QueryBudget {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #maxSamples: number;
  readonly #cancel: CancelFlag | undefined;
  #samples = 0;
  #peakSamples = 0;
  #work = 0;

  constructor(clock: Clock, limits: EngineLimits, cancel?: CancelFlag) {
    this.#clock = clock;
    this.#deadlineMs = clock.monotonicMs() + limits.timeoutMs;
    this.#maxSamples = limits.maxSamples;
    this.#cancel = cancel;
  }

  /** The clock of the time limit, ms from some moment on. */
  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Samples held now. */
  get samples(): number {
    return this.#samples;
  }

  /** The most samples held at once so far. */
  get peakSamples(): number {
    return this.#peakSamples;
  }

  /** Accounts for `count` more samples. Throws `TooManySamplesError` beyond the limit. */
  add(count: number): void {
    this.#samples += count;
    if (this.#samples > this.#peakSamples) this.#peakSamples = this.#samples;
    if (this.#samples > this.#maxSamples) throw new TooManySamplesError();
  }

  /** Back to an earlier number of `samples`: what came since is gone. */
  returnTo(samples: number): void {
    this.#samples = samples;
  }

  /** As `check`, but only once in a while: `amount` is how many values the caller is about to look at. */
  work(amount: number): void {
    this.#work += amount;
    if (this.#work < workBetweenChecks) return;
    this.#work = 0;
    this.check();
  }

  /** Throws `QueryCanceledError` or `QueryTimeoutError` when it is time to stop. */
  check(): void {
    const cancel = this.#cancel;
    if (cancel !== undefined && Atomics.load(cancel.words, cancel.index) !== 0)
      throw new QueryCanceledError();
    if (this.#clock.monotonicMs() >= this.#deadlineMs) throw new QueryTimeoutError();
  }
}
