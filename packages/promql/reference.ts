/**
 * The language, slow and obvious: one moment at a time, every vector an array of labels and values, every
 * selector a walk over all samples. The engine is held equal to it on random expressions
 * (reference.property.test.ts).
 *
 * It shares with the engine the definitions of functions of one window or one value (functions/), nothing
 * else.
 */

import { unreachable } from "@narthex/platform/assert";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import { formatOpenMetricsFloat } from "@narthex/model/go-float";
import { Labels } from "@narthex/model/labels";
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
import { Annotations } from "./annotations.ts";
import { isArithmeticOp } from "./functions/arithmetic.ts";
import type { ElementValue } from "./functions/histogram-binary.ts";
import { histogramFunctions } from "./functions/histogram-functions.ts";
import { mapFunctions } from "./functions/map-functions.ts";
import { extendedMixedFunction, mixedFunction } from "./functions/mixed-range-functions.ts";
import { MixedWindow } from "./functions/mixed-window.ts";
import { smoothedValue } from "./functions/extended-change.ts";
import { extendedFunction, rangeFunctions } from "./functions/range-functions.ts";
import { aggregate } from "./reference-aggregate.ts";
import { distinct, floatsOf, withoutName, type Element } from "./reference-element.ts";
import { histogramFractions, histogramQuantiles } from "./reference-histograms.ts";
import { binaryResult, matchVectors } from "./reference-matching.ts";
import { scalarResult, type ScalarOp } from "./operators/scalar-binary.ts";
import { ExecutionError } from "./query-errors.ts";
import { durationMs } from "./query-duration.ts";
import { infoShift, timesOf } from "./plan-experimental-call.ts";
import type { TimeShift } from "./plan-node.ts";
import { infoEnrichment } from "./reference-info.ts";
import { withoutParens } from "./without-parens.ts";

/** One sample; `value` null is a staleness marker. */
export interface ReferenceSample {
  readonly timeMs: number;
  /** When its counter began; absent: unknown. */
  readonly startMs?: number;
  readonly value: ElementValue | null;
}

/** A series, times ascending. */
export interface ReferenceSeries {
  readonly labels: Labels;
  readonly samples: readonly ReferenceSample[];
}

/** What is asked over. */
export interface ReferenceData {
  readonly series: readonly ReferenceSeries[];
  readonly lookbackMs: number;
  readonly subqueryStepMs: number;
  /** Start and end of the query, for `@ start()` and `@ end()`. */
  readonly startMs: number;
  readonly endMs: number;
  /** The step of the query, 0 in an instant query. */
  readonly stepMs: number;
  readonly useStartTimestamps: boolean;
}

/** An element with the times of its sample. */
interface Selected extends Element {
  readonly timeMs: number;
  /** 0: unknown. */
  readonly startMs: number;
}

type Value = number | readonly Element[];

