/**
 * Queries with other label matchers: every selector of a tree gets or loses matchers of one label.
 */

import { unreachable } from "@narthex/platform/assert";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import type { Expr, VectorSelector } from "./ast.ts";

/** What one selector's matchers become. */
type Edit = (matchers: readonly LabelMatcher[]) => readonly LabelMatcher[];

/**
 * The tree with `matcher` in place of every matcher of its label, and added to selectors that have none. The
 * name before the braces stays as it is; a matcher of the metric's name that says something else is printed
 * in them.
 */
export function setMatcher(expr: Expr, matcher: LabelMatcher): Expr {
  return editSelectors(expr, (matchers) =>
    matchers.some(({ name }) => name === matcher.name)
      ? matchers.map((other) => (other.name === matcher.name ? matcher : other))
      : [...matchers, matcher],
  );
}

/** The tree without matchers of `label`. */
export function deleteMatchers(expr: Expr, label: string): Expr {
  return editSelectors(expr, (matchers) => matchers.filter(({ name }) => name !== label));
}

function editSelectors(expr: Expr, edit: Edit): Expr {
  const go = (child: Expr): Expr => editSelectors(child, edit);
  const selector = (one: VectorSelector): VectorSelector => ({ ...one, matchers: edit(one.matchers) });
  switch (expr.kind) {
    case "number":
    case "string":
      return expr;
    case "vector selector":
      return selector(expr);
    case "matrix selector":
      return { ...expr, selector: selector(expr.selector) };
    case "subquery":
    case "paren":
    case "unary":
      return { ...expr, expr: go(expr.expr) };
    case "aggregation":
      return { ...expr, expr: go(expr.expr), param: expr.param === null ? null : go(expr.param) };
    case "binary":
      return { ...expr, left: go(expr.left), right: go(expr.right) };
    case "call":
      return { ...expr, args: expr.args.map(go) };
    default:
      return unreachable(expr);
  }
}
