/**
 * Rows of a range function for series with native histograms: the slow way, window by window.
 */

import { writeRecord } from "@narthex/storage/histogram-record";
import type { SeriesBatch } from "@narthex/storage/series-batch";
import { warnOfQuantile } from "../annotations.ts";
import {
  mixedFunction,
  extendedMixedFunction,
  type MixedFunction,
} from "../functions/mixed-range-functions.ts";
import { MixedWindow } from "../functions/mixed-window.ts";
import type { RangeFunction } from "../functions/range-functions.ts";
import { hasOverlap } from "../functions/start-timestamps.ts";
import { countSamples } from "../histogram-rows.ts";
import type { RangeCallPlan } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { clearBitmap, setBit, type RowBlock } from "../rows.ts";
import { warnOfStartOverlap } from "../sample-annotations.ts";
import type { Steps } from "../steps.ts";

/** One series to be looked at: number `i` of the batch, with its windows placed. */
export interface MixedSeries {
  readonly batch: SeriesBatch;
  readonly i: number;
  /** Address of low and high of each window, as sample numbers. */
  readonly boundsAt: number;
  /** Addresses of the scalar arguments at every step. */
  readonly paramRows: readonly number[];
  readonly metricName: string;
  readonly usesStarts: boolean;
}

/** Computes such rows for one call. */
export class MixedRangeCall {
  readonly #context: QueryContext;
  readonly #plan: RangeCallPlan;
  readonly #steps: Steps;
  /** For windows of floats alone, and for those with histograms. */
  readonly #ofFloats: RangeFunction;
  readonly #ofHistograms: MixedFunction;
  readonly #window: MixedWindow;

  constructor(context: QueryContext, plan: RangeCallPlan, ofFloats: RangeFunction, steps: Steps) {
    this.#context = context;
    this.#plan = plan;
    this.#steps = steps;
    this.#ofFloats = ofFloats;
    this.#window = new MixedWindow(plan.windows.kind === "subquery");
    const extension = plan.windows.kind === "samples" ? plan.windows.extension : null;
    this.#ofHistograms =
      extension === null ? mixedFunction(plan.name) : extendedMixedFunction(plan.name, extension.kind);
  }

  /** Fills row `row` of `block`; returns how many floats are in it. Accounts for its samples. */
  fillRow(series: MixedSeries, block: RowBlock, row: number): number {
    const { arena, budget } = this.#context;
    const { batch, i } = series;
    this.#window.load(arena, {
      timesAt: batch.timesAt[i],
      valuesAt: batch.valuesAt[i],
      kindsAt: batch.kindsAt[i],
      startsAt: series.usesStarts ? batch.startsAt[i] : 0,
      count: batch.count[i],
    });
    clearBitmap(arena.u32, block.presenceAt(row), block.layout);
    clearBitmap(arena.u32, block.kindsAt(row), block.layout);
    block.hasHistograms[row] = 0;
    let floats = 0;
    for (let s = 0; s < this.#steps.count; s++) {
      const result = this.#evaluate(series, s);
      if (result === undefined) continue;
      let value = result;
      if (typeof value === "number") {
        floats++;
      } else {
        value = writeRecord(block.records, value);
        block.hasHistograms[row] = 1;
        setBit(arena.u32, block.kindsAt(row), s);
      }
      arena.f64[(block.valuesAt(row) >>> 3) + s] = value;
      setBit(arena.u32, block.presenceAt(row), s);
    }
    budget.add(countSamples(arena, block.row(row), block.layout));
    return floats;
  }

  #evaluate({ boundsAt, paramRows, metricName }: MixedSeries, step: number) {
    const { arena, budget, annotations } = this.#context;
    const { f64, u32 } = arena;
    const { windows, firstArgSpan, name } = this.#plan;
    const [low, high] = [u32[(boundsAt >>> 2) + 2 * step], u32[(boundsAt >>> 2) + 2 * step + 1]];
    if (low === high) return undefined;
    const window = this.#window;
    const timeMs = this.#steps.startMs + step * this.#steps.stepMs;
    const endMs = (windows.atMs ?? timeMs) - windows.offsetMs;
    window.place(low, high, timeMs, endMs - windows.rangeMs, endMs);
    paramRows.forEach((at, i) => window.setParam(i, f64[(at >>> 3) + step]));
    const before = budget.samples;
    budget.add(window.sampleSize);
    budget.returnTo(before);
    budget.work(window.sampleSize);
    if (name === "quantile_over_time" && window.floats.count > 0) {
      warnOfQuantile(annotations, window.floats.params[0], firstArgSpan);
    }
    if (window.histogramCount > 0) {
      return this.#ofHistograms(window, { annotations, metricName, span: firstArgSpan });
    }
    const result = this.#ofFloats.define(window.floats);
    if ((name === "rate" || name === "increase") && hasOverlap(window.floats)) {
      warnOfStartOverlap(annotations, metricName, firstArgSpan);
    }
    return result;
  }
}
