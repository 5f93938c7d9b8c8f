/**
 * histogram_quantiles: several quantiles of the same histograms, each told in a label. The input is read
 * once; each quantile is computed as histogram_quantile does.
 */

import { formatOpenMetricsFloat } from "@narthex/model/go-float";
import type { HistogramQuantilesPlan } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { clearBitmap, copyBitmap, copyValues, hasBit, isEmptyBitmap, setBit } from "../rows.ts";
import { LabelSet, LabelSetIndex, scalarTable, type SeriesTable } from "../series-table.ts";
import { HeldRows } from "./held-rows.ts";
import { holdRows, materialize, Matrix, MatrixOperator, type Operator } from "./operator.ts";
import { mergeRow } from "./relabel.ts";

/**
 * histogram_quantile of `input` at `quantile`, whose position is that of quantile number `i`; no names.
 * `repairsAreTold`: another quantile said already what had to be repaired in the buckets.
 */
export type QuantileBuilder = (
  input: Operator,
  quantile: Operator,
  i: number,
  repairsAreTold: boolean,
) => Operator;

/** Yields one row per histogram and quantile. */
export class HistogramQuantilesOperator extends MatrixOperator {
  readonly #input: Operator;
  readonly #quantiles: readonly Operator[];
  readonly #plan: HistogramQuantilesPlan;
  readonly #build: QuantileBuilder;
  readonly #sets = new LabelSetIndex();
  readonly #set = new LabelSet();
  readonly #valuesAt: number[] = [];
  readonly #presenceAt: number[] = [];
  readonly #drops: number[] = [];

  constructor(
    context: QueryContext,
    input: Operator,
    quantiles: readonly Operator[],
    plan: HistogramQuantilesPlan,
    build: QuantileBuilder,
  ) {
    super(context, input.steps, input.layout);
    this.#input = input;
    this.#quantiles = quantiles;
    this.#plan = plan;
    this.#build = build;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context, steps, layout } = this;
    const { budget } = context;
    const before = budget.samples;
    const params = this.#quantiles.map((quantile) => materialize(context, quantile, quantile.open()));
    const inputTable = this.#input.open();
    const input = materialize(context, this.#input, inputTable);
    let repairsAreTold = false;
    params.forEach((param, i) => {
      const quantile = new HeldRows(context, steps, scalarTable, param);
      const held = new HeldRows(context, steps, inputTable, input);
      const one = this.#build(held, quantile, i, repairsAreTold);
      const table = one.open();
      const at = param.valuesAt[0] >>> 3;
      const quantiles = context.arena.f64.slice(at, at + layout.steps);
      this.#label(table, materialize(context, one, table), quantiles);
      // Buckets are not looked at for a quantile that is none.
      repairsAreTold ||= quantiles.every((phi) => phi >= 0 && phi <= 1);
    });
    budget.returnTo(before);
    const matrix = new Matrix(layout, Uint32Array.from(this.#valuesAt), Uint32Array.from(this.#presenceAt));
    holdRows(context, matrix);
    const drops = this.#drops.includes(1) ? Uint8Array.from(this.#drops) : null;
    return { table: this.#sets.toTable(drops), matrix };
  }

  /** Adds the rows of one quantile, whose value may differ from step to step. */
  #label(table: SeriesTable, rows: Matrix, quantiles: Float64Array): void {
    const { arena, scratch } = this.context;
    const { layout } = this;
    const distinct = [...new Set(quantiles)];
    for (let i = 0; i < table.count; i++) {
      if (isEmptyBitmap(arena.u32, rows.presenceAt[i], layout)) continue;
      for (const quantile of distinct) {
        const presence = scratch.take(layout.bitmapBytes);
        if (distinct.length === 1) copyBitmap(arena.u32, rows.presenceAt[i], presence, layout);
        else this.#maskSteps(rows.presenceAt[i], presence, quantiles, quantile);
        this.#addRow(table, i, quantile, rows.valuesAt[i], presence);
      }
    }
  }

  #maskSteps(from: number, to: number, quantiles: Float64Array, quantile: number): void {
    const { u32 } = this.context.arena;
    clearBitmap(u32, to, this.layout);
    for (let s = 0; s < this.layout.steps; s++) {
      const isSame = quantiles[s] === quantile || (Number.isNaN(quantile) && Number.isNaN(quantiles[s]));
      if (isSame && hasBit(u32, from, s)) setBit(u32, to, s);
    }
  }

  #addRow(table: SeriesTable, i: number, quantile: number, valuesAt: number, presenceAt: number): void {
    const { context, layout } = this;
    const { symbols, scratch, arena } = context;
    const text = symbols.intern(formatOpenMetricsFloat(quantile));
    const set = this.#set.load(table, i).set(symbols.intern(this.#plan.label), text, symbols);
    const row = this.#sets.add(set);
    if (row < this.#valuesAt.length) {
      const into = { valuesAt: this.#valuesAt[row], presenceAt: this.#presenceAt[row], kindsAt: 0 };
      mergeRow(context, into, { valuesAt, presenceAt, kindsAt: 0 }, layout);
      return;
    }
    const copy = scratch.take(layout.rowBytes);
    copyValues(arena, valuesAt, copy, layout);
    this.#valuesAt.push(copy);
    this.#presenceAt.push(presenceAt);
    this.#drops.push(table.dropsName?.[i] ?? 0);
  }
}
