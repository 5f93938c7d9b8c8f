/**
 * Metric families as programs hand them to the writers. Label text is rendered once, when a metric is made,
 * so that writing a page is little more than joining strings.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";
import { escapeName, type EscapingScheme } from "@narthex/model/metric-name";
import { unescapeLabel } from "./page-text.ts";

/** What all families have. */
interface FamilyHead {
  readonly name: string;
  readonly help: string;
  /** "" or absent for none; only OpenMetrics and protobuf say it. */
  readonly unit?: string;
}

/** What an exemplar says. Only OpenMetrics and protobuf write it. */
export interface FamilyExemplar {
  /** From `renderLabels`. */
  readonly labelText: string;
  readonly value: number;
  /** Milliseconds. */
  readonly timeMs?: number;
}

/** A counter, gauge or untyped value. */
export interface ValueMetric {
  /** From `renderLabels`: `a="b",c="d"`, "" for none. */
  readonly labelText: string;
  readonly value: number;
  /** Milliseconds; absent for "now", as nearly always. */
  readonly timeMs?: number;
  /** Of a counter. */
  readonly exemplar?: FamilyExemplar;
  /** When a counter began, milliseconds. */
  readonly startMs?: number;
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
  readonly timeMs?: number;
  readonly startMs?: number;
  /** One per bucket, the one up to infinity last; absent or undefined for none. */
  readonly exemplars?: readonly (FamilyExemplar | undefined)[];
  /** The same histogram with exponential buckets: only protobuf writes it. */
  readonly native?: Histogram | FloatHistogram;
  /** Exemplars of the native histogram; those without a time are of no use to the server. */
  readonly nativeExemplars?: readonly FamilyExemplar[];
}

/** A summary's state. */
export interface SummaryMetric {
  readonly labelText: string;
  readonly quantiles: readonly number[];
  /** The value at each quantile, NaN when nothing was observed. */
  readonly quantileValues: readonly number[];
  readonly sum: number;
  readonly count: number;
  readonly timeMs?: number;
  readonly startMs?: number;
}

/** A family of plain values. */
export interface ValueFamily extends FamilyHead {
  readonly type: "counter" | "gauge" | "untyped";
  readonly metrics: readonly ValueMetric[];
}

/** A family of histograms. */
export interface HistogramFamily extends FamilyHead {
  readonly type: "histogram" | "gaugehistogram";
  readonly metrics: readonly HistogramMetric[];
}

/** A family of summaries. */
export interface SummaryFamily extends FamilyHead {
  readonly type: "summary";
  readonly metrics: readonly SummaryMetric[];
}

/** A metric family; one without metrics is not written. */
export type MetricFamily = ValueFamily | HistogramFamily | SummaryFamily;

/** Whether it is a family of histograms, gauge or not. */
export function isHistogramFamily(family: MetricFamily): family is HistogramFamily {
  return family.type === "histogram" || family.type === "gaugehistogram";
}

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

/** One label, `a="b"`; a name that is not plain in quotes. */
export function labelText(name: string, value: string): string {
  return `${plainLabel.test(name) ? name : `"${escapeLabel(name)}"`}="${escapeLabel(value)}"`;
}

/** `a="b",c="d"` from pairs in any order: sorted by name, escaped; empty values are kept. */
export function renderLabels(pairs: readonly (readonly [string, string])[]): string {
  const sorted = pairs.length < 2 ? pairs : pairs.toSorted(([a], [b]) => compareUtf8(a, b));
  return sorted.map(([name, value]) => labelText(name, value)).join(",");
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

/** name, value, … of what `renderLabels` wrote. */
export function labelPairsOf(rendered: string): string[] {
  const pairs: string[] = [];
  const label = /(?:([a-zA-Z_][a-zA-Z0-9_]*)|"((?:[^"\\]|\\.)*)")="((?:[^"\\]|\\.)*)",?/suy;
  for (let found = label.exec(rendered); found !== null; found = label.exec(rendered)) {
    pairs.push(found[1] ?? unescapeLabel(found[2] ?? ""), unescapeLabel(found[3] ?? ""));
  }
  return pairs;
}

/** The family with names that readers of the old character set can take; names that are plain stay. */
export function escapeFamily(family: MetricFamily, scheme: EscapingScheme): MetricFamily {
  if (scheme === "allow-utf-8") return family;
  const name = escapeIfNeeded(family.name, scheme);
  const metrics = family.metrics.map((metric) => {
    const rendered = escapeLabelNames(metric.labelText, scheme);
    return rendered === metric.labelText ? metric : { ...metric, labelText: rendered };
  });
  return { ...family, name, metrics } as MetricFamily;
}

function escapeLabelNames(rendered: string, scheme: EscapingScheme): string {
  if (!rendered.startsWith('"') && !rendered.includes(',"')) return rendered;
  const pairs = labelPairsOf(rendered);
  let text = "";
  for (let i = 0; i < pairs.length; i += 2) {
    text += `${i === 0 ? "" : ","}${labelText(escapeIfNeeded(pairs[i], scheme), pairs[i + 1])}`;
  }
  return text;
}

function escapeIfNeeded(name: string, scheme: EscapingScheme): string {
  return plainName.test(name) ? name : escapeName(name, scheme);
}
