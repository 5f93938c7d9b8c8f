/**
 * Comparing a page with an earlier one, line by line: the definition of the kernel `page-diff`, short and
 * slow.
 *
 * What must hold: when every line of the earlier page, up to its values, stands in the new page, in order
 * and with nothing between, then the new page has the same series with new values.
 */

import { lineParserFor, type LineFormat } from "./content-type.ts";

/** A line of a page. */
export interface PageLine {
  /** Where it starts; blank lines before it belong to it. */
  readonly start: number;
  /** Of a sample line, the end of its key; of another line, its end behind the line feed. */
  readonly keyEnd: number;
  readonly isSample: boolean;
}

/** How far two pages are equal. */
export interface PageDiff {
  /** Lines that are equal. */
  readonly lines: number;
  /** Whether all lines are equal and nothing is left of the new page. */
  readonly equal: boolean;
  /** A value for each equal sample line. */
  readonly values: readonly number[];
  /** Its time in milliseconds, null for none. */
  readonly times: readonly (number | null)[];
}

/** The lines of a page, the end marker included. Throws `ExpositionError`. */
export function splitPage(format: LineFormat, page: Uint8Array): PageLine[] {
  const lines: PageLine[] = [];
  const parser = lineParserFor(format, page);
  for (;;) {
    const entry = parser.next();
    const start = parser.lineStart;
    if (entry === "end") {
      if (start < page.length) lines.push({ start, keyEnd: page.length, isSample: false });
      return lines;
    }
    const isSample = entry === "series";
    lines.push({ start, keyEnd: isSample ? parser.keyEnd : parser.lineEnd, isSample });
  }
}

/**
 * Compares `page` with `lines` of `earlier`. Throws `ExpositionError` at an equal line whose value is bad.
 */
export function diffPage(
  format: LineFormat,
  earlier: Uint8Array,
  lines: readonly PageLine[],
  page: Uint8Array,
): PageDiff {
  const values: number[] = [];
  const times: (number | null)[] = [];
  const parser = lineParserFor(format, page);
  let at = 0;
  let count = 0;
  for (const { start, keyEnd, isSample } of lines) {
    const behind = at + keyEnd - start;
    if (!standsAt(earlier, start, keyEnd, page, at)) break;
    if (isSample) {
      if (behind >= page.length) break;
      parser.seek(at, "unknown");
      if (parser.next() !== "series" || parser.keyEnd !== behind) break;
      values.push(parser.value);
      times.push(parser.timeMs);
      at = parser.lineEnd;
    } else {
      at = behind;
    }
    count++;
  }
  return { lines: count, equal: count === lines.length && at >= page.length, values, times };
}

/**
 * Whether `earlier[start, end)` stands at `at` in `page`; a line feed missing at the end of either does not
 * count.
 */
function standsAt(earlier: Uint8Array, start: number, end: number, page: Uint8Array, at: number): boolean {
  for (let i = start; i < end; i++) {
    const byte =
      at + i - start < page.length ? page[at + i - start] : at + i - start === page.length ? 10 : -1;
    if (byte !== earlier[i]) return false;
  }
  return true;
}
