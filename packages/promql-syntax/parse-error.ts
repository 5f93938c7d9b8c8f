/**
 * The one error of the parser. Texts and positions are the original's, letter for letter: clients show and
 * match them.
 */

import type { Span } from "./ast.ts";

/** A query that does not parse or does not type-check. Only the first fault is reported. */
export class ParseError extends Error {
  override readonly name = "ParseError";
  /** What is wrong, without the position. */
  readonly reason: string;
  /** Where, in UTF-8 bytes of the query. */
  readonly span: Span;
  /** Line of the start, from 1; 0 when the query is empty. */
  readonly line: number;
  /** Column of the start in bytes, from 1; 0 when the query is empty. */
  readonly column: number;

  /** `byteText` is the query with one character per byte. */
  constructor(byteText: string, span: Span, reason: string) {
    const { line, column } = position(byteText, span.start);
    const where =
      line === 0 ? (byteText === "" ? "unknown position" : "invalid position") : `${line}:${column}`;
    super(`${where}: parse error: ${reason}`);
    this.reason = reason;
    this.span = span;
    this.line = line;
    this.column = column;
  }
}

function position(byteText: string, offset: number): { line: number; column: number } {
  if (byteText === "" || offset < 0 || offset > byteText.length) return { line: 0, column: 0 };
  const before = byteText.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}
