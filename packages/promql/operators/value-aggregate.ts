/**
 * Aggregations that need all values of a group at once: quantile and count_values.
 */

import { formatGoF } from "@narthex/model/go-float";
import { isLabelName } from "@narthex/model/metric-name";
import { quoteGo } from "@narthex/model/labels";
import type { Span } from "@narthex/promql-syntax/ast";
import { warnOfQuantile } from "../annotations.ts";
import { quantileOf } from "../functions/over-time.ts";
import { tellOfIgnoredInAggregation } from "../histogram-annotations.ts";
import { floatSteps, histogramAt, isHistogram } from "../histogram-rows.ts";
import { ExecutionError } from "../query-errors.ts";
import type { QueryContext } from "../query-context.ts";
import { hasBit, setBit } from "../rows.ts";
import { LabelSet, LabelSetIndex, type SeriesTable } from "../series-table.ts";
import {
  forEachRow,
  holdRows,
  materialize,
  Matrix,
  MatrixOperator,
  scalarValues,
  type Operator,
} from "./operator.ts";
import { groupDropsName, groupSeries, type Grouping } from "./grouping.ts";

/** What is aggregated how, and where annotations point to. */
export interface QuantileAggregation extends Grouping {
  readonly inputSpan: Span;
  readonly paramSpan: Span;
}

/** quantile(φ, …): φ may differ from step to step. */
export class QuantileOperator extends MatrixOperator {
  readonly #input: Operator;
  readonly #param: Operator;
  readonly #grouping: QuantileAggregation;

  constructor(context: QueryContext, input: Operator, param: Operator, grouping: QuantileAggregation) {
    super(context, input.steps, input.layout);
    this.#input = input;
    this.#param = param;
    this.#grouping = grouping;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context, layout } = this;
    const { budget } = context;
    const before = budget.samples;
    const quantiles = scalarValues(context, this.#param);
    this.#warn(quantiles);
    const table = this.#input.open();
    const input = this.#floatRows(materialize(context, this.#input, table));
    const numbering = groupSeries(table, this.#grouping, context.symbols);
    const groups = Matrix.allocate(context, layout, numbering.sets.count);
    const members: number[][] = Array.from({ length: groups.count }, () => []);
    numbering.indexOf.forEach((group, i) => members[group].push(i));
    for (let group = 0; group < groups.count; group++) {
      budget.check();
      this.#fillRow(groups.valuesAt[group], groups.presenceAt[group], input, members[group], quantiles);
    }
    budget.returnTo(before);
    holdRows(context, groups);
    return { table: numbering.sets.toTable(groupDropsName(table, numbering)), matrix: groups };
  }

  /** The rows with their histograms ignored: a quantile is one of floats. */
  #floatRows(rows: Matrix): Matrix {
    if (rows.kindsAt.every((at) => at === 0)) return rows;
    const { scratch, arena, annotations } = this.context;
    const presenceAt = rows.presenceAt.slice();
    for (let i = 0; i < rows.count; i++) {
      if (rows.kindsAt[i] === 0) continue;
      presenceAt[i] = scratch.take(this.layout.bitmapBytes);
      if (!floatSteps(arena.u32, rows.row(i), presenceAt[i], this.layout)) continue;
      tellOfIgnoredInAggregation(annotations, "quantile", this.#grouping.inputSpan);
    }
    return new Matrix(this.layout, rows.valuesAt, presenceAt);
  }

  #warn(quantiles: Float64Array): void {
    const { annotations } = this.context;
    let [min, max] = [Infinity, -Infinity];
    for (const quantile of quantiles) {
      if (Number.isNaN(quantile)) warnOfQuantile(annotations, NaN, this.#grouping.paramSpan);
      min = Math.min(min, quantile);
      max = Math.max(max, quantile);
    }
    if (max > 1) warnOfQuantile(annotations, max, this.#grouping.paramSpan);
    if (min < 0) warnOfQuantile(annotations, min, this.#grouping.paramSpan);
  }

  #fillRow(
    valuesAt: number,
    presenceAt: number,
    input: Matrix,
    members: readonly number[],
    quantiles: Float64Array,
  ): void {
    const { f64, u32 } = this.context.arena;
    const values = new Float64Array(members.length);
    for (let s = 0; s < this.layout.steps; s++) {
      let count = 0;
      for (const i of members) {
        if (hasBit(u32, input.presenceAt[i], s)) values[count++] = f64[(input.valuesAt[i] >>> 3) + s];
      }
      if (count === 0) continue;
      this.context.budget.work(count);
      f64[(valuesAt >>> 3) + s] = quantileOf(quantiles[s], values.subarray(0, count));
      setBit(u32, presenceAt, s);
    }
  }
}

/** count_values("label", …): one series per group and distinct value. */
export class CountValuesOperator extends MatrixOperator {
  readonly #input: Operator;
  readonly #label: string;
  readonly #grouping: Grouping;

  constructor(context: QueryContext, input: Operator, label: string, grouping: Grouping) {
    super(context, input.steps, input.layout);
    this.#input = input;
    this.#label = label;
    this.#grouping = grouping;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context, layout } = this;
    const { budget, symbols } = context;
    if (!isLabelName(this.#label)) throw new ExecutionError(`invalid label name ${quoteGo(this.#label)}`);
    const before = budget.samples;
    const table = this.#input.open();
    const { grouping, without } = this.#grouping;
    const sets = new LabelSetIndex();
    const rows: Uint32Array[] = []; // counts per step of each result series
    const labelId = symbols.intern(this.#label);
    const kept = grouping.map((name) => symbols.intern(name));
    const set = new LabelSet();
    const rowOf = (series: number, text: string): Uint32Array => {
      set.load(table, series).set(labelId, symbols.intern(text), symbols);
      if (without) set.remove([...kept, context.metricLabelIds[0]]);
      else set.keep([...kept, labelId]);
      const number = sets.add(set);
      return (rows[number] ??= new Uint32Array(layout.steps));
    };
    forEachRow(context, this.#input, (series, valuesAt, presenceAt, kindsAt) => {
      const { f64, u32 } = context.arena;
      const known = new Map<number, Uint32Array>();
      for (let s = 0; s < layout.steps; s++) {
        if (!hasBit(u32, presenceAt, s)) continue;
        if (isHistogram(u32, kindsAt, s)) {
          rowOf(series, histogramAt(context.arena, valuesAt, s).toString())[s]++;
          continue;
        }
        const value = f64[(valuesAt >>> 3) + s];
        let row = Object.is(value, -0) ? undefined : known.get(value);
        if (row === undefined) {
          row = rowOf(series, formatGoF(value));
          if (!Object.is(value, -0)) known.set(value, row);
        }
        row[s]++;
      }
    });
    budget.returnTo(before);
    return { table: sets.toTable(), matrix: this.#toMatrix(rows) };
  }

  #toMatrix(rows: readonly Uint32Array[]): Matrix {
    const matrix = Matrix.allocate(this.context, this.layout, rows.length);
    const { f64, u32 } = this.context.arena;
    rows.forEach((row, i) => {
      row.forEach((count, s) => {
        if (count === 0) return;
        f64[(matrix.valuesAt[i] >>> 3) + s] = count;
        setBit(u32, matrix.presenceAt[i], s);
      });
    });
    holdRows(this.context, matrix);
    return matrix;
  }
}
