/**
 * The language, slow and obvious: one moment at a time, every vector an array of labels and values, every
 * selector a walk over all samples. The engine is held equal to it on random expressions
 * (reference.property.test.ts).
 *
 * It shares with the engine the definitions of functions of one window or one value (functions/), nothing
 * else.
 */

import { unreachable } from "@narthex/platform/assert";
import { formatGoF, parseGoFloat } from "@narthex/model/go-float";
import { compareLabels, Labels } from "@narthex/model/labels";
import { compileReplacement } from "@narthex/regex/replace";
import type {
  Aggregation,
  AtModifier,
  BinaryExpr,
  Call,
  Duration,
  Expr,
  MatrixSelector,
  StringLiteral,
  Subquery,
  VectorSelector,
} from "@narthex/promql-syntax/ast";
import { typeOf } from "@narthex/promql-syntax/type-check";
import { arithmetic, compares, isArithmeticOp, isCompareOp } from "./functions/arithmetic.ts";
import { bucketQuantile, type Bucket } from "./functions/buckets.ts";
import { mapFunctions } from "./functions/map-functions.ts";
import { extremeOf, meanOf, quantileOf, sumOf } from "./functions/over-time.ts";
import { rangeFunctions } from "./functions/range-functions.ts";
import { Window } from "./functions/window.ts";
import { matchVectors } from "./reference-matching.ts";
import { scalarResult } from "./operators/scalar-binary.ts";
import { RankHeap } from "./operators/rank-heap.ts";
import { ExecutionError, sameLabelsetText } from "./query-errors.ts";
import { withoutParens } from "./without-parens.ts";

/** One sample; `value` null is a staleness marker. */
export interface ReferenceSample {
  readonly timeMs: number;
  readonly value: number | null;
}

/** A series, times ascending. */
export interface ReferenceSeries {
  readonly labels: Labels;
  readonly samples: readonly ReferenceSample[];
}

/** One element of a vector. */
export interface Element {
  readonly labels: Labels;
  readonly value: number;
}

/** What is asked over. */
export interface ReferenceData {
  readonly series: readonly ReferenceSeries[];
  readonly lookbackMs: number;
  readonly subqueryStepMs: number;
  /** Start and end of the query, for `@ start()` and `@ end()`. */
  readonly startMs: number;
  readonly endMs: number;
}

type Value = number | readonly Element[];

/** Evaluates at one moment: a number, or a vector in no order. Throws `ExecutionError`. */
export function evaluateReference(data: ReferenceData, expr: Expr, timeMs: number): Value {
  return new Reference(data).value(expr, timeMs);
}

/** The labels without those that describe the metric. */
function withoutName(labels: Labels): Labels {
  return labels.with("__name__", "").with("__type__", "").with("__unit__", "");
}

class Reference {
  readonly #data: ReferenceData;

  constructor(data: ReferenceData) {
    this.#data = data;
  }

  value(expr: Expr, timeMs: number): Value {
    switch (expr.kind) {
      case "number":
        return expr.value;
      case "paren":
        return this.value(expr.expr, timeMs);
      case "vector selector":
        return this.#select(expr, timeMs).map(({ labels, value }) => ({ labels, value }));
      case "unary": {
        const value = this.value(expr.expr, timeMs);
        if (expr.op === "+") return value;
        if (typeof value === "number") return -value;
        return distinct(value.map((one) => ({ labels: withoutName(one.labels), value: -one.value })));
      }
      case "aggregation":
        return this.#aggregate(expr, timeMs);
      case "binary":
        return this.#binary(expr, timeMs);
      case "call":
        return this.#call(expr, timeMs);
      case "string":
      case "matrix selector":
      case "subquery":
        throw new ExecutionError(`no value: ${expr.kind}`);
      default:
        return unreachable(expr);
    }
  }

