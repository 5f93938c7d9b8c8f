/**
 * A clock that moves only when told to: tests and the simulation run hours in milliseconds.
 *
 * Invariants
 *  - Timers fire in the order of their moment; equal moments in the order they were set.
 */

import { sleepOn, type Clock, type Timer } from "./clock.ts";

interface Waiting {
  readonly atMs: number;
  readonly task: () => void;
}

/** A clock under a test's control. */
export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #waiting: Waiting[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): Timer {
    const entry: Waiting = { atMs: this.#nowMs + Math.max(0, delayMs), task };
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1] as Waiting).atMs > entry.atMs) at--;
    this.#waiting.splice(at, 0, entry);
    return {
      stop: () => {
        const index = this.#waiting.indexOf(entry);
        if (index >= 0) this.#waiting.splice(index, 1);
      },
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Moves time forward by `deltaMs`, firing what falls due and letting promises settle in between. */
  async advance(deltaMs: number): Promise<void> {
    const endMs = this.#nowMs + deltaMs;
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const next = this.#waiting[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#waiting.shift();
      this.#nowMs = next.atMs;
      next.task();
    }
    this.#nowMs = endMs;
  }
}
