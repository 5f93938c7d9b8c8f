/**
 * An empty vector whose input is evaluated all the same: for its errors and warnings.
 */

import type { QueryContext } from "../query-context.ts";
import { emptyTable, type SeriesTable } from "../series-table.ts";
import { forEachRow, Matrix, MatrixOperator, type Operator } from "./operator.ts";

/** Yields no series. */
export class NothingOperator extends MatrixOperator {
  readonly #input: Operator;

  constructor(context: QueryContext, input: Operator) {
    super(context, input.steps, input.layout);
    this.#input = input;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context, layout } = this;
    const before = context.budget.samples;
    this.#input.open();
    forEachRow(context, this.#input, () => {});
    context.budget.returnTo(before);
    return { table: emptyTable, matrix: Matrix.allocate(context, layout, 0) };
  }
}
