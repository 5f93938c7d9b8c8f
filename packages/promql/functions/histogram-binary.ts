/**
 * Binary operators where an operand is a native histogram: sums and differences of two, scaling by a float,
 * trimming at a float, equality. All other pairs have no result, but an annotation.
 */

import { type FloatHistogram, IncompatibleHistogramsError } from "@narthex/model/float-histogram";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import type { Span } from "@narthex/promql-syntax/ast";
import type { Annotations } from "../annotations.ts";
import {
  tellOfIncompatibleTypes,
  tellOfReconciledBuckets,
  warnOfIncompatibleBuckets,
  warnOfResetCollision,
} from "../histogram-annotations.ts";
import type { ArithmeticOp, CompareOp } from "./arithmetic.ts";

/** `</` cuts off what lies above a bound, `>/` what lies below. */
export type TrimOp = "</" | ">/";
/** Operators between vectors that compute or compare. */
export type ElementOp = ArithmeticOp | CompareOp | TrimOp;
/** A value of either kind. */
export type ElementValue = number | FloatHistogram;

/** What there is to say about a pair of values. */
export type BinaryNote = "types" | "layout" | "addition" | "subtraction" | "added" | "subtracted";

/** The result for a pair. */
export interface BinaryOutcome {
  /** undefined: the pair has no result, not even a comparison that does not hold. */
  readonly value: ElementValue | undefined;
  /** Whether a comparison holds; true for all others. */
  readonly holds: boolean;
  readonly note: BinaryNote | null;
}

/** Whether an operator trims. */
export function isTrimOp(op: string): op is TrimOp {
  return op === "</" || op === ">/";
}

function refused(note: BinaryNote): BinaryOutcome {
  return { value: undefined, holds: false, note };
}

function result(value: ElementValue, note: BinaryNote | null = null): BinaryOutcome {
  return { value, holds: true, note };
}

/** The result of `left op right`, of which one at least is a histogram (or the operator trims). */
export function histogramBinary(op: ElementOp, left: ElementValue, right: ElementValue): BinaryOutcome {
  if (typeof left === "number") {
    if (typeof right === "number" || op !== "*") return refused("types");
    return result(right.copy().mul(left).compact(0));
  }
  if (typeof right === "number") return scaled(op, left, right);
  switch (op) {
    case "+":
    case "-":
      return combined(op, left, right);
    case "==":
      return { value: left, holds: left.equals(right), note: null };
    case "!=":
      return { value: left, holds: !left.equals(right), note: null };
    default:
      return refused("types");
  }
}

function scaled(op: ElementOp, left: FloatHistogram, right: number): BinaryOutcome {
  switch (op) {
    case "*":
      return result(left.copy().mul(right).compact(0));
    case "/":
      return result(left.copy().div(right).compact(0));
    case "</":
    case ">/":
      return result(left.copy().trimBuckets(right, op === "</"));
    default:
      return refused("types");
  }
}

/** Where counter resets conflict there is no result: the original drops it with the warning. */
function combined(op: "+" | "-", left: FloatHistogram, right: FloatHistogram): BinaryOutcome {
  const isSum = op === "+";
  const total = left.copy();
  try {
    const { counterResetCollision, nhcbBoundsReconciled } = isSum ? total.add(right) : total.sub(right);
    if (counterResetCollision) return refused(isSum ? "addition" : "subtraction");
    if (!isSum) total.counterResetHint = CounterResetHint.Gauge;
    return result(total.compact(0), nhcbBoundsReconciled ? (isSum ? "added" : "subtracted") : null);
  } catch (error) {
    if (error instanceof IncompatibleHistogramsError) return refused("layout");
    throw error;
  }
}

/** Adds a note about `left op right` to the annotations. */
export function tellBinaryNote(
  annotations: Annotations,
  note: BinaryNote,
  op: ElementOp,
  left: "float" | "histogram",
  right: "float" | "histogram",
  span: Span,
): void {
  switch (note) {
    case "types":
      tellOfIncompatibleTypes(annotations, left, op, right, span);
      return;
    case "layout":
      warnOfIncompatibleBuckets(annotations, op, span);
      return;
    case "addition":
    case "subtraction":
      warnOfResetCollision(annotations, note, span);
      return;
    case "added":
      tellOfReconciledBuckets(annotations, "addition", span);
      return;
    case "subtracted":
      tellOfReconciledBuckets(annotations, "subtraction", span);
  }
}

/** The kind of a value, as annotations name it. */
export function kindOf(value: ElementValue): "float" | "histogram" {
  return typeof value === "number" ? "float" : "histogram";
}
