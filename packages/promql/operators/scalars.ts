/**
 * Scalars: operators with one series without labels and a value at every step.
 */

import { isHistogram } from "../histogram-rows.ts";
import { hasBit, fillBitmap, type RowLayout } from "../rows.ts";
import type { QueryContext } from "../query-context.ts";
import { scalarTable, type SeriesTable } from "../series-table.ts";
import type { Steps } from "../steps.ts";
import { forEachRow, Matrix, MatrixOperator, type Operator } from "./operator.ts";

/** One row whose value at step s is `valueAt(s)`, computed by `open`. */
export class ScalarOperator extends MatrixOperator {
  readonly #prepare: () => (step: number) => number;

  /** `prepare` is called once by `open` and returns the function of the step. */
  constructor(
    context: QueryContext,
    steps: Steps,
    layout: RowLayout,
    prepare: () => (step: number) => number,
  ) {
    super(context, steps, layout);
    this.#prepare = prepare;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const valueAt = this.#prepare();
    const { context, layout } = this;
    const matrix = Matrix.allocate(context, layout, 1);
    const { f64, u32 } = context.arena;
    for (let s = 0; s < layout.steps; s++) f64[(matrix.valuesAt[0] >>> 3) + s] = valueAt(s);
    fillBitmap(u32, matrix.presenceAt[0], layout);
    context.budget.add(layout.steps);
    return { table: scalarTable, matrix };
  }
}

/** scalar(): the value where the vector has exactly one float, else NaN. */
export function toScalar(context: QueryContext, input: Operator): Operator {
  const { steps, layout } = input;
  return new ScalarOperator(context, steps, layout, () => {
    const found = new Uint8Array(layout.steps);
    const values = new Float64Array(layout.steps);
    input.open();
    forEachRow(context, input, (_, valuesAt, presenceAt, kindsAt) => {
      const { f64, u32 } = context.arena;
      for (let s = 0; s < layout.steps; s++) {
        if (!hasBit(u32, presenceAt, s) || isHistogram(u32, kindsAt, s)) continue;
        if (found[s] < 2) found[s]++;
        values[s] = f64[(valuesAt >>> 3) + s];
      }
    });
    return (s) => (found[s] === 1 ? values[s] : NaN);
  });
}
