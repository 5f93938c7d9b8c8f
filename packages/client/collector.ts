/**
 * The contract between metrics and their registry.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";

/** Something that has metrics: a counter, or code that reads values when asked. */
export interface Collector {
  /** The present families. Called for every page; must not take long. */
  collect(): readonly MetricFamily[];
}

/** What every metric is made from. */
export interface MetricOptions {
  /** As in the exposition, with unit and, for counters, `_total`. */
  readonly name: string;
  readonly help: string;
  /** Names of the labels; children are asked for with values in this order. Default none. */
  readonly labelNames?: readonly string[];
  /** Labels that all children have. Default none. */
  readonly constantLabels?: Readonly<Record<string, string>>;
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/u;
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/u;

/**
 * Throws `RangeError` when names are not fit for a metric; `reserved` is a label that the type itself uses.
 */
export function checkNames(
  { name, labelNames = [], constantLabels = {} }: MetricOptions,
  reserved = "",
): void {
  if (!metricName.test(name)) throw new RangeError(`"${name}" is not a valid metric name`);
  const all = [...labelNames, ...Object.keys(constantLabels)];
  for (const label of all) {
    if (!labelName.test(label) || label.startsWith("__") || label === reserved) {
      throw new RangeError(`"${label}" is not a valid label name for metric "${name}"`);
    }
  }
  if (new Set(all).size !== all.length) throw new RangeError(`metric "${name}" has a label twice`);
}
