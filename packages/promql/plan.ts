/**
 * From syntax tree to plan: pure, no storage is asked.
 *
 *  1. Offsets, `@`, durations and query functions (start(), end(), step(), range()) become numbers.
 *  2. Arithmetic of constants is done.
 *  3. Parts that are the same at every step are marked (invariance.ts) and planned for one step.
 *  4. Selectors with equal matchers and overlapping times become one request.
 *
 * Every node is planned together with the steps it will be evaluated at, so the times a selector needs are
 * exact.
 */

import { assert, unreachable } from "@narthex/platform/assert";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import type {
  Aggregation,
  AtModifier,
  BinaryExpr,
  Duration,
  Expr,
  MatrixSelector,
  Subquery,
  Unary,
  VectorSelector,
} from "@narthex/promql-syntax/ast";
import { typeOf } from "@narthex/promql-syntax/type-check";
import type { CallPlanner } from "./call-planner.ts";
import { planCall } from "./plan-call.ts";
import type { Plan, PlanNode, PlanOptions, SelectorPlan, TimeShift, WindowsPlan } from "./plan-node.ts";
import { InvarianceFinder } from "./invariance.ts";
import { statsSelectors } from "./stats-selectors.ts";
import { durationMs } from "./query-duration.ts";
import { ExecutionError, QueryError } from "./query-errors.ts";
import { lastStepMs, oneStep, subquerySteps, type Steps } from "./steps.ts";
import { scalarResult } from "./operators/scalar-binary.ts";
import { isTrimOp } from "./functions/histogram-binary.ts";
import { withoutParens } from "./without-parens.ts";

/** Plans a checked expression. Throws `QueryError` for what cannot be evaluated. */
export function planQuery(expr: Expr, options: PlanOptions): Plan {
  return new Planner(options).plan(expr);
}

interface Request {
  readonly key: string;
  readonly matchers: readonly LabelMatcher[];
  readonly statsOnly: boolean;
  minTimeMs: number;
  maxTimeMs: number;
}

class Planner implements CallPlanner {
  readonly options: PlanOptions;
  readonly #invariance = new InvarianceFinder();
  readonly #requests: Request[] = [];
  #ofStats: ReadonlySet<VectorSelector> = new Set();

  constructor(options: PlanOptions) {
    this.options = options;
  }

