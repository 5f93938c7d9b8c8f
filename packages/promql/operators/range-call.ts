/**
 * A function over windows of samples, series by series: rate, sum_over_time, …
 *
 *  1. Staleness markers are dropped from the columns that have any.
 *  2. Window bounds (and the extrapolation terms of the rate family) depend on times alone: they are
 *     computed anew only when the times differ from the last series', which within a scrape target they do
 *     not.
 *  3. One kernel call per series, or the function's definition window by window when it has no kernel.
 */

import { unreachable } from "@narthex/platform/assert";
import { metricNameLabel, quoteGo } from "@narthex/model/labels";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { warnOfQuantile } from "../annotations.ts";
import { rangeFunctions, type RangeFunction, type RangeKernel } from "../functions/range-functions.ts";
import { Window } from "../functions/window.ts";
import type { RangeCallPlan } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { clearBitmap, setBit, type RowBlock, type RowLayout } from "../rows.ts";
import { labelValueId, type SeriesTable } from "../series-table.ts";
import type { Steps } from "../steps.ts";
import { scalarRow, type Operator } from "./operator.ts";
import type { WindowSource } from "./window-source.ts";

/** Names that end like this are counters. */
const counterName = /(?:_total|_sum|_count|_bucket)$/u;

/** Yields the results of one function. */
export class RangeCallOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  readonly #context: QueryContext;
  readonly #plan: RangeCallPlan;
  readonly #function: RangeFunction;
  readonly #source: WindowSource;
  readonly #params: readonly Operator[];
  readonly #batch = new SeriesBatch();
  readonly #window = new Window();
  readonly #checkedNames = new Set<number>();
  #paramRows: readonly number[] = [];
  #table: SeriesTable | undefined;
  #done = 0;
  #boundsAt = 0;
  #termsAt = 0;
  /** Columns of the series that bounds and terms were computed for; -1 count: none. */
  #timesAt = 0;
  #timesCount = -1;

  constructor(
    context: QueryContext,
    plan: RangeCallPlan,
    source: WindowSource,
    params: readonly Operator[],
    steps: Steps,
    layout: RowLayout,
  ) {
    this.#context = context;
    this.#plan = plan;
    this.#function = rangeFunctions.get(plan.name) as RangeFunction;
    this.#source = source;
    this.#params = params;
    this.steps = steps;
    this.layout = layout;
  }

  /** Whether results keep their metric names. */
  get keepsName(): boolean {
    return this.#function.keepsName;
  }

  open(): SeriesTable {
    this.#paramRows = this.#params.map((param) => scalarRow(this.#context, param));
    this.#table = this.#source.open();
    this.#boundsAt = this.#context.scratch.take(this.steps.count * 8);
    this.#termsAt = this.#context.scratch.take(this.steps.count * 32);
    return this.#table;
  }

  next(block: RowBlock): number {
    const { scratch, budget } = this.#context;
    budget.check();
    const mark = scratch.mark();
    const batch = this.#batch;
    const count = this.#source.read(batch, block.capacity);
    this.#timesCount = -1;
    for (let i = 0; i < count; i++) {
      if (batch.staleCount[i] !== 0) this.#dropStale(i);
      const before = budget.samples;
      budget.add(batch.count[i]); // the samples of one series are in memory while its row is computed
      budget.returnTo(before);
      const present = this.#fillRow(i, block.valuesAt(i), block.presenceAt(i));
      budget.add(present);
      if (present > 0) this.#suspectNonCounter(this.#done + i);
    }
    this.#done += count;
    scratch.release(mark);
    return count;
  }

  get #firstEndMs(): number {
    return (this.#plan.windows.atMs ?? this.steps.startMs) - this.#plan.windows.offsetMs;
  }

  get #endStepMs(): number {
    return this.#plan.windows.atMs === null ? this.steps.stepMs : 0;
  }

  #dropStale(i: number): void {
    const { scratch, kernels } = this.#context;
    const { timesAt, valuesAt, count } = this.#batch;
    const keptTimes = scratch.take(count[i] * 8);
    const keptValues = scratch.take(count[i] * 8);
    count[i] = kernels.dropStale(timesAt[i], valuesAt[i], count[i], keptTimes, keptValues);
    timesAt[i] = keptTimes;
    valuesAt[i] = keptValues;
  }

  #fillRow(i: number, valuesAt: number, presenceAt: number): number {
    const { kernels, arena } = this.#context;
    const count = this.#batch.count[i];
    if (count === 0) {
      clearBitmap(arena.u32, presenceAt, this.layout);
      return 0;
    }
    const timesAt = this.#batch.timesAt[i];
    const sameTimes =
      count === this.#timesCount &&
      (timesAt === this.#timesAt || kernels.sameColumn(timesAt, this.#timesAt, count) !== 0);
    if (!sameTimes) this.#placeWindows(timesAt, count);
    const { kernel } = this.#function;
    return kernel === null
      ? this.#byDefinition(i, valuesAt, presenceAt)
      : this.#byKernel(kernel, i, valuesAt, presenceAt);
  }

  #placeWindows(timesAt: number, count: number): void {
    const { kernels } = this.#context;
    const { rangeMs } = this.#plan.windows;
    const { kernel } = this.#function;
    const first = this.#firstEndMs;
    const step = this.#endStepMs;
    kernels.windowBounds(timesAt, count, first, step, this.steps.count, rangeMs, this.#boundsAt);
    if (kernel === "rate" || kernel === "increase" || kernel === "delta") {
      kernels.rateTerms(
        timesAt,
        this.#boundsAt,
        first,
        step,
        this.steps.count,
        rangeMs,
        this.#perSeconds,
        this.#termsAt,
      );
    }
    this.#timesAt = timesAt;
    this.#timesCount = count;
  }

  get #perSeconds(): number {
    return this.#function.kernel === "rate" ? this.#plan.windows.rangeMs / 1000 : 1;
  }

  #byKernel(kernel: RangeKernel, i: number, out: number, presence: number): number {
    const { scratch, kernels } = this.#context;
    const bounds = this.#boundsAt;
    const steps = this.steps.count;
    const values = this.#batch.valuesAt[i];
    const count = this.#batch.count[i];
    const mark = scratch.mark();
    try {
      switch (kernel) {
        case "rate":
        case "increase":
          return kernels.counterRow(
            values,
            count,
            bounds,
            steps,
            this.#termsAt,
            this.#perSeconds,
            scratch.take(24 * count),
            out,
            presence,
          );
        case "delta":
          return kernels.deltaRow(values, bounds, steps, this.#termsAt, out, presence);
        case "sum":
        case "mean": {
          const prefix = scratch.take(16 * (count + 1));
          const finite = kernels.sumPrefix(values, count, prefix);
          return kernels.sumRow(
            values,
            bounds,
            steps,
            prefix,
            finite,
            kernel === "mean" ? 1 : 0,
            out,
            presence,
          );
        }
        case "max":
        case "min":
          return kernels.extremeRow(
            values,
            bounds,
            steps,
            kernel === "max" ? 1 : -1,
            scratch.take(4 * count),
            out,
            presence,
          );
        case "count":
          return kernels.edgeRow(values, bounds, steps, 0, out, presence);
        case "last":
          return kernels.lastRow(values, bounds, steps, out, presence);
        case "first":
          return kernels.edgeRow(values, bounds, steps, 2, out, presence);
        case "present":
          return kernels.edgeRow(values, bounds, steps, 3, out, presence);
        default:
          return unreachable(kernel);
      }
    } finally {
      scratch.release(mark);
    }
  }

  #byDefinition(i: number, out: number, presence: number): number {
    const { f64, u32 } = this.#context.arena;
    const { steps } = this;
    const window = this.#window;
    const { rangeMs } = this.#plan.windows;
    const from = (address: number): Float64Array =>
      f64.subarray(address >>> 3, (address >>> 3) + this.#batch.count[i]);
    window.times = from(this.#batch.timesAt[i]);
    window.values = from(this.#batch.valuesAt[i]);
    clearBitmap(u32, presence, this.layout);
    let present = 0;
    for (let s = 0; s < steps.count; s++) {
      window.low = u32[(this.#boundsAt >>> 2) + 2 * s];
      window.high = u32[(this.#boundsAt >>> 2) + 2 * s + 1];
      if (window.low === window.high) continue;
      this.#context.budget.work(window.count);
      window.timeMs = steps.startMs + s * steps.stepMs;
      window.endMs = this.#firstEndMs + s * this.#endStepMs;
      window.startMs = window.endMs - rangeMs;
      for (let p = 0; p < this.#paramRows.length; p++) window.params[p] = f64[(this.#paramRows[p] >>> 3) + s];
      if (this.#plan.name === "quantile_over_time") {
        warnOfQuantile(this.#context.annotations, window.params[0], this.#plan.firstArgSpan);
      }
      const result = this.#function.define(window);
      if (result === undefined) continue;
      f64[(out >>> 3) + s] = result;
      setBit(u32, presence, s);
      present++;
    }
    return present;
  }

  /** rate and increase of something that is not named like a counter get an info. */
  #suspectNonCounter(series: number): void {
    const { kernel } = this.#function;
    if (kernel !== "rate" && kernel !== "increase") return;
    const { symbols, annotations } = this.#context;
    const nameId = labelValueId(this.#table as SeriesTable, series, symbols.intern(metricNameLabel));
    if (nameId === 0 || this.#checkedNames.has(nameId)) return;
    this.#checkedNames.add(nameId);
    const name = symbols.text(nameId);
    if (counterName.test(name)) return;
    annotations.add(
      "info",
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoteGo(name)}`,
      this.#plan.windowsSpan,
    );
  }
}
