/**
 * Aggregations that keep one running row per group: sum, avg, min, max, count, group, stddev, stdvar.
 *
 * Blocks stream through; memory is a few rows per group. Rows are added in the order of the series, as the
 * original adds, so that compensated sums agree.
 */

import { assert, unreachable } from "@narthex/platform/assert";
import { metricNameLabel } from "@narthex/model/labels";
import type { Span } from "@narthex/promql-syntax/ast";
import { tellOfIgnoredInAggregation } from "../histogram-annotations.ts";
import { floatSteps } from "../histogram-rows.ts";
import type { QueryContext } from "../query-context.ts";
import { copyBitmap, hasBit, setBit, type RowAt } from "../rows.ts";
import { labelValueId, type SeriesTable } from "../series-table.ts";
import { HistogramGroups } from "./histogram-groups.ts";
import { forEachRow, holdRows, Matrix, MatrixOperator, type Operator } from "./operator.ts";
import { groupDropsName, groupSeries, type Grouping } from "./grouping.ts";

/** The aggregations of this operator. */
export type RunningOp = "sum" | "avg" | "min" | "max" | "count" | "group" | "stddev" | "stdvar";

/** What is aggregated how. */
export interface RunningAggregation extends Grouping {
  /** Of the input. */
  readonly inputSpan: Span;
}

/** Yields one row per group. */
export class AggregateOperator extends MatrixOperator {
  readonly #op: RunningOp;
  readonly #input: Operator;
  readonly #grouping: RunningAggregation;
  /** Histograms of sum and avg, once there is one. */
  #histograms: HistogramGroups | null = null;
  /** Address of a bitmap in use for one row, 0 until needed. */
  #floatsAt = 0;

  constructor(context: QueryContext, op: RunningOp, input: Operator, grouping: RunningAggregation) {
    super(context, input.steps, input.layout);
    this.#op = op;
    this.#input = input;
    this.#grouping = grouping;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context, layout } = this;
    const { budget } = context;
    const before = budget.samples;
    const inputTable = this.#input.open();
    const numbering = groupSeries(inputTable, this.#grouping, context.symbols);
    const groups = Matrix.allocate(context, layout, numbering.sets.count);
    // Further rows per group: what sums lost, or counts and means.
    const second = this.#needs(2) ? Matrix.allocate(context, layout, numbering.sets.count) : groups;
    const third = this.#needs(3) ? Matrix.allocate(context, layout, numbering.sets.count) : groups;
    forEachRow(context, this.#input, (series, valuesAt, presenceAt, kindsAt) => {
      const group = numbering.indexOf[series];
      const row = { valuesAt, presenceAt, kindsAt };
      const floatsAt =
        kindsAt === 0 && this.#histograms === null
          ? presenceAt
          : this.#takeHistograms(group, row, groups.presenceAt[group], inputTable, series);
      this.#addRow(group, valuesAt, floatsAt, groups, second, third);
    });
    for (let group = 0; group < groups.count; group++) this.#finishRow(group, groups, second, third);
    this.#histograms?.finish(groups);
    budget.returnTo(before);
    holdRows(context, groups);
    return { table: numbering.sets.toTable(groupDropsName(inputTable, numbering)), matrix: groups };
  }

