/**
 * The last operator's rows become a result: empty rows go, delayed names are dropped, a matrix is sorted by
 * labels.
 */

import { SeriesBatch } from "@narthex/storage/series-batch";
import { materialize, pickRows, type Matrix, type Operator } from "./operators/operator.ts";
import { mergeRows } from "./operators/relabel.ts";
import type { WindowSource } from "./operators/window-source.ts";
import type { TimeShift } from "./plan-node.ts";
import type { QueryContext } from "./query-context.ts";
import type { MatrixResult, QueryResult, ResultNotes, SamplesResult } from "./query-result.ts";
import { isEmptyBitmap } from "./rows.ts";
import { labelOrder, numberSets, pickSeries, type SeriesTable } from "./series-table.ts";

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
    return { kind, timeMs: startMs, series: table, symbols: context.symbols, values };
  }
  return sortedMatrix(context, table, matrix, operator);
}

function sortedMatrix(
  context: QueryContext,
  table: SeriesTable,
  matrix: Matrix,
  { steps }: Operator,
): WithoutNotes<MatrixResult> {
  const order = labelOrder(table, context.symbols);
  const series = order === null ? table : pickSeries(table, order);
  const { valuesAt, presenceAt } = order === null ? matrix : pickRows(matrix, order);
  return {
    kind: "matrix",
    steps,
    series,
    symbols: context.symbols,
    arena: context.arena,
    valuesAt,
    presenceAt,
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

/** The samples of a range vector at `timeMs`. */
export function finishSamples(
  context: QueryContext,
  source: WindowSource,
  windows: TimeShift & { readonly rangeMs: number },
  timeMs: number,
): WithoutNotes<SamplesResult> {
  const { kernels, budget, scratch } = context;
  const table = source.open();
  const endMs = (windows.atMs ?? timeMs) - windows.offsetMs;
  const boundsAt = scratch.take(8);
  const batch = new SeriesBatch();
  const kept: number[] = [];
  const columns: { times: number; values: number; count: number }[] = [];
  let series = 0;
  for (
    let count = source.read(batch, SeriesBatch.capacity);
    count > 0;
    count = source.read(batch, SeriesBatch.capacity)
  ) {
    budget.check();
    for (let i = 0; i < count; i++, series++) {
      let [times, values, samples] = [batch.timesAt[i], batch.valuesAt[i], batch.count[i]];
      if (batch.staleCount[i] !== 0) {
        const [keptTimes, keptValues] = [scratch.take(8 * samples), scratch.take(8 * samples)];
        samples = kernels.dropStale(times, values, samples, keptTimes, keptValues);
        [times, values] = [keptTimes, keptValues];
      }
      kernels.windowBounds(times, samples, endMs, 1, 1, windows.rangeMs, boundsAt);
      const low = context.arena.u32[boundsAt >>> 2];
      const high = context.arena.u32[(boundsAt >>> 2) + 1];
      if (low === high) continue;
      budget.add(high - low);
      kept.push(series);
      columns.push({ times: times + 8 * low, values: values + 8 * low, count: high - low });
    }
  }
  const found = pickSeries(table, kept);
  const order = labelOrder(found, context.symbols);
  const sorted = order === null ? columns : Array.from(order, (i) => columns[i]);
  return {
    kind: "samples",
    series: order === null ? found : pickSeries(found, order),
    symbols: context.symbols,
    arena: context.arena,
    timesAt: Uint32Array.from(sorted, ({ times }) => times),
    valuesAt: Uint32Array.from(sorted, ({ values }) => values),
    counts: Uint32Array.from(sorted, ({ count }) => count),
  };
}
