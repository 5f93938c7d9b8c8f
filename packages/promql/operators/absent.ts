/**
 * absent(): one element where the input has none.
 */

import type { QueryContext } from "../query-context.ts";
import { countBits, fillBitmap } from "../rows.ts";
import { emptyTable, LabelSet, LabelSetIndex, type SeriesTable } from "../series-table.ts";
import type { LabelPairs } from "../plan-node.ts";
import { forEachRow, Matrix, MatrixOperator, type Operator } from "./operator.ts";

/** Yields 1 under `labels` at the steps where no series of `input` has a value. */
export class AbsentOperator extends MatrixOperator {
  readonly #input: Operator;
  readonly #labels: LabelPairs;

  constructor(context: QueryContext, input: Operator, labels: LabelPairs) {
    super(context, input.steps, input.layout);
    this.#input = input;
    this.#labels = labels;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context, layout } = this;
    const { symbols, budget, kernels } = context;
    const before = budget.samples;
    const matrix = Matrix.allocate(context, layout, 1);
    const first = matrix.presenceAt[0] >>> 2;
    fillBitmap(context.arena.u32, matrix.presenceAt[0], layout);
    this.#input.open();
    forEachRow(context, this.#input, (_, _values, presenceAt) => {
      const { u32 } = context.arena;
      for (let w = 0; w < layout.words; w++) u32[first + w] &= ~u32[(presenceAt >>> 2) + w];
    });
    kernels.rowFill(matrix.valuesAt[0], layout.steps, 1);
    budget.returnTo(before);
    const count = countBits(context.arena.u32, matrix.presenceAt[0], layout);
    budget.add(count);
    if (count === 0) return { table: emptyTable, matrix: Matrix.allocate(context, layout, 0) };
    const set = new LabelSet();
    for (const [name, value] of this.#labels) set.set(symbols.intern(name), symbols.intern(value), symbols);
    const index = new LabelSetIndex();
    index.add(set);
    return { table: index.toTable(), matrix };
  }
}
