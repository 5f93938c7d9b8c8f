/**
 * From plan to operators: the one place that decides which operator does what.
 */

import { assert, unreachable } from "@narthex/platform/assert";
import { mapFunctions, type MapFunction } from "./functions/map-functions.ts";
import { AbsentOperator } from "./operators/absent.ts";
import { AggregateOperator } from "./operators/aggregate.ts";
import { mapHistograms } from "./operators/histogram-map.ts";
import { HistogramQuantileOperator } from "./operators/histogram-quantile.ts";
import { HistogramQuantilesOperator } from "./operators/histogram-quantiles.ts";
import { InfoOperator } from "./operators/info.ts";
import { labelJoin, labelReplace } from "./operators/label-functions.ts";
import { limitRatio } from "./operators/limit-ratio.ts";
import { evaluationTimes, mapFunction, negate, StepInvariantOperator } from "./operators/map-rows.ts";
import { NothingOperator } from "./operators/nothing.ts";
import type { Operator } from "./operators/operator.ts";
import { RangeCallOperator } from "./operators/range-call.ts";
import { RankOperator } from "./operators/rank-aggregate.ts";
import { withoutNames } from "./operators/relabel.ts";
import { scalarBinary } from "./operators/scalar-binary.ts";
import { ScalarOperator, toScalar } from "./operators/scalars.ts";
import { SmoothedSelectorOperator } from "./operators/smoothed-selector.ts";
import { StartTimesOperator } from "./operators/start-times.ts";
import { SetOperator } from "./operators/set-operation.ts";
import { sortVector } from "./operators/sort.ts";
import { CountValuesOperator, QuantileOperator } from "./operators/value-aggregate.ts";
import { VectorBinaryOperator } from "./operators/vector-binary.ts";
import { vectorScalar } from "./operators/vector-scalar.ts";
import { SelectorOperator } from "./operators/vector-selector.ts";
import { emptySource, SelectorSource, SubquerySource, type WindowSource } from "./operators/window-source.ts";
import { isArithmeticOp } from "./functions/arithmetic.ts";
import type {
  AggregatePlan,
  HistogramQuantilePlan,
  HistogramQuantilesPlan,
  MapPlan,
  PlanNode,
  RangeCallPlan,
  VectorScalarPlan,
  WindowsPlan,
} from "./plan-node.ts";
import type { QueryContext } from "./query-context.ts";
import { RowLayout } from "./rows.ts";
import { oneStep, subquerySteps, type Steps } from "./steps.ts";

/** The operator for a plan node at the given steps (at least one). */
export function buildOperator(context: QueryContext, node: PlanNode, steps: Steps): Operator {
  const layout = new RowLayout(steps.count);
  const build = (input: PlanNode): Operator => buildOperator(context, input, steps);
  switch (node.kind) {
    case "number":
      return new ScalarOperator(context, steps, layout, () => () => node.value);
    case "time":
      return new ScalarOperator(
        context,
        steps,
        layout,
        () => (s) => (steps.startMs + s * steps.stepMs) / 1000,
      );
    case "selector":
      return new SelectorOperator(context, node, false, steps, layout);
    case "sample time":
      return withoutNames(context, new SelectorOperator(context, node, true, steps, layout), "merge");
    case "start time":
      return withoutNames(context, new StartTimesOperator(context, node, steps, layout), "merge");
    case "smoothed selector":
      return new SmoothedSelectorOperator(context, node, steps, layout);
    case "nothing":
      return new NothingOperator(context, build(node.input));
    case "step invariant":
      return buildStepInvariant(context, node.input, steps);
    case "range call":
      return buildRangeCall(context, node, steps);
    case "map":
      return buildMap(context, node, build);
    case "histogram map":
      return mapHistograms(context, build(node.input), node.name);
    case "evaluation time":
      return withoutNames(context, evaluationTimes(context, build(node.input)), "merge");
    case "absent":
      return new AbsentOperator(context, build(node.input), node.labels);
    case "absent over time":
      return new AbsentOperator(context, buildPresence(context, node.windows, steps), node.labels);
    case "to scalar":
      return toScalar(context, build(node.input));
    case "to vector":
      return build(node.input);
    case "label replace":
      return labelReplace(context, build(node.input), node);
    case "label join":
      return labelJoin(context, build(node.input), node);
    case "sort":
      return sortVector(context, build(node.input), node);
    case "histogram quantile":
      return buildHistogramQuantile(context, node, build);
    case "histogram quantiles":
      return buildHistogramQuantiles(context, node, build);
    case "info":
      return new InfoOperator(context, build(node.input), node);
    case "aggregate":
      return buildAggregate(context, node, build);
    case "scalar binary":
      return scalarBinary(context, node.op, build(node.left), build(node.right));
    case "vector scalar":
      return buildVectorScalar(context, node, build);
    case "vector binary":
      return new VectorBinaryOperator(context, build(node.left), build(node.right), node);
    case "set operation":
      return new SetOperator(context, node.op, build(node.left), build(node.right), node.matching);
    case "negate":
      return buildNegate(context, node.isScalar, build(node.input));
    default:
      return unreachable(node);
  }
}