  #vector(expr: Expr, timeMs: number): readonly Element[] {
    return this.value(expr, timeMs) as readonly Element[];
  }

  #scalar(expr: Expr, timeMs: number): number {
    return this.value(expr, timeMs) as number;
  }

  #moment(at: AtModifier | null, offset: Duration, timeMs: number): number {
    const { startMs, endMs } = this.#data;
    const base =
      at === null ? timeMs : at.kind === "time" ? at.timeMs : at.kind === "start" ? startMs : endMs;
    return base - constantMs(offset);
  }

  #matching({ matchers }: VectorSelector): readonly ReferenceSeries[] {
    return this.#data.series.filter(({ labels }) => matchers.every((m) => m.matches(labels.get(m.name))));
  }

  #select(expr: VectorSelector, timeMs: number): { labels: Labels; value: number; timeMs: number }[] {
    const moment = this.#moment(expr.at, expr.offset, timeMs);
    return this.#matching(expr).flatMap(({ labels, samples }) => {
      const newest = samples.filter((sample) => sample.timeMs <= moment).at(-1);
      if (newest === undefined || newest.value === null) return [];
      if (newest.timeMs <= moment - this.#data.lookbackMs) return [];
      return [{ labels, value: newest.value, timeMs: newest.timeMs }];
    });
  }

  /** The windows of a range vector: labels with the samples in (end - range, end]. */
  #windows(expr: MatrixSelector | Subquery, timeMs: number): { labels: Labels; window: Window }[] {
    const rangeMs = constantMs(expr.range);
    if (expr.kind === "matrix selector") {
      const end = this.#moment(expr.selector.at, expr.selector.offset, timeMs);
      return this.#matching(expr.selector).flatMap(({ labels, samples }) => {
        const inside = samples.filter(
          (one) => one.timeMs > end - rangeMs && one.timeMs <= end && one.value !== null,
        );
        return inside.length === 0 ? [] : [{ labels, window: windowOf(inside, end, rangeMs, timeMs) }];
      });
    }
    const end = this.#moment(expr.at, expr.offset, timeMs);
    const stepMs = expr.step === null ? this.#data.subqueryStepMs : constantMs(expr.step);
    const found = new Map<string, { labels: Labels; inside: ReferenceSample[] }>();
    for (let moment = (Math.floor((end - rangeMs) / stepMs) + 1) * stepMs; moment <= end; moment += stepMs) {
      const value = this.value(expr.expr, moment);
      const elements = typeof value === "number" ? [{ labels: Labels.empty, value }] : value;
      for (const element of elements) {
        const key = element.labels.toString();
        if (!found.has(key)) found.set(key, { labels: element.labels, inside: [] });
        found.get(key)?.inside.push({ timeMs: moment, value: element.value });
      }
    }
    return [...found.values()].map(({ labels, inside }) => ({
      labels,
      window: windowOf(inside, end, rangeMs, timeMs),
    }));
  }

  #aggregate(expr: Aggregation, timeMs: number): readonly Element[] {
    const label =
      expr.param !== null && withoutParens(expr.param).kind === "string"
        ? (withoutParens(expr.param) as StringLiteral).value
        : null;
    const param = expr.param === null || label !== null ? 0 : this.#scalar(expr.param, timeMs);
    const groups = new Map<string, { labels: Labels; members: Element[] }>();
    for (const element of this.#vector(expr.expr, timeMs)) {
      const full = label === null ? element.labels : element.labels.with(label, formatGoF(element.value));
      const labels = groupLabels(full, expr, label);
      const key = labels.toString();
      if (!groups.has(key)) groups.set(key, { labels, members: [] });
      groups.get(key)?.members.push(element);
    }
    return [...groups.values()].flatMap(({ labels, members }) => {
      if (expr.op === "topk" || expr.op === "bottomk" || expr.op === "limitk")
        return best(expr.op, param, members);
      return [
        {
          labels,
          value: aggregated(
            expr,
            Float64Array.from(members, ({ value }) => value),
            param,
          ),
        },
      ];
    });
  }

  #binary(expr: BinaryExpr, timeMs: number): Value {
    const { op, returnBool } = expr;
    const left = this.value(expr.left, timeMs);
    const right = this.value(expr.right, timeMs);
    if (typeof left !== "number" && typeof right !== "number") return matchVectors(expr, left, right);
    if (!isArithmeticOp(op) && !isCompareOp(op)) throw new ExecutionError(`no operator for scalars: ${op}`);
    if (typeof left === "number" && typeof right === "number") return scalarResult(op, left, right);
    const elements = (typeof left === "number" ? right : left) as readonly Element[];
    const results = elements.flatMap(({ labels, value }) => {
      const a = typeof left === "number" ? left : value;
      const b = typeof right === "number" ? right : value;
      if (isArithmeticOp(op)) return [{ labels: withoutName(labels), value: arithmetic(op, a, b) }];
      const holds = compares(op, a, b);
      if (returnBool) return [{ labels: withoutName(labels), value: Number(holds) }];
      return holds ? [{ labels, value }] : [];
    });
    return distinct(results);
  }

  #call(expr: Call, timeMs: number): Value {
    const args = expr.args.map(withoutParens);
    const { name } = expr;
    const range = rangeFunctions.get(name);
    if (range !== undefined) {
      const source = args.find(isRange) as MatrixSelector | Subquery;
      const params = args.filter((arg) => !isRange(arg)).map((arg) => this.#scalar(arg, timeMs));
      return distinct(
        this.#windows(source, timeMs).flatMap(({ labels, window }) => {
          window.params.push(...params);
          const value = range.define(window);
          return value === undefined
            ? []
            : [{ labels: range.keepsName ? labels : withoutName(labels), value }];
        }),
      );
    }
    const map = mapFunctions.get(name);
    if (map !== undefined) {
      const input =
        args.length === 0 ? [{ labels: Labels.empty, value: timeMs / 1000 }] : this.#vector(args[0], timeMs);
      const params = args.slice(1).map((arg) => this.#scalar(arg, timeMs));
      const [a = map.defaults[0] ?? NaN, b = NaN] = params;
      if (map.refuses?.(a, b) === true) return [];
      return distinct(
        input.map(({ labels, value }) => ({
          labels: withoutName(labels),
          value: map.apply(value, a, b),
        })),
      );
    }
    return this.#otherCall(name, args, timeMs);
  }

  #otherCall(name: string, args: readonly Expr[], timeMs: number): Value {
    const text = (i: number): string => (args[i] as StringLiteral).value;
    switch (name) {
      case "time":
        return timeMs / 1000;
      case "pi":
        return Math.PI;
      case "vector":
        return [{ labels: Labels.empty, value: this.#scalar(args[0], timeMs) }];
      case "scalar": {
        const elements = this.#vector(args[0], timeMs);
        return elements.length === 1 ? elements[0].value : NaN;
      }
      case "timestamp": {
        const elements =
          args[0].kind === "vector selector"
            ? this.#select(args[0], timeMs)
            : this.#vector(args[0], timeMs).map((one) => ({ ...one, timeMs }));
        return distinct(
          elements.map((one) => ({ labels: withoutName(one.labels), value: one.timeMs / 1000 })),
        );
      }
      case "absent":
        return this.#vector(args[0], timeMs).length > 0 ? [] : [{ labels: absentLabels(args[0]), value: 1 }];
      case "absent_over_time": {
        const source = args[0] as MatrixSelector | Subquery;
        const labels = absentLabels(source.kind === "matrix selector" ? source.selector : source);
        return this.#windows(source, timeMs).length > 0 ? [] : [{ labels, value: 1 }];
      }
      case "sort":
      case "sort_desc":
        return this.#vector(args[0], timeMs);
      case "label_replace": {
        const replace = compileReplacement(text(4), text(2));
        return distinct(
          this.#vector(args[0], timeMs).map(({ labels, value }) => {
            const result = replace(labels.get(text(3)));
            return { labels: result === null ? labels : labels.with(text(1), result), value };
          }),
        );
      }
      case "label_join": {
        const sources = args.slice(3).map((_, i) => text(3 + i));
        return distinct(
          this.#vector(args[0], timeMs).map(({ labels, value }) => ({
            labels: labels.with(text(1), sources.map((source) => labels.get(source)).join(text(2))),
            value,
          })),
        );
      }
      case "histogram_quantile":
        return histogramQuantiles(this.#scalar(args[0], timeMs), this.#vector(args[1], timeMs));
      default:
        throw new ExecutionError(`function "${name}" is not supported yet`);
    }
  }
}

