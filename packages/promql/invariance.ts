/**
 * Which parts of an expression have the same value at every step, because of `@`: they are evaluated once.
 *
 * Invariants
 *  - A part is marked at the highest place where all below it is invariant, as in the original: what a
 *    function sees as its evaluation time depends on it.
 */

import { unreachable } from "@narthex/platform/assert";
import type { Expr } from "@narthex/promql-syntax/ast";
import { withoutParens } from "./without-parens.ts";

/** Functions whose result may vary with the evaluation time though their arguments do not. */
export const timeDependent: ReadonlySet<string> = new Set([
  "days_in_month",
  "day_of_month",
  "day_of_week",
  "day_of_year",
  "end",
  "hour",
  "minute",
  "month",
  "year",
  "predict_linear",
  "range",
  "start",
  "step",
  "time",
  "timestamp",
]);

/**
 * `invariant`: the same at every step; `wrap`: and worth being evaluated once (constants and ranges are
 * not).
 */
export interface Invariance {
  readonly invariant: boolean;
  readonly wrap: boolean;
}

const never: Invariance = { invariant: false, wrap: false };
const once: Invariance = { invariant: true, wrap: true };

/** Finds and remembers the invariance of every part of one expression. */
export class InvarianceFinder {
  readonly #known = new Map<Expr, Invariance>();

  of(expr: Expr): Invariance {
    let known = this.#known.get(expr);
    if (known === undefined) {
      known = this.#find(expr);
      this.#known.set(expr, known);
    }
    return known;
  }

  #find(expr: Expr): Invariance {
    switch (expr.kind) {
      case "number":
      case "string":
        return { invariant: true, wrap: false };
      case "vector selector":
        return expr.at === null ? never : once;
      case "matrix selector":
        return { invariant: expr.selector.at !== null, wrap: false };
      case "subquery":
        return { invariant: expr.at !== null, wrap: false };
      case "paren":
      case "unary":
        return this.of(expr.expr);
      case "aggregation":
        return this.of(withoutParens(expr.expr));
      case "binary":
        return this.of(expr.left).invariant && this.of(expr.right).invariant ? once : never;
      case "call":
        return this.#ofCall(expr.name, expr.args.map(withoutParens));
      default:
        return unreachable(expr);
    }
  }

  #ofCall(name: string, args: readonly Expr[]): Invariance {
    const all = args.every((arg) => this.of(arg).invariant);
    if (!all) return never;
    if (name === "timestamp") return args.every((arg) => arg.kind === "vector selector") ? once : never;
    return timeDependent.has(name) ? never : once;
  }
}
