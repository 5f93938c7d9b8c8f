/**
 * How many samples a query looked at, as the original counts them for `stats` and its metrics.
 *
 *   operators ── addRow, addWindows ──► SAMPLE TALLY ── totals ──► statistics of the result
 *
 * Two counts are kept. *Total* is what every step looked at: a range function counts its whole window at
 * each step, so each step counts as if it were asked alone. *Read* counts of a window only what the step
 * before has not had. A native histogram weighs as much as the samples that take its room.
 *
 * Subqueries and parts that are evaluated once have a tally of their own, which is folded into the outer one
 * when the totals are asked for. Counts per step are kept where they are asked for, and in subqueries, whose
 * steps must be dealt out to the outer ones.
 */

import { assert } from "@narthex/platform/assert";
import type { Arena } from "@narthex/kernel/arena";
import { recordSampleSize } from "@narthex/storage/histogram-record";
import { hasBit } from "./rows.ts";
import type { Steps } from "./steps.ts";

/** The counts of one evaluation; `perStep` ones are null unless they were asked for. */
export interface SampleTotals {
  readonly total: number;
  readonly read: number;
  readonly totalPerStep: Float64Array | null;
  readonly readPerStep: Float64Array | null;
}

/** How a tally is folded into the outer one. */
type Fold =
  | { readonly kind: "once" }
  | { readonly kind: "result" }
  | { readonly kind: "windows"; readonly offsetMs: number; readonly rangeMs: number };

/** What windows over one series' times count: the same for all series with these times. */
export interface WindowCounts {
  readonly total: number;
  readonly read: number;
}

/** The counts of one evaluation while it runs. */
export class SampleTally {
  readonly #steps: Steps;
  readonly #totalPerStep: Float64Array | null;
  readonly #readPerStep: Float64Array | null;
  readonly #inner: { readonly tally: SampleTally; readonly fold: Fold }[] = [];
  #total = 0;
  #read = 0;
  #isFolded = false;

  constructor(steps: Steps, isPerStep: boolean) {
    this.#steps = steps;
    this.#totalPerStep = isPerStep ? new Float64Array(steps.count) : null;
    this.#readPerStep = isPerStep ? new Float64Array(steps.count) : null;
  }

  /** The tally of a part that is evaluated once and holds for all steps. */
  once(steps: Steps): SampleTally {
    return this.#child(new SampleTally(steps, false), { kind: "once" });
  }

  /** The tally of a subquery whose values are the result. */
  result(steps: Steps): SampleTally {
    return this.#child(new SampleTally(steps, true), { kind: "result" });
  }

  /** The tally of a subquery that a range function takes windows of. */
  windows(steps: Steps, offsetMs: number, rangeMs: number): SampleTally {
    return this.#child(new SampleTally(steps, true), { kind: "windows", offsetMs, rangeMs });
  }

