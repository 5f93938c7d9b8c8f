/**
 * Looks through parentheses: they mean nothing to a plan.
 */

import type { Expr } from "@narthex/promql-syntax/ast";

/** The expression without the parentheses around it. */
export function withoutParens(expr: Expr): Expr {
  return expr.kind === "paren" ? withoutParens(expr.expr) : expr;
}
