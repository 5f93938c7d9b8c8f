/**
 * The plan of a query: what the syntax tree means, with all times in absolute milliseconds. Plain data,
 * printable with JSON.stringify; one union, one case per operator in build-operator.ts.
 */

import type { AggregationOp, Span, VectorMatching } from "@narthex/promql-syntax/ast";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import type { ArithmeticOp, CompareOp } from "./functions/arithmetic.ts";
import type { ElementOp } from "./functions/histogram-binary.ts";
import type { Steps } from "./steps.ts";

/** One request to the storage; selectors with equal matchers and overlapping times share it. */
export interface SelectorPlan {
  readonly matchers: readonly LabelMatcher[];
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Whether of native histograms only count and sum are needed (stats-selectors.ts). */
  readonly statsOnly?: boolean;
}

/** When something is looked at: at `atMs`, or at the step's time when null; minus the offset. */
export interface TimeShift {
  readonly atMs: number | null;
  readonly offsetMs: number;
}

/** Samples of a selector in a window before each step. */
export interface SampleWindows extends TimeShift {
  readonly kind: "samples";
  /** Index into `Plan.selectors`. */
  readonly selector: number;
  readonly rangeMs: number;
  readonly extension: WindowExtension | null;
}

/**
 * What `anchored` and `smoothed` do to a window: samples up to `lookbackMs` before it (and, smoothed, behind
 * it) take part, to know the values at its ends.
 */
export interface WindowExtension {
  readonly kind: "anchored" | "smoothed";
  readonly lookbackMs: number;
}

/** Values of an expression at steps of its own, in a window before each step. */
export interface SubqueryWindows extends TimeShift {
  readonly kind: "subquery";
  readonly input: PlanNode;
  readonly rangeMs: number;
  readonly stepMs: number;
}

/** A range vector. */
export type WindowsPlan = SampleWindows | SubqueryWindows;

/** `name → value` labels of an absent vector. */
export type LabelPairs = readonly (readonly [string, string])[];

/** Anything with rows. `span` is where annotations point to. */
export type PlanNode =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "time" }
  | ({ readonly kind: "selector"; readonly selector: number; readonly lookbackMs: number } & TimeShift)
  | ({ readonly kind: "sample time"; readonly selector: number; readonly lookbackMs: number } & TimeShift)
  | ({ readonly kind: "start time"; readonly selector: number; readonly lookbackMs: number } & TimeShift)
  | SmoothedSelectorPlan
  | { readonly kind: "step invariant"; readonly input: PlanNode }
  | { readonly kind: "nothing"; readonly input: PlanNode }
  | RangeCallPlan
  | MapPlan
  | HistogramMapPlan
  | { readonly kind: "evaluation time"; readonly input: PlanNode }
  | { readonly kind: "absent"; readonly input: PlanNode; readonly labels: LabelPairs }
  | { readonly kind: "absent over time"; readonly windows: WindowsPlan; readonly labels: LabelPairs }
  | { readonly kind: "to scalar"; readonly input: PlanNode }
  | { readonly kind: "to vector"; readonly input: PlanNode }
  | LabelReplacePlan
  | LabelJoinPlan
  | SortPlan
  | HistogramQuantilePlan
  | HistogramQuantilesPlan
  | InfoPlan
  | AggregatePlan
  | ScalarBinaryPlan
  | VectorScalarPlan
  | VectorBinaryPlan
  | {
      readonly kind: "set operation";
      readonly op: "and" | "or" | "unless";
      readonly left: PlanNode;
      readonly right: PlanNode;
      readonly matching: VectorMatching;
    }
  | { readonly kind: "negate"; readonly input: PlanNode; readonly isScalar: boolean };

/** A function over windows: rate, sum_over_time, … */
export interface RangeCallPlan {
  readonly kind: "range call";
  readonly name: string;
  readonly windows: WindowsPlan;
  /** Scalar arguments, in order, without the range vector. */
  readonly params: readonly PlanNode[];
  /** The first argument and the range vector. */
  readonly firstArgSpan: Span;
  readonly windowsSpan: Span;
}

/** A function of the value alone: abs, clamp, hour, … */
export interface MapPlan {
  readonly kind: "map";
  readonly name: string;
  readonly input: PlanNode;
  readonly params: readonly PlanNode[];
}

