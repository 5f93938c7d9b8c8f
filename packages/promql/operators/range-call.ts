/**
 * A function over windows of samples, series by series: rate, sum_over_time, …
 *
 *  1. Staleness markers are dropped from the columns that have any.
 *  2. Window bounds (and the extrapolation terms of the rate family) depend on times alone: they are
 *     computed anew only when the times differ from the last series', which within a scrape target they do
 *     not.
 *  3. One kernel call per series, or the function's definition window by window when it has no kernel.
 */

import { extendedFlags } from "@narthex/kernel/extended-windows";
import { unreachable } from "@narthex/platform/assert";
import { metricNameLabel } from "@narthex/model/labels";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { warnOfQuantile } from "../annotations.ts";
import { extendedFunction, rangeFunctions } from "../functions/range-functions.ts";
import type { RangeFunction, RangeKernel } from "../functions/range-functions.ts";
import { hasOverlap } from "../functions/start-timestamps.ts";
import { Window } from "../functions/window.ts";
import type { RangeCallPlan, WindowExtension } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { clearBitmap, setBit, type RowBlock, type RowLayout } from "../rows.ts";
import { labelValueId, type SeriesTable } from "../series-table.ts";
import {
  sampleWeights,
  windowCounts,
  type ReadKind,
  type SampleTally,
  type WindowCounts,
} from "../sample-tally.ts";
import type { Steps } from "../steps.ts";
import { suspectNonCounterName, suspectNonCounterType, warnOfStartOverlap } from "../sample-annotations.ts";
import { dropStale } from "./stale-samples.ts";
import { reduceToStats } from "./histogram-stats.ts";
import { MixedRangeCall } from "./mixed-range-call.ts";
import { scalarRow, type Operator } from "./operator.ts";
import type { WindowSource } from "./window-source.ts";

/** Functions that look at start timestamps (resets in anchored windows too, the others not). */
const startFunctions: ReadonlySet<string> = new Set(["rate", "irate", "increase"]);

