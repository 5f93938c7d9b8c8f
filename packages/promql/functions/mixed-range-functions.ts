/**
 * The functions of a range vector over windows with native histograms: the definitions that take the place
 * of those in range-functions.ts where a window has at least one. Most know histograms alone or floats
 * alone, and say so about windows that mix them.
 */

import { assert } from "@narthex/platform/assert";
import { IncompatibleHistogramsError, type FloatHistogram } from "@narthex/model/float-histogram";
import {
  tellOfIgnoredInRange,
  tellOfReconciledBuckets,
  warnOfMixedBuckets,
  warnOfMixedRange,
  warnOfResetCollision,
} from "../histogram-annotations.ts";
import { anchorWindow } from "./extended-change.ts";
import { extendedHistogramChange, type HistogramSample } from "./extended-histograms.ts";
import { extrapolatedHistogram, instantHistogram, type RangeNotes } from "./histogram-rate.ts";
import { HistogramTotal } from "./histogram-total.ts";
import type { MixedWindow } from "./mixed-window.ts";
import { rangeFunctions, type RangeFunction } from "./range-functions.ts";
import { isResetByStart } from "./start-timestamps.ts";

/** A function of a window with at least one histogram; undefined: no result. The result is the caller's. */
export type MixedFunction = (window: MixedWindow, notes: RangeNotes) => number | FloatHistogram | undefined;

const perWindow = (w: MixedWindow): number => (w.all.endMs - w.all.startMs) / 1000;

const mixedFunctions: ReadonlyMap<string, MixedFunction> = new Map<string, MixedFunction>(
  Object.entries({
    rate: histogramsOnly((w, notes) => extrapolatedHistogram(w, true, perWindow(w), notes)),
    increase: histogramsOnly((w, notes) => extrapolatedHistogram(w, true, 1, notes)),
    delta: histogramsOnly((w, notes) => extrapolatedHistogram(w, false, 1, notes)),
    irate: (w, notes) => (w.all.count < 2 ? undefined : instantChange(w, true, notes)),
    idelta: (w, notes) => (w.all.count < 2 ? undefined : instantChange(w, false, notes)),
    sum_over_time: histogramsOnly((w, notes) => totalOf(w, false, notes)),
    avg_over_time: histogramsOnly((w, notes) => totalOf(w, true, notes)),
    count_over_time: (w) => w.all.count,
    present_over_time: () => 1,
    last_over_time: (w) => ownSample(w, w.all.high - 1),
    first_over_time: (w) => ownSample(w, w.all.low),
    ts_of_first_over_time: (w) => w.all.times[w.all.low] / 1000,
    ts_of_last_over_time: (w) => w.all.times[w.all.high - 1] / 1000,
    changes,
    resets,
  } satisfies Record<string, MixedFunction>),
);

/** Functions that have no result for fewer than two floats. */
const needTwo: ReadonlySet<string> = new Set(["deriv", "predict_linear", "double_exponential_smoothing"]);

/** The function `name` of windows with histograms. */
export function mixedFunction(name: string): MixedFunction {
  return mixedFunctions.get(name) ?? floatsOnly(rangeFunctions.get(name) as RangeFunction, needTwo.has(name));
}

/** The function `name` of anchored or smoothed windows with histograms. */
export function extendedMixedFunction(name: string, kind: "anchored" | "smoothed"): MixedFunction {
  const smoothed = kind === "smoothed";
  switch (name) {
    case "rate":
      return histogramsOnly((w, notes) => extendedChange(w, smoothed, true, perWindow(w), notes));
    case "increase":
      return histogramsOnly((w, notes) => extendedChange(w, smoothed, true, 1, notes));
    case "delta":
      return histogramsOnly((w, notes) => extendedChange(w, smoothed, false, 1, notes));
    case "changes":
      return (w) => (anchorWindow(w.all) ? changes(w) : undefined);
    default:
      assert(name === "resets", "no other function knows such windows");
      return (w) => (anchorWindow(w.all) ? resets(w) : undefined);
  }
}

function histogramsOnly(define: MixedFunction): MixedFunction {
  return (window, notes) => {
    if (window.floats.count === 0) return define(window, notes);
    warnOfMixedRange(notes.annotations, notes.metricName, notes.span);
    return undefined;
  };
}

function floatsOnly({ define }: RangeFunction, needsTwo: boolean): MixedFunction {
  return ({ floats }, { annotations, metricName, span }) => {
    const result = floats.count === 0 && !needsTwo ? undefined : define(floats);
    if (floats.count > 0) tellOfIgnoredInRange(annotations, metricName, span);
    return result;
  };
}

/** A sample that can be changed. */
function ownSample(window: MixedWindow, i: number): number | FloatHistogram {
  const sample = window.sample(i);
  return typeof sample === "number" ? sample : sample.copy();
}

/** The last two samples decide, whatever else is in the window. */
function instantChange(
  window: MixedWindow,
  isRate: boolean,
  notes: RangeNotes,
): number | FloatHistogram | undefined {
  const at = window.all.high - 1;
  const areFloats = !window.isHistogram(at) && !window.isHistogram(at - 1);
  if (!areFloats) return instantHistogram(window, isRate, notes);
  return (rangeFunctions.get(isRate ? "irate" : "idelta") as RangeFunction).define(window.floats);
}

function totalOf(window: MixedWindow, isMean: boolean, notes: RangeNotes): FloatHistogram | undefined {
  const { annotations, metricName, span } = notes;
  const total = new HistogramTotal(window.histogram(0), isMean);
  let reconciled = false;
  try {
    for (let i = 1; i < window.histogramCount; i++) {
      if (total.add(window.histogram(i))) reconciled = true;
    }
  } catch (error) {
    if (!(error instanceof IncompatibleHistogramsError)) throw error;
    warnOfMixedBuckets(annotations, metricName, span);
    return undefined;
  }
  if (total.hintsCollide) warnOfResetCollision(annotations, "aggregation", span);
  if (reconciled) tellOfReconciledBuckets(annotations, "aggregation", span);
  return total.finish();
}

function changes(window: MixedWindow): number {
  let count = 0;
  for (let i = window.all.low + 1; i < window.all.high; i++) {
    if (!isSame(window.sample(i - 1), window.sample(i))) count++;
  }
  return count;
}

function isSame(a: number | FloatHistogram, b: number | FloatHistogram): boolean {
  if (typeof a !== "number") return typeof b !== "number" && b.equals(a);
  return a === b || (Number.isNaN(a) && typeof b === "number" && Number.isNaN(b));
}

/** A change from floats to histograms, or back, is a reset too. */
function resets(window: MixedWindow): number {
  let count = 0;
  for (let i = window.all.low + 1; i < window.all.high; i++) {
    const [before, after] = [window.sample(i - 1), window.sample(i)];
    const isReset =
      typeof before === "number"
        ? typeof after !== "number" || after < before
        : typeof after === "number" || after.detectReset(before);
    if (isReset || isResetByStart(window.all, i)) count++;
  }
  return count;
}

function extendedChange(
  window: MixedWindow,
  smoothed: boolean,
  isCounter: boolean,
  perSeconds: number,
  notes: RangeNotes,
): FloatHistogram | undefined {
  const samples: HistogramSample[] = Array.from({ length: window.histogramCount }, (_, i) => ({
    timeMs: window.all.times[window.indexOfHistogram(i)],
    histogram: window.histogram(i),
  }));
  const { startMs, endMs } = window.all;
  return extendedHistogramChange(samples, { startMs, endMs, smoothed, isCounter, perSeconds }, notes);
}
