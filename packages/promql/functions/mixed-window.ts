/**
 * Windows over a series with native histograms: all its samples, the floats among them as a window of their
 * own (for functions that know floats only), and the histograms, each decoded once.
 *
 * A histogram handed out belongs to the window: copy it before changing it.
 */

import type { Arena } from "@narthex/kernel/arena";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import { readRecord, recordSampleSize } from "@narthex/storage/histogram-record";
import { Window } from "./window.ts";

/** Addresses of the columns of one series; `startsAt` 0: start timestamps are not looked at. */
export interface MixedColumns {
  readonly timesAt: number;
  readonly valuesAt: number;
  readonly kindsAt: number;
  readonly startsAt: number;
  readonly count: number;
}

/** See the head of the file. Mutable, reused. */
export class MixedWindow {
  /** All samples. The value of a histogram is garbage. */
  readonly all = new Window();
  /** The floats alone. */
  readonly floats = new Window();
  #arena: Arena | null = null;
  readonly #forgetsHints: boolean;
  /** Indexes of the histograms among all samples, ascending, and how many lie before each sample. */
  readonly #indexes: number[] = [];
  #before = new Uint32Array(0);
  readonly #decoded: (FloatHistogram | undefined)[] = [];
  /** How many samples the histograms before each one count as, in limits. */
  readonly #sizes: number[] = [];
  /** The window's histograms, as numbers among those of the series. */
  #low = 0;
  #high = 0;

  /**
   * `forgetsHints`: hints about counter resets say nothing here, because samples between may be missing or
   * one sample may be there several times. (Those that say "gauge" stay.)
   */
  constructor(forgetsHints = false) {
    this.#forgetsHints = forgetsHints;
  }

  /** Starts with another series, whose columns are in the arena. */
  load(arena: Arena, { timesAt, valuesAt, kindsAt, startsAt, count }: MixedColumns): void {
    const { f64, u32 } = arena;
    const column = (at: number): Float64Array => f64.subarray(at >>> 3, (at >>> 3) + count);
    this.#arena = arena;
    this.all.times = column(timesAt);
    this.all.values = column(valuesAt);
    this.all.starts = startsAt === 0 ? null : column(startsAt);
    this.#number(
      (i) => ((u32[(kindsAt >>> 2) + (i >>> 5)] >>> (i & 31)) & 1) !== 0,
      (i) => recordSampleSize(arena, this.all.values[i]),
    );
  }

  /** Starts with another series, given as plain values. */
  loadPlain(
    times: Float64Array,
    starts: Float64Array | null,
    samples: readonly (number | FloatHistogram)[],
  ): void {
    const isHistogram = (i: number): boolean => typeof samples[i] !== "number";
    this.all.times = times;
    this.all.values = Float64Array.from(samples, (one) => (typeof one === "number" ? one : NaN));
    this.all.starts = starts;
    this.#number(isHistogram, () => 1);
    for (const one of samples) if (typeof one !== "number") this.#decoded.push(this.#asSeen(one.copy()));
  }

  /** Numbers the histograms and collects the floats. */
  #number(isHistogram: (i: number) => boolean, sizeOf: (i: number) => number): void {
    const count = this.all.times.length;
    this.#indexes.length = 0;
    this.#decoded.length = 0;
    this.#sizes.length = 0;
    this.#before = new Uint32Array(count + 1);
    let size = 0;
    for (let i = 0; i < count; i++) {
      this.#before[i] = this.#indexes.length;
      if (!isHistogram(i)) continue;
      this.#indexes.push(i);
      this.#sizes.push(size);
      size += sizeOf(i);
    }
    this.#before[count] = this.#indexes.length;
    this.#sizes.push(size);
    const floatsOf = (from: Float64Array): Float64Array => from.filter((_, i) => !this.isHistogram(i));
    this.floats.times = floatsOf(this.all.times);
    this.floats.values = floatsOf(this.all.values);
    this.floats.starts = this.all.starts === null ? null : floatsOf(this.all.starts);
  }

  /** Moves to samples `low` to before `high`, at the given times (see `Window`). */
  place(low: number, high: number, timeMs: number, startMs: number, endMs: number): void {
    this.#low = this.#before[low];
    this.#high = this.#before[high];
    for (const window of [this.all, this.floats]) {
      window.timeMs = timeMs;
      window.startMs = startMs;
      window.endMs = endMs;
    }
    this.all.low = low;
    this.all.high = high;
    this.floats.low = low - this.#low;
    this.floats.high = high - this.#high;
  }

  /** Start timestamps are not looked at. */
  forgetStarts(): void {
    this.all.starts = null;
    this.floats.starts = null;
  }

  /** Scalar argument number `i` at this step. */
  setParam(i: number, value: number): void {
    this.all.params[i] = value;
    this.floats.params[i] = value;
  }

  /** How many histograms are in the window. */
  get histogramCount(): number {
    return this.#high - this.#low;
  }

  /** How many samples the window counts as, in limits. */
  get sampleSize(): number {
    return this.floats.count + this.#sizes[this.#high] - this.#sizes[this.#low];
  }

  /** Histogram number `i` (from 0) of the window. */
  histogram(i: number): FloatHistogram {
    return this.#decode(this.#low + i);
  }

  /** Index among all samples of histogram number `i` of the window. */
  indexOfHistogram(i: number): number {
    return this.#indexes[this.#low + i];
  }

  /** Whether sample `i` of all is a histogram. */
  isHistogram(i: number): boolean {
    return this.#before[i + 1] > this.#before[i];
  }

  /** Sample `i` of all: a float or a histogram. */
  sample(i: number): number | FloatHistogram {
    return this.isHistogram(i) ? this.#decode(this.#before[i]) : this.all.values[i];
  }

  #decode(number: number): FloatHistogram {
    let histogram = this.#decoded[number];
    if (histogram === undefined) {
      histogram = this.#asSeen(readRecord(this.#arena as Arena, this.all.values[this.#indexes[number]]));
      this.#decoded[number] = histogram;
    }
    return histogram;
  }

  #asSeen(histogram: FloatHistogram): FloatHistogram {
    if (this.#forgetsHints && histogram.counterResetHint !== CounterResetHint.Gauge) {
      histogram.counterResetHint = CounterResetHint.Unknown;
    }
    return histogram;
  }
}
