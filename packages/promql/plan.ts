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
import { planCall, type CallPlanner } from "./plan-call.ts";
import type { Plan, PlanNode, PlanOptions, SelectorPlan, TimeShift, WindowsPlan } from "./plan-node.ts";
import { InvarianceFinder } from "./invariance.ts";
import { durationMs } from "./query-duration.ts";
import { ExecutionError, QueryError } from "./query-errors.ts";
import { lastStepMs, oneStep, subquerySteps, type Steps } from "./steps.ts";
import { scalarResult } from "./operators/scalar-binary.ts";
import { isArithmeticOp, isCompareOp } from "./functions/arithmetic.ts";
import { withoutParens } from "./without-parens.ts";

/** Plans a checked expression. Throws `QueryError` for what cannot be evaluated. */
export function planQuery(expr: Expr, options: PlanOptions): Plan {
  return new Planner(options).plan(expr);
}

interface Request {
  readonly key: string;
  readonly matchers: readonly LabelMatcher[];
  minTimeMs: number;
  maxTimeMs: number;
}

class Planner implements CallPlanner {
  readonly options: PlanOptions;
  readonly #invariance = new InvarianceFinder();
  readonly #requests: Request[] = [];

  constructor(options: PlanOptions) {
    this.options = options;
  }

  plan(expr: Expr): Plan {
    const root = this.#root(expr);
    const selectors: SelectorPlan[] = this.#requests.map(({ matchers, minTimeMs, maxTimeMs }) => ({
      matchers,
      minTimeMs,
      maxTimeMs,
    }));
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
        return { kind: "selector", ...this.selector(expr, steps) };
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

  /** An instant selector's request and times. */
  selector(expr: VectorSelector, steps: Steps): { selector: number; lookbackMs: number } & TimeShift {
    if (expr.extension !== null)
      throw new ExecutionError(`the ${expr.extension} modifier is not supported yet`);
    const { lookbackMs } = this.options;
    const shift = this.#shift(expr.at, expr.offset);
    const selector = this.#select(expr.matchers, shift, steps, lookbackMs);
    return { selector, lookbackMs, ...shift };
  }

  /** A range vector. */
  windows(expr: MatrixSelector | Subquery, steps: Steps): WindowsPlan {
    const rangeMs = this.duration(expr.range, false);
    if (expr.kind === "matrix selector") {
      const { matchers, at, offset, extension } = expr.selector;
      if (extension !== null) throw new ExecutionError(`the ${extension} modifier is not supported yet`);
      const shift = this.#shift(at, offset);
      return { kind: "samples", selector: this.#select(matchers, shift, steps, rangeMs), rangeMs, ...shift };
    }
    const shift = this.#shift(expr.at, expr.offset);
    const stepMs =
      expr.step === null
        ? this.options.subqueryStepMs(rangeMs)
        : Math.max(1, this.duration(expr.step, false));
    const inner = subquerySteps(steps, shift.atMs, shift.offsetMs, rangeMs, stepMs);
    // Without a step in any window nothing will be evaluated; plan for the start all the same.
    const input = this.child(expr.expr, inner.count === 0 ? oneStep(inner.startMs) : inner);
    return { kind: "subquery", input, rangeMs, stepMs, ...shift };
  }

  /** A duration in milliseconds. */
  duration(duration: Duration, negativeAllowed: boolean): number {
    const { steps, isRange } = this.options;
    const context = isRange
      ? { stepMs: steps.stepMs, rangeMs: lastStepMs(steps) - steps.startMs }
      : { stepMs: 0, rangeMs: 0 };
    return durationMs(duration, context, negativeAllowed);
  }

  #shift(at: AtModifier | null, offset: Duration): TimeShift {
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
        return { atMs: lastStepMs(steps), offsetMs };
    }
  }

  /** The request for samples up to `backMs` (exclusive) before each of the moments looked at. */
  #select(matchers: readonly LabelMatcher[], shift: TimeShift, steps: Steps, backMs: number): number {
    const minTimeMs = (shift.atMs ?? steps.startMs) - shift.offsetMs - backMs + 1;
    const maxTimeMs = (shift.atMs ?? lastStepMs(steps)) - shift.offsetMs;
    const key = matchers.map(String).toSorted().join(",");
    const found = this.#requests.findIndex(
      (request) => request.key === key && minTimeMs <= request.maxTimeMs && maxTimeMs >= request.minTimeMs,
    );
    if (found < 0) return this.#requests.push({ key, matchers, minTimeMs, maxTimeMs }) - 1;
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
      paramSpan: (param ?? expr).span,
    };
  }

  #binary(expr: BinaryExpr, steps: Steps): PlanNode {
    const { op, matching, returnBool } = expr;
    const left = this.child(expr.left, steps);
    const right = this.child(expr.right, steps);
    const leftScalar = typeOf(expr.left) === "scalar";
    const rightScalar = typeOf(expr.right) === "scalar";
    if (op === "and" || op === "or" || op === "unless") {
      assert(matching !== null, "set operations have a matching");
      return { kind: "set operation", op, left, right, matching };
    }
    if (!isArithmeticOp(op) && !isCompareOp(op)) {
      throw new ExecutionError(`the operator ${op} is not supported yet`);
    }
    if (leftScalar && rightScalar) {
      if (left.kind === "number" && right.kind === "number") {
        return { kind: "number", value: scalarResult(op, left.value, right.value) };
      }
      return { kind: "scalar binary", op, left, right };
    }
    if (rightScalar) {
      return { kind: "vector scalar", op, vector: left, scalar: right, scalarFirst: false, returnBool };
    }
    if (leftScalar) {
      return { kind: "vector scalar", op, vector: right, scalar: left, scalarFirst: true, returnBool };
    }
    assert(matching !== null, "vectors have a matching");
    return { kind: "vector binary", op, left, right, matching, returnBool };
  }
}
