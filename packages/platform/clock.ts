/**
 * Time as a value that is handed in: the only place that reads the machine's clock and sets timers.
 *
 * Invariants
 *  - `monotonicMs` never goes back; `nowMs` may (someone sets the clock).
 */

/** What a timer needs to be stopped. Stopping twice is fine. */
export interface Timer {
  stop(): void;
}

/** The present moment and the means to wait for a later one. */
export interface Clock {
  /** Milliseconds since 1970, integer. */
  nowMs(): number;
  /** Milliseconds since some fixed moment, fractional, for measuring durations. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs` (at least 0). */
  after(delayMs: number, task: () => void): Timer;
  /** Resolves after `delayMs`, or at once when `signal` aborts; never rejects. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The longest delay a timer of the runtime can hold; longer waits are split. */
const longestTimerMs = 2 ** 31 - 1;

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout;

  constructor(delayMs: number, task: () => void) {
    this.#handle = this.#arm(Math.max(0, delayMs), task);
  }

  stop(): void {
    clearTimeout(this.#handle);
  }

  #arm(delayMs: number, task: () => void): NodeJS.Timeout {
    if (delayMs <= longestTimerMs) return setTimeout(task, delayMs);
    return setTimeout(() => {
      this.#handle = this.#arm(delayMs - longestTimerMs, task);
    }, longestTimerMs);
  }
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, task) => new SystemTimer(delayMs, task),
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

/** `sleep` for any clock that can do `after`. */
export function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const wake = (): void => {
      timer.stop();
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = clock.after(delayMs, wake);
    signal?.addEventListener("abort", wake);
  });
}
