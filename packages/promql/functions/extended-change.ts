/**
 * rate, increase, delta, changes and resets over anchored and smoothed windows: no extrapolation; the value
 * at an end of the window comes from samples beyond it. Definition of the kernel `extended-windows`.
 *
 *  - The window's samples reach back a lookback before its start and, smoothed, ahead of its end.
 *  - Anchored: the value at the start is that of the newest sample up to there (or of the first within), the
 *    value at the end that of the last sample.
 *  - Smoothed: both are interpolated between their neighbours.
 */

import type { Window } from "./window.ts";

/**
 * Between two samples at `timeMs`, linear. A counter that fell began again at zero right after the first.
 */
export function interpolate(
  times: Float64Array,
  values: Float64Array,
  i: number,
  timeMs: number,
  isCounter: boolean,
): number {
  const to = values[i + 1];
  const from = isCounter && to < values[i] ? 0 : values[i];
  return from + ((to - from) * (timeMs - times[i])) / (times[i + 1] - times[i]);
}

/** Index of the sample from which a window counts: the last up to its start, else the first. */
export function anchorIndex({ times, low, high, startMs }: Window, end = high): number {
  return Math.max(low, firstAfterIn(times, low, end, startMs) - 1);
}

/** Index of the first of the ascending times `low` … `high - 1` that is after `timeMs`, else `high`. */
function firstAfterIn(times: Float64Array, low: number, high: number, timeMs: number): number {
  let end = high;
  let first = low;
  while (first < end) {
    const middle = (first + end) >>> 1;
    if (times[middle] <= timeMs) first = middle + 1;
    else end = middle;
  }
  return first;
}

/** First and last sample of a window, those that determine its ends included; undefined: no result. */
export function extendedEnds(window: Window, smoothed: boolean): [number, number] | undefined {
  const { times, startMs, endMs, high } = window;
  let last = high - 1;
  const first = anchorIndex(window, last);
  // Times are whole milliseconds: the first at or after the end is the first after one less.
  if (smoothed) last = firstAfterIn(times, window.low, last, endMs - 1);
  if (times[last] <= startMs || (smoothed && times[first] > endMs)) return undefined;
  return [first, last];
}

/**
 * The change over an anchored or smoothed window that is not empty, divided by `perSeconds`; what a counter
 * had before each reset is added.
 */
export function extendedChange(
  window: Window,
  smoothed: boolean,
  isCounter: boolean,
  perSeconds: number,
): number | undefined {
  const ends = extendedEnds(window, smoothed);
  if (ends === undefined) return undefined;
  const { times, values, startMs, endMs, low } = window;
  let [first, last] = ends;
  const left =
    smoothed && times[first] < startMs
      ? interpolate(times, values, first, startMs, isCounter)
      : values[first];
  const right =
    smoothed && last > low && times[last] > endMs
      ? interpolate(times, values, last - 1, endMs, isCounter)
      : values[last];
  let change = right - left;
  if (isCounter) {
    if (times[first] <= startMs) first++;
    if (times[last] >= endMs) last--;
    change += lostInResets(values, first, last, left, right);
  }
  return change / perSeconds;
}

function lostInResets(
  values: Float64Array,
  first: number,
  last: number,
  left: number,
  right: number,
): number {
  let lost = 0;
  let previous = left;
  for (let i = first; i <= last; i++) {
    if (values[i] < previous) lost += previous;
    previous = values[i];
  }
  return right < previous ? lost + previous : lost;
}

/**
 * The part of an anchored window that changes and resets look at: from the newest sample up to its start on.
 * False when no sample lies behind the start.
 */
export function anchorWindow(window: Window): boolean {
  if (window.times[window.high - 1] <= window.startMs) return false;
  window.low = anchorIndex(window);
  return true;
}

/**
 * The value at `timeMs` of the samples `low` … `high - 1`, none of which is further away than the lookback:
 * interpolated, or that of the last sample when none follows; undefined before the first.
 */
export function smoothedValue(
  times: Float64Array,
  values: Float64Array,
  low: number,
  high: number,
  timeMs: number,
): number | undefined {
  const next = firstAfterIn(times, low, high, timeMs - 1);
  if (next < high && times[next] === timeMs) return values[next];
  if (next === low) return undefined;
  return next < high ? interpolate(times, values, next - 1, timeMs, false) : values[next - 1];
}
