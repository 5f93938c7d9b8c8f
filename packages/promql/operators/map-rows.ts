/**
 * Operators that change each row in place, independent of the others: functions of one value, negation,
 * evaluation times, repetition of what is the same at every step. (A scalar operand: vector-scalar.ts.)
 */

import { recordSampleSize, writeRecord } from "@narthex/storage/histogram-record";
import type { QueryContext } from "../query-context.ts";
import { arithmetic, type ArithmeticOp, type CompareOp } from "../functions/arithmetic.ts";
import type { MapFunction } from "../functions/map-functions.ts";
import { dropHistograms, histogramAt } from "../histogram-rows.ts";
import { clearBitmap, countBits, fillBitmap, hasBit, RowBlock, type RowLayout } from "../rows.ts";
import type { SeriesTable } from "../series-table.ts";
import type { Steps } from "../steps.ts";
import { scalarRow, type Operator } from "./operator.ts";

/** Changes the row at these addresses in place. */
export type RowChange = (valuesAt: number, presenceAt: number) => void;

/**
 * Changes row `row` of `block`, which has histograms, in place; `change` is what is done to rows of floats.
 * Whether the row has histograms after that is for it to say, in the block's flags.
 */
export type MixedChange = (block: RowBlock, row: number, change: RowChange) => void;

/** Yields the rows of `input`, changed. */
export class MapOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  readonly #input: Operator;
  readonly #changeMixed: MixedChange;
  readonly #prepare: () => RowChange;
  #change: RowChange | undefined;

  /** `prepare` is called once by `open`. */
  constructor(input: Operator, changeMixed: MixedChange, prepare: () => RowChange) {
    this.#input = input;
    this.#changeMixed = changeMixed;
    this.#prepare = prepare;
    this.steps = input.steps;
    this.layout = input.layout;
  }

  open(): SeriesTable {
    const table = this.#input.open();
    this.#change = this.#prepare();
    return table;
  }

  next(block: RowBlock): number {
    const count = this.#input.next(block);
    const change = this.#change as RowChange;
    for (let i = 0; i < count; i++) {
      if (block.hasHistograms[i] !== 0) this.#changeMixed(block, i, change);
      else change(block.valuesAt(i), block.presenceAt(i));
    }
    return count;
  }
}

/** Functions that know floats only: the row loses its histograms. */
function floatsOnly({ arena }: QueryContext): MixedChange {
  return (block, row, change) => {
    dropHistograms(arena.u32, block.row(row), block.layout);
    block.hasHistograms[row] = 0;
    change(block.valuesAt(row), block.presenceAt(row));
  };
}

/** A function of the value and up to two scalars. */
export function mapFunction(
  context: QueryContext,
  input: Operator,
  { apply, refuses, defaults }: MapFunction,
  params: readonly Operator[],
): Operator {
  const { layout } = input;
  return new MapOperator(input, floatsOnly(context), () => {
    const rows = params.map((param) => scalarRow(context, param) >>> 3);
    const constant = (i: number): Float64Array => new Float64Array(layout.steps).fill(defaults[i] ?? NaN);
    const valuesOf = (i: number): Float64Array =>
      rows[i] === undefined ? constant(i) : context.arena.f64.slice(rows[i], rows[i] + layout.steps);
    const [first, second] = [valuesOf(0), valuesOf(1)];
    return (valuesAt, presenceAt) => {
      const { f64, u32 } = context.arena;
      const at = valuesAt >>> 3;
      for (let s = 0; s < layout.steps; s++) f64[at + s] = apply(f64[at + s], first[s], second[s]);
      if (refuses === null) return;
      for (let s = 0; s < layout.steps; s++) {
        if (refuses(first[s], second[s])) u32[(presenceAt >>> 2) + (s >>> 5)] &= ~(1 << (s & 31));
      }
    };
  });
}

/** The time of the step, in seconds. */
export function evaluationTimes(context: QueryContext, input: Operator): Operator {
  const { steps } = input;
  const anyKind: MixedChange = (block, row, change) => {
    block.hasHistograms[row] = 0;
    change(block.valuesAt(row), block.presenceAt(row));
  };
  return new MapOperator(input, anyKind, () => (valuesAt) => {
    const { f64 } = context.arena;
    for (let s = 0; s < steps.count; s++)
      f64[(valuesAt >>> 3) + s] = (steps.startMs + s * steps.stepMs) / 1000;
  });
}

