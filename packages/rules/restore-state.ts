/**
 * When an alert became active, told from what ALERTS_FOR_STATE held before an outage.
 */

const secondMs = 1000;

/** The newest sample of an alert's ALERTS_FOR_STATE series before the outage. */
export interface ForStateSample {
  readonly timeMs: number;
  /** Seconds since 1970 at which the alert became active. */
  readonly activeAtSeconds: number;
}

/**
 * The restored `activeAtMs` at `nowMs`, for a rule whose `holdMs` is at least `graceMs` (others are not
 * restored). An alert that had fired keeps its time; one that would fire within the grace period fires at its
 * end; any other waits as much longer as the outage lasted.
 */
export function restoredActiveAtMs(
  { timeMs, activeAtSeconds }: ForStateSample,
  holdMs: number,
  graceMs: number,
  nowMs: number,
): number {
  const downAtMs = Math.trunc(timeMs / secondMs) * secondMs;
  const activeAtMs = Math.trunc(activeAtSeconds) * secondMs;
  const remainingMs = holdMs - (downAtMs - activeAtMs);
  if (remainingMs <= 0) return activeAtMs;
  if (remainingMs < graceMs) return nowMs + graceMs - holdMs;
  return activeAtMs + (nowMs - downAtMs);
}
