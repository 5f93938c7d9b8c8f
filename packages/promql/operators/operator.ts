/**
 * What an operator is: it announces its series once, then yields their rows in blocks.
 *
 * Invariants
 *  - `open` is called once, before `next`. It does all blocking work and takes all memory that lasts;
 *    `next` takes scratch only between a mark and its release, because whoever calls it may do the same
 *    around it.
 *  - Rows come in the order of the announced series, each once. A series may have no value at any step.
 *  - Records of histograms that `next` makes go to the block's `records`.
 *
 * Lifetime: one query; memory goes back with the query's scratch.
 */

import { assert } from "@narthex/platform/assert";
import type { QueryContext } from "../query-context.ts";
import { countSamples, emptyKinds } from "../histogram-rows.ts";
import { copyBitmap, copyValues, RowBlock, setBit, type RowAt, type RowLayout } from "../rows.ts";
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
  /** Addresses of the bitmaps of kinds, 0 for rows of floats only. */
  readonly kindsAt: Uint32Array;

  constructor(
    layout: RowLayout,
    valuesAt: Uint32Array,
    presenceAt: Uint32Array,
    kindsAt: Uint32Array = new Uint32Array(valuesAt.length),
  ) {
    this.layout = layout;
    this.valuesAt = valuesAt;
    this.presenceAt = presenceAt;
    this.kindsAt = kindsAt;
  }

  /** The given rows. */
  static of(layout: RowLayout, rows: readonly RowAt[]): Matrix {
    const column = (of: (row: RowAt) => number): Uint32Array => Uint32Array.from(rows, of);
    return new Matrix(
      layout,
      column((row) => row.valuesAt),
      column((row) => row.presenceAt),
      column((row) => row.kindsAt),
    );
  }

  /** Room for `count` rows; bitmaps are cleared, values are garbage. */
  static allocate(context: QueryContext, layout: RowLayout, count: number): Matrix {
    const { scratch } = context;
    const matrix = new Matrix(layout, new Uint32Array(count), new Uint32Array(count));
    for (let first = 0; first < count; first += layout.blockRows) {
      const rows = Math.min(layout.blockRows, count - first);
      const block = RowBlock.take(context, layout, rows);
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
      this.kindsAt[first + i] = block.kindsOf(i);
    }
  }

  /** Where row `i` is. */
  row(i: number): RowAt {
    return { valuesAt: this.valuesAt[i], presenceAt: this.presenceAt[i], kindsAt: this.kindsAt[i] };
  }

  /** Row `i` is there. */
  setRow(i: number, { valuesAt, presenceAt, kindsAt }: RowAt): void {
    this.valuesAt[i] = valuesAt;
    this.presenceAt[i] = presenceAt;
    this.kindsAt[i] = kindsAt;
  }

  /** Sets the value of row `i` at a step to the histogram of a record. */
  setHistogram(context: QueryContext, i: number, step: number, record: number): void {
    if (this.kindsAt[i] === 0) this.kindsAt[i] = emptyKinds(context, this.layout);
    const { f64, u32 } = context.arena;
    f64[(this.valuesAt[i] >>> 3) + step] = record;
    setBit(u32, this.kindsAt[i], step);
    setBit(u32, this.presenceAt[i], step);
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
    const count = copyRows(this.context, this.matrix, this.#next, block);
    this.#next += count;
    return count;
  }
}

/** Copies the rows of `matrix` from number `first` on into `block`; returns how many, 0 after the last. */
export function copyRows({ arena }: QueryContext, matrix: Matrix, first: number, block: RowBlock): number {
  const { layout } = matrix;
  const count = Math.min(block.capacity, matrix.count - first);
  for (let i = 0; i < count; i++) {
    copyValues(arena, matrix.valuesAt[first + i], block.valuesAt(i), layout);
    copyBitmap(arena.u32, matrix.presenceAt[first + i], block.presenceAt(i), layout);
    block.setKinds(i, arena.u32, matrix.kindsAt[first + i]);
  }
  return count;
}

/** All rows of `operator`, which was opened, announced `table` and has not yielded any row yet. */
export function materialize(context: QueryContext, operator: Operator, table: SeriesTable): Matrix {
  if (operator instanceof MatrixOperator) return operator.matrix;
  const { layout } = operator;
  const matrix = new Matrix(layout, new Uint32Array(table.count), new Uint32Array(table.count));
  for (let first = 0; first < table.count;) {
    context.budget.check();
    const block = RowBlock.take(context, layout, Math.min(layout.blockRows, table.count - first));
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
export function holdRows({ arena, budget }: QueryContext, matrix: Matrix): void {
  for (let i = 0; i < matrix.count; i++) budget.add(countSamples(arena, matrix.row(i), matrix.layout));
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

/**
 * Reads all rows of an opened operator, block by block, in order. A row and the records of its histograms are
 * there during the visit only.
 */
export function forEachRow(
  context: QueryContext,
  operator: Operator,
  visit: (series: number, valuesAt: number, presenceAt: number, kindsAt: number) => void,
): void {
  if (operator instanceof MatrixOperator) {
    const { valuesAt, presenceAt, kindsAt, count } = operator.matrix;
    for (let i = 0; i < count; i++) visit(i, valuesAt[i], presenceAt[i], kindsAt[i]);
    return;
  }
  const space = { scratch: context.scratch, records: context.ownScratch() };
  const block = RowBlock.take(space, operator.layout, operator.layout.blockRows);
  let series = 0;
  for (let count = operator.next(block); count > 0; count = operator.next(block)) {
    context.budget.check();
    for (let i = 0; i < count; i++) {
      visit(series++, block.valuesAt(i), block.presenceAt(i), block.kindsOf(i));
    }
    block.reset();
  }
}

/** The rows `order[0]`, `order[1]`, … of a matrix. */
export function pickRows(matrix: Matrix, order: ArrayLike<number>): Matrix {
  return new Matrix(
    matrix.layout,
    Uint32Array.from(order, (i) => matrix.valuesAt[i]),
    Uint32Array.from(order, (i) => matrix.presenceAt[i]),
    Uint32Array.from(order, (i) => matrix.kindsAt[i]),
  );
}
