/**
 * rate, increase, delta and their instant forms over one window: definition of the kernel `range-windows`.
 */

import type { Window } from "./window.ts";

/**
 * The change over the window, extrapolated to its ends. `perSeconds` divides the result (the range for
 * rate, else 1). Undefined with fewer than two samples.
 *
 * A gap to an end of the window counts in full below 1.1 average gaps, else half an average gap; a counter
 * is not extrapolated below zero. What a counter had before each reset is added.
 */
export function extrapolatedChange(
  window: Window,
  isCounter: boolean,
  perSeconds: number,
): number | undefined {
  const { times, values, low, high } = window;
  if (high - low < 2) return undefined;
  let change = window.last - window.first;
  if (isCounter) {
    for (let i = low + 1; i < high; i++) if (values[i] < values[i - 1]) change += values[i - 1];
  }
  let toStart = (times[low] - window.startMs) / 1000;
  let toEnd = (window.endMs - times[high - 1]) / 1000;
  const sampled = (times[high - 1] - times[low]) / 1000;
  const average = sampled / (high - low - 1);
  const threshold = average * 1.1;
  if (toStart >= threshold) toStart = average / 2;
  if (isCounter && change > 0 && window.first >= 0) {
    toStart = Math.min(toStart, sampled * (window.first / change));
  }
  if (toEnd >= threshold) toEnd = average / 2;
  return change * ((sampled + toStart + toEnd) / sampled / perSeconds);
}

/** The change between the last two samples; per second and aware of resets for a counter's rate. */
export function instantChange(window: Window, isRate: boolean): number | undefined {
  const { times, values, low, high } = window;
  if (high - low < 2) return undefined;
  const last = values[high - 1];
  const previous = values[high - 2];
  const change = isRate && last < previous ? last : last - previous;
  return isRate ? change / ((times[high - 1] - times[high - 2]) / 1000) : change;
}