  /** Deals with the histograms of a row; returns the bitmap of what is left to do. */
  #takeHistograms(group: number, row: RowAt, groupAt: number, table: SeriesTable, series: number): number {
    const { context, layout } = this;
    const { arena, symbols, scratch, annotations } = context;
    if (this.#op === "count" || this.#op === "group") return row.presenceAt;
    if (this.#floatsAt === 0) this.#floatsAt = scratch.take(layout.bitmapBytes);
    const floatsAt = this.#floatsAt;
    if (row.kindsAt === 0) copyBitmap(arena.u32, row.presenceAt, floatsAt, layout);
    else if (floatSteps(arena.u32, row, floatsAt, layout)) {
      if (this.#op === "sum" || this.#op === "avg") {
        const { inputSpan } = this.#grouping;
        this.#histograms ??= new HistogramGroups(context, layout, this.#op === "avg", inputSpan);
        const nameId = labelValueId(table, series, symbols.intern(metricNameLabel));
        this.#histograms.addRow(group, row, groupAt, symbols.text(nameId));
      } else {
        tellOfIgnoredInAggregation(annotations, this.#op, this.#grouping.inputSpan);
      }
    }
    this.#histograms?.mask(group, floatsAt);
    return floatsAt;
  }

  #needs(rows: 2 | 3): boolean {
    if (this.#op === "sum") return rows === 2;
    return this.#op === "avg" || this.#op === "stddev" || this.#op === "stdvar";
  }

  #addRow(
    group: number,
    valuesAt: number,
    presenceAt: number,
    groups: Matrix,
    second: Matrix,
    third: Matrix,
  ): void {
    const { kernels } = this.context;
    const steps = this.layout.steps;
    const into = groups.valuesAt[group];
    const seen = groups.presenceAt[group];
    const op = this.#op;
    switch (op) {
      case "sum":
        kernels.rowAdd(valuesAt, presenceAt, steps, into, second.valuesAt[group], seen);
        return;
      case "avg":
        kernels.rowMean(
          valuesAt,
          presenceAt,
          steps,
          into,
          second.valuesAt[group],
          third.valuesAt[group],
          seen,
        );
        return;
      case "min":
        kernels.rowExtreme(valuesAt, presenceAt, steps, -1, into, seen);
        return;
      case "max":
        kernels.rowExtreme(valuesAt, presenceAt, steps, 1, into, seen);
        return;
      case "count":
      case "group":
        kernels.rowCount(presenceAt, steps, into, seen);
        return;
      case "stddev":
      case "stdvar":
        this.#addVariance(valuesAt, presenceAt, into, second.valuesAt[group], third.valuesAt[group], seen);
        return;
      default:
        unreachable(op);
    }
  }

  /**
   * Welford: sum of squares, mean and count per step. The first value's infinity or NaN makes the result
   * NaN.
   */
  #addVariance(
    valuesAt: number,
    presenceAt: number,
    squaresAt: number,
    meansAt: number,
    countsAt: number,
    seen: number,
  ): void {
    const { f64, u32 } = this.context.arena;
    const [squares, means, counts] = [squaresAt >>> 3, meansAt >>> 3, countsAt >>> 3];
    for (let s = 0; s < this.layout.steps; s++) {
      if (!hasBit(u32, presenceAt, s)) continue;
      const value = f64[(valuesAt >>> 3) + s];
      if (!hasBit(u32, seen, s)) {
        setBit(u32, seen, s);
        f64[squares + s] = Number.isFinite(value) ? 0 : NaN;
        f64[means + s] = value;
        f64[counts + s] = 1;
        continue;
      }
      const count = ++f64[counts + s];
      const delta = value - f64[means + s];
      f64[means + s] += delta / count;
      f64[squares + s] += delta * (value - f64[means + s]);
    }
  }

  #finishRow(group: number, groups: Matrix, second: Matrix, third: Matrix): void {
    const { kernels, arena } = this.context;
    const steps = this.layout.steps;
    const into = groups.valuesAt[group];
    switch (this.#op) {
      case "sum":
        kernels.rowSumFinish(into, second.valuesAt[group], steps);
        return;
      case "avg":
        kernels.rowMeanFinish(into, second.valuesAt[group], third.valuesAt[group], steps);
        return;
      case "group":
        kernels.rowFill(into, steps, 1);
        return;
      case "stddev":
      case "stdvar": {
        assert(third !== groups, "variance has its own rows");
        const { f64 } = arena;
        for (let s = 0; s < steps; s++) {
          const variance = f64[(into >>> 3) + s] / f64[(third.valuesAt[group] >>> 3) + s];
          f64[(into >>> 3) + s] = this.#op === "stddev" ? Math.sqrt(variance) : variance;
        }
        return;
      }
      default:
    }
  }
}
