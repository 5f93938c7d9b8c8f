/**
 * What an exposition says about a metric family beside its samples: type, help and unit.
 */

/**
 * The metric types, as APIs and WAL records name them. The order is that of the type numbers in WAL records.
 */
export const metricTypes = [
  "unknown",
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
] as const;

/** One of the metric types. */
export type MetricType = (typeof metricTypes)[number];

/** Type, help and unit of one metric family. Absent help and unit are "". */
export interface Metadata {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** The metadata of a family about which nothing was said. */
export const unknownMetadata: Metadata = { type: "unknown", help: "", unit: "" };

/** The type that a word of an exposition names: `untyped` is `unknown`; undefined for words of no type. */
export function metricType(word: string): MetricType | undefined {
  if (word === "untyped") return "unknown";
  return (metricTypes as readonly string[]).includes(word) ? (word as MetricType) : undefined;
}

/** Whether two records say the same. */
export function sameMetadata(a: Metadata, b: Metadata): boolean {
  return a.type === b.type && a.help === b.help && a.unit === b.unit;
}