/** Evaluates at one moment: a number, or a vector in no order. Throws `ExecutionError`. */
export function evaluateReference(data: ReferenceData, expr: Expr, timeMs: number): Value {
  return new Reference(data).value(expr, timeMs);
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
        if (expr.extension === "smoothed") return this.#smoothed(expr, timeMs);
        return this.#select(expr, timeMs).map(({ labels, value }) => ({ labels, value }));
      case "unary": {
        const value = this.value(expr.expr, timeMs);
        if (expr.op === "+") return value;
        if (typeof value === "number") return -value;
        return distinct(
          value.map((one) => ({ labels: withoutName(one.labels), value: negative(one.value) })),
        );
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

  #shift(at: AtModifier | null, offset: Duration): TimeShift {
    const { startMs, endMs } = this.#data;
    const offsetMs = this.#durationMs(offset, true);
    if (at === null) return { atMs: null, offsetMs };
    return { atMs: at.kind === "time" ? at.timeMs : at.kind === "start" ? startMs : endMs, offsetMs };
  }

  #moment(at: AtModifier | null, offset: Duration, timeMs: number): number {
    const { atMs, offsetMs } = this.#shift(at, offset);
    return (atMs ?? timeMs) - offsetMs;
  }

  #durationMs(duration: Duration, negativeAllowed: boolean): number {
    const { startMs, endMs, stepMs } = this.#data;
    return durationMs(duration, { stepMs, rangeMs: endMs - startMs }, negativeAllowed);
  }

  /** The interpolated values of a smoothed selector. */
  #smoothed(expr: VectorSelector, timeMs: number): Element[] {
    const moment = this.#moment(expr.at, expr.offset, timeMs);
    const { lookbackMs } = this.#data;
    return this.#matching(expr).flatMap(({ labels, samples }) => {
      const near = samples.filter(
        (one) => one.value !== null && one.timeMs > moment - lookbackMs && one.timeMs <= moment + lookbackMs,
      );
      const { times, values } = windowOf(near, false).all;
      const value = smoothedValue(times, values, 0, near.length, moment);
      return value === undefined ? [] : [{ labels, value }];
    });
  }

  #matching({ matchers }: VectorSelector): readonly ReferenceSeries[] {
    return this.#data.series.filter(({ labels }) => matchers.every((m) => m.matches(labels.get(m.name))));
  }

  #select(expr: VectorSelector, timeMs: number): Selected[] {
    return this.#newestBefore(this.#matching(expr), this.#moment(expr.at, expr.offset, timeMs));
  }

  /** As `#select`, for functions of a sample's times. */
  #timesOf(expr: VectorSelector, timeMs: number): Selected[] {
    const shift = this.#shift(expr.at, expr.offset);
    const { atMs, offsetMs, lookbackMs } = timesOf({ ...shift, lookbackMs: this.#data.lookbackMs });
    const moment = (atMs ?? timeMs) - offsetMs;
    const found = this.#newestBefore(this.#matching(expr), moment);
    return found.filter((one) => one.timeMs > moment - lookbackMs);
  }

  /** The newest sample of each series up to a moment, within the lookback. */
  #newestBefore(series: readonly ReferenceSeries[], moment: number): Selected[] {
    return series.flatMap(({ labels, samples }) => {
      const newest = samples.filter((sample) => sample.timeMs <= moment).at(-1);
      if (newest === undefined || newest.value === null) return [];
      if (newest.timeMs <= moment - this.#data.lookbackMs) return [];
      const { value, timeMs, startMs = 0 } = newest;
      return [{ labels, value, timeMs, startMs }];
    });
  }

  /** The windows of a range vector: labels with the samples in (end - range, end]. */
  #windows(expr: MatrixSelector | Subquery, timeMs: number): { labels: Labels; window: MixedWindow }[] {
    const rangeMs = this.#durationMs(expr.range, false);
    if (expr.kind === "matrix selector") {
      const end = this.#moment(expr.selector.at, expr.selector.offset, timeMs);
      const { extension } = expr.selector;
      const beforeMs = rangeMs + (extension === null ? 0 : this.#data.lookbackMs);
      const afterMs = extension === "smoothed" ? this.#data.lookbackMs : 0;
      return this.#matching(expr.selector).flatMap(({ labels, samples }) => {
        const inside = samples.filter(
          (one) => one.timeMs > end - beforeMs && one.timeMs <= end + afterMs && one.value !== null,
        );
        if (inside.length === 0) return [];
        const window = windowOf(inside, false);
        window.place(0, inside.length, timeMs, end - rangeMs, end);
        return [{ labels, window }];
      });
    }
    const end = this.#moment(expr.at, expr.offset, timeMs);
    const ownStepMs = expr.step === null ? 0 : this.#durationMs(expr.step, false);
    const stepMs = ownStepMs === 0 ? this.#data.subqueryStepMs : ownStepMs;
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
    return [...found.values()].map(({ labels, inside }) => {
      const window = windowOf(inside, true);
      window.place(0, inside.length, timeMs, end - rangeMs, end);
      return { labels, window };
    });
  }

  #aggregate(expr: Aggregation, timeMs: number): readonly Element[] {
    const label =
      expr.param !== null && withoutParens(expr.param).kind === "string"
        ? (withoutParens(expr.param) as StringLiteral).value
        : null;
    const param = expr.param === null || label !== null ? 0 : this.#scalar(expr.param, timeMs);
    return aggregate(expr, param, label, this.#vector(expr.expr, timeMs));
  }

  #binary(expr: BinaryExpr, timeMs: number): Value {
    const { op, returnBool } = expr;
    const left = this.value(expr.left, timeMs);
    const right = this.value(expr.right, timeMs);
    if (typeof left !== "number" && typeof right !== "number") return matchVectors(expr, left, right);
    if (typeof left === "number" && typeof right === "number") {
      return scalarResult(op as ScalarOp, left, right);
    }
    const elements = (typeof left === "number" ? right : left) as readonly Element[];
    const keepsName = !isArithmeticOp(op) && !returnBool;
    const results = elements.flatMap(({ labels, value }) => {
      const a = typeof left === "number" ? left : value;
      const b = typeof right === "number" ? right : value;
      const { result } = binaryResult(expr, a, b);
      // A comparison keeps the vector's value, on whichever side it is.
      const isFilter = keepsName && typeof left === "number" && result !== undefined;
      if (result === undefined) return [];
      return [{ labels: keepsName ? labels : withoutName(labels), value: isFilter ? value : result }];
    });
    return distinct(results);
  }

  #call(expr: Call, timeMs: number): Value {
    const args = expr.args.map(withoutParens);
    const { name } = expr;
    const source = args.find(isRange) as MatrixSelector | Subquery | undefined;
    const extension = source?.kind === "matrix selector" ? source.selector.extension : null;
    const range = extension === null ? rangeFunctions.get(name) : extendedFunction(name, extension);
    if (range !== undefined && source !== undefined) {
      const wantsStarts =
        this.#data.useStartTimestamps &&
        (name === "resets" || (extension === null && ["rate", "increase", "irate"].includes(name)));
      const params = args.filter((arg) => !isRange(arg)).map((arg) => this.#scalar(arg, timeMs));
      return distinct(
        this.#windows(source, timeMs).flatMap(({ labels, window }) => {
          params.forEach((param, i) => window.setParam(i, param));
          if (!wantsStarts) window.forgetStarts();
          const mixed = extension === null ? mixedFunction(name) : extendedMixedFunction(name, extension);
          const value = window.histogramCount === 0 ? range.define(window.floats) : mixed(window, noNotes);
          return value === undefined
            ? []
            : [{ labels: range.keepsName ? labels : withoutName(labels), value }];
        }),
      );
    }
    const map = mapFunctions.get(name);
    if (map !== undefined) {
      const input =
        args.length === 0
          ? [{ labels: Labels.empty, value: timeMs / 1000 }]
          : floatsOf(this.#vector(args[0], timeMs));
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
    const ofHistogram = histogramFunctions.get(name);
    if (ofHistogram !== undefined) {
      return distinct(
        this.#vector(args[0], timeMs).flatMap(({ labels, value }) =>
          typeof value === "number" ? [] : [{ labels: withoutName(labels), value: ofHistogram(value) }],
        ),
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
        const elements = floatsOf(this.#vector(args[0], timeMs));
        return elements.length === 1 ? elements[0].value : NaN;
      }
      case "timestamp": {
        const elements =
          args[0].kind === "vector selector"
            ? this.#timesOf(args[0], timeMs)
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
        return floatsOf(this.#vector(args[0], timeMs));
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
      case "histogram_fraction": {
        const bounds = [this.#scalar(args[0], timeMs), this.#scalar(args[1], timeMs)] as const;
        return histogramFractions(bounds, this.#vector(args[2], timeMs));
      }
      default:
        return this.#experimentalCall(name, args, timeMs);
    }
  }

  #experimentalCall(name: string, args: readonly Expr[], timeMs: number): Value {
    const { startMs, endMs, stepMs, useStartTimestamps } = this.#data;
    const scalar = (i: number): number => this.#scalar(args[i], timeMs);
    switch (name) {
      case "start":
        return startMs / 1000;
      case "end":
        return endMs / 1000;
      case "range":
        return (endMs - startMs) / 1000;
      case "step":
        return endMs > startMs ? stepMs / 1000 : 0;
      case "min_of":
        return scalarResult(name, scalar(0), scalar(1));
      case "max_of":
        return scalarResult(name, scalar(0), scalar(1));
      case "start_timestamp": {
        if (!useStartTimestamps || args[0].kind !== "vector selector") return [];
        const found = this.#timesOf(args[0], timeMs);
        return distinct(
          found.map(({ labels, startMs: start }) => ({ labels: withoutName(labels), value: start / 1000 })),
        );
      }
      case "histogram_quantiles": {
        const label = (args[1] as StringLiteral).value;
        const elements = this.#vector(args[0], timeMs);
        const results = args.slice(2).flatMap((_, i) =>
          histogramQuantiles(scalar(2 + i), elements).map(({ labels, value }) => ({
            labels: labels.with(label, formatOpenMetricsFloat(scalar(2 + i))),
            value,
          })),
        );
        return distinct(results);
      }
      case "info":
        return this.#info(args, timeMs);
      default:
        throw new ExecutionError(`function "${name}" is not supported yet`);
    }
  }

  /** The first argument's elements; info series are looked up when its first selector is. */
  #info(args: readonly Expr[], timeMs: number): readonly Element[] {
    const elements = this.#vector(args[0], timeMs);
    const { atMs, offsetMs } = infoShift({ shift: (at, offset) => this.#shift(at, offset) }, args[0]);
    const moment = (atMs ?? timeMs) - offsetMs;
    const candidates = this.#newestBefore(this.#data.series, moment);
    const matchers = args.length > 1 ? (args[1] as VectorSelector).matchers : [];
    const enrich = infoEnrichment(
      elements.map(({ labels }) => labels),
      candidates,
      matchers,
    );
    return distinct(
      elements.flatMap(({ labels, value }) => {
        const enriched = enrich(labels);
        return enriched === null ? [] : [{ labels: enriched, value }];
      }),
    );
  }
}

function isRange(expr: Expr): boolean {
  return typeOf(expr) === "range vector";
}

function negative(value: ElementValue): ElementValue {
  return typeof value === "number" ? -value : value.copy().mul(-1);
}

/** Annotations are not the reference's business. */
const noNotes = { annotations: new Annotations(), metricName: "", span: { start: 0, end: 0 } };

/** Samples as a window, to be placed. */
function windowOf(samples: readonly ReferenceSample[], isSubquery: boolean): MixedWindow {
  const window = new MixedWindow(isSubquery);
  window.loadPlain(
    Float64Array.from(samples, (sample) => sample.timeMs),
    Float64Array.from(samples, ({ startMs = 0 }) => startMs),
    samples.map(({ value }) => value as number | FloatHistogram),
  );
  return window;
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
