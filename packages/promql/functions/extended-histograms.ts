/**
 * rate, increase and delta of native histograms over anchored and smoothed windows, and smoothed selectors of
 * histograms: as extended-change.ts does it for floats.
 */

import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import { warnOfMixedBuckets, warnOfNoCounter, warnOfNoGauge } from "../histogram-annotations.ts";
import { combine, type RangeNotes } from "./histogram-rate.ts";

/** One histogram at its time. Not changed here. */
export interface HistogramSample {
  readonly timeMs: number;
  readonly histogram: FloatHistogram;
}

/** The window (startMs, endMs] and what is asked of it. */
export interface ExtendedQuestion {
  readonly startMs: number;
  readonly endMs: number;
  readonly smoothed: boolean;
  readonly isCounter: boolean;
  readonly perSeconds: number;
}

function indexOfFirst(samples: readonly HistogramSample[], end: number, isIt: (timeMs: number) => boolean) {
  const found = samples.findIndex(({ timeMs }) => isIt(timeMs));
  return found < 0 || found > end ? end : found;
}

/**
 * The histogram at `timeMs` between two samples, linear; of a counter that was reset the part of the second
 * one. Undefined when they do not go together.
 */
function interpolate(
  before: HistogramSample,
  after: HistogramSample,
  timeMs: number,
  isCounter: boolean,
  notes: RangeNotes,
): FloatHistogram | undefined {
  if (timeMs === before.timeMs) return before.histogram.copy();
  const result = after.histogram.copy();
  if (timeMs === after.timeMs) return result;
  const share = (timeMs - before.timeMs) / (after.timeMs - before.timeMs);
  if (isCounter && after.histogram.detectReset(before.histogram)) return result.mul(share);
  if (!combine(result, before.histogram, "subtraction", notes)) return undefined;
  result.mul(share);
  return combine(result, before.histogram, "addition", notes) ? result : undefined;
}

/**
 * The change over the samples of an extended window (at least one), a gauge; undefined: no result.
 */
export function extendedHistogramChange(
  samples: readonly HistogramSample[],
  question: ExtendedQuestion,
  notes: RangeNotes,
): FloatHistogram | undefined {
  const { startMs, endMs, smoothed, isCounter, perSeconds } = question;
  let last = samples.length - 1;
  const first = Math.max(0, indexOfFirst(samples, last, (timeMs) => timeMs > startMs) - 1);
  if (smoothed) last = indexOfFirst(samples, last, (timeMs) => timeMs >= endMs);
  if (samples[last].timeMs <= startMs || (smoothed && samples[first].timeMs > endMs)) return undefined;
  if (!checkRange(samples.slice(first, last + 1), isCounter, notes)) return undefined;
  const isLeft = smoothed && samples[first].timeMs < startMs;
  const isRight = smoothed && last > 0 && samples[last].timeMs > endMs;
  const at = (i: number, timeMs: number): FloatHistogram | undefined =>
    interpolate(samples[i], samples[i + 1], timeMs, isCounter, notes);
  const left = isLeft ? at(first, startMs) : samples[first].histogram.copy();
  const right = isRight ? at(last - 1, endMs) : samples[last].histogram.copy();
  if (left === undefined || right === undefined) return undefined;
  if (!isCounter && !(isGauge(left) && isGauge(right)))
    warnOfNoGauge(notes.annotations, notes.metricName, notes.span);
  const result = right.copy();
  if (!combine(result, left, "subtraction", notes)) return undefined;
  if (isCounter) {
    const lost = lostInResets(samples, first, last, left, right, isLeft, notes);
    if (lost === undefined || (lost !== null && !combine(result, lost, "addition", notes))) return undefined;
  }
  if (perSeconds !== 1) result.div(perSeconds);
  result.counterResetHint = CounterResetHint.Gauge;
  return result.compact(0);
}

function isGauge({ counterResetHint }: FloatHistogram): boolean {
  return counterResetHint === CounterResetHint.Gauge;
}

function checkRange(samples: readonly HistogramSample[], isCounter: boolean, notes: RangeNotes): boolean {
  const isCustom = samples[0].histogram.usesCustomBuckets();
  for (const { histogram } of samples) {
    if (histogram.usesCustomBuckets() !== isCustom) {
      warnOfMixedBuckets(notes.annotations, notes.metricName, notes.span);
      return false;
    }
    if (isCounter && isGauge(histogram)) warnOfNoCounter(notes.annotations, notes.metricName, notes.span);
  }
  return true;
}

/**
 * What the counter had before its resets between the ends; null: there was none, undefined: no result. A
 * reset between the first two samples is in `left` already when that was interpolated; the last sample is in
 * `right`.
 */
function lostInResets(
  samples: readonly HistogramSample[],
  first: number,
  last: number,
  left: FloatHistogram,
  right: FloatHistogram,
  isLeftInterpolated: boolean,
  notes: RangeNotes,
): FloatHistogram | null | undefined {
  let next = first + 1;
  let previous = left;
  if (isLeftInterpolated && samples[next].histogram.detectReset(samples[first].histogram)) {
    previous = samples[next].histogram;
    next++;
  }
  if (next > last) return null;
  let lost: FloatHistogram | null = null;
  const inner = samples.slice(next, last).map(({ histogram }) => histogram);
  for (const histogram of [...inner, right]) {
    if (histogram.detectReset(previous)) {
      if (lost === null) lost = previous.copy();
      else if (!combine(lost, previous, "addition", notes)) return undefined;
    }
    previous = histogram;
  }
  return lost;
}

/** The histogram at `timeMs` of samples within the lookback, as `smoothedValue`. */
export function smoothedHistogram(
  samples: readonly HistogramSample[],
  timeMs: number,
  notes: RangeNotes,
): FloatHistogram | undefined {
  const next = indexOfFirst(samples, samples.length, (sampleMs) => sampleMs >= timeMs);
  if (next < samples.length && samples[next].timeMs === timeMs) return samples[next].histogram.copy();
  if (next === 0) return undefined;
  const before = samples[next - 1];
  if (next === samples.length) {
    const carried = before.histogram.copy();
    carried.counterResetHint = CounterResetHint.Unknown; // it speaks of the step between two samples
    return carried;
  }
  const after = samples[next];
  if (before.histogram.usesCustomBuckets() !== after.histogram.usesCustomBuckets()) {
    warnOfMixedBuckets(notes.annotations, notes.metricName, notes.span);
    return undefined;
  }
  const isCounter = !(isGauge(before.histogram) && isGauge(after.histogram));
  return interpolate(before, after, timeMs, isCounter, notes);
}