function constantMs(duration: Duration): number {
  if (duration.kind !== "duration") throw new ExecutionError("no duration expressions here");
  return duration.ms;
}

function isRange(expr: Expr): boolean {
  return typeOf(expr) === "range vector";
}

function windowOf(
  samples: readonly ReferenceSample[],
  endMs: number,
  rangeMs: number,
  timeMs: number,
): Window {
  const window = new Window();
  window.times = Float64Array.from(samples, (sample) => sample.timeMs);
  window.values = Float64Array.from(samples, ({ value }) => value as number);
  window.high = samples.length;
  window.endMs = endMs;
  window.startMs = endMs - rangeMs;
  window.timeMs = timeMs;
  return window;
}

/** The elements, if no two have the same labels. */
export function distinct(elements: readonly Element[]): readonly Element[] {
  const seen = new Set(elements.map(({ labels }) => labels.toString()));
  if (seen.size < elements.length) throw new ExecutionError(sameLabelsetText);
  return elements;
}

function groupLabels(labels: Labels, { grouping, without }: Aggregation, label: string | null): Labels {
  const kept = [...labels.entries()].filter(([name]) =>
    without ? name !== "__name__" && !grouping.includes(name) : grouping.includes(name) || name === label,
  );
  return Labels.from(kept);
}

