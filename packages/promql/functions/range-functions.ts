/**
 * The table of functions over windows of samples. Each has its definition, a function of one window; those
 * that a kernel computes name it as well, and the two are held equal by range-functions.property.test.ts.
 */

import { unreachable } from "@narthex/platform/assert";
import { formatGoF } from "@narthex/model/go-float";
import { ExecutionError } from "../query-errors.ts";
import { anchorWindow, extendedChange } from "./extended-change.ts";
import { KahanSum } from "./kahan.ts";
import { extremeOf, meanOf, quantileOf, sumOf, varianceOf } from "./over-time.ts";
import { extrapolatedChange, instantChange } from "./rate.ts";
import { isResetByStart } from "./start-timestamps.ts";
import type { Window } from "./window.ts";

/** Which kernel computes a function for all steps of a series at once. */
export type RangeKernel =
  | "rate"
  | "increase"
  | "delta"
  | "sum"
  | "mean"
  | "max"
  | "min"
  | "count"
  | "last"
  | "first"
  | "present"
  | "extended";

/** One function. */
export interface RangeFunction {
  /** The result for a window that is not empty; undefined: no result. */
  readonly define: (window: Window) => number | undefined;
  readonly kernel: RangeKernel | null;
  /** Whether the metric name stays. */
  readonly keepsName: boolean;
}

/** All functions of a range vector (but absent_over_time, an operator of its own), by name. */
export const rangeFunctions: ReadonlyMap<string, RangeFunction> = new Map(
  Object.entries({
    rate: byKernel("rate", (w) => extrapolatedChange(w, true, (w.endMs - w.startMs) / 1000)),
    increase: byKernel("increase", (w) => extrapolatedChange(w, true, 1)),
    delta: byKernel("delta", (w) => extrapolatedChange(w, false, 1)),
    irate: plain((w) => instantChange(w, true)),
    idelta: plain((w) => instantChange(w, false)),
    sum_over_time: byKernel("sum", (w) => sumOf(w.values, w.low, w.high)),
    avg_over_time: byKernel("mean", (w) => meanOf(w.values, w.low, w.high)),
    max_over_time: byKernel("max", (w) => extremeOf(w.values, w.low, w.high, 1)),
    min_over_time: byKernel("min", (w) => extremeOf(w.values, w.low, w.high, -1)),
    count_over_time: byKernel("count", (w) => w.count),
    last_over_time: { ...byKernel("last", (w) => w.last), keepsName: true },
    first_over_time: { ...byKernel("first", (w) => w.first), keepsName: true },
    present_over_time: byKernel("present", () => 1),
    stdvar_over_time: plain((w) => varianceOf(w.values, w.low, w.high)),
    stddev_over_time: plain((w) => Math.sqrt(varianceOf(w.values, w.low, w.high))),
    quantile_over_time: plain((w) => quantileOf(w.params[0], w.values.slice(w.low, w.high))),
    mad_over_time: plain(medianDeviation),
    ts_of_first_over_time: plain((w) => w.times[w.low] / 1000),
    ts_of_last_over_time: plain((w) => w.times[w.high - 1] / 1000),
    ts_of_max_over_time: plain((w) => timeOfExtreme(w, 1)),
    ts_of_min_over_time: plain((w) => timeOfExtreme(w, -1)),
    changes: plain(changes),
    resets: plain(resets),
    deriv: plain((w) => (w.count < 2 ? undefined : linearRegression(w, w.times[w.low]).slope)),
    predict_linear: plain(predict),
    double_exponential_smoothing: plain(smooth),
  }),
);

/** A function that knows anchored (or smoothed) windows, by its name. */
export function extendedFunction(name: string, kind: "anchored" | "smoothed"): RangeFunction {
  const smoothed = kind === "smoothed";
  switch (name) {
    case "rate":
      return byKernel("extended", (w) => extendedChange(w, smoothed, true, (w.endMs - w.startMs) / 1000));
    case "increase":
      return byKernel("extended", (w) => extendedChange(w, smoothed, true, 1));
    case "delta":
      return byKernel("extended", (w) => extendedChange(w, smoothed, false, 1));
    case "changes":
      return plain((w) => (anchorWindow(w) ? changes(w) : undefined));
    case "resets":
      return plain((w) => (anchorWindow(w) ? resets(w) : undefined));
    default:
      return unreachable(name as never);
  }
}

