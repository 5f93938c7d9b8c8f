/**
 * Arithmetic and comparison between two vectors, one-to-one, many-to-one and one-to-many.
 *
 *  1. Label work is done per pair of series, once: signatures, pairs, labels of the results.
 *  2. Each pair is one row operation at the steps where both have a value.
 *  3. Bitmaps tell where the matching is not unique; only where one overlaps another is an error built.
 *
 * "Many" is the left side unless the matching is one-to-many. Fill values stand in for an absent partner.
 */

import { AssertionError } from "@narthex/platform/assert";
import type { Span, VectorMatching } from "@narthex/promql-syntax/ast";
import { isArithmeticOp, isCompareOp } from "../functions/arithmetic.ts";
import { isTrimOp, type ElementOp, type TrimOp } from "../functions/histogram-binary.ts";
import { ExecutionError } from "../query-errors.ts";
import type { QueryContext } from "../query-context.ts";
import { hasBit, mergeBitmap, type RowAt } from "../rows.ts";
import { labelsOf, LabelSet, LabelSetIndex, type SeriesTable } from "../series-table.ts";
import { applyComparison, arithmeticRow, kernelCompare } from "./map-rows.ts";
import { PairResults } from "./mixed-pairs.ts";
import { mergeRow } from "./relabel.ts";
import { signatures, toMatchingLabels, type Signatures } from "./matching.ts";
import { holdRows, materialize, Matrix, MatrixOperator, type Operator } from "./operator.ts";

/** What is computed. */
export interface BinaryOptions {
  readonly op: ElementOp;
  readonly matching: VectorMatching;
  readonly returnBool: boolean;
  /** Of the whole expression. */
  readonly span: Span;
}

interface Side {
  readonly table: SeriesTable;
  readonly rows: Matrix;
  /** Signature of each series. */
  readonly signatureOf: Uint32Array;
  /** Series of each signature. */
  readonly members: readonly (readonly number[])[];
}

/** Yields the results of matched pairs. */
export class VectorBinaryOperator extends MatrixOperator {
  readonly #left: Operator;
  readonly #right: Operator;
  readonly #options: BinaryOptions;
  readonly #matchingIds: readonly number[];
  readonly #includeIds: readonly number[];
  readonly #toMatching: (set: LabelSet) => void;
  readonly #set = new LabelSet();
  readonly #otherSet = new LabelSet();
  readonly #sets = new LabelSetIndex();
  readonly #results: RowAt[] = [];
  readonly #mixed: PairResults;
  /** Bitmaps of matched steps, by signature (one-to-one) or signature and result labels. */
  readonly #matched = new Map<number | string, number>();
  /** Per signature the steps with a result, kept when elements without get a fill value. */
  #seen: Matrix | null = null;

  constructor(context: QueryContext, left: Operator, right: Operator, options: BinaryOptions) {
    super(context, left.steps, left.layout);
    this.#left = left;
    this.#right = right;
    this.#options = options;
    this.#mixed = new PairResults(context, options, left.layout);
    const { symbols } = context;
    this.#matchingIds = options.matching.labels.map((name) => symbols.intern(name));
    this.#includeIds = options.matching.include.map((name) => symbols.intern(name));
    this.#toMatching = toMatchingLabels(options.matching, symbols);
  }