function buildStepInvariant(context: QueryContext, input: PlanNode, steps: Steps): Operator {
  const moment = oneStep(steps.startMs);
  const once = context.inTally(context.tally.once(moment), () => buildOperator(context, input, moment));
  return new StepInvariantOperator(context, once, steps, new RowLayout(steps.count));
}

function buildMap(context: QueryContext, node: MapPlan, build: (input: PlanNode) => Operator): Operator {
  const definition = mapFunctions.get(node.name) as MapFunction;
  const mapped = mapFunction(context, build(node.input), definition, node.params.map(build));
  return withoutNames(context, mapped, "merge");
}

function buildHistogramQuantile(
  context: QueryContext,
  node: HistogramQuantilePlan,
  build: (input: PlanNode) => Operator,
): Operator {
  const params = node.upper === null ? [node.quantile] : [node.quantile, node.upper];
  const result = new HistogramQuantileOperator(context, build(node.input), params.map(build), node);
  return withoutNames(context, result, "merge");
}

function buildHistogramQuantiles(
  context: QueryContext,
  node: HistogramQuantilesPlan,
  build: (input: PlanNode) => Operator,
): Operator {
  const { input, inputSpan, quantiles, quantileSpans } = node;
  const one = (from: Operator, quantile: Operator, i: number, repairsAreTold: boolean): Operator => {
    const plan: HistogramQuantilePlan = {
      kind: "histogram quantile",
      quantile: quantiles[i],
      upper: null,
      input,
      quantileSpan: quantileSpans[i],
      inputSpan,
      repairsAreTold,
    };
    return withoutNames(context, new HistogramQuantileOperator(context, from, [quantile], plan), "merge");
  };
  return new HistogramQuantilesOperator(context, build(input), quantiles.map(build), node, one);
}

function buildNegate(context: QueryContext, isScalar: boolean, input: Operator): Operator {
  const negated = negate(context, input);
  return isScalar ? negated : withoutNames(context, negated, "merge");
}

/** The samples of a range vector. */
export function buildSource(context: QueryContext, windows: WindowsPlan, steps: Steps): WindowSource {
  if (windows.kind === "samples") return new SelectorSource(context, windows.selector);
  const inner = subquerySteps(steps, windows.atMs, windows.offsetMs, windows.rangeMs, windows.stepMs);
  if (inner.count === 0) return emptySource;
  const tally = context.tally.windows(inner, windows.offsetMs, windows.rangeMs);
  const input = context.inTally(tally, () => buildOperator(context, windows.input, inner));
  return new SubquerySource(context, input);
}

function buildRangeCall(context: QueryContext, node: RangeCallPlan, steps: Steps): Operator {
  const params = node.params.map((param) => buildOperator(context, param, steps));
  const source = buildSource(context, node.windows, steps);
  const call = new RangeCallOperator(context, node, source, params, steps, new RowLayout(steps.count));
  return call.keepsName ? call : withoutNames(context, call, "refuse");
}

/** At which steps the windows have any sample. */
function buildPresence(context: QueryContext, windows: WindowsPlan, steps: Steps): Operator {
  const span = { start: 0, end: 0 };
  const node: RangeCallPlan = {
    kind: "range call",
    name: "present_over_time",
    windows,
    params: [],
    firstArgSpan: span,
    windowsSpan: span,
  };
  return new RangeCallOperator(
    context,
    node,
    buildSource(context, windows, steps),
    [],
    steps,
    new RowLayout(steps.count),
  );
}

function buildAggregate(
  context: QueryContext,
  node: AggregatePlan,
  build: (input: PlanNode) => Operator,
): Operator {
  const input = build(node.input);
  const param = (): Operator => {
    assert(node.param !== null, "this aggregation has a parameter");
    return build(node.param);
  };
  switch (node.op) {
    case "topk":
    case "bottomk":
    case "limitk":
      return new RankOperator(context, node.op, input, param(), node);
    case "quantile":
      return new QuantileOperator(context, input, param(), node);
    case "count_values":
      return new CountValuesOperator(context, input, node.label ?? "", node);
    case "limit_ratio":
      return limitRatio(context, input, param(), node, node.paramSpan);
    default:
      return new AggregateOperator(context, node.op, input, node);
  }
}

function buildVectorScalar(
  context: QueryContext,
  node: VectorScalarPlan,
  build: (input: PlanNode) => Operator,
): Operator {
  const result = vectorScalar(context, build(node.vector), build(node.scalar), node);
  const keepsNames = !isArithmeticOp(node.op) && !node.returnBool;
  return keepsNames ? result : withoutNames(context, result, "merge");
}
