/**
 * rate, increase, delta and their instant forms over one window: definition of the kernel `range-windows`.
 */

import { isResetByStart, startWithin } from "./start-timestamps.ts";
import type { Window } from "./window.ts";

/**
 * The change over the window, extrapolated to its ends. `perSeconds` divides the result (the range for
 * rate, else 1). Undefined with fewer than two samples (one whose start timestamp lies in the window is
 * enough).
 *
 * A gap to an end of the window counts in full below 1.1 average gaps, else half an average gap; a counter
 * is not extrapolated below zero. What a counter had before each reset is added. A counter that began in the
 * window was 0 then, and is not extrapolated to the left.
 */
export function extrapolatedChange(
  window: Window,
  isCounter: boolean,
  perSeconds: number,
): number | undefined {
  const { values, low, high } = window;
  const start = isCounter ? startWithin(window) : undefined;
  if (high - low < 2 && start === undefined) return undefined;
  let change = window.last - window.first;
  if (isCounter) {
    for (let i = low + 1; i < high; i++) {
      if (values[i] < values[i - 1] || isResetByStart(window, i)) change += values[i - 1];
    }
  }
  if (start !== undefined) change += window.first;
  const zeroShare = isCounter && change > 0 && window.first >= 0 ? window.first / change : undefined;
  return change * extrapolationFactor(window, start, zeroShare, perSeconds);
}

/**
 * What the change between the samples of a window is multiplied with. `sinceMs`: the start of a counter
 * that began in the window. `zeroShare`: the first value of another counter as a share of the change, so
 * that it is not extrapolated below zero.
 */
export function extrapolationFactor(
  { times, low, high, startMs, endMs }: Window,
  sinceMs: number | undefined,
  zeroShare: number | undefined,
  perSeconds: number,
): number {
  let sampled = (times[high - 1] - times[low]) / 1000;
  const average = high - low > 1 ? sampled / (high - low - 1) : 0;
  const threshold = average * 1.1;
  let toStart = (times[low] - startMs) / 1000;
  let toEnd = (endMs - times[high - 1]) / 1000;
  if (toEnd >= threshold) toEnd = average / 2;
  if (sinceMs !== undefined) {
    toStart = 0;
    sampled = (times[high - 1] - sinceMs) / 1000;
  } else {
    if (toStart >= threshold) toStart = average / 2;
    if (zeroShare !== undefined) toStart = Math.min(toStart, sampled * zeroShare);
  }
  return (sampled + toStart + toEnd) / sampled / perSeconds;
}

/** The change between the last two samples; per second and aware of resets for a counter's rate. */
export function instantChange(window: Window, isRate: boolean): number | undefined {
  const { times, values, low, high } = window;
  if (high - low < 2) return undefined;
  const last = values[high - 1];
  const previous = values[high - 2];
  const isReset = isRate && (last < previous || isResetByStart(window, high - 1));
  const change = isReset ? last : last - previous;
  return isRate ? change / ((times[high - 1] - times[high - 2]) / 1000) : change;
}
