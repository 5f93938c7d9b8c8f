/**
 * Rewritten queries for test scripts: the same expression pinned to one time by `@`.
 */

import { unreachable } from "@narthex/platform/assert";
import type { AtModifier, Expr, VectorSelector } from "@narthex/promql-syntax/ast";
import { timeDependent } from "./invariance.ts";

/** The direct parts of an expression. */
function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "number":
    case "string":
    case "vector selector":
      return [];
    case "matrix selector":
      return [expr.selector];
    case "subquery":
    case "paren":
    case "unary":
      return [expr.expr];
    case "aggregation":
      return expr.param === null ? [expr.expr] : [expr.param, expr.expr];
    case "binary":
      return [expr.left, expr.right];
    case "call":
      return expr.args;
    default:
      return unreachable(expr);
  }
}

/** Whether the value depends on the selectors' times alone; what is inside of subqueries does not matter. */
export function isTimeSafe(expr: Expr): boolean {
  if (expr.kind === "subquery") return true;
  if (expr.kind === "call" && timeDependent.has(expr.name)) return false;
  return partsOf(expr).every(isTimeSafe);
}

/** The expression with `@ timeMs` on every selector and subquery that has no time yet. */
export function withAt(expr: Expr, timeMs: number): Expr {
  const at: AtModifier = { kind: "time", timeMs };
  const again = (part: Expr): Expr => withAt(part, timeMs);
  switch (expr.kind) {
    case "number":
    case "string":
      return expr;
    case "vector selector":
      return { ...expr, at: expr.at ?? at };
    case "matrix selector":
      return { ...expr, selector: again(expr.selector) as VectorSelector };
    case "subquery":
      return { ...expr, at: expr.at ?? at };
    case "paren":
    case "unary":
      return { ...expr, expr: again(expr.expr) };
    case "aggregation":
      return { ...expr, expr: again(expr.expr), param: expr.param === null ? null : again(expr.param) };
    case "binary":
      return { ...expr, left: again(expr.left), right: again(expr.right) };
    case "call":
      return { ...expr, args: expr.args.map(again) };
    default:
      return unreachable(expr);
  }
}
