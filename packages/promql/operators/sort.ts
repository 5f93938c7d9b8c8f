/**
 * sort, sort_desc, sort_by_label, sort_by_label_desc: the order of an instant vector's elements. Results
 * over several steps are in the order of their labels whatever is done here, so there rows pass through
 * with a warning.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import type { SortPlan } from "../plan-node.ts";
import { dropHistograms, isHistogram } from "../histogram-rows.ts";
import type { QueryContext } from "../query-context.ts";
import { hasBit, type RowBlock } from "../rows.ts";
import { warnOfSorting } from "../sample-annotations.ts";
import { labelOrder, labelValueId, pickSeries, type SeriesTable } from "../series-table.ts";
import { materialize, type Matrix, MatrixOperator, pickRows, type Operator } from "./operator.ts";

/** The input, sorted if it has one step. */
export function sortVector(context: QueryContext, input: Operator, plan: SortPlan): Operator {
  if (input.steps.count === 1) return new SortOperator(context, input, plan);
  return {
    steps: input.steps,
    layout: input.layout,
    open: () => {
      warnOfSorting(context.annotations, plan.span);
      return input.open();
    },
    next: (block: RowBlock) => {
      const count = input.next(block);
      if (plan.byLabels === null) leaveOutHistograms(context, block, count);
      return count;
    },
  };
}

/** Histograms have no order among values: sorting by value leaves them out. */
function leaveOutHistograms({ arena }: QueryContext, block: RowBlock, count: number): void {
  for (let i = 0; i < count; i++) {
    if (block.hasHistograms[i] === 0) continue;
    dropHistograms(arena.u32, block.row(i), block.layout);
    block.hasHistograms[i] = 0;
  }
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
    const { byLabels, descending } = this.#plan;
    const present = Array.from({ length: rows.count }, (_, i) => i).filter(
      (i) =>
        hasBit(u32, rows.presenceAt[i], 0) && (byLabels !== null || !isHistogram(u32, rows.kindsAt[i], 0)),
    );
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

const maxInt64 = 2n ** 63n - 1n;

/** The number that a run of digits is, undefined for other texts and what no 64-bit integer holds. */
function chunkNumber(chunk: string): bigint | undefined {
  if (!/^\d/u.test(chunk)) return undefined;
  const number = BigInt(chunk);
  return number <= maxInt64 ? number : undefined;
}

/** Natural order: runs of digits compare as numbers. */
export function naturallyBefore(a: string, b: string): boolean {
  const left = a.match(/\d+|\D+/gu) ?? [];
  const right = b.match(/\d+|\D+/gu) ?? [];
  for (const [i, chunk] of left.entries()) {
    const other = right[i];
    if (other === undefined) return false;
    const [one, two] = [chunkNumber(chunk), chunkNumber(other)];
    const areNumbers = one !== undefined && two !== undefined;
    const same = areNumbers ? one === two : chunk === other;
    if (!same) return areNumbers ? one < two : compareUtf8(chunk, other) < 0;
    if (i === left.length - 1) return true;
    if (i === right.length - 1) return false;
  }
  return left.length === 0;
}