function plain(define: RangeFunction["define"]): RangeFunction {
  return { define, kernel: null, keepsName: false };
}

function byKernel(kernel: RangeKernel, define: RangeFunction["define"]): RangeFunction {
  return { define, kernel, keepsName: false };
}

function medianDeviation({ values, low, high }: Window): number {
  const copy = values.slice(low, high);
  if (copy.some(Number.isNaN)) return NaN;
  const median = quantileOf(0.5, copy);
  return quantileOf(
    0.5,
    copy.map((value) => Math.abs(value - median)),
  );
}

/** The time of the last of the largest (or smallest) values, in seconds. */
function timeOfExtreme({ times, values, low, high }: Window, sign: 1 | -1): number {
  let best = low;
  for (let i = low; i < high; i++) {
    if (sign * values[i] >= sign * values[best] || Number.isNaN(values[best])) best = i;
  }
  return times[best] / 1000;
}

function changes({ values, low, high }: Window): number {
  let count = 0;
  for (let i = low + 1; i < high; i++) {
    if (values[i] !== values[i - 1] && !(Number.isNaN(values[i]) && Number.isNaN(values[i - 1]))) count++;
  }
  return count;
}

function resets(window: Window): number {
  const { values, low, high } = window;
  let count = 0;
  for (let i = low + 1; i < high; i++) {
    if (values[i] < values[i - 1] || isResetByStart(window, i)) count++;
  }
  return count;
}

/** Least squares over the window: slope per second, and the value at `originMs`. */
function linearRegression(window: Window, originMs: number): { slope: number; intercept: number } {
  const { times, values, low, high, first } = window;
  const [x, y, xy, xx] = [new KahanSum(), new KahanSum(), new KahanSum(), new KahanSum()];
  let constant = true;
  for (let i = low; i < high; i++) {
    if (values[i] !== first && i > low) constant = false;
    const at = (times[i] - originMs) / 1000;
    x.add(at);
    y.add(values[i]);
    xy.add(at * values[i]);
    xx.add(at * at);
  }
  if (constant)
    return Math.abs(first) === Infinity ? { slope: NaN, intercept: NaN } : { slope: 0, intercept: first };
  const count = high - low;
  const [sumX, sumY] = [x.sum + x.lost, y.sum + y.lost];
  const covariance = xy.sum + xy.lost - (sumX * sumY) / count;
  const variance = xx.sum + xx.lost - (sumX * sumX) / count;
  const slope = covariance / variance;
  return { slope, intercept: sumY / count - (slope * sumX) / count };
}

function predict(window: Window): number | undefined {
  if (window.count < 2) return undefined;
  const { slope, intercept } = linearRegression(window, window.timeMs);
  return slope * window.params[0] + intercept;
}

function smooth(window: Window): number | undefined {
  const { values, low, high, params } = window;
  const [smoothing, trend] = params;
  checkFactor("smoothing", smoothing, "sf");
  checkFactor("trend", trend, "tf");
  if (high - low < 2) return undefined;
  let before = 0;
  let level = values[low];
  let slope = values[low + 1] - values[low];
  for (let i = low + 1; i < high; i++) {
    if (i > low + 1) slope = trend * (level - before) + (1 - trend) * slope;
    const next = smoothing * values[i] + (1 - smoothing) * (level + slope);
    before = level;
    level = next;
  }
  return level;
}

/** Go's `%f`. */
function sixDecimals(value: number): string {
  if (!Number.isFinite(value)) return formatGoF(value);
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

function checkFactor(name: string, factor: number, symbol: string): void {
  if (!(factor <= 0 || factor >= 1)) return;
  const got = sixDecimals(factor);
  throw new ExecutionError(`invalid ${name} factor. Expected: 0 < ${symbol} < 1, got: ${got}`);
}
