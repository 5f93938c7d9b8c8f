/**
 * Changes the label sets of another operator's series. Series that come to have equal labels become one
 * when they have no step in common; otherwise the query fails.
 *
 * Without such series (the usual case, seen from the label sets alone) rows pass through untouched.
 */

import { ExecutionError, sameLabelsetText } from "../query-errors.ts";
import type { QueryContext } from "../query-context.ts";
import { mergedRow } from "../histogram-rows.ts";
import { isEmptyBitmap, type RowAt, type RowBlock, type RowLayout } from "../rows.ts";
import { numberSets, withoutConstantLabels, type LabelSet, type SeriesTable } from "../series-table.ts";
import type { Steps } from "../steps.ts";
import { copyRows, materialize, Matrix, type Operator } from "./operator.ts";

/** How labels change. */
export interface LabelChange {
  /** The changed table, when it is known that no two sets become equal. */
  readonly distinct?: SeriesTable | null;
  /** Changes the set of series `i` in place. */
  readonly change: (set: LabelSet, i: number) => void;
  /** The new flags of delayed name removal. */
  readonly dropsName: (table: SeriesTable) => Uint8Array | null;
  /** What happens to two series with equal labels and no step in common. */
  readonly onSame: "merge" | "refuse";
}

/** Yields the rows of `input` under changed labels. */
export class RelabelOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  readonly #context: QueryContext;
  readonly #input: Operator;
  readonly #changeOf: (table: SeriesTable) => LabelChange;
  /** Rows of merged series; undefined when rows pass through. */
  #merged: Matrix | undefined;
  #done = 0;

  constructor(context: QueryContext, input: Operator, changeOf: (table: SeriesTable) => LabelChange) {
    this.#context = context;
    this.#input = input;
    this.#changeOf = changeOf;
    this.steps = input.steps;
    this.layout = input.layout;
  }

  open(): SeriesTable {
    const table = this.#input.open();
    const { distinct = null, change, dropsName, onSame } = this.#changeOf(table);
    if (distinct !== null) return distinct;
    const { indexOf, sets } = numberSets(table, change);
    const drops = dropsName(table);
    if (sets.count === table.count) return sets.toTable(drops);
    const matrix = materialize(this.#context, this.#input, table);
    this.#merged = mergeRows(this.#context, matrix, indexOf, sets.count, onSame);
    const mergedDrops = drops === null ? null : new Uint8Array(sets.count);
    if (drops !== null) indexOf.forEach((to, from) => ((mergedDrops as Uint8Array)[to] |= drops[from]));
    return sets.toTable(mergedDrops);
  }

  next(block: RowBlock): number {
    const merged = this.#merged;
    if (merged === undefined) return this.#input.next(block);
    const count = copyRows(this.#context, merged, this.#done, block);
    this.#done += count;
    return count;
  }
}

/**
 * Rows of `matrix` put together: row i goes into row `indexOf[i]` of `count`. Throws where two have a
 * value.
 */
export function mergeRows(
  context: QueryContext,
  matrix: Matrix,
  indexOf: Uint32Array,
  count: number,
  onSame: "merge" | "refuse",
): Matrix {
  const { layout } = matrix;
  const merged = Matrix.allocate(context, layout, count);
  const { arena } = context; // views taken anew: memory may have grown
  for (let i = 0; i < matrix.count; i++) {
    if (isEmptyBitmap(arena.u32, matrix.presenceAt[i], layout)) continue;
    const into = merged.row(indexOf[i]);
    if (onSame === "refuse" && !isEmptyBitmap(arena.u32, into.presenceAt, layout)) {
      throw new ExecutionError(sameLabelsetText);
    }
    merged.setRow(indexOf[i], mergeRow(context, into, matrix.row(i), layout));
  }
  return merged;
}

/**
 * Adds the values of one row to another, in place; returns where the sum is, which differs in its kinds
 * alone. Throws where both have a value.
 */
export function mergeRow(context: QueryContext, to: RowAt, from: RowAt, layout: RowLayout): RowAt {
  const merged = mergedRow(context, to, from, layout);
  if (merged === null) throw new ExecutionError(sameLabelsetText);
  return merged;
}

/**
 * The operator without metric names: dropped now, or marked to be dropped at the end of the query when
 * removal is delayed. Range functions refuse equal labels even without a step in common. `metricLabelIds`:
 * what belongs to the name.
 */
export function withoutNames(
  context: QueryContext,
  input: Operator,
  onSame: "merge" | "refuse",
  metricLabelIds = context.metricLabelIds,
): Operator {
  const { delayedNameRemoval } = context;
  return new RelabelOperator(context, input, (table) => ({
    distinct: delayedNameRemoval
      ? { ...table, dropsName: new Uint8Array(table.count).fill(1) }
      : withoutConstantLabels(table, metricLabelIds),
    change: (set) => set.remove(metricLabelIds),
    dropsName: () => null,
    onSame,
  }));
}
