/**
 * How the elements of two vectors find each other: by the labels of `on`, or all but those of `ignoring`
 * and the name.
 */

import { metricNameLabel } from "@narthex/model/labels";
import type { VectorMatching } from "@narthex/promql-syntax/ast";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import { LabelSetIndex, numberSets, type LabelSet, type SeriesTable } from "../series-table.ts";

/** Signatures of the series of both sides, numbered together. */
export interface Signatures {
  readonly left: Uint32Array;
  readonly right: Uint32Array;
  readonly count: number;
  /** The matching labels of each signature. */
  readonly table: SeriesTable;
}

/** Reduces a label set to its matching labels, in place. */
export function toMatchingLabels(
  { on, labels }: VectorMatching,
  symbols: QuerySymbols,
): (set: LabelSet) => void {
  const names = labels.map((name) => symbols.intern(name));
  const ignored = [...names, symbols.intern(metricNameLabel)];
  return (set) => {
    if (on) set.keep(names);
    else set.remove(ignored);
  };
}

/** Numbers the signatures of both sides. */
export function signatures(
  left: SeriesTable,
  right: SeriesTable,
  matching: VectorMatching,
  symbols: QuerySymbols,
): Signatures {
  const change = toMatchingLabels(matching, symbols);
  const sets = new LabelSetIndex();
  const leftIndex = numberSets(left, change, sets).indexOf;
  const rightIndex = numberSets(right, change, sets).indexOf;
  return { left: leftIndex, right: rightIndex, count: sets.count, table: sets.toTable() };
}