/** `-vector`. */
export function negate(context: QueryContext, input: Operator): Operator {
  return new MapOperator(input, negateMixed(context), () => (valuesAt) => {
    const { f64 } = context.arena;
    const at = valuesAt >>> 3;
    for (let s = 0; s < input.layout.steps; s++) f64[at + s] = -f64[at + s];
  });
}

function negateMixed({ arena }: QueryContext): MixedChange {
  return (block, row) => {
    const { valuesAt, presenceAt, kindsAt } = block.row(row);
    for (let s = 0; s < block.layout.steps; s++) {
      if (!hasBit(arena.u32, presenceAt, s)) continue;
      const value = hasBit(arena.u32, kindsAt, s)
        ? writeRecord(block.records, histogramAt(arena, valuesAt, s).mul(-1))
        : -arena.f64[(valuesAt >>> 3) + s];
      arena.f64[(valuesAt >>> 3) + s] = value;
    }
  };
}

const kernelArithmetic: Readonly<Record<string, number>> = { "+": 0, "-": 1, "*": 2, "/": 3 };
/** Numbers of the comparisons in the kernel `rows`. */
export const kernelCompare: Readonly<Record<CompareOp, number>> = {
  "==": 0,
  "!=": 1,
  "<": 2,
  ">": 3,
  "<=": 4,
  ">=": 5,
};

/** Computes `left op right` of two rows into `out` (which may be one of them), at every step. */
export function arithmeticRow(
  context: QueryContext,
  op: ArithmeticOp,
  left: number,
  right: number,
  steps: number,
  out: number,
): void {
  const number = kernelArithmetic[op];
  if (number !== undefined) {
    context.kernels.rowArithmetic(number, left, right, steps, out);
    return;
  }
  const { f64 } = context.arena;
  for (let s = 0; s < steps; s++) {
    f64[(out >>> 3) + s] = arithmetic(op, f64[(left >>> 3) + s], f64[(right >>> 3) + s]);
  }
}

/** Filters a row by a bitmap or, with `asNumber`, sets it to 1 where the bit is set and 0 where not. */
export function applyComparison(
  { arena }: QueryContext,
  bitmap: number,
  valuesAt: number,
  presenceAt: number,
  layout: RowLayout,
  asNumber: boolean,
): void {
  const { f64, u32 } = arena;
  if (asNumber) {
    for (let s = 0; s < layout.steps; s++) f64[(valuesAt >>> 3) + s] = hasBit(u32, bitmap, s) ? 1 : 0;
    return;
  }
  for (let w = 0; w < layout.words; w++) u32[(presenceAt >>> 2) + w] &= u32[(bitmap >>> 2) + w];
}

/** Repeats the one step of `input` at every step. */
export class StepInvariantOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  readonly #context: QueryContext;
  readonly #input: Operator;
  #block: RowBlock | undefined;

  constructor(context: QueryContext, input: Operator, steps: Steps, layout: RowLayout) {
    this.#context = context;
    this.#input = input;
    this.steps = steps;
    this.layout = layout;
  }

  open(): SeriesTable {
    const { layout } = this.#input;
    const table = this.#input.open();
    this.#block = RowBlock.take(this.#context, layout, Math.min(this.layout.blockRows, layout.blockRows));
    return table;
  }

  next(block: RowBlock): number {
    const { arena, kernels, budget } = this.#context;
    const source = (this.#block as RowBlock).withRecords(block.records);
    const count = this.#input.next(block.capacity < source.capacity ? source.upTo(block.capacity) : source);
    const { f64, u32 } = arena;
    for (let i = 0; i < count; i++) {
      if (countBits(u32, source.presenceAt(i), this.#input.layout) === 0) {
        clearBitmap(u32, block.presenceAt(i), this.layout);
        continue;
      }
      fillBitmap(u32, block.presenceAt(i), this.layout);
      kernels.rowFill(block.valuesAt(i), this.steps.count, f64[source.valuesAt(i) >>> 3]);
      const isHistogram = source.hasHistograms[i] !== 0 && hasBit(u32, source.kindsAt(i), 0);
      block.hasHistograms[i] = isHistogram ? 1 : 0;
      if (isHistogram) fillBitmap(u32, block.kindsAt(i), this.layout);
      const size = isHistogram ? recordSampleSize(arena, f64[source.valuesAt(i) >>> 3]) : 1;
      budget.add(size * (this.steps.count - 1));
    }
    source.hasHistograms.fill(0);
    return count;
  }
}