  protected compute(): { table: SeriesTable; matrix: Matrix } {
    const { context } = this;
    const { matching, returnBool } = this.#options;
    const before = context.budget.samples;
    const leftTable = this.#left.open();
    const rightTable = this.#right.open();
    const found = signatures(leftTable, rightTable, matching, context.symbols);
    const left = sideOf(leftTable, materialize(context, this.#left, leftTable), found.left, found.count);
    const right = sideOf(rightTable, materialize(context, this.#right, rightTable), found.right, found.count);
    const swapped = matching.card === "one-to-many";
    const [many, one] = swapped ? [right, left] : [left, right];
    const oneBitmaps = this.#checkedOneSide(many, one, found);
    if (matching.fillLeft !== null) this.#seen = Matrix.allocate(context, this.layout, found.count);
    for (let i = 0; i < many.rows.count; i++) {
      if ((i & 255) === 0) context.budget.check();
      this.#matchSeries(i, many, one, oneBitmaps);
    }
    if (this.#seen !== null) this.#fillMany(one, this.#seen, matching.fillLeft as number);
    this.#mixed.tell();
    context.budget.returnTo(before);
    const results = Matrix.of(this.layout, this.#results);
    holdRows(context, results);
    const drops = returnBool && context.delayedNameRemoval ? new Uint8Array(results.count).fill(1) : null;
    return { table: this.#sets.toTable(drops), matrix: results };
  }

  /**
   * Per signature, at which steps the "one" side has an element. Throws where it has two, unless nothing
   * can match at that step because the other vector is empty.
   */
  #checkedOneSide(many: Side, one: Side, found: Signatures): Matrix {
    const { context, layout } = this;
    const bitmaps = Matrix.allocate(context, layout, found.count);
    const anyMany = Matrix.allocate(context, layout, 1).presenceAt[0];
    const { u32 } = context.arena;
    for (let i = 0; i < many.rows.count; i++) mergeBitmap(u32, anyMany, many.rows.presenceAt[i], layout);
    const { fillLeft, fillRight } = this.#options.matching;
    const alwaysMatches = fillLeft !== null || fillRight !== null;
    one.members.forEach((members, signature) => {
      members.forEach((series, at) => {
        const overlaps = mergeBitmap(u32, bitmaps.presenceAt[signature], one.rows.presenceAt[series], layout);
        if (!overlaps) return;
        const matters = alwaysMatches ? null : anyMany;
        const presence = one.rows.presenceAt;
        const conflicts = members
          .slice(0, at)
          .some((earlier) => this.#meet(presence[earlier], presence[series], matters));
        if (conflicts) this.#failFirstDuplicate(one, found, matters);
      });
    });
    return bitmaps;
  }

  /** Whether bitmaps have a step in common. */
  #meet(a: number, b: number, c: number | null): boolean {
    const { u32 } = this.context.arena;
    for (let w = 0; w < this.layout.words; w++) {
      const both = u32[(a >>> 2) + w] & u32[(b >>> 2) + w];
      if ((c === null ? both : both & u32[(c >>> 2) + w]) !== 0) return true;
    }
    return false;
  }

  /** The conflict to tell of is that of the first step, and there the first in the order of the series. */
  #failFirstDuplicate(one: Side, found: Signatures, matters: number | null): never {
    const { u32 } = this.context.arena;
    for (let step = 0; step < this.layout.steps; step++) {
      if (matters !== null && !hasBit(u32, matters, step)) continue;
      const holders = new Map<number, number>();
      for (let series = 0; series < one.rows.count; series++) {
        if (!hasBit(u32, one.rows.presenceAt[series], step)) continue;
        const signature = one.signatureOf[series];
        const holder = holders.get(signature);
        if (holder !== undefined) this.#failDuplicate(one, holder, series, found, signature);
        holders.set(signature, series);
      }
    }
    throw new AssertionError("must hold: a conflict that was found is found again");
  }

  #failDuplicate(one: Side, a: number, b: number, found: Signatures, signature: number): never {
    const { symbols } = this.context;
    const group = labelsOf(found.table, signature, symbols).toString();
    const texts = [
      labelsOf(one.table, a, symbols).toString(),
      labelsOf(one.table, b, symbols).toString(),
    ].sort();
    const hand = this.#options.matching.card === "one-to-many" ? "left" : "right";
    throw new ExecutionError(
      `found duplicate series for the match group ${group} on the ${hand} hand-side of the operation: ` +
        `[${texts[0]}, ${texts[1]}];` +
        "many-to-many matching not allowed: matching labels must be unique on one side",
    );
  }

  /** Results of series `i` of the "many" side with its partners. */
  #matchSeries(i: number, many: Side, one: Side, oneBitmaps: Matrix): void {
    const { matching } = this.#options;
    const signature = many.signatureOf[i];
    const manyPresence = many.rows.presenceAt[i];
    for (const j of one.members[signature]) {
      const presence = this.#intersection(manyPresence, one.rows.presenceAt[j], false);
      if (presence === null) continue;
      this.#emit(signature, presence, many.rows.row(i), one.rows.row(j), this.#labels(many, i, one, j));
    }
    if (matching.fillRight === null) return;
    const alone = this.#intersection(manyPresence, oneBitmaps.presenceAt[signature], true);
    if (alone === null) return;
    const labels = this.#labels(many, i, many, i, "one");
    this.#emit(signature, alone, many.rows.row(i), this.#constant(matching.fillRight), labels);
  }

  /** Elements of the "one" side without a result so far, matched with the fill value. */
  #fillMany(one: Side, seen: Matrix, fill: number): void {
    const constant = this.#constant(fill);
    for (let j = 0; j < one.rows.count; j++) {
      const signature = one.signatureOf[j];
      const alone = this.#intersection(one.rows.presenceAt[j], seen.presenceAt[signature], true);
      if (alone === null) continue;
      this.#emit(signature, alone, constant, one.rows.row(j), this.#labels(one, j, one, j, "many"));
    }
  }

  /** A row with `value` at every step. */
  #constant(value: number): RowAt {
    const valuesAt = this.context.scratch.take(this.layout.rowBytes);
    this.context.kernels.rowFill(valuesAt, this.layout.steps, value);
    return { valuesAt, presenceAt: 0, kindsAt: 0 };
  }

  /**
   * The steps of `a` that are (or, `inverted`, are not) in `b`, as a new bitmap; null when there are none.
   */
  #intersection(a: number, b: number, inverted: boolean): number | null {
    const { scratch, arena } = this.context;
    if (!this.#intersects(a, b, inverted)) return null;
    const bitmap = scratch.take(this.layout.bitmapBytes);
    const { u32 } = arena; // taken anew: memory may have grown
    for (let w = 0; w < this.layout.words; w++) {
      const bits = u32[(b >>> 2) + w];
      u32[(bitmap >>> 2) + w] = u32[(a >>> 2) + w] & (inverted ? ~bits : bits);
    }
    return bitmap;
  }

  #intersects(a: number, b: number, inverted: boolean): boolean {
    const { u32 } = this.context.arena;
    for (let w = 0; w < this.layout.words; w++) {
      const bits = u32[(b >>> 2) + w];
      if ((u32[(a >>> 2) + w] & (inverted ? ~bits : bits)) !== 0) return true;
    }
    return false;
  }

