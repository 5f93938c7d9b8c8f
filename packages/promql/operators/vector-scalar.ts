/**
 * Operators between a vector and a scalar: arithmetic, filter, or 0 and 1; histograms are scaled or trimmed.
 */

import { writeRecord } from "@narthex/storage/histogram-record";
import type { Span } from "@narthex/promql-syntax/ast";
import { arithmetic, compares, isArithmeticOp, isCompareOp } from "../functions/arithmetic.ts";
import {
  histogramBinary,
  kindOf,
  tellBinaryNote,
  type ElementOp,
  type ElementValue,
} from "../functions/histogram-binary.ts";
import { histogramAt } from "../histogram-rows.ts";
import type { QueryContext } from "../query-context.ts";
import { hasBit, type RowBlock } from "../rows.ts";
import { applyComparison, arithmeticRow, kernelCompare, MapOperator, type RowChange } from "./map-rows.ts";
import { scalarRow, type Operator } from "./operator.ts";

/** What stands between the operands, and which is which. */
export interface ScalarOperand {
  readonly op: ElementOp;
  readonly scalarFirst: boolean;
  readonly returnBool: boolean;
  /** Of the whole expression. */
  readonly span: Span;
}

/** A vector and a scalar. */
export function vectorScalar(
  context: QueryContext,
  vector: Operator,
  scalar: Operator,
  operand: ScalarOperand,
): Operator {
  const elements = new Elements(context, operand);
  return new MapOperator(
    vector,
    (block, row) => elements.changeMixed(block, row),
    () => {
      elements.scalarsAt = scalarRow(context, scalar);
      return elements.rowChange(vector);
    },
  );
}

class Elements {
  /** The scalar at every step. */
  scalarsAt = 0;
  readonly #context: QueryContext;
  readonly #operand: ScalarOperand;

  constructor(context: QueryContext, operand: ScalarOperand) {
    this.#context = context;
    this.#operand = operand;
  }

  /** The change of a row of floats. */
  rowChange({ layout }: Operator): RowChange {
    const { op, scalarFirst, returnBool } = this.#operand;
    const context = this.#context;
    const bitmap = context.scratch.take(layout.bitmapBytes);
    return (valuesAt, presenceAt) => {
      const left = scalarFirst ? this.scalarsAt : valuesAt;
      const right = scalarFirst ? valuesAt : this.scalarsAt;
      if (isArithmeticOp(op)) {
        arithmeticRow(context, op, left, right, layout.steps, valuesAt);
      } else if (isCompareOp(op)) {
        context.kernels.rowCompare(kernelCompare[op], left, right, layout.steps, bitmap);
        applyComparison(context, bitmap, valuesAt, presenceAt, layout, returnBool);
      } else {
        for (let s = 0; s < layout.steps; s++) {
          if (hasBit(context.arena.u32, presenceAt, s)) this.#put(0, valuesAt, presenceAt, s);
        }
      }
    };
  }

  /** Changes a row with histograms, value by value. */
  changeMixed(block: RowBlock, row: number): void {
    const { arena } = this.#context;
    const { valuesAt, presenceAt, kindsAt } = block.row(row);
    let histograms = 0;
    for (let s = 0; s < block.layout.steps; s++) {
      if (!hasBit(arena.u32, presenceAt, s)) continue;
      const value = hasBit(arena.u32, kindsAt, s)
        ? histogramAt(arena, valuesAt, s)
        : arena.f64[(valuesAt >>> 3) + s];
      const result = this.#put(value, valuesAt, presenceAt, s);
      if (result === undefined || typeof result === "number") continue;
      const record = writeRecord(block.records, result);
      arena.f64[(valuesAt >>> 3) + s] = record;
      histograms++;
    }
    if (histograms === 0) block.hasHistograms[row] = 0;
  }

  /**
   * Computes the result for the vector's `value` at a step and puts it into the row if it is a number;
   * without result the step is taken out. Kinds stay: no operator makes one kind of another.
   */
  #put(value: ElementValue, valuesAt: number, presenceAt: number, step: number): ElementValue | undefined {
    const { f64, u32 } = this.#context.arena;
    const result = this.#result(value, f64[(this.scalarsAt >>> 3) + step]);
    if (typeof result === "number") f64[(valuesAt >>> 3) + step] = result;
    if (result === undefined) u32[(presenceAt >>> 2) + (step >>> 5)] &= ~(1 << (step & 31));
    return result;
  }

  #result(value: ElementValue, scalar: number): ElementValue | undefined {
    const { op, scalarFirst, returnBool, span } = this.#operand;
    const [left, right] = scalarFirst ? [scalar, value] : [value, scalar];
    if (typeof left === "number" && typeof right === "number") {
      if (isArithmeticOp(op)) return arithmetic(op, left, right);
      if (isCompareOp(op)) {
        const holds = compares(op, left, right);
        if (returnBool) return holds ? 1 : 0;
        return holds ? value : undefined;
      }
    }
    const { value: result, note } = histogramBinary(op, left, right);
    if (note !== null) {
      tellBinaryNote(this.#context.annotations, note, op, kindOf(left), kindOf(right), span);
    }
    return result;
  }
}