/** A function of histograms alone: histogram_count, histogram_avg, … */
export interface HistogramMapPlan {
  readonly kind: "histogram map";
  readonly name: string;
  readonly input: PlanNode;
}

/** label_replace. */
export interface LabelReplacePlan {
  readonly kind: "label replace";
  readonly input: PlanNode;
  readonly target: string;
  readonly replacement: string;
  readonly source: string;
  readonly pattern: string;
}

/** label_join. */
export interface LabelJoinPlan {
  readonly kind: "label join";
  readonly input: PlanNode;
  readonly target: string;
  readonly separator: string;
  readonly sources: readonly string[];
}

/** sort and sort_desc (`byLabels` null), sort_by_label and sort_by_label_desc. */
export interface SortPlan {
  readonly kind: "sort";
  readonly input: PlanNode;
  readonly descending: boolean;
  readonly byLabels: readonly string[] | null;
  readonly span: Span;
}

/**
 * histogram_quantile (`upper` null: `quantile` is the quantile) and histogram_fraction (from `quantile` to
 * `upper`).
 */
export interface HistogramQuantilePlan {
  readonly kind: "histogram quantile";
  readonly quantile: PlanNode;
  readonly upper: PlanNode | null;
  readonly input: PlanNode;
  readonly quantileSpan: Span;
  readonly inputSpan: Span;
  /** Whether repairs of these buckets are told elsewhere. */
  readonly repairsAreTold?: boolean;
}

/** histogram_quantiles: one element per histogram and quantile, which is told in the label `label`. */
export interface HistogramQuantilesPlan {
  readonly kind: "histogram quantiles";
  readonly input: PlanNode;
  readonly label: string;
  readonly quantiles: readonly PlanNode[];
  readonly quantileSpans: readonly Span[];
  readonly inputSpan: Span;
}

/** An instant selector with values interpolated between samples up to `lookbackMs` away. */
export interface SmoothedSelectorPlan extends TimeShift {
  readonly kind: "smoothed selector";
  readonly selector: number;
  readonly lookbackMs: number;
  readonly span: Span;
}

/** info(): labels of info series are added; these are looked up at the shifted time. */
export interface InfoPlan extends TimeShift {
  readonly kind: "info";
  readonly input: PlanNode;
  /** The matchers of the second argument, null without. */
  readonly matchers: readonly LabelMatcher[] | null;
  readonly lookbackMs: number;
}

/** An aggregation; `label` is the label name of count_values. */
export interface AggregatePlan {
  readonly kind: "aggregate";
  readonly op: AggregationOp;
  readonly input: PlanNode;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly param: PlanNode | null;
  readonly label: string | null;
  readonly span: Span;
  readonly inputSpan: Span;
  readonly paramSpan: Span;
}

/** Two scalars. */
export interface ScalarBinaryPlan {
  readonly kind: "scalar binary";
  readonly op: ArithmeticOp | CompareOp | "min_of" | "max_of";
  readonly left: PlanNode;
  readonly right: PlanNode;
}

/** A vector and a scalar; `scalarFirst` when the scalar is on the left. */
export interface VectorScalarPlan {
  readonly kind: "vector scalar";
  readonly op: ElementOp;
  readonly vector: PlanNode;
  readonly scalar: PlanNode;
  readonly scalarFirst: boolean;
  readonly returnBool: boolean;
  readonly span: Span;
}

/** Two vectors. */
export interface VectorBinaryPlan {
  readonly kind: "vector binary";
  readonly op: ElementOp;
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly matching: VectorMatching;
  readonly returnBool: boolean;
  readonly span: Span;
}

/** What a query returns: rows, the samples of a range vector, or a text. */
export type PlanRoot =
  | { readonly kind: "vector" | "scalar"; readonly node: PlanNode }
  | { readonly kind: "range vector"; readonly windows: WindowsPlan }
  | { readonly kind: "string"; readonly value: string };

/** A whole query. */
export interface Plan {
  readonly root: PlanRoot;
  readonly selectors: readonly SelectorPlan[];
}

/** What a plan depends on beside the expression. */
export interface PlanOptions {
  readonly steps: Steps;
  readonly isRange: boolean;
  /** End of the query, which may lie behind the last step; absent: it does not. */
  readonly endMs?: number;
  readonly lookbackMs: number;
  /** The step of a subquery that names none, by its range. */
  subqueryStepMs(rangeMs: number): number;
}
