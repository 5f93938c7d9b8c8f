/**
 * topk, bottomk and limitk: k elements per group and step, with their own labels.
 *
 * A heap of (value, series) per group and step, all filled while going through the rows series by series;
 * then the winners' bits are set. An instant query yields its elements in rank order, group by group.
 */

import { formatGoG } from "@narthex/model/go-float";
import type { Span } from "@narthex/promql-syntax/ast";
import { tellOfIgnoredInAggregation } from "../histogram-annotations.ts";
import { ExecutionError } from "../query-errors.ts";
import type { QueryContext } from "../query-context.ts";
import { hasBit, setBit } from "../rows.ts";
import { pickSeries, type SeriesTable } from "../series-table.ts";
import { RankHeap } from "./rank-heap.ts";
import {
  holdRows,
  materialize,
  Matrix,
  MatrixOperator,
  pickRows,
  scalarValues,
  type Operator,
} from "./operator.ts";
import { groupSeries, type Grouping } from "./grouping.ts";

/** What is aggregated how. */
export interface RankAggregation extends Grouping {
  /** Of the whole expression. */
  readonly span: Span;
}

/** The aggregations of this operator. */
export type RankOp = "topk" | "bottomk" | "limitk";

const maxInt64 = 2 ** 63;

/** Yields the chosen elements. */
export class RankOperator extends MatrixOperator {
  readonly #op: RankOp;
  readonly #input: Operator;
  readonly #param: Operator;
  readonly #grouping: RankAggregation;

  constructor(
    context: QueryContext,
    op: RankOp,
    input: Operator,
    param: Operator,
    grouping: RankAggregation,
  ) {
    super(context, input.steps, input.layout);
    this.#op = op;
    this.#input = input;
    this.#param = param;
    this.#grouping = grouping;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context, layout } = this;
    const { budget } = context;
    const before = budget.samples;
    const limits = this.#limits();
    const table = this.#input.open();
    if (limits === null) return { table, matrix: Matrix.allocate(context, layout, table.count) };
    const input = materialize(context, this.#input, table);
    const { indexOf, sets } = groupSeries(table, this.#grouping, context.symbols);
    const heaps = this.#fillHeaps(input, indexOf, sets.count, limits);
    const winners = Matrix.allocate(context, layout, table.count);
    winners.valuesAt.set(input.valuesAt);
    winners.kindsAt.set(input.kindsAt);
    const { u32 } = context.arena;
    heaps.forEach((heap, i) => {
      for (const series of heap?.series() ?? []) setBit(u32, winners.presenceAt[series], i % layout.steps);
    });
    budget.returnTo(before);
    holdRows(context, winners);
    return context.isInstant && layout.steps === 1
      ? this.#ranked(heaps, table, winners)
      : { table, matrix: winners };
  }

  /** k at each step, or null when it is below 1 everywhere. */
  #limits(): Float64Array | null {
    const limits = scalarValues(this.context, this.#param);
    let [min, max, anyNaN] = [Infinity, -Infinity, false];
    for (const limit of limits) {
      if (Number.isNaN(limit)) anyNaN = true;
      min = Math.min(min, limit);
      max = Math.max(max, limit);
    }
    if (max < 1) return null;
    if (anyNaN) throw new ExecutionError("Parameter value is NaN");
    if (min <= -maxInt64) throw new ExecutionError(`Scalar value ${formatGoG(min)} underflows int64`);
    if (max >= maxInt64) throw new ExecutionError(`Scalar value ${formatGoG(max)} overflows int64`);
    return limits.map(Math.trunc);
  }

  #fillHeaps(
    input: Matrix,
    groupOf: Uint32Array,
    groupCount: number,
    limits: Float64Array,
  ): (RankHeap | undefined)[] {
    const { steps } = this.layout;
    const { arena, budget, annotations } = this.context;
    const heaps: (RankHeap | undefined)[] = Array.from({ length: groupCount * steps });
    // What a value must exceed to be among the best; NaN while there is room.
    const bars = new Float64Array(groupCount * steps).fill(NaN);
    const sign = this.#op === "bottomk" ? -1 : 1;
    for (let i = 0; i < input.count; i++) {
      if ((i & 255) === 0) budget.check();
      const { f64, u32 } = arena;
      const first = groupOf[i] * steps;
      const values = input.valuesAt[i] >>> 3;
      const kinds = input.kindsAt[i];
      for (let s = 0; s < steps; s++) {
        if (kinds !== 0 && hasBit(u32, kinds, s)) {
          if (limits[s] < 1 || !hasBit(u32, input.presenceAt[i], s)) continue;
          // A histogram ranks as 0 where the first ones are taken, and nowhere else.
          if (this.#op !== "limitk") tellOfIgnoredInAggregation(annotations, this.#op, this.#grouping.span);
          else (heaps[first + s] ??= new RankHeap("limitk")).offer(0, i, limits[s]);
          continue;
        }
        if (sign * f64[values + s] <= bars[first + s]) continue;
        if (limits[s] < 1 || !hasBit(u32, input.presenceAt[i], s)) continue;
        const heap = (heaps[first + s] ??= new RankHeap(this.#op));
        heap.offer(f64[values + s], i, limits[s]);
        bars[first + s] = sign * heap.bar(limits[s]);
      }
    }
    return heaps;
  }

  /** Series in rank order, groups one after the other. Ties keep the order that the heap gave them. */
  #ranked(
    heaps: (RankHeap | undefined)[],
    table: SeriesTable,
    winners: Matrix,
  ): { table: SeriesTable; matrix: Matrix } {
    const order = heaps.flatMap((heap) => (heap === undefined ? [] : heap.ranked()));
    return { table: pickSeries(table, order), matrix: pickRows(winners, order) };
  }
}
