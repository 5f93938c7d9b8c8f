/**
 * Rows that are in memory already, as an operator: for what reads the same input several times.
 */

import type { QueryContext } from "../query-context.ts";
import type { SeriesTable } from "../series-table.ts";
import type { Steps } from "../steps.ts";
import { MatrixOperator, type Matrix } from "./operator.ts";

/** Yields the rows of `matrix` under the labels of `table`. Whoever reads them leaves them as they are. */
export class HeldRows extends MatrixOperator {
  readonly #table: SeriesTable;
  readonly #matrix: Matrix;

  constructor(context: QueryContext, steps: Steps, table: SeriesTable, matrix: Matrix) {
    super(context, steps, matrix.layout);
    this.#table = table;
    this.#matrix = matrix;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    return { table: this.#table, matrix: this.#matrix };
  }
}
