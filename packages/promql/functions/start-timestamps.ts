/**
 * What start timestamps say about counters: a sample may tell since when it counts (0: it does not). A start
 * after the previous sample is a reset that the values alone may not show.
 */

import type { Window } from "./window.ts";

/**
 * Whether the counter began anew between two samples. A start at the previous sample's time is a reset when
 * that one has a start of its own before its time (each sample counts on its own); otherwise it only says
 * that the true start is unknown. A start at or after the sample's own time says nothing.
 */
export function isStartReset(
  previousStartMs: number,
  previousTimeMs: number,
  startMs: number,
  timeMs: number,
): boolean {
  if (startMs === 0 || startMs >= timeMs || startMs < previousTimeMs) return false;
  if (startMs > previousTimeMs) return true;
  return previousStartMs !== 0 && previousStartMs < previousTimeMs;
}

/** Whether a sample claims to have begun before the previous one ended, with another start than that one. */
export function overlapsPrevious(previousStartMs: number, previousTimeMs: number, startMs: number): boolean {
  return startMs !== 0 && startMs < previousTimeMs && startMs !== previousStartMs;
}

/** `isStartReset` between samples `i - 1` and `i` of a window; false without starts. */
export function isResetByStart({ starts, times }: Window, i: number): boolean {
  return starts !== null && isStartReset(starts[i - 1], times[i - 1], starts[i], times[i]);
}

/** Whether any start in the window overlaps. */
export function hasOverlap({ starts, times, low, high }: Window): boolean {
  if (starts === null) return false;
  for (let i = low + 1; i < high; i++) {
    if (overlapsPrevious(starts[i - 1], times[i - 1], starts[i])) return true;
  }
  return false;
}

/** The first sample's start when it lies in the window and before the sample: there the counter was 0. */
export function startWithin({ starts, times, low, startMs }: Window): number | undefined {
  if (starts === null) return undefined;
  const start = starts[low];
  return start !== 0 && start > startMs && start < times[low] ? start : undefined;
}