/** Yields the results of one function. */
export class RangeCallOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  readonly #context: QueryContext;
  readonly #tally: SampleTally;
  /** Whether windows are read from the storage anew at every step. */
  readonly #isRead: ReadKind;
  readonly #plan: RangeCallPlan;
  readonly #function: RangeFunction;
  readonly #extension: WindowExtension | null;
  /** Whether start timestamps are looked at. */
  readonly #usesStarts: boolean;
  readonly #source: WindowSource;
  readonly #params: readonly Operator[];
  readonly #batch = new SeriesBatch();
  readonly #window = new Window();
  readonly #checkedNames = new Set<number>();
  #mixed: MixedRangeCall | undefined;
  #paramRows: readonly number[] = [];
  #table: SeriesTable | undefined;
  #done = 0;
  #boundsAt = 0;
  #termsAt = 0;
  /** Columns of the series that bounds and terms were computed for; -1 count: none. */
  #timesAt = 0;
  #timesCount = -1;
  /** What these windows count, all samples being floats. */
  #counts: WindowCounts = { total: 0, read: 0 };

  constructor(
    context: QueryContext,
    plan: RangeCallPlan,
    source: WindowSource,
    params: readonly Operator[],
    steps: Steps,
    layout: RowLayout,
  ) {
    this.#context = context;
    this.#tally = context.tally;
    this.#plan = plan;
    const { windows } = plan;
    this.#isRead = windows.kind !== "samples" ? "none" : windows.atMs === null ? "each" : "first";
    this.#extension = windows.kind === "samples" ? windows.extension : null;
    this.#function =
      this.#extension === null
        ? (rangeFunctions.get(plan.name) as RangeFunction)
        : extendedFunction(plan.name, this.#extension.kind);
    this.#usesStarts =
      context.useStartTimestamps &&
      windows.kind === "samples" &&
      (plan.name === "resets" || (this.#extension === null && startFunctions.has(plan.name)));
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
      dropStale(this.#context, batch, i, this.#usesStarts);
      const before = budget.samples;
      if (batch.kindsAt[i] !== 0) {
        const floats = this.#fillMixedRow(i, block);
        if (floats > 0) this.#suspectNonCounter(this.#done + i);
        if (batch.count[i] > 0) this.#tallyWindows(i);
        continue;
      }
      budget.add(batch.count[i]); // the samples of one series are in memory while its row is computed
      budget.returnTo(before);
      const present = this.#fillRow(i, block.valuesAt(i), block.presenceAt(i));
      budget.add(present);
      if (batch.count[i] > 0) this.#tallyWindows(i);
      if (present > 0) this.#suspectNonCounter(this.#done + i);
    }
    this.#done += count;
    scratch.release(mark);
    return count;
  }

  /** Low and high of the current windows. */
  get #bounds(): Uint32Array {
    return this.#context.arena.u32.subarray(
      this.#boundsAt >>> 2,
      (this.#boundsAt >>> 2) + 2 * this.steps.count,
    );
  }

  #tallyWindows(i: number): void {
    const { kindsAt, valuesAt, count } = this.#batch;
    if (kindsAt[i] === 0) {
      this.#tally.addWindows(this.#counts, this.#bounds, null, this.#isRead);
      return;
    }
    const weights = sampleWeights(this.#context.arena, kindsAt[i], valuesAt[i], count[i]);
    const counts = windowCounts(this.#bounds, this.steps.count, weights, this.#isRead);
    this.#tally.addWindows(counts, this.#bounds, weights, this.#isRead);
  }

  get #firstEndMs(): number {
    return (this.#plan.windows.atMs ?? this.steps.startMs) - this.#plan.windows.offsetMs;
  }

  get #endStepMs(): number {
    return this.#plan.windows.atMs === null ? this.steps.stepMs : 0;
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
    const hasStarts = this.#usesStarts && this.#batch.startsAt[i] !== 0;
    return kernel === null || hasStarts
      ? this.#byDefinition(i, valuesAt, presenceAt)
      : this.#byKernel(kernel, i, valuesAt, presenceAt);
  }

  /** The row of a series with histograms; returns how many floats are in it. */
  #fillMixedRow(i: number, block: RowBlock): number {
    this.#mixed ??= new MixedRangeCall(this.#context, this.#plan, this.#function, this.steps);
    this.#placeWindows(this.#batch.timesAt[i], this.#batch.count[i]);
    this.#reduceToStats(i);
    const series = {
      batch: this.#batch,
      i,
      boundsAt: this.#boundsAt,
      paramRows: this.#paramRows,
      metricName: this.#metricName(this.#done + i),
      usesStarts: this.#usesStarts,
    };
    return this.#mixed.fillRow(series, block, i);
  }

  #reduceToStats(i: number): void {
    const { windows } = this.#plan;
    if (windows.kind !== "samples" || !this.#context.isStatsOnly(windows.selector)) return;
    reduceToStats(this.#context, this.#batch, i, {
      firstMs: this.#firstEndMs + this.#reach.aheadMs,
      stepMs: this.#endStepMs,
      steps: this.steps.count,
      widthMs: this.#reach.widthMs,
    });
  }

  /** How far behind its end a window reaches, and how wide it is then. */
  get #reach(): { aheadMs: number; widthMs: number } {
    const lookbackMs = this.#extension?.lookbackMs ?? 0;
    const aheadMs = this.#extension?.kind === "smoothed" ? lookbackMs : 0;
    return { aheadMs, widthMs: this.#plan.windows.rangeMs + lookbackMs + aheadMs };
  }

  #metricName(series: number): string {
    const { symbols } = this.#context;
    const nameId = symbols.intern(metricNameLabel);
    return symbols.text(labelValueId(this.#table as SeriesTable, series, nameId));
  }

  #placeWindows(timesAt: number, count: number): void {
    const { kernels } = this.#context;
    const { rangeMs } = this.#plan.windows;
    const { kernel } = this.#function;
    const first = this.#firstEndMs;
    const step = this.#endStepMs;
    const { aheadMs, widthMs } = this.#reach;
    kernels.windowBounds(timesAt, count, first + aheadMs, step, this.steps.count, widthMs, this.#boundsAt);
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
    this.#counts = windowCounts(this.#bounds, this.steps.count, null, this.#isRead);
  }

  get #perSeconds(): number {
    return this.#plan.name === "rate" ? this.#plan.windows.rangeMs / 1000 : 1;
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
        case "extended":
          return this.#extendedRow(i, out, presence);
        default:
          return unreachable(kernel);
      }
    } finally {
      scratch.release(mark);
    }
  }

  #extendedRow(i: number, out: number, presence: number): number {
    const { scratch, kernels } = this.#context;
    const { timesAt, valuesAt, count } = this.#batch;
    return kernels.extendedRow(
      timesAt[i],
      valuesAt[i],
      count[i],
      this.#boundsAt,
      this.#firstEndMs,
      this.#endStepMs,
      this.steps.count,
      this.#plan.windows.rangeMs,
      (this.#extension?.kind === "smoothed" ? extendedFlags.smoothed : 0) |
        (this.#plan.name === "delta" ? 0 : extendedFlags.counter),
      this.#perSeconds,
      scratch.take(4 * count[i]),
      out,
      presence,
    );
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
    const startsAt = this.#usesStarts ? this.#batch.startsAt[i] : 0;
    window.starts = startsAt === 0 ? null : from(startsAt);
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
      if (window.starts !== null) this.#warnOfOverlap(i);
      if (result === undefined) continue;
      f64[(out >>> 3) + s] = result;
      setBit(u32, presence, s);
      present++;
    }
    return present;
  }

  /** Start timestamps of the window in work that contradict the times before them. */
  #warnOfOverlap(i: number): void {
    const { name, windowsSpan } = this.#plan;
    if ((name !== "rate" && name !== "increase") || !hasOverlap(this.#window)) return;
    warnOfStartOverlap(this.#context.annotations, this.#metricName(this.#done + i), windowsSpan);
  }

  /** rate and increase of something that is not named like a counter get an info. */
  #suspectNonCounter(series: number): void {
    const { name, windowsSpan } = this.#plan;
    if (name !== "rate" && name !== "increase") return;
    const { symbols, annotations, typeAndUnitLabels } = this.#context;
    const table = this.#table as SeriesTable;
    const nameId = labelValueId(table, series, symbols.intern(metricNameLabel));
    if (nameId === 0) return;
    if (typeAndUnitLabels) {
      const type = symbols.text(labelValueId(table, series, symbols.intern("__type__")));
      suspectNonCounterType(annotations, symbols.text(nameId), type, windowsSpan);
      return;
    }
    if (this.#checkedNames.has(nameId)) return;
    this.#checkedNames.add(nameId);
    suspectNonCounterName(annotations, symbols.text(nameId), windowsSpan);
  }
}
