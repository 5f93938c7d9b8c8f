/**
 * Text out of a page's bytes: decoding, checks, escapes, and quoting for error texts.
 */

import { quoteGo } from "@narthex/model/labels";
import { ExpositionError } from "./exposition-parser.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** The string in `page[start, end)`; bytes that are no UTF-8 become U+FFFD. */
export function decodeText(page: Uint8Array, start: number, end: number): string {
  if (end - start <= 24) {
    let text = "";
    let i = start;
    while (i < end && page[i] < 0x80) text += String.fromCharCode(page[i++]);
    if (i === end) return text;
  }
  return decoder.decode(page.subarray(start, end));
}

/** Whether `page[start, end)` is valid UTF-8. */
export function isUtf8(page: Uint8Array, start: number, end: number): boolean {
  let i = start;
  while (i < end && page[i] < 0x80) i++;
  if (i === end) return true;
  try {
    strictDecoder.decode(page.subarray(i, end));
    return true;
  } catch {
    return false; // the decoder has no other way to say so
  }
}

/** Throws when the text of a HELP line, `page[start, end)`, is not valid UTF-8. */
export function checkHelp(page: Uint8Array, start: number, end: number): void {
  if (isUtf8(page, start, end)) return;
  throw new ExpositionError(`help text ${quoteBytes(page, start, end)} is not a valid utf8 string`);
}

/** Throws when a label value, `page[start, end)` with its quotes, is not valid UTF-8. */
export function checkLabelValue(page: Uint8Array, start: number, end: number): void {
  if (isUtf8(page, start, end)) return;
  throw new ExpositionError(`invalid UTF-8 label value: ${quoteBytes(page, start, end)}`);
}

/** Resolves `\\`, `\"` and `\n`; every other backslash stays. */
export function unescapeLabel(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(["\\n])/gu, (_, char: string) => (char === "n" ? "\n" : char));
}

/** Resolves `\\` and `\n`, as in HELP lines of the text format. */
export function unescapeHelp(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([\\n])/gu, (_, char: string) => (char === "n" ? "\n" : char));
}

/**
 * `page[start, end)` in Go's quotes (%q): bytes that are no UTF-8 as `\xff`. A text page has a line feed
 * behind its last byte, so `end` may be one more than the page is long.
 */
export function quoteBytes(page: Uint8Array, start: number, end: number): string {
  let text = "";
  let i = start;
  const stop = Math.min(end, page.length);
  while (i < stop) {
    const size = sequenceSize(page, i, stop);
    text += size === 0 ? `\\x${page[i].toString(16).padStart(2, "0")}` : quoteChar(page, i, i + size);
    i += Math.max(1, size);
  }
  if (end > page.length) text += "\\n";
  return `"${text}"`;
}

function quoteChar(page: Uint8Array, start: number, end: number): string {
  return quoteGo(decoder.decode(page.subarray(start, end))).slice(1, -1);
}

/** How many bytes the character at `i` has; 0 when it is not valid UTF-8. */
function sequenceSize(page: Uint8Array, i: number, end: number): number {
  const first = page[i];
  const size =
    first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  return size > 0 && i + size <= end && isUtf8(page, i, i + size) ? size : 0;
}
