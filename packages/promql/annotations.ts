/**
 * Warnings and infos that come with a result. Texts and positions equal the original's; the texts themselves
 * are in histogram-annotations.ts and sample-annotations.ts.
 *
 * Invariants
 *  - Equal raw texts (without position and details) are one annotation. The last position wins; those with
 *    details to merge (what was repaired, how often) keep the first.
 */

import { formatGoG } from "@narthex/model/go-float";
import { quoteGo } from "@narthex/model/labels";
import type { Span } from "@narthex/promql-syntax/ast";

/** A warning says the result is doubtful, an info that the query probably is. */
export type AnnotationKind = "warning" | "info";

interface Annotation {
  readonly kind: AnnotationKind;
  readonly text: string;
  readonly span: Span | null;
  /** Details of repaired histograms, merged over steps and series. */
  readonly repair: MonotonicityRepair | null;
  /** How often it happened, where that is told; else 0. */
  readonly occurrences: number;
}

/** What was repaired in the buckets of a classic histogram. */
export interface MonotonicityRepair {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDifference: number;
  /** Samples it happened in. */
  readonly count: number;
}

/** Collects the annotations of one query. */
export class Annotations {
  readonly #byText = new Map<string, Annotation>();

  /** Adds `PromQL warning: text` or `PromQL info: text`. */
  add(kind: AnnotationKind, text: string, span: Span): void {
    const raw = `PromQL ${kind}: ${text}`;
    this.#byText.set(raw, { kind, text: raw, span, repair: null, occurrences: 0 });
  }

  /** Adds a warning of the storage, as it is. */
  addStorageWarning(text: string): void {
    this.#byText.set(text, { kind: "warning", text, span: null, repair: null, occurrences: 0 });
  }

  /** Adds a warning whose occurrences are counted and told when there are several. */
  addCounted(text: string, span: Span): void {
    const raw = `PromQL warning: ${text}`;
    const known = this.#byText.get(raw);
    const occurrences = (known?.occurrences ?? 0) + 1;
    this.#byText.set(raw, {
      kind: "warning",
      text: raw,
      span: known?.span ?? span,
      repair: null,
      occurrences,
    });
  }

  /** Adds or merges the info about repaired histograms. `metricName` "" is not told. */
  addRepair(repair: MonotonicityRepair, metricName: string, span: Span): void {
    const text =
      "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see " +
      "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)" +
      (metricName === "" ? "" : ` for metric name ${quoteGo(metricName)}`);
    const known = this.#byText.get(text);
    const before = known?.repair ?? null;
    this.#byText.set(text, {
      kind: "info",
      text,
      span: known?.span ?? span,
      repair: before === null ? repair : mergeRepairs(before, repair),
      occurrences: 0,
    });
  }

  /** Texts of one kind, in order of first appearance, with positions when `queryText` is given. */
  texts(kind: AnnotationKind, queryText: string): string[] {
    return [...this.#byText.values()].filter((one) => one.kind === kind).map((one) => render(one, queryText));
  }
}

function mergeRepairs(a: MonotonicityRepair, b: MonotonicityRepair): MonotonicityRepair {
  return {
    minTimeMs: Math.min(a.minTimeMs, b.minTimeMs),
    maxTimeMs: Math.max(a.maxTimeMs, b.maxTimeMs),
    minBucket: Math.min(a.minBucket, b.minBucket),
    maxBucket: Math.max(a.maxBucket, b.maxBucket),
    maxDifference: Math.max(a.maxDifference, b.maxDifference),
    count: a.count + b.count,
  };
}

function render({ text, span, repair, occurrences }: Annotation, queryText: string): string {
  if (queryText === "" || span === null) return text;
  const position = positionText(queryText, span.start);
  const times = occurrences > 1 ? ` (${occurrences} occurrences)` : "";
  if (repair === null) return `${text}${times} (${position})`;
  const { minBucket, maxBucket, maxDifference, count, minTimeMs, maxTimeMs } = repair;
  return (
    `${text}, from buckets ${formatGoG(minBucket)} to ${formatGoG(maxBucket)}, with a max diff of ` +
    `${formatTwoDigits(maxDifference)}, over ${count} samples from ${rfc3339(minTimeMs)} to ` +
    `${rfc3339(maxTimeMs)} (${position})`
  );
}

/** Go's `%.2g`: what lies in the middle goes to the even digit. */
function formatTwoDigits(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatGoG(value);
  const exact = value.toExponential(20);
  const isMiddle = /^-?\d\.[02468]50*e/u.test(exact);
  const rounded = isMiddle ? exact.replace(/50*e/u, "e") : value.toExponential(1);
  const [mantissa, power] = rounded.split("e") as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 2) return formatGoG(Number(rounded));
  const digits = mantissa.replace(/\.0$/u, "");
  return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function rfc3339(timeMs: number): string {
  return new Date(Math.trunc(timeMs / 1000) * 1000).toISOString().replace(".000Z", "Z");
}

/** `line:column` of a byte offset, both from 1, columns in bytes. */
function positionText(queryText: string, offset: number): string {
  const bytes = new TextEncoder().encode(queryText);
  if (offset < 0 || offset > bytes.length) return "invalid position";
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < offset; i++) {
    if (bytes[i] !== 0x0a) continue;
    line++;
    lineStart = i + 1;
  }
  return `${line}:${offset - lineStart + 1}`;
}

/** Warns of a quantile outside [0, 1]. */
export function warnOfQuantile(annotations: Annotations, quantile: number, span: Span): void {
  if (quantile >= 0 && quantile <= 1) return;
  annotations.add("warning", `quantile value should be between 0 and 1, got ${formatGoG(quantile)}`, span);
}
