/**
 * sort, sort_desc, sort_by_label, sort_by_label_desc: the order of an instant vector's elements. Results
 * over several steps are in the order of their labels whatever is done here, so there rows pass through
 * with a warning.
 */

import type { SortPlan } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { hasBit, type RowBlock } from "../rows.ts";
import { labelOrder, labelValueId, pickSeries, type SeriesTable } from "../series-table.ts";
import { materialize, type Matrix, MatrixOperator, pickRows, type Operator } from "./operator.ts";

/** The input, sorted if it has one step. */
export function sortVector(context: QueryContext, input: Operator, plan: SortPlan): Operator {
  if (input.steps.count === 1) return new SortOperator(context, input, plan);
  return {
    steps: input.steps,
    layout: input.layout,
    open: () => {
      context.annotations.add(
        "warning",
        "sort is ineffective for range queries since results are always ordered by labels",
        plan.span,
      );
      return input.open();
    },
    next: (block: RowBlock) => input.next(block),
  };
}

class SortOperator extends MatrixOperator {
  readonly #input: Operator;
  readonly #plan: SortPlan;

  constructor(context: QueryContext, input: Operator, plan: SortPlan) {
    super(context, input.steps, input.layout);
    this.#input = input;
    this.#plan = plan;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context } = this;
    const table = this.#input.open();
    const rows = materialize(context, this.#input, table);
    const { u32 } = context.arena;
    const present = Array.from({ length: rows.count }, (_, i) => i).filter((i) =>
      hasBit(u32, rows.presenceAt[i], 0),
    );
    const { byLabels, descending } = this.#plan;
    if (byLabels === null) this.#byValue(present, rows, descending);
    else this.#byLabels(present, table, byLabels, descending);
    return { table: pickSeries(table, present), matrix: pickRows(rows, present) };
  }

  /** NaN goes last in either direction. */
  #byValue(order: number[], rows: Matrix, descending: boolean): void {
    const { f64 } = this.context.arena;
    const sign = descending ? -1 : 1;
    order.sort((a, b) => {
      const left = f64[rows.valuesAt[a] >>> 3];
      const right = f64[rows.valuesAt[b] >>> 3];
      if (Number.isNaN(left) || Number.isNaN(right))
        return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
      return left === right ? 0 : sign * (left < right ? -1 : 1);
    });
  }

  #byLabels(order: number[], table: SeriesTable, names: readonly string[], descending: boolean): void {
    const { symbols } = this.context;
    const ids = names.map((name) => symbols.intern(name));
    const places = new Uint32Array(table.count);
    (labelOrder(table, symbols) ?? Uint32Array.from(places, (_, i) => i)).forEach(
      (i, place) => (places[i] = place),
    );
    const sign = descending ? -1 : 1;
    order.sort((a, b) => {
      for (const id of ids) {
        const left = labelValueId(table, a, id);
        const right = labelValueId(table, b, id);
        if (left !== right) return naturallyBefore(symbols.text(left), symbols.text(right)) ? -sign : sign;
      }
      return sign * (places[a] - places[b]);
    });
  }
}

/** Natural order: runs of digits compare as numbers. */
function naturallyBefore(a: string, b: string): boolean {
  const left = a.match(/\d+|\D+/gu) ?? [];
  const right = b.match(/\d+|\D+/gu) ?? [];
  for (const [i, chunk] of left.entries()) {
    const other = right[i];
    if (other === undefined) return false;
    const bothNumbers = /^\d/u.test(chunk) && /^\d/u.test(other);
    const same = bothNumbers ? Number(chunk) === Number(other) : chunk === other;
    if (!same) return bothNumbers ? Number(chunk) < Number(other) : chunk < other;
    if (i === left.length - 1) return true;
    if (i === right.length - 1) return false;
  }
  return left.length === 0;
}
