/**
 * rate, increase, delta, irate and idelta of native histograms: as those of floats (rate.ts), with addition
 * and subtraction bucket by bucket.
 */

import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram, IncompatibleHistogramsError } from "@narthex/model/float-histogram";
import type { Span } from "@narthex/promql-syntax/ast";
import type { Annotations } from "../annotations.ts";
import {
  tellOfReconciledBuckets,
  warnOfMixedBuckets,
  warnOfMixedRange,
  warnOfNoCounter,
  warnOfNoGauge,
} from "../histogram-annotations.ts";
import { warnOfStartOverlap } from "../sample-annotations.ts";
import { extrapolationFactor } from "./rate.ts";
import type { MixedWindow } from "./mixed-window.ts";
import { isStartReset, overlapsPrevious, startWithin } from "./start-timestamps.ts";

/** Where a range function puts what it has to say. */
export interface RangeNotes {
  readonly annotations: Annotations;
  /** Of the series in work, "" without. */
  readonly metricName: string;
  /** Of the first argument. */
  readonly span: Span;
}

/**
 * The extrapolated change over a window of histograms alone (at least one), divided by `perSeconds`;
 * undefined: no result. What a counter had before each reset is added.
 */
export function extrapolatedHistogram(
  window: MixedWindow,
  isCounter: boolean,
  perSeconds: number,
  notes: RangeNotes,
): FloatHistogram | undefined {
  const count = window.histogramCount;
  const start = isCounter ? startWithin(window.all) : undefined;
  if (count < 2 && start === undefined) return undefined;
  let change: FloatHistogram | undefined;
  if (count > 1) {
    change = histogramChange(window, isCounter, notes);
    if (change === undefined) return undefined;
  }
  const first = window.histogram(0);
  if (start !== undefined) {
    if (change === undefined) change = first.copy();
    else if (!combine(change, first, "addition", notes)) return undefined;
  }
  const firstCount = change !== undefined && isCounter && change.count > 0 && first.count >= 0;
  const zeroShare = firstCount ? first.count / (change as FloatHistogram).count : undefined;
  return change?.mul(extrapolationFactor(window.all, start, zeroShare, perSeconds));
}

/** Adds or subtracts in place; returns whether that was possible, and says what happened. */
export function combine(
  into: FloatHistogram,
  other: FloatHistogram,
  operation: "addition" | "subtraction",
  { annotations, metricName, span }: RangeNotes,
): boolean {
  try {
    const { nhcbBoundsReconciled } = operation === "addition" ? into.add(other) : into.sub(other);
    if (nhcbBoundsReconciled) tellOfReconciledBuckets(annotations, operation, span);
    return true;
  } catch (error) {
    if (!(error instanceof IncompatibleHistogramsError)) throw error;
    warnOfMixedBuckets(annotations, metricName, span);
    return false;
  }
}

/** The change between the first and the last of at least two histograms, resets of a counter added. */
function histogramChange(
  window: MixedWindow,
  isCounter: boolean,
  notes: RangeNotes,
): FloatHistogram | undefined {
  const last = window.histogram(window.histogramCount - 1);
  const first = withoutReset(window, isCounter);
  const minSchema = commonSchema(window, first, isCounter, notes);
  if (minSchema === undefined) return undefined;
  const change = last.copyToSchema(minSchema);
  if (!combine(change, first, "subtraction", notes)) return undefined;
  if (isCounter) {
    if (!addResets(change, window, first, notes)) return undefined;
  } else if (!isGauge(window.histogram(0)) || !isGauge(last)) {
    warnOfNoGauge(notes.annotations, notes.metricName, notes.span);
  }
  change.counterResetHint = CounterResetHint.Gauge;
  return change.compact(0);
}

function isGauge({ counterResetHint }: FloatHistogram): boolean {
  return counterResetHint === CounterResetHint.Gauge;
}

/**
 * The first histogram, or an empty one when the second starts anew: then it does not matter what was
 * before.
 */
