/**
 * Start timestamps in scripts: `metric{labels}@st -1m _x2 -30sx3 0s+1sx2`. Each is the distance of a sample's
 * start timestamp from its time, a duration with a sign; repetitions as in series-description.ts.
 */

import { parseDuration } from "@narthex/model/duration";
import type { Labels } from "@narthex/model/labels";
import { quoteGo } from "@narthex/model/labels";
import { maxSeriesValues, parseSeriesDescription } from "./series-description.ts";

/** Parses an `@st` line. Throws an Error that says what is wrong. */
export function parseStartOffsets(line: string): {
  readonly labels: Labels;
  /** Milliseconds; null where there is no start timestamp. */
  readonly offsets: readonly (number | null)[];
} {
  const space = line.search(/[ \t]/u);
  const metric = line.slice(0, space).replace(/@st$/u, "");
  const { labels } = parseSeriesDescription(`${metric} _`);
  const items = line.slice(space).trim().split(/\s+/u);
  const offsets = items.flatMap((item) => [...itemOffsets(item)]);
  return { labels, offsets };
}

const itemShape = /^([+-]?\d+[a-wy-zA-Z]*)(?:([+-][+-]?\d+[a-wy-zA-Z]*)?x(\d+))?$/u;

function* itemOffsets(item: string): Generator<number | null> {
  const none = /^_(?:x([1-9]\d*))?$/u.exec(item);
  if (none !== null) {
    for (let i = 0; i < countOf(none[1] ?? "1"); i++) yield null;
    return;
  }
  const match = itemShape.exec(item);
  if (match === null) throw new Error(`invalid @st sequence: invalid ST item ${quoteGo(item)}`);
  let offset = signedDuration(match[1]);
  const step = match[2] === undefined ? 0 : signedDuration(match[2]);
  for (let i = 0; i <= countOf(match[3] ?? "0"); i++) {
    yield offset;
    offset += step;
  }
}

function countOf(text: string): number {
  const count = Number(text);
  if (count > maxSeriesValues) throw new Error(`more than ${maxSeriesValues} start timestamps`);
  return count;
}

/** A duration with signs before it: `--1m` is a step of a minute, from `a--1mx3`. */
function signedDuration(text: string): number {
  const signs = /^[+-]*/u.exec(text)?.[0] ?? "";
  const isNegative = [...signs].filter((sign) => sign === "-").length % 2 === 1;
  const duration = parseDuration(text.slice(signs.length));
  return isNegative ? -duration : duration;
}
