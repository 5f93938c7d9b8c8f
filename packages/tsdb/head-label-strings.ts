/**
 * Label names and values of the head, for the API and for completion.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import type { LabelStrings } from "@narthex/storage/querier";
import { series } from "./head-layout.ts";
import type { HeadReader } from "./head-reader.ts";
import { expandRuns } from "./postings.ts";

/** Values of the label `name` among the series that match. `limit` 0: all. */
export function labelValuesOf(
  reader: HeadReader,
  name: string,
  matchers: readonly LabelMatcher[],
  limit: number,
): LabelStrings {
  const { symbols, postings } = reader;
  const nameId = symbols.find(name);
  if (nameId < 0) return { strings: [], warnings: [] };
  const ids = new Set<number>();
  if (matchers.length === 0) {
    for (const entry of postings.valuesOf(postings.find(nameId, 0))) ids.add(postings.valueOf(entry));
  } else {
    forEachLabel(reader, matchers, (labelName, value) => {
      if (labelName === nameId) ids.add(value);
    });
  }
  return sortedTexts(reader, ids, limit);
}

/** Label names among the series that match. `limit` 0: all. */
export function labelNamesOf(
  reader: HeadReader,
  matchers: readonly LabelMatcher[],
  limit: number,
): LabelStrings {
  const { postings } = reader;
  const ids = new Set<number>();
  if (matchers.length === 0) for (const entry of postings.names()) ids.add(postings.nameOf(entry));
  else forEachLabel(reader, matchers, (labelName) => ids.add(labelName));
  return sortedTexts(reader, ids, limit);
}

function forEachLabel(
  reader: HeadReader,
  matchers: readonly LabelMatcher[],
  visit: (nameId: number, valueId: number) => void,
): void {
  const words = reader.arena.u32;
  for (const ref of expandRuns(reader.select(matchers))) {
    const record = reader.recordOf(ref);
    if (record === 0) continue;
    const first = words[(record + series.labels) >>> 2] >>> 2;
    const end = first + words[(record + series.labelIds) >>> 2];
    for (let at = first; at < end; at += 2) visit(words[at], words[at + 1]);
  }
}

function sortedTexts(reader: HeadReader, ids: ReadonlySet<number>, limit: number): LabelStrings {
  const strings = [...ids].map((id) => reader.symbols.text(id)).toSorted(compareUtf8);
  return limit > 0 && strings.length > limit
    ? { strings: strings.slice(0, limit), warnings: ["results truncated due to limit"] }
    : { strings, warnings: [] };
}
