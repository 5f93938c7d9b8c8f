/**
 * Which group each series belongs to: computed once per query from the label ids.
 */

import { metricNameLabel } from "@narthex/model/labels";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import { LabelSet, LabelSetIndex, numberSets, type Numbering, type SeriesTable } from "../series-table.ts";

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
  if (!without) return groupByLabels(table, names);
  const dropped = [...names, symbols.intern(metricNameLabel)];
  return numberSets(table, (set) => set.remove(dropped));
}

/** Groups by the values of some labels. Without any there is one group, and labels are not looked at. */
function groupByLabels(table: SeriesTable, names: readonly number[]): Numbering {
  const sets = new LabelSetIndex();
  const indexOf = new Uint32Array(table.count);
  const set = new LabelSet();
  if (names.length === 0) {
    if (table.count > 0) sets.add(set);
    return { indexOf, sets };
  }
  const { labelIds, labelEnds } = table;
  let at = 0;
  for (let i = 0; i < table.count; i++) {
    // Neighbours are often of one group: then nothing has to be looked up.
    let length = 0;
    let isSame = i > 0;
    for (; at < labelEnds[i]; at += 2) {
      const name = labelIds[at];
      if (!names.includes(name)) continue;
      isSame &&= length < set.length && set.ids[length] === name && set.ids[length + 1] === labelIds[at + 1];
      set.put(length, name, labelIds[at + 1]);
      length += 2;
    }
    isSame &&= length === set.length;
    set.length = length;
    indexOf[i] = isSame ? indexOf[i - 1] : sets.add(set);
  }
  return { indexOf, sets };
}

/** Per group, whether any of its series drops its name at the end; null: none does. */
export function groupDropsName(table: SeriesTable, { indexOf, sets }: Numbering): Uint8Array | null {
  const { dropsName } = table;
  if (dropsName === null) return null;
  const drops = new Uint8Array(sets.count);
  indexOf.forEach((group, i) => (drops[group] |= dropsName[i]));
  return drops;
}
