/**
 * What an operator is: it announces its series once, then yields their rows in blocks.
 *
 * Invariants
 *  - `open` is called once, before `next`. It does all blocking work and takes all memory that lasts;
 *    `next` takes scratch only between a mark and its release, because whoever calls it may do the same
 *    around it.
 *  - Rows come in the order of the announced series, each once. A series may have no value at any step.
 *
 * Lifetime: one query; memory goes back with the query's scratch.
 */

import { assert } from "@narthex/platform/assert";
import type { QueryContext } from "../query-context.ts";
import { copyBitmap, copyValues, countBits, RowBlock, type RowLayout } from "../rows.ts";
import type { SeriesTable } from "../series-table.ts";
import type { Steps } from "../steps.ts";

/** A part of a query at work. */
export interface Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  /** The series that rows will come for. */
  open(): SeriesTable;
  /**
   * Fills the first rows of `block` with the rows of the next series; returns how many, 0 after the last.
   */
  next(block: RowBlock): number;
}

/** Rows of all series, in memory. */
export class Matrix {
  readonly layout: RowLayout;
  /** Addresses of the values and bitmaps of each row. */
  readonly valuesAt: Uint32Array;
  readonly presenceAt: Uint32Array;

  constructor(layout: RowLayout, valuesAt: Uint32Array, presenceAt: Uint32Array) {
    this.layout = layout;
    this.valuesAt = valuesAt;
    this.presenceAt = presenceAt;
  }

  /** Room for `count` rows; bitmaps are cleared, values are garbage. */
  static allocate({ scratch }: QueryContext, layout: RowLayout, count: number): Matrix {
    const matrix = new Matrix(layout, new Uint32Array(count), new Uint32Array(count));
    for (let first = 0; first < count; first += layout.blockRows) {
      const rows = Math.min(layout.blockRows, count - first);
      const block = RowBlock.take(scratch, layout, rows);
      matrix.setRows(first, block, rows);
      scratch.arena.u32.fill(0, block.presenceAt(0) >>> 2, block.presenceAt(rows) >>> 2);
    }
    return matrix;
  }

  get count(): number {
    return this.valuesAt.length;
  }

  /** Rows `first`, `first + 1`, … are the first `count` rows of `block`. */
  setRows(first: number, block: RowBlock, count: number): void {
    for (let i = 0; i < count; i++) {
      this.valuesAt[first + i] = block.valuesAt(i);
      this.presenceAt[first + i] = block.presenceAt(i);
    }
  }
}

/** An operator whose rows are all there after `open`. */
export abstract class MatrixOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  protected readonly context: QueryContext;
  #matrix: Matrix | undefined;
  #next = 0;

  constructor(context: QueryContext, steps: Steps, layout: RowLayout) {
    this.context = context;
    this.steps = steps;
    this.layout = layout;
  }

  /** Computes everything. */
  protected abstract compute(): { table: SeriesTable; matrix: Matrix };

  open(): SeriesTable {
    const { table, matrix } = this.compute();
    this.#matrix = matrix;
    return table;
  }

  /** All rows. Only after `open`. */
  get matrix(): Matrix {
    return this.#matrix as Matrix;
  }

  next(block: RowBlock): number {
    const { matrix, layout } = this;
    const count = Math.min(block.capacity, matrix.count - this.#next);
    const { arena } = this.context;
    for (let i = 0; i < count; i++) {
      copyValues(arena, matrix.valuesAt[this.#next + i], block.valuesAt(i), layout);
      copyBitmap(arena.u32, matrix.presenceAt[this.#next + i], block.presenceAt(i), layout);
    }
    this.#next += count;
    return count;
  }
}

/** All rows of `operator`, which was opened, announced `table` and has not yielded any row yet. */
export function materialize(context: QueryContext, operator: Operator, table: SeriesTable): Matrix {
  if (operator instanceof MatrixOperator) return operator.matrix;
  const { layout } = operator;
  const matrix = new Matrix(layout, new Uint32Array(table.count), new Uint32Array(table.count));
  for (let first = 0; first < table.count;) {
    context.budget.check();
    const block = RowBlock.take(context.scratch, layout, Math.min(layout.blockRows, table.count - first));
    let filled = 0;
    while (filled < block.capacity) {
      const count = operator.next(block.from(filled));
      assert(count > 0, "an operator yields a row for every series it announced");
      filled += count;
    }
    matrix.setRows(first, block, filled);
    first += filled;
  }
  return matrix;
}

/** Accounts for the samples of all rows of a matrix. Throws `TooManySamplesError` beyond the limit. */
export function holdRows({ arena, budget }: QueryContext, { presenceAt, count, layout }: Matrix): void {
  for (let i = 0; i < count; i++) budget.add(countBits(arena.u32, presenceAt[i], layout));
}

/** The one row of a scalar operator, opened here: address of its values. */
export function scalarRow(context: QueryContext, operator: Operator): number {
  const matrix = materialize(context, operator, operator.open());
  return matrix.valuesAt[0];
}

/** The values of a scalar operator, opened here: a copy, one per step. */
export function scalarValues(context: QueryContext, operator: Operator): Float64Array {
  const at = scalarRow(context, operator) >>> 3;
  return context.arena.f64.slice(at, at + operator.layout.steps);
}

/** Reads all rows of an opened operator, block by block, in order. */
export function forEachRow(
  context: QueryContext,
  operator: Operator,
  visit: (series: number, valuesAt: number, presenceAt: number) => void,
): void {
  if (operator instanceof MatrixOperator) {
    const { valuesAt, presenceAt, count } = operator.matrix;
    for (let i = 0; i < count; i++) visit(i, valuesAt[i], presenceAt[i]);
    return;
  }
  const block = RowBlock.take(context.scratch, operator.layout, operator.layout.blockRows);
  let series = 0;
  for (let count = operator.next(block); count > 0; count = operator.next(block)) {
    context.budget.check();
    for (let i = 0; i < count; i++) visit(series++, block.valuesAt(i), block.presenceAt(i));
  }
}

/** The rows `order[0]`, `order[1]`, … of a matrix. */
export function pickRows(matrix: Matrix, order: ArrayLike<number>): Matrix {
  return new Matrix(
    matrix.layout,
    Uint32Array.from(order, (i) => matrix.valuesAt[i]),
    Uint32Array.from(order, (i) => matrix.presenceAt[i]),
  );
}
