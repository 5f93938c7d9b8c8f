/**
 * Metric families as programs hand them to the writers. Label text is rendered once, when a metric is made,
 * so that writing a page is little more than joining strings.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";

/** What all families have. */
interface FamilyHead {
  readonly name: string;
  readonly help: string;
}

/** A counter, gauge or untyped value. */
export interface ValueMetric {
  /** From `renderLabels`: `a="b",c="d"`, "" for none. */
  readonly labelText: string;
  readonly value: number;
  /** Milliseconds; absent for "now", as nearly always. */
  readonly timeMs?: number;
}

/** A histogram's state. */
export interface HistogramMetric {
  readonly labelText: string;
  /** Upper bounds, ascending, without +Inf. */
  readonly bounds: readonly number[];
  /**
   * Observations in each bucket (not cumulative), as many as bounds; what is above the last is `count` minus
   * their sum.
   */
  readonly bucketCounts: ArrayLike<number>;
  readonly sum: number;
  readonly count: number;
}

/** A summary's state. */
export interface SummaryMetric {
  readonly labelText: string;
  readonly quantiles: readonly number[];
  /** The value at each quantile, NaN when nothing was observed. */
  readonly quantileValues: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** A family of plain values. */
export interface ValueFamily extends FamilyHead {
  readonly type: "counter" | "gauge" | "untyped";
  readonly metrics: readonly ValueMetric[];
}

/** A family of histograms. */
export interface HistogramFamily extends FamilyHead {
  readonly type: "histogram";
  readonly metrics: readonly HistogramMetric[];
}

/** A family of summaries. */
export interface SummaryFamily extends FamilyHead {
  readonly type: "summary";
  readonly metrics: readonly SummaryMetric[];
}

/** A metric family; one without metrics is not written. */
export type MetricFamily = ValueFamily | HistogramFamily | SummaryFamily;

const plainName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/u;
const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/u;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

/** A label value, or a quoted name, with its escapes. */
export function escapeLabel(text: string): string {
  return /[\\"\n]/u.test(text) ? text.replace(/[\\"\n]/gu, (char) => escapes[char]) : text;
}

/** HELP text of the text format: backslashes and line feeds are escaped. */
export function escapeHelp(text: string): string {
  return /[\\\n]/u.test(text) ? text.replace(/[\\\n]/gu, (char) => escapes[char]) : text;
}

/** `a="b",c="d"` from pairs in any order: sorted by name, escaped; empty values are kept. */
export function renderLabels(pairs: readonly (readonly [string, string])[]): string {
  const sorted = pairs.length < 2 ? pairs : pairs.toSorted(([a], [b]) => compareUtf8(a, b));
  return sorted
    .map(
      ([name, value]) => `${plainLabel.test(name) ? name : `"${escapeLabel(name)}"`}="${escapeLabel(value)}"`,
    )
    .join(",");
}

/** A sample's name with its labels; a name that is not plain goes into the braces, in quotes. */
export function seriesText(name: string, labelText: string): string {
  if (plainName.test(name)) return labelText === "" ? name : `${name}{${labelText}}`;
  return `{"${escapeLabel(name)}"${labelText === "" ? "" : `,${labelText}`}}`;
}

/** A family's name in a metadata line. */
export function familyNameText(name: string): string {
  return plainName.test(name) ? name : `"${escapeLabel(name)}"`;
}

/** Families by name, those without metrics left out. */
export function sortedFamilies(families: readonly MetricFamily[]): MetricFamily[] {
  return families.filter(({ metrics }) => metrics.length > 0).toSorted((a, b) => compareUtf8(a.name, b.name));
}
