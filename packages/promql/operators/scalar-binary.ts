/**
 * Operators between two scalars; comparison gives 1 or 0.
 */

import type { QueryContext } from "../query-context.ts";
import {
  arithmetic,
  compares,
  goMax,
  goMin,
  isCompareOp,
  type ArithmeticOp,
  type CompareOp,
} from "../functions/arithmetic.ts";
import { scalarRow, type Operator } from "./operator.ts";
import { ScalarOperator } from "./scalars.ts";

/** What can stand between two scalars. */
export type ScalarOp = ArithmeticOp | CompareOp | "min_of" | "max_of";

/** The result for two numbers. */
export function scalarResult(op: ScalarOp, left: number, right: number): number {
  if (op === "min_of") return goMin(left, right);
  if (op === "max_of") return goMax(left, right);
  return isCompareOp(op) ? Number(compares(op, left, right)) : arithmetic(op, left, right);
}

/** The result at every step. */
export function scalarBinary(context: QueryContext, op: ScalarOp, left: Operator, right: Operator): Operator {
  return new ScalarOperator(context, left.steps, left.layout, () => {
    const leftRow = scalarRow(context, left) >>> 3;
    const rightRow = scalarRow(context, right) >>> 3;
    const { f64 } = context.arena;
    return (s) => scalarResult(op, f64[leftRow + s], f64[rightRow + s]);
  });
}
