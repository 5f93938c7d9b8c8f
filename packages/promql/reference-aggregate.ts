/**
 * Aggregations at one moment, slow and obvious; a part of reference.ts.
 */

import { unreachable } from "@narthex/platform/assert";
import { IncompatibleHistogramsError, type FloatHistogram } from "@narthex/model/float-histogram";
import { formatGoF } from "@narthex/model/go-float";
import { Labels } from "@narthex/model/labels";
import type { Aggregation } from "@narthex/promql-syntax/ast";
import type { ElementValue } from "./functions/histogram-binary.ts";
import { HistogramTotal } from "./functions/histogram-total.ts";
import { labelShare } from "./functions/label-hash.ts";
import { extremeOf, meanOf, quantileOf, sumOf } from "./functions/over-time.ts";
import { RankHeap } from "./operators/rank-heap.ts";
import { ExecutionError } from "./query-errors.ts";
import { floatsOf, type Element } from "./reference-element.ts";

/** The results of all groups. `label`: that of count_values. */
export function aggregate(
  expr: Aggregation,
  param: number,
  label: string | null,
  elements: readonly Element[],
): readonly Element[] {
  const groups = new Map<string, { labels: Labels; members: Element[] }>();
  for (const element of elements) {
    const full = label === null ? element.labels : element.labels.with(label, valueText(element.value));
    const labels = groupLabels(full, expr, label);
    const key = labels.toString();
    if (!groups.has(key)) groups.set(key, { labels, members: [] });
    groups.get(key)?.members.push(element);
  }
  return [...groups.values()].flatMap(({ labels, members }) => {
    if (expr.op === "topk" || expr.op === "bottomk" || expr.op === "limitk") {
      return best(expr.op, param, members);
    }
    if (expr.op === "limit_ratio") return sampled(param, members);
    const value = aggregated(expr, members, param);
    return value === undefined ? [] : [{ labels, value }];
  });
}

function valueText(value: ElementValue): string {
  return typeof value === "number" ? formatGoF(value) : value.toString();
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
  members.forEach(({ value }, i) => {
    if (typeof value === "number") heap.offer(value, i, limit);
    else if (op === "limitk") heap.offer(0, i, limit);
  });
  // In the order they came in: what is chosen of them next may depend on it.
  return heap
    .series()
    .toSorted((a, b) => a - b)
    .map((i) => members[i]);
}

function sampled(ratio: number, members: readonly Element[]): Element[] {
  if (Number.isNaN(ratio)) throw new ExecutionError("Ratio value is NaN");
  const limit = Math.max(-1, Math.min(1, ratio));
  return members.filter(({ labels }) => {
    const share = labelShare(labels.pairs);
    return limit >= 0 ? share < limit : share >= 1 + limit;
  });
}

function aggregated(
  { op }: Aggregation,
  members: readonly Element[],
  param: number,
): ElementValue | undefined {
  if (op === "count" || op === "count_values") return members.length;
  if (op === "group") return 1;
  const values = Float64Array.from(floatsOf(members), ({ value }) => value);
  const histograms = members.flatMap(({ value }) => (typeof value === "number" ? [] : [value]));
  const isTotal = op === "sum" || op === "avg";
  if (isTotal && histograms.length > 0) {
    return values.length > 0 ? undefined : totalOf(histograms, op === "avg");
  }
  return values.length === 0 ? undefined : aggregatedFloats(op, values, param);
}

function totalOf(histograms: readonly FloatHistogram[], isMean: boolean): FloatHistogram | undefined {
  const total = new HistogramTotal(histograms[0], isMean);
  try {
    for (const histogram of histograms.slice(1)) total.add(histogram);
  } catch (error) {
    if (error instanceof IncompatibleHistogramsError) return undefined;
    throw error;
  }
  return total.finish().compact(0);
}

function aggregatedFloats(
  op: Exclude<Aggregation["op"], "count" | "count_values" | "group">,
  values: Float64Array,
  param: number,
): number {
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
      throw new ExecutionError(`aggregation "${op}" chooses elements`);
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
