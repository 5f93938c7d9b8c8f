/**
 * Plans of calls of experimental functions that are operators of their own: info, histogram_quantiles,
 * start_timestamp.
 */

import type {
  Call,
  Expr,
  MatrixSelector,
  StringLiteral,
  Subquery,
  VectorSelector,
} from "@narthex/promql-syntax/ast";
import type { CallPlanner } from "./call-planner.ts";
import type { PlanNode, TimeShift } from "./plan-node.ts";
import { ExecutionError } from "./query-errors.ts";
import type { Steps } from "./steps.ts";

/** The plan of a call whose arguments are `args` (without parentheses), undefined for other functions. */
export function planExperimentalCall(
  planner: CallPlanner,
  { name }: Call,
  args: readonly Expr[],
  steps: Steps,
): PlanNode | undefined {
  switch (name) {
    case "start_timestamp":
      return args[0].kind === "vector selector"
        ? { kind: "start time", ...timesOf(planner.selector(args[0], steps)) }
        : { kind: "nothing", input: planner.child(args[0], steps) };
    case "histogram_quantiles":
      return {
        kind: "histogram quantiles",
        input: planner.child(args[0], steps),
        label: (args[1] as StringLiteral).value,
        quantiles: args.slice(2).map((arg) => planner.child(arg, steps)),
        quantileSpans: args.slice(2).map(({ span }) => span),
        inputSpan: args[0].span,
      };
    case "info":
      return {
        kind: "info",
        input: planner.child(args[0], steps),
        matchers: args.length > 1 ? (args[1] as VectorSelector).matchers : null,
        lookbackMs: planner.options.lookbackMs,
        ...infoShift(planner, args[0]),
      };
    default:
      return undefined;
  }
}

/**
 * When functions of a sample's times look at it. With `@` and an offset the original looks at the time of `@`
 * itself, but at no other samples than those it asked for because of the offset.
 */
export function timesOf<Times extends TimeShift & { readonly lookbackMs: number }>(times: Times): Times {
  const { atMs, offsetMs, lookbackMs } = times;
  if (atMs === null) return times;
  return { ...times, offsetMs: Math.max(0, offsetMs), lookbackMs: lookbackMs - Math.abs(offsetMs) };
}

/**
 * When info series are looked up: as the first selector in the expression, whose offset adds to those of the
 * subqueries around it, up to the first `@`.
 */
export function infoShift(planner: Pick<CallPlanner, "shift">, expr: Expr): TimeShift {
  const path = firstSelector(expr);
  let [atMs, offsetMs]: [number | null, number] = [null, 0];
  for (const { at, offset } of path) {
    const shift = planner.shift(at, offset);
    offsetMs += shift.offsetMs;
    ({ atMs } = shift);
    if (atMs !== null) break;
  }
  return { atMs, offsetMs };
}

/** The first selector and the subqueries around it, from the inside out; empty without a selector. */
function firstSelector(expr: Expr): (VectorSelector | Subquery)[] {
  switch (expr.kind) {
    case "vector selector":
      return [expr];
    case "matrix selector":
      return [expr.selector];
    case "subquery": {
      const inner = firstSelector(expr.expr);
      return inner.length === 0 ? [] : [...inner, expr];
    }
    default:
      for (const part of partsOf(expr)) {
        const path = firstSelector(part);
        if (path.length > 0) return path;
      }
      return [];
  }
}

function partsOf(expr: Exclude<Expr, VectorSelector | MatrixSelector | Subquery>): readonly Expr[] {
  switch (expr.kind) {
    case "number":
    case "string":
      return [];
    case "paren":
    case "unary":
      return [expr.expr];
    case "aggregation":
      return expr.param === null ? [expr.expr] : [expr.expr, expr.param];
    case "binary":
      return [expr.left, expr.right];
    case "call":
      return expr.args;
  }
}

const anchoredFunctions = ["changes", "delta", "increase", "rate", "resets"];
const smoothedFunctions = ["delta", "increase", "rate"];

/** Throws `ExecutionError` when the function cannot work on an anchored or smoothed range. */
export function checkExtension(name: string, source: MatrixSelector | Subquery): void {
  const extension = source.kind === "matrix selector" ? source.selector.extension : null;
  if (extension === null) return;
  const allowed = extension === "anchored" ? anchoredFunctions : smoothedFunctions;
  if (allowed.includes(name)) return;
  throw new ExecutionError(
    `${extension} modifier can only be used with: ${allowed.join(", ")} - not with ${name}`,
  );
}