  plan(expr: Expr): Plan {
    this.#ofStats = statsSelectors(expr);
    const root = this.#root(expr);
    const selectors: SelectorPlan[] = this.#requests.map(({ matchers, minTimeMs, maxTimeMs, statsOnly }) =>
      statsOnly ? { matchers, minTimeMs, maxTimeMs, statsOnly } : { matchers, minTimeMs, maxTimeMs },
    );
    return { root, selectors };
  }

  #root(expr: Expr): Plan["root"] {
    const type = typeOf(expr);
    const { steps, isRange } = this.options;
    if (isRange && (type === "range vector" || type === "string")) {
      throw new QueryError(
        "bad_data",
        `invalid expression type "${type}" for range query, must be Scalar or instant Vector`,
      );
    }
    const bare = withoutParens(expr);
    if (bare.kind === "string") return { kind: "string", value: bare.value };
    if (bare.kind === "matrix selector" || bare.kind === "subquery") {
      return { kind: "range vector", windows: this.windows(bare, steps) };
    }
    return { kind: type === "scalar" ? "scalar" : "vector", node: this.child(expr, steps) };
  }

  /** Plans a part, evaluated once if it is the same at every step. */
  child(expr: Expr, steps: Steps): PlanNode {
    if (steps.count > 1 && this.#invariance.of(expr).wrap) {
      const input = this.node(expr, oneStep(steps.startMs));
      return input.kind === "number" ? input : { kind: "step invariant", input };
    }
    return this.node(expr, steps);
  }

  /** Plans a part for exactly these steps. */
  node(expr: Expr, steps: Steps): PlanNode {
    switch (expr.kind) {
      case "number":
        return { kind: "number", value: expr.value };
      case "paren":
        return this.node(expr.expr, steps);
      case "vector selector":
        return expr.extension === "smoothed"
          ? this.#smoothedSelector(expr, steps)
          : { kind: "selector", ...this.selector(expr, steps) };
      case "unary":
        return this.#unary(expr, steps);
      case "aggregation":
        return this.#aggregation(expr, steps);
      case "binary":
        return this.#binary(expr, steps);
      case "call":
        return planCall(this, expr, steps);
      case "string":
      case "matrix selector":
      case "subquery":
        throw new ExecutionError(`unexpected ${typeOf(expr)} in expression`);
      default:
        return unreachable(expr);
    }
  }

  #smoothedSelector(expr: VectorSelector, steps: Steps): PlanNode {
    const { lookbackMs } = this.options;
    const shift = this.shift(expr.at, expr.offset);
    const selector = this.#select(expr, shift, steps, lookbackMs, lookbackMs);
    return { kind: "smoothed selector", selector, lookbackMs, span: expr.span, ...shift };
  }

  /** An instant selector's request and times. */
  selector(expr: VectorSelector, steps: Steps): { selector: number; lookbackMs: number } & TimeShift {
    const { lookbackMs } = this.options;
    const shift = this.shift(expr.at, expr.offset);
    const selector = this.#select(expr, shift, steps, lookbackMs);
    return { selector, lookbackMs, ...shift };
  }

  /** A range vector. */
  windows(expr: MatrixSelector | Subquery, steps: Steps): WindowsPlan {
    if (expr.kind === "matrix selector") {
      const rangeMs = this.duration(expr.range, false);
      const { at, offset, extension: kind } = expr.selector;
      const shift = this.shift(at, offset);
      const { lookbackMs } = this.options;
      const backMs = rangeMs + (kind === null ? 0 : lookbackMs);
      const aheadMs = kind === "smoothed" ? lookbackMs : 0;
      const selector = this.#select(expr.selector, shift, steps, backMs, aheadMs);
      const extension = kind === null ? null : { kind, lookbackMs };
      return { kind: "samples", selector, rangeMs, extension, ...shift };
    }
    // In the original's order, for the first error.
    const shift = this.shift(expr.at, expr.offset);
    const ownStepMs = expr.step === null ? 0 : this.duration(expr.step, false);
    const rangeMs = this.duration(expr.range, false);
    // A step that is less than a millisecond is none.
    const stepMs = ownStepMs === 0 ? this.options.subqueryStepMs(rangeMs) : ownStepMs;
    const inner = subquerySteps(steps, shift.atMs, shift.offsetMs, rangeMs, stepMs);
    // Without a step in any window nothing will be evaluated; plan for the start all the same.
    const input = this.child(expr.expr, inner.count === 0 ? oneStep(inner.startMs) : inner);
    return { kind: "subquery", input, rangeMs, stepMs, ...shift };
  }

  /** A duration in milliseconds. */
  duration(duration: Duration, negativeAllowed: boolean): number {
    const { steps, isRange } = this.options;
    const context = isRange
      ? { stepMs: steps.stepMs, rangeMs: this.#endMs - steps.startMs }
      : { stepMs: 0, rangeMs: 0 };
    return durationMs(duration, context, negativeAllowed);
  }

  get #endMs(): number {
    return this.options.endMs ?? lastStepMs(this.options.steps);
  }

  /** `@` and offset as numbers. */
  shift(at: AtModifier | null, offset: Duration): TimeShift {
    const { steps } = this.options;
    const offsetMs = this.duration(offset, true);
    switch (at?.kind) {
      case undefined:
        return { atMs: null, offsetMs };
      case "time":
        return { atMs: (at as { readonly timeMs: number }).timeMs, offsetMs };
      case "start":
        return { atMs: steps.startMs, offsetMs };
      case "end":
        return { atMs: this.#endMs, offsetMs };
    }
  }

  /**
   * The request for samples up to `backMs` (exclusive) before and `aheadMs` behind each of the moments looked
   * at.
   */
  #select(selector: VectorSelector, shift: TimeShift, steps: Steps, backMs: number, aheadMs = 0): number {
    const { matchers } = selector;
    const statsOnly = this.#ofStats.has(selector);
    const minTimeMs = (shift.atMs ?? steps.startMs) - shift.offsetMs - backMs + 1;
    const maxTimeMs = (shift.atMs ?? lastStepMs(steps)) - shift.offsetMs + aheadMs;
    const key = `${matchers.map(String).toSorted().join()}${statsOnly ? " stats" : ""}`;
    const found = this.#requests.findIndex(
      (request) => request.key === key && minTimeMs <= request.maxTimeMs && maxTimeMs >= request.minTimeMs,
    );
    if (found < 0) return this.#requests.push({ key, matchers, statsOnly, minTimeMs, maxTimeMs }) - 1;
    const request = this.#requests[found];
    request.minTimeMs = Math.min(request.minTimeMs, minTimeMs);
    request.maxTimeMs = Math.max(request.maxTimeMs, maxTimeMs);
    return found;
  }

  #unary(expr: Unary, steps: Steps): PlanNode {
    const input = this.child(expr.expr, steps);
    if (expr.op === "+") return input;
    if (input.kind === "number") return { kind: "number", value: -input.value };
    return { kind: "negate", input, isScalar: typeOf(expr.expr) === "scalar" };
  }

  #aggregation(expr: Aggregation, steps: Steps): PlanNode {
    const param = expr.param === null ? null : withoutParens(expr.param);
    const isLabel = param !== null && param.kind === "string";
    return {
      kind: "aggregate",
      op: expr.op,
      input: this.child(withoutParens(expr.expr), steps),
      grouping: expr.grouping,
      without: expr.without,
      param: param === null || isLabel ? null : this.child(param, steps),
      label: isLabel ? param.value : null,
      span: expr.span,
      inputSpan: withoutParens(expr.expr).span,
      paramSpan: (param ?? expr).span,
    };
  }

  #binary(expr: BinaryExpr, steps: Steps): PlanNode {
    const { op, matching, returnBool, span } = expr;
    const left = this.child(expr.left, steps);
    const right = this.child(expr.right, steps);
    const leftScalar = typeOf(expr.left) === "scalar";
    const rightScalar = typeOf(expr.right) === "scalar";
    if (op === "and" || op === "or" || op === "unless") {
      assert(matching !== null, "set operations have a matching");
      return { kind: "set operation", op, left, right, matching };
    }
    if (leftScalar && rightScalar) {
      if (isTrimOp(op)) throw new ExecutionError(`operator "${op}" not allowed for Scalar operations`);
      if (left.kind === "number" && right.kind === "number") {
        return { kind: "number", value: scalarResult(op, left.value, right.value) };
      }
      return { kind: "scalar binary", op, left, right };
    }
    if (rightScalar) {
      return { kind: "vector scalar", op, vector: left, scalar: right, scalarFirst: false, returnBool, span };
    }
    if (leftScalar) {
      return { kind: "vector scalar", op, vector: right, scalar: left, scalarFirst: true, returnBool, span };
    }
    assert(matching !== null, "vectors have a matching");
    return { kind: "vector binary", op, left, right, matching, returnBool, span };
  }
}
