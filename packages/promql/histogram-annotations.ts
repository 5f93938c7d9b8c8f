/**
 * Warnings and infos about histograms, one function per text. Each adds to the query's annotations; `span` is
 * the part of the query that the position points to. Texts equal the original's.
 */

import { quoteGo } from "@narthex/model/labels";
import type { Span } from "@narthex/promql-syntax/ast";
import type { Annotations } from "./annotations.ts";

/** What was done to histograms when custom buckets or counter resets did not fit together. */
export type HistogramOperation = "addition" | "subtraction" | "aggregation";

function forMetric(name: string): string {
  return name === "" ? "" : ` for metric name ${quoteGo(name)}`;
}

/** A window of `metricName` ("" without name) holds floats and histograms; it gives no result. */
export function warnOfMixedRange(annotations: Annotations, metricName: string, span: Span): void {
  const text = `encountered a mix of histograms and floats for metric name ${quoteGo(metricName)}`;
  annotations.add("warning", text, span);
}

/** A group of an aggregation holds floats and histograms; it gives no result. */
export function warnOfMixedAggregation(annotations: Annotations, span: Span): void {
  annotations.add("warning", "encountered a mix of histograms and floats for aggregation", span);
}

/** Histograms were left out of a window because it holds floats too. */
export function tellOfIgnoredInRange(annotations: Annotations, metricName: string, span: Span): void {
  const range = "ignored histograms in a range containing both floats and histograms";
  annotations.add("info", `${range} for metric name ${quoteGo(metricName)}`, span);
}

/** Histograms were left out of an aggregation that knows floats only. */
export function tellOfIgnoredInAggregation(annotations: Annotations, aggregation: string, span: Span): void {
  annotations.add("info", `ignored histogram in ${aggregation} aggregation`, span);
}

/** A classic and a native histogram have the same labels. `metricName` "" is not told. */
export function warnOfClassicAndNative(annotations: Annotations, metricName: string, span: Span): void {
  const text = `vector contains a mix of classic and native histograms${forMetric(metricName)}`;
  annotations.add("warning", text, span);
}

/** Exponential and custom buckets come together where they cannot be combined. */
export function warnOfMixedBuckets(annotations: Annotations, metricName: string, span: Span): void {
  const mix = "vector contains a mix of histograms with exponential and custom buckets schemas";
  annotations.add("warning", `${mix} for metric name ${quoteGo(metricName)}`, span);
}

/** A gauge histogram where a counter is wanted. */
export function warnOfNoCounter(annotations: Annotations, metricName: string, span: Span): void {
  const text = `this native histogram metric is not a counter: ${quoteGo(metricName)}`;
  annotations.add("warning", text, span);
}

/** A counter histogram where a gauge is wanted. */
export function warnOfNoGauge(annotations: Annotations, metricName: string, span: Span): void {
  const text = `this native histogram metric is not a gauge: ${quoteGo(metricName)}`;
  annotations.add("warning", text, span);
}

/** The buckets of both sides of a binary operator cannot be combined. */
export function warnOfIncompatibleBuckets(annotations: Annotations, operator: string, span: Span): void {
  annotations.add("warning", `incompatible bucket layout encountered for binary operator ${operator}`, span);
}

/** A binary operator does not know this pair of types (`float`, `histogram`); the element is dropped. */
export function tellOfIncompatibleTypes(
  annotations: Annotations,
  left: "float" | "histogram",
  operator: string,
  right: "float" | "histogram",
  span: Span,
): void {
  const types = `${quoteGo(operator)}: ${left} ${operator} ${right}`;
  annotations.add("info", `incompatible sample types encountered for binary operator ${types}`, span);
}

/** A reset counter met one that was not. */
export function warnOfResetCollision(
  annotations: Annotations,
  operation: HistogramOperation,
  span: Span,
): void {
  annotations.add("warning", `conflicting counter resets during histogram ${operation}`, span);
}

/** Different custom buckets were brought to those they share. */
export function tellOfReconciledBuckets(
  annotations: Annotations,
  operation: HistogramOperation,
  span: Span,
): void {
  annotations.add("info", `mismatched custom buckets were reconciled during ${operation}`, span);
}

/** The `le` of a classic bucket is no number. `metricName` "" is not told. */
export function warnOfBucketLabel(
  annotations: Annotations,
  metricName: string,
  value: string,
  span: Span,
): void {
  const text = `bucket label "le" is missing or has a malformed value of ${quoteGo(value)}`;
  annotations.add("warning", text + forMetric(metricName), span);
}

/** A quantile fell among the NaN observations of a native histogram. `metricName` "" is not told. */
export function tellOfNaNQuantile(annotations: Annotations, metricName: string, span: Span): void {
  const text = "input to histogram_quantile has NaN observations, result is NaN";
  annotations.add("info", text + forMetric(metricName), span);
}

/** NaN observations of a native histogram shifted a quantile. `metricName` "" is not told. */
export function tellOfSkewedQuantile(annotations: Annotations, metricName: string, span: Span): void {
  const text = "input to histogram_quantile has NaN observations, result is skewed higher";
  annotations.add("info", text + forMetric(metricName), span);
}

/** NaN observations of a native histogram belong to no fraction. `metricName` "" is not told. */
export function tellOfNaNFraction(annotations: Annotations, metricName: string, span: Span): void {
  const text = "input to histogram_fraction has NaN observations, which are excluded from all fractions";
  annotations.add("info", text + forMetric(metricName), span);
}
