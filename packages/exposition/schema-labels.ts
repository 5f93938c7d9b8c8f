/**
 * The labels that say of a series what its metadata says: `__type__` and `__unit__`.
 */

import { metricNameLabel } from "@narthex/model/labels";
import type { MetricType } from "./exposition-parser.ts";

/** Adds type and unit to name, value, …, as far as they are known. */
export function addSchemaLabels(pairs: string[], type: MetricType, unit: string): void {
  if (type !== "unknown") pairs.push("__type__", type);
  if (unit !== "") pairs.push("__unit__", unit);
}

/** Whether a page's label says what one of `added` (name, value, …) says: the page's is then dropped. */
export function isSchemaLabel(name: string, added: readonly string[]): boolean {
  if (name !== metricNameLabel && name !== "__type__" && name !== "__unit__") return false;
  for (let i = 0; i < added.length; i += 2) if (added[i] === name) return added[i + 1] !== "";
  return false;
}
