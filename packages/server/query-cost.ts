/**
 * Whether a question is so small that the main thread answers it sooner than it could hand it to a worker.
 * The estimate looks at the syntax tree and at how many series the index has for single labels, and is an
 * upper bound; what cannot be bounded cheaply is not small.
 */

import { unreachable } from "@narthex/platform/assert";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import type { Expr, VectorSelector } from "@narthex/promql-syntax/ast";
import type { Question } from "./query-messages.ts";

/** A question that is evaluated. */
export type Evaluation = Question & { readonly kind: "instant" | "range" };

/** Tells the most series that matchers can find, Infinity when finding out would take long. */
export type SeriesBound = (matchers: readonly LabelMatcher[], minTimeMs: number, maxTimeMs: number) => number;

const longestQuery = 2_000;
const mostNodes = 60;
const mostSeries = 200;
/** About two milliseconds' work each. */
const mostSamples = 200_000;
const mostPoints = 40_000;
const mostWindowSamples = 500_000;
/** The interval between samples that is assumed. */
const intervalMs = 10_000;

/** Whether evaluation and writing of `expr` take about a millisecond or two at the most. */
export function isTiny(question: Evaluation, expr: Expr, bound: SeriesBound): boolean {
  if (question.query.length > longestQuery) return false;
  const { startMs, endMs, stepMs } =
    question.kind === "range" ? question : { startMs: question.timeMs, endMs: question.timeMs, stepMs: 1 };
  const estimate = new Estimate(bound, startMs, endMs, Math.floor((endMs - startMs) / stepMs) + 1);
  return estimate.admits(expr, question.lookbackMs);
}

class Estimate {
  readonly #bound: SeriesBound;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #steps: number;
  #nodes = 0;
  #series = 0;
  #samples = 0;
  #points = 0;
  #windowSamples = 0;

  constructor(bound: SeriesBound, startMs: number, endMs: number, steps: number) {
    this.#bound = bound;
    this.#startMs = startMs;
    this.#endMs = endMs;
    this.#steps = steps;
  }

  /** Adds a part; false as soon as it is too much. */
  admits(expr: Expr, lookbackMs: number): boolean {
    if (++this.#nodes > mostNodes) return false;
    switch (expr.kind) {
      case "number":
      case "string":
        this.#points += this.#steps;
        return this.#points <= mostPoints;
      case "vector selector":
        return this.#admitsSelector(expr, lookbackMs, 1);
      case "matrix selector": {
        if (expr.range.kind !== "duration") return false;
        return this.#admitsSelector(expr.selector, expr.range.ms, expr.range.ms / intervalMs);
      }
      case "subquery":
        return false;
      case "aggregation":
        return (
          this.admits(expr.expr, lookbackMs) && (expr.param === null || this.admits(expr.param, lookbackMs))
        );
      case "binary":
        return this.admits(expr.left, lookbackMs) && this.admits(expr.right, lookbackMs);
      case "call":
        return expr.args.every((arg) => this.admits(arg, lookbackMs));
      case "paren":
      case "unary":
        return this.admits(expr.expr, lookbackMs);
      default:
        return unreachable(expr);
    }
  }

  #admitsSelector({ matchers, at, offset }: VectorSelector, backMs: number, perWindow: number): boolean {
    if (at !== null || offset.kind !== "duration") return false;
    const [minMs, maxMs] = [this.#startMs - offset.ms - backMs, this.#endMs - offset.ms];
    const spanSamples = (maxMs - minMs) / intervalMs + 1;
    if (spanSamples > mostSamples) return false;
    const series = this.#bound(matchers, minMs, maxMs);
    this.#series += series;
    this.#samples += series * spanSamples;
    this.#points += series * this.#steps;
    this.#windowSamples += series * this.#steps * perWindow;
    return (
      this.#series <= mostSeries &&
      this.#samples <= mostSamples &&
      this.#points <= mostPoints &&
      this.#windowSamples <= mostWindowSamples
    );
  }
}
