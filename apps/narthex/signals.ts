/**
 * Signals as promises.
 */

/** Resolves at SIGINT or SIGTERM (after telling `onSignal`), or when `signal` aborts. */
export function endOfSignals(signal: AbortSignal, onSignal: (name: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const finish = (name?: string): void => {
      process.off("SIGINT", interrupted);
      process.off("SIGTERM", terminated);
      if (name !== undefined) onSignal(name);
      resolve();
    };
    const interrupted = (): void => finish("interrupt");
    const terminated = (): void => finish("terminated");
    process.on("SIGINT", interrupted);
    process.on("SIGTERM", terminated);
    if (signal.aborted) finish();
    else signal.addEventListener("abort", () => finish(), { once: true });
  });
}

/** Calls `act` at every SIGHUP. */
export function onHangup(act: () => void): void {
  process.on("SIGHUP", act);
}
