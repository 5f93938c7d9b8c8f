/**
 * The samples of an anchored or smoothed range vector that is itself the result of a query: those within, and
 * one at each end.
 */

import { anchorIndex, interpolate } from "../functions/extended-change.ts";
import { firstAfter, Window } from "../functions/window.ts";
import type { WindowExtension } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";

/** Addresses of columns and how many samples they hold. */
export interface SampleColumns {
  readonly times: number;
  readonly values: number;
  readonly count: number;
}

/**
 * From the samples of the extended window (at least one, no staleness markers) those of the result, none when
 * all lie before `startMs` or at it.
 */
export function extendSamples(
  { scratch, arena }: QueryContext,
  { times, values, count }: SampleColumns,
  startMs: number,
  endMs: number,
  { kind }: WindowExtension,
): SampleColumns {
  const { f64 } = arena;
  const window = new Window();
  window.times = f64.subarray(times >>> 3, (times >>> 3) + count);
  window.values = f64.subarray(values >>> 3, (values >>> 3) + count);
  Object.assign(window, { high: count, startMs, endMs });
  const smoothed = kind === "smoothed";
  let first = anchorIndex(window, count - 1);
  let last = smoothed ? firstAfter(window.times, count - 1, endMs - 1) : count - 1;
  if (window.times[last] <= startMs) return { times, values, count: 0 };
  const at = (i: number, timeMs: number): number =>
    interpolate(window.times, window.values, i, timeMs, false);
  const left = smoothed && window.times[first] < startMs ? at(first, startMs) : window.values[first];
  const right =
    smoothed && last > 0 && window.times[last] > endMs ? at(last - 1, endMs) : window.values[last];
  if (window.times[first] <= startMs) first++;
  if (window.times[last] >= endMs) last--;
  const inside = Math.max(0, last - first + 1);
  const result = { times: scratch.take(8 * inside + 16), values: scratch.take(8 * inside + 16) };
  const put = (to: number, from: Float64Array, before: number, after: number): void => {
    f64[to >>> 3] = before;
    f64.set(from.subarray(first, first + inside), (to >>> 3) + 1);
    f64[(to >>> 3) + 1 + inside] = after;
  };
  put(result.times, window.times, startMs, endMs);
  put(result.values, window.values, left, right);
  return { ...result, count: inside + 2 };
}
