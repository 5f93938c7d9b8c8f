/**
 * Plans of function calls: the functions that are operators of their own, and the two tables of all others
 * (functions/map-functions.ts, functions/range-functions.ts).
 */

import { assert } from "@narthex/platform/assert";
import { metricNameLabel } from "@narthex/model/labels";
import type { Call, Expr, MatrixSelector, StringLiteral, Subquery } from "@narthex/promql-syntax/ast";
import type { CallPlanner } from "./call-planner.ts";
import { histogramFunctions } from "./functions/histogram-functions.ts";
import { mapFunctions } from "./functions/map-functions.ts";
import { rangeFunctions } from "./functions/range-functions.ts";
import { checkExtension, planExperimentalCall, timesOf } from "./plan-experimental-call.ts";
import type { LabelPairs, PlanNode } from "./plan-node.ts";
import { ExecutionError } from "./query-errors.ts";
import { lastStepMs, type Steps } from "./steps.ts";
import { withoutParens } from "./without-parens.ts";

/** Plans a call. Throws `ExecutionError` naming the function when there is no implementation of it. */
export function planCall(planner: CallPlanner, call: Call, steps: Steps): PlanNode {
  const args = call.args.map(withoutParens);
  if (rangeFunctions.has(call.name)) return planRangeCall(planner, call, args, steps);
  if (mapFunctions.has(call.name)) {
    const [input, ...params] = args;
    // Date functions without an argument are about the evaluation time.
    const node: PlanNode =
      input === undefined ? { kind: "to vector", input: { kind: "time" } } : planner.child(input, steps);
    return {
      kind: "map",
      name: call.name,
      input: node,
      params: params.map((param) => planner.child(param, steps)),
    };
  }
  if (histogramFunctions.has(call.name)) {
    return { kind: "histogram map", name: call.name, input: planner.child(args[0], steps) };
  }
  return (
    planQueryFunction(planner, call) ??
    planLabelFunction(planner, call, args, steps) ??
    planOwnOperator(planner, call, args, steps) ??
    planExperimentalCall(planner, call, args, steps) ??
    fail(`function "${call.name}" is not supported yet`)
  );
}

function fail(message: string): never {
  throw new ExecutionError(message);
}

function planRangeCall(planner: CallPlanner, call: Call, args: readonly Expr[], steps: Steps): PlanNode {
  const at = args.findIndex(({ kind }) => kind === "matrix selector" || kind === "subquery");
  assert(at >= 0, "a range function has a range vector");
  const source = args[at] as MatrixSelector | Subquery;
  checkExtension(call.name, source);
  return {
    kind: "range call",
    name: call.name,
    windows: planner.windows(source, steps),
    params: args.filter((_, i) => i !== at).map((param) => planner.child(param, steps)),
    firstArgSpan: args[0].span,
    windowsSpan: source.span,
  };
}

/** start(), end(), step(), range(): constants of the query. */
function planQueryFunction({ options }: CallPlanner, { name }: Call): PlanNode | undefined {
  const { steps, isRange } = options;
  const endMs = options.endMs ?? lastStepMs(steps);
  switch (name) {
    case "start":
      return { kind: "number", value: steps.startMs / 1000 };
    case "end":
      return { kind: "number", value: endMs / 1000 };
    case "step":
      return { kind: "number", value: isRange && endMs > steps.startMs ? steps.stepMs / 1000 : 0 };
    case "range":
      return { kind: "number", value: (endMs - steps.startMs) / 1000 };
    case "pi":
      return { kind: "number", value: Math.PI };
    default:
      return undefined;
  }
}

function planLabelFunction(
  planner: CallPlanner,
  { name, span }: Call,
  args: readonly Expr[],
  steps: Steps,
): PlanNode | undefined {
  const text = (i: number): string => (args[i] as StringLiteral).value;
  const texts = (from: number): string[] => args.slice(from).map((arg) => (arg as StringLiteral).value);
  const input = (): PlanNode => planner.child(args[0], steps);
  switch (name) {
    case "label_replace":
      return {
        kind: "label replace",
        input: input(),
        target: text(1),
        replacement: text(2),
        source: text(3),
        pattern: text(4),
      };
    case "label_join":
      return { kind: "label join", input: input(), target: text(1), separator: text(2), sources: texts(3) };
    case "sort":
    case "sort_desc":
      return { kind: "sort", input: input(), descending: name === "sort_desc", byLabels: null, span };
    case "sort_by_label":
    case "sort_by_label_desc":
      return {
        kind: "sort",
        input: input(),
        descending: name === "sort_by_label_desc",
        byLabels: texts(1),
        span,
      };
    default:
      return undefined;
  }
}

function planOwnOperator(
  planner: CallPlanner,
  { name }: Call,
  args: readonly Expr[],
  steps: Steps,
): PlanNode | undefined {
  const input = (i = 0): PlanNode => planner.child(args[i], steps);
  switch (name) {
    case "time":
      return { kind: "time" };
    case "scalar":
      return { kind: "to scalar", input: input() };
    case "vector":
      return { kind: "to vector", input: input() };
    case "timestamp":
      return args[0].kind === "vector selector"
        ? { kind: "sample time", ...timesOf(planner.selector(args[0], steps)) }
        : { kind: "evaluation time", input: input() };
    case "absent":
      return { kind: "absent", input: input(), labels: absentLabels(args[0]) };
    case "absent_over_time":
      checkExtension(name, args[0] as MatrixSelector | Subquery);
      return {
        kind: "absent over time",
        windows: planner.windows(args[0] as MatrixSelector | Subquery, steps),
        labels: absentLabels(args[0]),
      };
    case "min_of":
    case "max_of":
      return { kind: "scalar binary", op: name, left: input(0), right: input(1) };
    case "histogram_quantile":
      return {
        kind: "histogram quantile",
        quantile: input(0),
        upper: null,
        input: input(1),
        quantileSpan: args[0].span,
        inputSpan: args[1].span,
      };
    case "histogram_fraction":
      return {
        kind: "histogram quantile",
        quantile: input(0),
        upper: input(1),
        input: input(2),
        quantileSpan: args[0].span,
        inputSpan: args[2].span,
      };
    default:
      return undefined;
  }
}

/** The labels of an absent vector: those that the selector asks for by `=`, each once. */
function absentLabels(expr: Expr): LabelPairs {
  const selector = expr.kind === "matrix selector" ? expr.selector : expr;
  if (selector.kind !== "vector selector") return [];
  const seen = new Set<string>();
  const labels = new Map<string, string>();
  for (const { kind, name, value } of selector.matchers) {
    if (name === metricNameLabel) continue;
    if (kind === "=" && !seen.has(name)) {
      labels.set(name, value);
      seen.add(name);
    } else {
      labels.delete(name);
    }
  }
  return [...labels].filter(([, value]) => value !== "");
}
