/**
 * The end of an exchange: its timeout or the caller's signal, whichever comes first.
 */

import type { Clock, Timer } from "@narthex/platform/clock";
import { FetchError } from "./fetch-error.ts";

/** Ends what runs when its time is over. `clear` it when the exchange is done. */
export class Deadline {
  readonly #timer: Timer;
  readonly #signal: AbortSignal | undefined;
  #error: FetchError | null = null;
  /** Ends what runs now. */
  onOver: ((error: FetchError) => void) | null = null;

  constructor(clock: Clock, timeoutMs: number, signal: AbortSignal | undefined) {
    this.#timer = clock.after(timeoutMs, () =>
      this.#end(new FetchError("timeout", "context deadline exceeded")),
    );
    this.#signal = signal;
    if (signal?.aborted === true) this.#cancel();
    else signal?.addEventListener("abort", this.#cancel);
  }

  /** Whether the time is over. */
  get isOver(): boolean {
    return this.#error !== null;
  }

  /** Throws when it is over. */
  check(): void {
    if (this.#error !== null) throw this.#error;
  }

  /** Lets go of timer and signal. */
  clear(): void {
    this.#timer.stop();
    this.#signal?.removeEventListener("abort", this.#cancel);
    this.onOver = null;
  }

  readonly #cancel = (): void => this.#end(new FetchError("canceled", "context canceled"));

  #end(error: FetchError): void {
    this.#error ??= error;
    this.onOver?.(this.#error);
  }
}
