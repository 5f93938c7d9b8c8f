/**
 * Which selectors need count and sum of native histograms only: those of histogram_count, histogram_sum and
 * histogram_avg, unless something around them looks at buckets.
 *
 * The original reads such histograms without their buckets and says of each whether its counter was reset
 * since the one before, where otherwise nobody would know; annotations depend on it.
 */

import type { Expr, VectorSelector } from "@narthex/promql-syntax/ast";

const ofStats: ReadonlySet<string> = new Set(["histogram_count", "histogram_sum", "histogram_avg"]);
const ofBuckets: ReadonlySet<string> = new Set([
  "histogram_quantile",
  "histogram_quantiles",
  "histogram_fraction",
]);

/** The selectors of `expr` that need no buckets. */
export function statsSelectors(expr: Expr): ReadonlySet<VectorSelector> {
  const found = new Set<VectorSelector>();
  visit(expr, false, found);
  return found;
}

/** `wanted`: there is such a function above. Parts below anything that needs buckets are not visited. */
function visit(expr: Expr, wanted: boolean, found: Set<VectorSelector>): void {
  switch (expr.kind) {
    case "vector selector":
      if (wanted) found.add(expr);
      return;
    case "matrix selector":
      visit(expr.selector, wanted, found);
      return;
    case "paren":
    case "unary":
      visit(expr.expr, wanted, found);
      return;
    case "aggregation":
      visit(expr.expr, wanted, found);
      if (expr.param !== null) visit(expr.param, wanted, found);
      return;
    case "binary":
      if (expr.op === "</" || expr.op === ">/") return;
      visit(expr.left, wanted, found);
      visit(expr.right, wanted, found);
      return;
    case "call":
      if (ofBuckets.has(expr.name)) return;
      for (const arg of expr.args) visit(arg, wanted || ofStats.has(expr.name), found);
      return;
    case "number":
    case "string":
    case "subquery":
  }
}