function withoutReset(window: MixedWindow, isCounter: boolean): FloatHistogram {
  const first = window.histogram(0);
  if (!isCounter) return first;
  const second = window.histogram(1);
  if (!startsAnew(window, 1) && !second.detectReset(first)) return first;
  return FloatHistogram.of({ schema: second.schema, customValues: second.customValues });
}

/** The lowest schema of all, which have to be of one kind; undefined: they are not. */
function commonSchema(
  window: MixedWindow,
  first: FloatHistogram,
  isCounter: boolean,
  { annotations, metricName, span }: RangeNotes,
): number | undefined {
  const last = window.histogram(window.histogramCount - 1);
  let anyGauge = isCounter && (isGauge(window.histogram(0)) || isGauge(last));
  const isCustom = first.usesCustomBuckets();
  let fits = last.usesCustomBuckets() === isCustom;
  if (!fits && anyGauge) warnOfNoCounter(annotations, metricName, span);
  let schema = Math.min(first.schema, last.schema);
  for (let i = 1; fits && isCounter && i < window.histogramCount - 1; i++) {
    const one = window.histogram(i);
    anyGauge ||= isGauge(one);
    schema = Math.min(schema, one.schema);
    fits = one.usesCustomBuckets() === isCustom;
  }
  if (!fits) {
    warnOfMixedBuckets(annotations, metricName, span);
    return undefined;
  }
  if (anyGauge) warnOfNoCounter(annotations, metricName, span);
  return schema;
}

/** Adds what was there before each reset. */
function addResets(
  change: FloatHistogram,
  window: MixedWindow,
  first: FloatHistogram,
  notes: RangeNotes,
): boolean {
  let previous = first;
  let overlapTold = false;
  for (let i = 1; i < window.histogramCount; i++) {
    const current = window.histogram(i);
    if (!overlapTold && overlaps(window, i)) {
      warnOfStartOverlap(notes.annotations, notes.metricName, notes.span);
      overlapTold = true;
    }
    const isReset = startsAnew(window, i) || current.detectReset(previous);
    if (isReset && !combine(change, previous, "addition", notes)) return false;
    previous = current;
  }
  return true;
}

/** Whether histogram number `i` of the window began after its predecessor, by its start timestamp. */
export function startsAnew(window: MixedWindow, i: number): boolean {
  const { starts, times } = window.all;
  if (starts === null) return false;
  const [before, at] = [window.indexOfHistogram(i - 1), window.indexOfHistogram(i)];
  return isStartReset(starts[before], times[before], starts[at], times[at]);
}

function overlaps(window: MixedWindow, i: number): boolean {
  const { starts, times } = window.all;
  if (starts === null) return false;
  const [before, at] = [window.indexOfHistogram(i - 1), window.indexOfHistogram(i)];
  return overlapsPrevious(starts[before], times[before], starts[at]);
}

/**
 * The change between the last two samples, of which one at least is a histogram; per second and aware of
 * resets with `isRate`.
 */
export function instantHistogram(
  window: MixedWindow,
  isRate: boolean,
  notes: RangeNotes,
): FloatHistogram | undefined {
  const { all } = window;
  const { annotations, metricName, span } = notes;
  const at = all.high - 1;
  if (!window.isHistogram(at) || !window.isHistogram(at - 1)) {
    warnOfMixedRange(annotations, metricName, span);
    return undefined;
  }
  const last = window.histogram(window.histogramCount - 1);
  const previous = window.histogram(window.histogramCount - 2);
  if (isRate && (isGauge(last) || isGauge(previous))) warnOfNoCounter(annotations, metricName, span);
  if (!isRate && !(isGauge(last) && isGauge(previous))) warnOfNoGauge(annotations, metricName, span);
  const change = last.copy();
  const isReset = isRate && (startsAnew(window, window.histogramCount - 1) || last.detectReset(previous));
  if (!isReset && !combine(change, previous, "subtraction", notes)) return undefined;
  change.counterResetHint = CounterResetHint.Gauge;
  change.compact(0);
  return isRate ? change.div((all.times[at] - all.times[at - 1]) / 1000) : change;
}