function best(op: "topk" | "bottomk" | "limitk", param: number, members: readonly Element[]): Element[] {
  if (Number.isNaN(param)) throw new ExecutionError("Parameter value is NaN");
  const limit = Math.trunc(param);
  if (limit < 1) return [];
  const heap = new RankHeap(op);
  members.forEach(({ value }, i) => heap.offer(value, i, limit));
  return heap.series().map((i) => members[i]);
}

function aggregated({ op }: Aggregation, values: Float64Array, param: number): number {
  const count = values.length;
  switch (op) {
    case "sum":
      return sumOf(values, 0, count);
    case "avg":
      return meanOf(values, 0, count);
    case "min":
      return extremeOf(values, 0, count, -1);
    case "max":
      return extremeOf(values, 0, count, 1);
    case "count":
    case "count_values":
      return count;
    case "group":
      return 1;
    case "stdvar":
      return variance(values);
    case "stddev":
      return Math.sqrt(variance(values));
    case "quantile":
      return quantileOf(param, values);
    case "topk":
    case "bottomk":
    case "limitk":
    case "limit_ratio":
      throw new ExecutionError(`aggregation "${op}" is not supported yet`);
    default:
      return unreachable(op);
  }
}

function variance(values: Float64Array): number {
  let [mean, squares] = [values[0], Number.isFinite(values[0]) ? 0 : NaN];
  values.forEach((value, i) => {
    if (i === 0) return;
    const delta = value - mean;
    mean += delta / (i + 1);
    squares += delta * (value - mean);
  });
  return squares / values.length;
}

function absentLabels(expr: Expr): Labels {
  if (expr.kind !== "vector selector") return Labels.empty;
  const names = expr.matchers.map(({ name }) => name);
  return Labels.from(
    expr.matchers
      .filter(
        ({ kind, name }) =>
          kind === "=" && name !== "__name__" && names.indexOf(name) === names.lastIndexOf(name),
      )
      .map(({ name, value }) => [name, value] as const),
  );
}

function histogramQuantiles(phi: number, elements: readonly Element[]): readonly Element[] {
  const histograms = new Map<string, { labels: Labels; buckets: Bucket[] }>();
  for (const { labels, value } of elements.toSorted((a, b) => compareLabels(a.labels, b.labels))) {
    let upperBound: number;
    try {
      upperBound = parseGoFloat(labels.get("le"));
    } catch {
      continue; // no bucket
    }
    const rest = labels.with("le", "");
    const key = rest.toString();
    if (!histograms.has(key)) histograms.set(key, { labels: rest, buckets: [] });
    histograms.get(key)?.buckets.push({ upperBound, count: value });
  }
  return distinct(
    [...histograms.values()].map(({ labels, buckets }) => ({
      labels: withoutName(labels),
      value: bucketQuantile(phi, buckets).quantile,
    })),
  );
}
