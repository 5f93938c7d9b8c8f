/**
 * The last operator's rows become a result: empty rows go, delayed names are dropped, a matrix is sorted by
 * labels.
 */

import { recordSampleSize } from "@narthex/storage/histogram-record";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { forEachSet, isHistogram, kindsOfPart, recordAt } from "./histogram-rows.ts";
import { extendSamples, type SampleColumns } from "./operators/extended-samples.ts";
import { materialize, pickRows, type Matrix, type Operator } from "./operators/operator.ts";
import { mergeRows } from "./operators/relabel.ts";
import { dropStale } from "./operators/stale-samples.ts";
import type { WindowSource } from "./operators/window-source.ts";
import type { WindowsPlan } from "./plan-node.ts";
import type { QueryContext } from "./query-context.ts";
import { ExecutionError } from "./query-errors.ts";
import type { MatrixResult, QueryResult, ResultNotes, SamplesResult } from "./query-result.ts";
import { isEmptyBitmap } from "./rows.ts";
import { labelOrder, numberSets, pickSeries, settled, type SeriesTable } from "./series-table.ts";

type WithoutNotes<Result> = Result extends unknown ? Omit<Result, keyof ResultNotes> : never;

/** A result without warnings and the rest. */
export type Finished = WithoutNotes<QueryResult>;

/** Runs `operator` and shapes what it yields. */
export function finishRows(
  context: QueryContext,
  operator: Operator,
  kind: "scalar" | "vector" | "matrix",
): Finished {
  const all = operator.open();
  const rows = withoutEmpty(context, all, materialize(context, operator, all));
  const { table, matrix } = withDroppedNames(context, rows.table, rows.matrix);
  const { startMs } = operator.steps;
  const { f64 } = context.arena;
  if (kind === "scalar") return { kind, timeMs: startMs, value: f64[matrix.valuesAt[0] >>> 3] };
  if (kind === "vector") {
    const values = Float64Array.from(matrix.valuesAt, (at) => f64[at >>> 3]);
    const records = recordsOf(context, matrix, values);
    return { kind, timeMs: startMs, series: settled(table), symbols: context.symbols, values, records };
  }
  return sortedMatrix(context, table, matrix, operator);
}

/** The records among the values of one step, null when there is none. */
function recordsOf({ arena }: QueryContext, { kindsAt }: Matrix, values: Float64Array): Uint32Array | null {
  if (kindsAt.every((at) => at === 0)) return null;
  const { u32 } = arena;
  return Uint32Array.from(kindsAt, (at, i) => (isHistogram(u32, at, 0) ? values[i] : 0));
}

function sortedMatrix(
  context: QueryContext,
  table: SeriesTable,
  matrix: Matrix,
  { steps }: Operator,
): WithoutNotes<MatrixResult> {
  const order = context.sorting(() => labelOrder(table, context.symbols));
  const series = order === null ? settled(table) : pickSeries(table, order);
  const { valuesAt, presenceAt, kindsAt } = order === null ? matrix : pickRows(matrix, order);
  return {
    kind: "matrix",
    steps,
    series,
    symbols: context.symbols,
    arena: context.arena,
    valuesAt,
    presenceAt,
    kindsAt,
  };
}

function withoutEmpty(
  context: QueryContext,
  table: SeriesTable,
  matrix: Matrix,
): { table: SeriesTable; matrix: Matrix } {
  const { u32 } = context.arena;
  const kept: number[] = [];
  for (let i = 0; i < matrix.count; i++) {
    if (!isEmptyBitmap(u32, matrix.presenceAt[i], matrix.layout)) kept.push(i);
  }
  if (kept.length === matrix.count) return { table, matrix };
  return { table: pickSeries(table, kept), matrix: pickRows(matrix, kept) };
}

