/**
 * An instant selector with `smoothed`: values interpolated between the samples before and after each step.
 */

import type { FloatHistogram } from "@narthex/model/float-histogram";
import { metricNameLabel } from "@narthex/model/labels";
import { recordSampleSize, writeRecord } from "@narthex/storage/histogram-record";
import { SeriesBatch } from "@narthex/storage/series-batch";
import type { SeriesSet } from "@narthex/storage/querier";
import { smoothedValue } from "../functions/extended-change.ts";
import { smoothedHistogram, type HistogramSample } from "../functions/extended-histograms.ts";
import { warnOfMixedRange } from "../histogram-annotations.ts";
import { histogramAt } from "../histogram-rows.ts";
import type { SmoothedSelectorPlan } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { clearBitmap, hasBit, maxBlockRows, setBit, type RowBlock, type RowLayout } from "../rows.ts";
import { labelValueId, type SeriesTable } from "../series-table.ts";
import type { Steps } from "../steps.ts";
import type { Operator } from "./operator.ts";
import { dropStale } from "./stale-samples.ts";

/** Yields interpolated values. */
export class SmoothedSelectorOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  readonly #context: QueryContext;
  readonly #plan: SmoothedSelectorPlan;
  readonly #batch = new SeriesBatch();
  #set: SeriesSet | undefined;
  #boundsAt = 0;
  #done = 0;

  constructor(context: QueryContext, plan: SmoothedSelectorPlan, steps: Steps, layout: RowLayout) {
    this.#context = context;
    this.#plan = plan;
    this.steps = steps;
    this.layout = layout;
  }

  open(): SeriesTable {
    const set = this.#context.seriesSet(this.#plan.selector);
    this.#set = set;
    this.#boundsAt = this.#context.scratch.take(8 * this.steps.count);
    return { count: set.count, labelIds: set.labelIds, labelEnds: set.labelEnds, dropsName: null };
  }

  next(block: RowBlock): number {
    const set = this.#set as SeriesSet;
    const { scratch, budget } = this.#context;
    const wanted = Math.min(block.capacity, set.count - this.#done, maxBlockRows);
    if (wanted === 0) return 0;
    budget.check();
    const mark = scratch.mark();
    const count = set.read(this.#done, wanted, this.#batch, scratch);
    for (let i = 0; i < count; i++) {
      dropStale(this.#context, this.#batch, i);
      budget.add(this.#batch.kindsAt[i] === 0 ? this.#fillRow(i, block) : this.#fillMixedRow(i, block));
    }
    scratch.release(mark);
    this.#done += count;
    return count;
  }

  get #firstMs(): number {
    return (this.#plan.atMs ?? this.steps.startMs) - this.#plan.offsetMs;
  }

  get #stepMs(): number {
    return this.#plan.atMs === null ? this.steps.stepMs : 0;
  }

  #placeWindows(i: number): void {
    const { lookbackMs } = this.#plan;
    this.#context.kernels.windowBounds(
      this.#batch.timesAt[i],
      this.#batch.count[i],
      this.#firstMs + lookbackMs,
      this.#stepMs,
      this.steps.count,
      2 * lookbackMs,
      this.#boundsAt,
    );
  }

  #fillRow(i: number, block: RowBlock): number {
    this.#placeWindows(i);
    return this.#context.kernels.smoothedRow(
      this.#batch.timesAt[i],
      this.#batch.valuesAt[i],
      this.#boundsAt,
      this.#firstMs,
      this.#stepMs,
      this.steps.count,
      block.valuesAt(i),
      block.presenceAt(i),
    );
  }

  /** A series with histograms; windows with floats too give nothing but a warning. */
  #fillMixedRow(i: number, block: RowBlock): number {
    this.#placeWindows(i);
    const { arena, annotations } = this.#context;
    const metricName = this.#metricName(this.#done + i);
    const notes = { annotations, metricName, span: this.#plan.span };
    const [times, values] = [
      this.#column(this.#batch.timesAt[i], i),
      this.#column(this.#batch.valuesAt[i], i),
    ];
    const samples = this.#histograms(i);
    clearBitmap(arena.u32, block.presenceAt(i), this.layout);
    clearBitmap(arena.u32, block.kindsAt(i), this.layout);
    block.hasHistograms[i] = 1;
    let size = 0;
    for (let s = 0; s < this.steps.count; s++) {
      const bounds = (this.#boundsAt >>> 2) + 2 * s;
      const [low, high] = [arena.u32[bounds], arena.u32[bounds + 1]];
      const timeMs = this.#firstMs + s * this.#stepMs;
      const inside = samples.slice(low, high).filter((sample) => sample !== null);
      if (inside.length > 0 && inside.length < high - low) {
        warnOfMixedRange(annotations, metricName, this.#plan.span);
        continue;
      }
      const value =
        inside.length > 0
          ? smoothedHistogram(inside, timeMs, notes)
          : smoothedValue(times, values, low, high, timeMs);
      if (value !== undefined) size += this.#put(block, i, s, value);
    }
    return size;
  }

  #column(address: number, i: number): Float64Array {
    return this.#context.arena.f64.slice(address >>> 3, (address >>> 3) + this.#batch.count[i]);
  }

  /** The samples of series `i`, null for floats. */
  #histograms(i: number): readonly (HistogramSample | null)[] {
    const { arena } = this.#context;
    const { timesAt, valuesAt, kindsAt, count } = this.#batch;
    return Array.from({ length: count[i] }, (_, at) =>
      hasBit(arena.u32, kindsAt[i], at)
        ? { timeMs: arena.f64[(timesAt[i] >>> 3) + at], histogram: histogramAt(arena, valuesAt[i], at) }
        : null,
    );
  }

  /** Puts a value at a step of row `row`; returns how many samples it counts as. */
  #put(block: RowBlock, row: number, step: number, value: number | FloatHistogram): number {
    const { arena } = this.#context;
    const isFloat = typeof value === "number";
    const at = isFloat ? value : writeRecord(block.records, value);
    arena.f64[(block.valuesAt(row) >>> 3) + step] = at;
    setBit(arena.u32, block.presenceAt(row), step);
    if (isFloat) return 1;
    setBit(arena.u32, block.kindsAt(row), step);
    return recordSampleSize(arena, at);
  }

  #metricName(series: number): string {
    const { symbols } = this.#context;
    const { count, labelIds, labelEnds } = this.#set as SeriesSet;
    const table = { count, labelIds, labelEnds, dropsName: null };
    return symbols.text(labelValueId(table, series, symbols.intern(metricNameLabel)));
  }
}
