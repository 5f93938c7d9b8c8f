/**
 * Warnings and infos about samples and parameters, one function per text (see annotations.ts; those about
 * histograms are in histogram-annotations.ts). Texts equal the original's.
 */

import { formatGoG } from "@narthex/model/go-float";
import { quoteGo } from "@narthex/model/labels";
import type { Span } from "@narthex/promql-syntax/ast";
import type { Annotations } from "./annotations.ts";

/** A ratio of limit_ratio beyond ±1 is taken as `cap`. */
export function warnOfRatio(annotations: Annotations, ratio: number, cap: number, span: Span): void {
  const capped = `got ${formatGoG(ratio)}, capping to ${formatGoG(cap)}`;
  annotations.add("warning", `ratio value should be between -1 and 1, ${capped}`, span);
}

/** Sorting means nothing in a range query. */
export function warnOfSorting(annotations: Annotations, span: Span): void {
  const text = "sort is ineffective for range queries since results are always ordered by labels";
  annotations.add("warning", text, span);
}

/** A sample says that it began before its predecessor's time. Occurrences are counted. */
export function warnOfStartOverlap(annotations: Annotations, metricName: string, span: Span): void {
  const overlap = "sample has start time that overlaps with previous sample timestamp";
  annotations.addCounted(`${overlap} for metric ${quoteGo(metricName)}`, span);
}

/** Names that end like this are counters. */
const counterName = /(?:_total|_sum|_count|_bucket)$/u;

/** rate and increase of floats that are not named like a counter. */
export function suspectNonCounterName(annotations: Annotations, metricName: string, span: Span): void {
  if (counterName.test(metricName)) return;
  const text = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket";
  annotations.add("info", `${text}: ${quoteGo(metricName)}`, span);
}

/** rate and increase of floats whose `__type__` label (with type-and-unit labels on) is no counter's. */
export function suspectNonCounterType(
  annotations: Annotations,
  metricName: string,
  type: string,
  span: Span,
): void {
  if (type === "counter" || type === "histogram") return;
  const text = 'metric might not be a counter, __type__ label is not set to "counter" or "histogram"';
  annotations.add("info", `${text}, got ${quoteGo(type)}: ${quoteGo(metricName)}`, span);
}
