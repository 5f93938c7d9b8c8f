/**
 * Which group each series belongs to: computed once per query from the label ids.
 */

import { metricNameLabel } from "@narthex/model/labels";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import { numberSets, type Numbering, type SeriesTable } from "../series-table.ts";

/** `by (names)` or `without (names)`. */
export interface Grouping {
  readonly grouping: readonly string[];
  readonly without: boolean;
}

/** The groups in order of their first series; `indexOf[i]` is the group of series i. */
export function groupSeries(
  table: SeriesTable,
  { grouping, without }: Grouping,
  symbols: QuerySymbols,
): Numbering {
  const names = grouping.map((name) => symbols.intern(name));
  if (!without) return numberSets(table, (set) => set.keep(names));
  const dropped = [...names, symbols.intern(metricNameLabel)];
  return numberSets(table, (set) => set.remove(dropped));
}

/** Per group, whether any of its series drops its name at the end; null: none does. */
export function groupDropsName(table: SeriesTable, { indexOf, sets }: Numbering): Uint8Array | null {
  const { dropsName } = table;
  if (dropsName === null) return null;
  const drops = new Uint8Array(sets.count);
  indexOf.forEach((group, i) => (drops[group] |= dropsName[i]));
  return drops;
}
