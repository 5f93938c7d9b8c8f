/**
 * Pairs of rows of which one has native histograms: the slow way of operators between vectors, value by
 * value.
 *
 * At each step only the last annotation is told, in the order of the pairs, as in the original.
 */

import { writeRecord } from "@narthex/storage/histogram-record";
import type { Span } from "@narthex/promql-syntax/ast";
import { arithmetic, compares, isArithmeticOp, isCompareOp } from "../functions/arithmetic.ts";
import {
  histogramBinary,
  kindOf,
  tellBinaryNote,
  type BinaryNote,
  type BinaryOutcome,
  type ElementOp,
  type ElementValue,
} from "../functions/histogram-binary.ts";
import { emptyKinds, histogramAt, isHistogram } from "../histogram-rows.ts";
import type { QueryContext } from "../query-context.ts";
import { clearBitmap, hasBit, setBit, type RowAt, type RowLayout } from "../rows.ts";

/** What is computed for the pairs. */
export interface PairOptions {
  readonly op: ElementOp;
  readonly returnBool: boolean;
  readonly span: Span;
}

/** The results of one pair of rows. */
export interface PairRow {
  /** Address of the bitmap of kinds, 0: all results are floats. */
  readonly kindsAt: number;
  /** Address of the bitmap of steps where a comparison did not hold. */
  readonly filteredAt: number;
}

interface StepNote {
  readonly note: BinaryNote;
  readonly left: "float" | "histogram";
  readonly right: "float" | "histogram";
}

/** Computes pairs and collects what there is to say about them. */
export class PairResults {
  readonly #context: QueryContext;
  readonly #options: PairOptions;
  readonly #layout: RowLayout;
  readonly #notes = new Map<number, StepNote>();

  constructor(context: QueryContext, options: PairOptions, layout: RowLayout) {
    this.#context = context;
    this.#options = options;
    this.#layout = layout;
  }

  /**
   * Puts the results of `left op right` at the steps of the bitmap `presence` into the row at `out`. Takes
   * the steps out of `presence` whose values do not go together.
   */
  compute(presence: number, left: RowAt, right: RowAt, out: number): PairRow {
    const context = this.#context;
    const { scratch, arena } = context;
    const filteredAt = scratch.take(this.#layout.bitmapBytes);
    clearBitmap(arena.u32, filteredAt, this.#layout);
    let kindsAt = 0;
    for (let s = 0; s < this.#layout.steps; s++) {
      if (!hasBit(arena.u32, presence, s)) continue;
      const { value, holds } = this.#pair(this.#valueOf(left, s), this.#valueOf(right, s), s);
      if (value === undefined) {
        arena.u32[(presence >>> 2) + (s >>> 5)] &= ~(1 << (s & 31));
        continue;
      }
      if (this.#options.returnBool) {
        arena.f64[(out >>> 3) + s] = holds ? 1 : 0;
        continue;
      }
      if (!holds) setBit(arena.u32, filteredAt, s);
      else if (typeof value === "number") arena.f64[(out >>> 3) + s] = value;
      else {
        if (kindsAt === 0) kindsAt = emptyKinds(context, this.#layout);
        setBit(arena.u32, kindsAt, s);
        const record = writeRecord(context.records, value);
        arena.f64[(out >>> 3) + s] = record;
      }
    }
    return { kindsAt, filteredAt };
  }

  /** Adds the last note of each step to the annotations. */
  tell(): void {
    const { op, span } = this.#options;
    for (const [, { note, left, right }] of [...this.#notes].toSorted(([a], [b]) => a - b)) {
      tellBinaryNote(this.#context.annotations, note, op, left, right, span);
    }
  }

  #valueOf({ valuesAt, kindsAt }: RowAt, step: number): ElementValue {
    const { arena } = this.#context;
    return isHistogram(arena.u32, kindsAt, step)
      ? histogramAt(arena, valuesAt, step)
      : arena.f64[(valuesAt >>> 3) + step];
  }

  #pair(left: ElementValue, right: ElementValue, step: number): BinaryOutcome {
    const { op } = this.#options;
    if (typeof left === "number" && typeof right === "number") {
      if (isArithmeticOp(op)) return { value: arithmetic(op, left, right), holds: true, note: null };
      if (isCompareOp(op)) return { value: left, holds: compares(op, left, right), note: null };
    }
    const outcome = histogramBinary(op, left, right);
    const { note } = outcome;
    if (note !== null) this.#notes.set(step, { note, left: kindOf(left), right: kindOf(right) });
    return outcome;
  }
}
