/**
 * and, or, unless: elements of one vector chosen by whether the other has one with equal matching labels at
 * that step.
 */

import type { VectorMatching } from "@narthex/promql-syntax/ast";
import type { QueryContext } from "../query-context.ts";
import { mergeBitmap } from "../rows.ts";
import { LabelSet, LabelSetIndex, numberSets, type SeriesTable } from "../series-table.ts";
import { mergeRow } from "./relabel.ts";
import { materialize, Matrix, MatrixOperator, type Operator } from "./operator.ts";
import { signatures } from "./matching.ts";

/** Yields the chosen elements. */
export class SetOperator extends MatrixOperator {
  readonly #op: "and" | "or" | "unless";
  readonly #left: Operator;
  readonly #right: Operator;
  readonly #matching: VectorMatching;

  constructor(
    context: QueryContext,
    op: "and" | "or" | "unless",
    left: Operator,
    right: Operator,
    matching: VectorMatching,
  ) {
    super(context, left.steps, left.layout);
    this.#op = op;
    this.#left = left;
    this.#right = right;
    this.#matching = matching;
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context } = this;
    const leftTable = this.#left.open();
    const rightTable = this.#right.open();
    const left = materialize(context, this.#left, leftTable);
    const right = materialize(context, this.#right, rightTable);
    const sides = signatures(leftTable, rightTable, this.#matching, context.symbols);
    if (this.#op === "or") {
      const seen = this.#seenBitmaps(left, sides.left, sides.count);
      this.#restrict(right, sides.right, seen, true);
      return this.#union(leftTable, left, rightTable, right);
    }
    const seen = this.#seenBitmaps(right, sides.right, sides.count);
    this.#restrict(left, sides.left, seen, this.#op === "unless");
    return { table: leftTable, matrix: left };
  }

  /** Per signature, at which steps any of the rows has a value. */
  #seenBitmaps(rows: Matrix, signatureOf: Uint32Array, count: number): Matrix {
    const seen = Matrix.allocate(this.context, this.layout, count);
    const { u32 } = this.context.arena;
    for (let i = 0; i < rows.count; i++) {
      mergeBitmap(u32, seen.presenceAt[signatureOf[i]], rows.presenceAt[i], this.layout);
    }
    return seen;
  }

  /** Keeps the elements that were seen (or, inverted, were not). */
  #restrict(rows: Matrix, signatureOf: Uint32Array, seen: Matrix, inverted: boolean): void {
    const { u32 } = this.context.arena;
    for (let i = 0; i < rows.count; i++) {
      const at = rows.presenceAt[i] >>> 2;
      const by = seen.presenceAt[signatureOf[i]] >>> 2;
      for (let w = 0; w < this.layout.words; w++) u32[at + w] &= inverted ? ~u32[by + w] : u32[by + w];
    }
  }

  /** Left, then right; series with equal labels become one. */
  #union(leftTable: SeriesTable, left: Matrix, rightTable: SeriesTable, right: Matrix) {
    const sets = new LabelSetIndex();
    numberSets(leftTable, () => {}, sets);
    const set = new LabelSet();
    const rows = Array.from({ length: left.count }, (_, i) => left.row(i));
    const drops = [...(leftTable.dropsName ?? new Uint8Array(left.count))];
    for (let i = 0; i < right.count; i++) {
      const number = sets.add(set.load(rightTable, i));
      if (number < rows.length) {
        rows[number] = mergeRow(this.context, rows[number], right.row(i), this.layout);
        continue;
      }
      rows.push(right.row(i));
      drops.push(rightTable.dropsName?.[i] ?? 0);
    }
    const table = sets.toTable(drops.includes(1) ? Uint8Array.from(drops) : null);
    return { table, matrix: Matrix.of(this.layout, rows) };
  }
}