  /**
   * Number of the label set of a result. `filled`: that side has no element but a fill value; its labels
   * are the matching labels of the other.
   */
  #labels(many: Side, i: number, one: Side, j: number, filled: "many" | "one" | null = null): number {
    const { op, matching, returnBool } = this.#options;
    const { symbols, delayedNameRemoval, metricLabelIds } = this.context;
    const toMatching = this.#toMatching;
    const set = this.#set.load(many.table, i);
    if (filled === "many") toMatching(set);
    if (isArithmeticOp(op) || (returnBool && !delayedNameRemoval)) set.remove(metricLabelIds);
    if (matching.card === "one-to-one") {
      if (matching.on) set.keep(this.#matchingIds);
      else set.remove(this.#matchingIds);
    }
    const other = this.#otherSet.load(one.table, j);
    if (filled === "one") toMatching(other);
    for (const nameId of this.#includeIds) set.set(nameId, other.get(nameId), symbols);
    return this.#sets.add(set);
  }

  /** Adds the results at the steps of the bitmap `presence`, which is given away. */
  #emit(signature: number, presence: number, many: RowAt, one: RowAt, labels: number): void {
    const { op, matching } = this.#options;
    const { context, layout } = this;
    const [left, right] = matching.card === "one-to-many" ? [one, many] : [many, one];
    const out = context.scratch.take(layout.rowBytes);
    let kindsAt = 0;
    if (left.kindsAt !== 0 || right.kindsAt !== 0 || isTrimOp(op)) {
      const { filteredAt, kindsAt: kinds } = this.#mixed.compute(presence, left, right, out);
      this.#checkUnique(signature, labels, presence);
      const { u32 } = context.arena;
      for (let w = 0; w < layout.words; w++) u32[(presence >>> 2) + w] &= ~u32[(filteredAt >>> 2) + w];
      kindsAt = kinds;
    } else {
      this.#checkUnique(signature, labels, presence);
      this.#computeFloats(op, left.valuesAt, right.valuesAt, presence, out);
    }
    const row = { valuesAt: out, presenceAt: presence, kindsAt };
    const known = this.#results[labels];
    this.#results[labels] = known === undefined ? row : mergeRow(context, known, row, layout);
  }

  /** The results for two rows of floats; comparison takes steps out of `presence`. */
  #computeFloats(
    op: Exclude<ElementOp, TrimOp>,
    left: number,
    right: number,
    presence: number,
    out: number,
  ): void {
    const { context, layout } = this;
    if (isCompareOp(op)) {
      const bitmap = context.scratch.take(layout.bitmapBytes);
      context.kernels.rowCompare(kernelCompare[op], left, right, layout.steps, bitmap);
      context.arena.u8.copyWithin(out, left, left + layout.rowBytes);
      applyComparison(context, bitmap, out, presence, layout, this.#options.returnBool);
    } else {
      arithmeticRow(context, op, left, right, layout.steps, out);
    }
  }

  /** Each element of the result must come from one pair alone, before comparison filters it. */
  #checkUnique(signature: number, labels: number, presence: number): void {
    const { context, layout } = this;
    if (this.#seen !== null) {
      mergeBitmap(context.arena.u32, this.#seen.presenceAt[signature], presence, layout);
    }
    const isOneToOne = this.#options.matching.card === "one-to-one";
    const key = isOneToOne ? signature : `${signature} ${labels}`;
    let matched = this.#matched.get(key);
    if (matched === undefined) {
      matched = context.scratch.take(layout.bitmapBytes);
      context.arena.u32.fill(0, matched >>> 2, (matched >>> 2) + layout.words);
      this.#matched.set(key, matched);
    }
    if (!mergeBitmap(context.arena.u32, matched, presence, layout)) return;
    throw new ExecutionError(
      isOneToOne
        ? "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
        : "multiple matches for labels: grouping labels must ensure unique matches",
    );
  }
}

function sideOf(table: SeriesTable, rows: Matrix, signatureOf: Uint32Array, count: number): Side {
  const members: number[][] = Array.from({ length: count }, () => []);
  signatureOf.forEach((signature, i) => members[signature].push(i));
  return { table, rows, signatureOf, members };
}
