/**
 * Durations written as expressions over the query's step and range, in milliseconds.
 */

import { unreachable } from "@narthex/platform/assert";
import type { Duration, DurationExpr } from "@narthex/promql-syntax/ast";
import { pow } from "./functions/arithmetic.ts";
import { ExecutionError } from "./query-errors.ts";

/** What `step()` and `range()` stand for, in milliseconds; both 0 in an instant query. */
export interface DurationContext {
  readonly stepMs: number;
  readonly rangeMs: number;
}

const longestSeconds = 2 ** 63 / 1e9;

/**
 * The duration in whole milliseconds. Throws `ExecutionError` when it has no value or is not allowed here.
 */
export function durationMs(duration: Duration, context: DurationContext, negativeAllowed: boolean): number {
  if (duration.kind === "duration") return duration.ms;
  const seconds = evaluate(duration, context);
  const fail = (what: string): never => failAt(duration, what);
  if (!Number.isFinite(seconds)) return fail("duration is NaN or infinite");
  if (seconds <= 0 && !negativeAllowed) return fail("duration must be greater than 0");
  if (Math.abs(seconds) > longestSeconds) return fail("duration is out of range");
  return Math.trunc(seconds * 1000);
}

function failAt(expr: DurationExpr, what: string): never {
  throw new ExecutionError(`${expr.span.start}:${expr.span.end}: ${what}`);
}

function evaluate(duration: Duration, context: DurationContext): number {
  if (duration.kind === "duration") return duration.ms / 1000;
  const [left = 0, right = 0] = duration.operands.map((operand) => evaluate(operand, context));
  switch (duration.op) {
    case "step":
      return context.stepMs / 1000;
    case "range":
      return context.rangeMs / 1000;
    case "min_of":
      return Math.min(left, right);
    case "max_of":
      return Math.max(left, right);
    case "negate":
      return -left;
    case "plus":
    case "paren":
      return left;
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0 ? failAt(duration, "division by zero") : left / right;
    case "%":
      return right === 0 ? failAt(duration, "modulo by zero") : left % right;
    case "^":
      return pow(left, right);
    default:
      return unreachable(duration.op);
  }
}