function withDroppedNames(
  context: QueryContext,
  table: SeriesTable,
  matrix: Matrix,
): { table: SeriesTable; matrix: Matrix } {
  const { dropsName } = table;
  if (dropsName === null) return { table, matrix };
  const { indexOf, sets } = numberSets(table, (set, i) => {
    if (dropsName[i] !== 0) set.remove(context.metricLabelIds);
  });
  const clean = sets.toTable();
  if (sets.count === table.count) return { table: clean, matrix };
  return { table: clean, matrix: mergeRows(context, matrix, indexOf, sets.count, "merge") };
}

/** Samples and the bitmap that tells histograms among them, 0: none. */
interface SampleRun extends SampleColumns {
  readonly kinds: number;
}

/** The samples of a range vector at `timeMs`. */
export function finishSamples(
  context: QueryContext,
  source: WindowSource,
  windows: WindowsPlan,
  timeMs: number,
): WithoutNotes<SamplesResult> {
  const { budget, scratch } = context;
  const table = source.open();
  const boundsAt = scratch.take(8);
  const batch = new SeriesBatch();
  const kept: number[] = [];
  const runs: SampleRun[] = [];
  let series = 0;
  for (
    let count = source.read(batch, SeriesBatch.capacity);
    count > 0;
    count = source.read(batch, SeriesBatch.capacity)
  ) {
    budget.check();
    for (let i = 0; i < count; i++, series++) {
      const run = cutSamples(context, batch, i, windows, timeMs, boundsAt);
      if (run.count === 0) continue;
      budget.add(run.count);
      context.tally.addSamples(run.count);
      kept.push(series);
      runs.push(run);
    }
  }
  const found = pickSeries(table, kept);
  const order = labelOrder(found, context.symbols);
  const sorted = order === null ? runs : Array.from(order, (i) => runs[i]);
  return {
    kind: "samples",
    series: order === null ? found : pickSeries(found, order),
    symbols: context.symbols,
    arena: context.arena,
    timesAt: Uint32Array.from(sorted, ({ times }) => times),
    valuesAt: Uint32Array.from(sorted, ({ values }) => values),
    counts: Uint32Array.from(sorted, ({ count }) => count),
    kindsAt: Uint32Array.from(sorted, ({ kinds }) => kinds),
  };
}

/** The samples of series `i` of a batch that the range vector at `timeMs` has. */
function cutSamples(
  context: QueryContext,
  batch: SeriesBatch,
  i: number,
  windows: WindowsPlan,
  timeMs: number,
  boundsAt: number,
): SampleRun {
  const { kernels, arena, scratch, budget } = context;
  const endMs = (windows.atMs ?? timeMs) - windows.offsetMs;
  const extension = windows.kind === "samples" ? windows.extension : null;
  const aheadMs = extension?.kind === "smoothed" ? extension.lookbackMs : 0;
  const widthMs = windows.rangeMs + (extension?.lookbackMs ?? 0) + aheadMs;
  dropStale(context, batch, i);
  const [times, values] = [batch.timesAt[i], batch.valuesAt[i]];
  kernels.windowBounds(times, batch.count[i], endMs + aheadMs, 1, 1, widthMs, boundsAt);
  const low = arena.u32[boundsAt >>> 2];
  const count = arena.u32[(boundsAt >>> 2) + 1] - low;
  const kinds = kindsOfPart(scratch, batch.kindsAt[i], low, count);
  const run = { times: times + 8 * low, values: values + 8 * low, count, kinds };
  if (kinds !== 0) {
    if (extension !== null) {
      throw new ExecutionError(`${extension.kind} modifier is not supported with histograms`);
    }
    forEachSet(arena.u32, kinds, count, (at) => {
      const more = recordSampleSize(arena, recordAt(arena, run.values, at)) - 1;
      budget.add(more);
      context.tally.addSamples(more);
    });
  }
  if (extension === null || count === 0) return run;
  return { ...extendSamples(context, run, endMs - windows.rangeMs, endMs, extension), kinds: 0 };
}
