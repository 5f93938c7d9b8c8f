/**
 * Operators that change each row in place, independent of the others: functions of one value, a scalar
 * operand, negation, evaluation times, repetition of what is the same at every step.
 */

import type { QueryContext } from "../query-context.ts";
import { arithmetic, isCompareOp, type ArithmeticOp, type CompareOp } from "../functions/arithmetic.ts";
import type { MapFunction } from "../functions/map-functions.ts";
import { clearBitmap, countBits, fillBitmap, hasBit, RowBlock, type RowLayout } from "../rows.ts";
import type { SeriesTable } from "../series-table.ts";
import type { Steps } from "../steps.ts";
import { scalarRow, type Operator } from "./operator.ts";

/** Changes the row at these addresses in place. */
export type RowChange = (valuesAt: number, presenceAt: number) => void;

/** Yields the rows of `input`, changed. */
class MapOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  readonly #input: Operator;
  readonly #prepare: () => RowChange;
  #change: RowChange | undefined;

  /** `prepare` is called once by `open`. */
  constructor(input: Operator, prepare: () => RowChange) {
    this.#input = input;
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
    for (let i = 0; i < count; i++) change(block.valuesAt(i), block.presenceAt(i));
    return count;
  }
}

/** A function of the value and up to two scalars. */
export function mapFunction(
  context: QueryContext,
  input: Operator,
  { apply, refuses, defaults }: MapFunction,
  params: readonly Operator[],
): Operator {
  const { layout } = input;
  return new MapOperator(input, () => {
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
  return new MapOperator(input, () => (valuesAt) => {
    const { f64 } = context.arena;
    for (let s = 0; s < steps.count; s++)
      f64[(valuesAt >>> 3) + s] = (steps.startMs + s * steps.stepMs) / 1000;
  });
}

/** `-vector`. */
export function negate(context: QueryContext, input: Operator): Operator {
  return new MapOperator(input, () => (valuesAt) => {
    const { f64 } = context.arena;
    const at = valuesAt >>> 3;
    for (let s = 0; s < input.layout.steps; s++) f64[at + s] = -f64[at + s];
  });
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

/** Where the operands of an operator between a vector and a scalar are. */
export interface ScalarOperand {
  readonly op: ArithmeticOp | CompareOp;
  readonly scalarFirst: boolean;
  readonly returnBool: boolean;
}

/** A vector and a scalar: arithmetic, filter, or 0 and 1. */
export function vectorScalar(
  context: QueryContext,
  vector: Operator,
  scalar: Operator,
  { op, scalarFirst, returnBool }: ScalarOperand,
): Operator {
  const { layout } = vector;
  return new MapOperator(vector, () => {
    const operand = scalarRow(context, scalar);
    const bitmap = context.scratch.take(layout.bitmapBytes);
    return (valuesAt, presenceAt) => {
      const left = scalarFirst ? operand : valuesAt;
      const right = scalarFirst ? valuesAt : operand;
      if (!isCompareOp(op)) {
        arithmeticRow(context, op, left, right, layout.steps, valuesAt);
        return;
      }
      context.kernels.rowCompare(kernelCompare[op], left, right, layout.steps, bitmap);
      applyComparison(context, bitmap, valuesAt, presenceAt, layout, returnBool);
    };
  });
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
    this.#block = RowBlock.take(
      this.#context.scratch,
      layout,
      Math.min(this.layout.blockRows, layout.blockRows),
    );
    return table;
  }

  next(block: RowBlock): number {
    const { arena, kernels, budget } = this.#context;
    const source = this.#block as RowBlock;
    const count = this.#input.next(block.capacity < source.capacity ? source.upTo(block.capacity) : source);
    const { f64, u32 } = arena;
    for (let i = 0; i < count; i++) {
      if (countBits(u32, source.presenceAt(i), this.#input.layout) === 0) {
        clearBitmap(u32, block.presenceAt(i), this.layout);
        continue;
      }
      fillBitmap(u32, block.presenceAt(i), this.layout);
      kernels.rowFill(block.valuesAt(i), this.steps.count, f64[source.valuesAt(i) >>> 3]);
      budget.add(this.steps.count - 1);
    }
    return count;
  }
}