  #child(tally: SampleTally, fold: Fold): SampleTally {
    this.#inner.push({ tally, fold });
    return tally;
  }

  /**
   * Counts the samples of a selector's row, one or none per step, of `size` together. `kinds` is the bitmap
   * of its histograms, 0 for none.
   */
  addRow(arena: Arena, presence: number, values: number, kinds: number, size: number): void {
    this.#total += size;
    this.#read += size;
    const [totals, reads] = [this.#totalPerStep, this.#readPerStep];
    if (totals === null || reads === null || size === 0) return;
    const { u32, f64 } = arena;
    for (let s = 0; s < totals.length; s++) {
      if (!hasBit(u32, presence, s)) continue;
      const isHistogram = kinds !== 0 && hasBit(u32, kinds, s);
      const weight = isHistogram ? recordSampleSize(arena, f64[(values >>> 3) + s]) : 1;
      totals[s] += weight;
      reads[s] += weight;
    }
  }

  /** Counts `size` samples that all steps of a single-step evaluation have together. */
  addSamples(size: number): void {
    this.#total += size;
    this.#read += size;
    if (this.#totalPerStep !== null) this.#totalPerStep[0] += size;
    if (this.#readPerStep !== null) this.#readPerStep[0] += size;
  }

  /** Counts the windows of one more series with the times that `counts` was computed for. */
  addWindows(
    counts: WindowCounts,
    bounds: Uint32Array,
    weights: Float64Array | null,
    isRead: ReadKind,
  ): void {
    this.#total += counts.total;
    this.#read += counts.read;
    const [totals, reads] = [this.#totalPerStep, this.#readPerStep];
    if (totals === null || reads === null) return;
    for (let s = 0; s < totals.length; s++) {
      totals[s] += windowSize(bounds, weights, s);
      reads[s] += readSize(bounds, weights, s, isRead);
    }
  }

  /** The counts, with those of all inner tallies. To be asked for once, when the evaluation is over. */
  totals(): SampleTotals {
    assert(!this.#isFolded, "totals are asked for once");
    this.#isFolded = true;
    for (const { tally, fold } of this.#inner) this.#fold(tally.totals(), tally.#steps, fold);
    return {
      total: this.#total,
      read: this.#read,
      totalPerStep: this.#totalPerStep,
      readPerStep: this.#readPerStep,
    };
  }

  #fold(inner: SampleTotals, steps: Steps, fold: Fold): void {
    switch (fold.kind) {
      case "once":
        this.#total += inner.total * this.#steps.count;
        for (let s = 0; s < (this.#totalPerStep?.length ?? 0); s++) {
          (this.#totalPerStep as Float64Array)[s] += inner.total;
        }
        this.#addRead(0, inner.read);
        return;
      case "result":
        this.#total += inner.total;
        if (this.#totalPerStep !== null) this.#totalPerStep[this.#steps.count - 1] += inner.total;
        this.#dealOut(inner.readPerStep as Float64Array, steps, 0, 0);
        return;
      case "windows":
        this.#dealOut(inner.readPerStep as Float64Array, steps, fold.offsetMs, fold.rangeMs);
        return;
    }
  }

  #addRead(step: number, count: number): void {
    this.#read += count;
    if (this.#readPerStep !== null) this.#readPerStep[step] += count;
  }

  /** Every step of a subquery counts at the first outer step that has it in its window, if one has. */
  #dealOut(reads: Float64Array, steps: Steps, offsetMs: number, rangeMs: number): void {
    const { startMs, stepMs, count } = this.#steps;
    for (let k = 0; k < reads.length; k++) {
      if (reads[k] === 0) continue;
      if (count === 1) {
        this.#addRead(0, reads[k]);
        continue;
      }
      const timeMs = steps.startMs + k * steps.stepMs + offsetMs;
      const step = Math.max(0, Math.min(count - 1, Math.ceil((timeMs - startMs) / stepMs)));
      if (rangeMs > 0 && timeMs <= startMs + step * stepMs - rangeMs) continue;
      this.#addRead(step, reads[k]);
    }
  }
}

/** Whether windows count as read: each what is new, only the first (all are the same), or none. */
export type ReadKind = "each" | "first" | "none";

/**
 * What windows with these bounds (low, high per step) count; `weights` are sums up to each sample, null when
 * all weigh one.
 */
export function windowCounts(
  bounds: Uint32Array,
  steps: number,
  weights: Float64Array | null,
  isRead: ReadKind,
): WindowCounts {
  let total = 0;
  let read = 0;
  for (let s = 0; s < steps; s++) {
    total += windowSize(bounds, weights, s);
    read += readSize(bounds, weights, s, isRead);
  }
  return { total, read };
}

function windowSize(bounds: Uint32Array, weights: Float64Array | null, step: number): number {
  return sizeBetween(bounds[2 * step], bounds[2 * step + 1], weights);
}

function readSize(bounds: Uint32Array, weights: Float64Array | null, step: number, isRead: ReadKind): number {
  if (isRead === "none" || (isRead === "first" && step > 0)) return 0;
  const before = step === 0 ? 0 : bounds[2 * step - 1];
  return sizeBetween(Math.max(before, bounds[2 * step]), bounds[2 * step + 1], weights);
}

function sizeBetween(low: number, high: number, weights: Float64Array | null): number {
  if (high <= low) return 0;
  return weights === null ? high - low : weights[high] - weights[low];
}

/** How much the samples before each sample weigh together: one more number than there are samples. */
export function sampleWeights(arena: Arena, kinds: number, values: number, count: number): Float64Array {
  const weights = new Float64Array(count + 1);
  const { u32, f64 } = arena;
  for (let i = 0; i < count; i++) {
    const size = hasBit(u32, kinds, i) ? recordSampleSize(arena, f64[(values >>> 3) + i]) : 1;
    weights[i + 1] = weights[i] + size;
  }
  return weights;
}
