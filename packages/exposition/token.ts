/**
 * Tokens of both text formats, and how error texts show them.
 */

import { ExpositionError } from "./exposition-parser.ts";
import { quoteBytes } from "./page-text.ts";

/** Kinds of tokens. */
export const Token = {
  Invalid: -1,
  End: 0,
  Linebreak: 1,
  Help: 2,
  Type: 3,
  Unit: 4,
  EofWord: 5,
  Text: 6,
  Comment: 7,
  MetricName: 8,
  Quoted: 9,
  BraceOpen: 10,
  BraceClose: 11,
  LabelName: 12,
  LabelValue: 13,
  Comma: 14,
  Equal: 15,
  Timestamp: 16,
  Value: 17,
} as const;

/** A kind of token. */
export type Token = (typeof Token)[keyof typeof Token];

const names = [
  "EOF",
  "LINEBREAK",
  "HELP",
  "TYPE",
  "UNIT",
  "EOFWORD",
  "TEXT",
  "COMMENT",
  "MNAME",
  "QSTRING",
  "BOPEN",
  "BCLOSE",
  "LNAME",
  "LVALUE",
  "COMMA",
  "EQUAL",
  "TIMESTAMP",
  "VALUE",
];

/** The token's name in error texts. */
export function tokenName(token: Token): string {
  return token === Token.Invalid ? "INVALID" : names[token];
}

/** What a lexer knows when a parser is not content with its token. */
export interface LexerState {
  readonly page: Uint8Array;
  /** Bytes that the lexer sees: text pages get a line feed behind their last byte. */
  readonly length: number;
  /** Where the current token starts. */
  readonly start: number;
  /** Where the lexer stands, behind the token; for an invalid one, at the byte that did not fit. */
  readonly at: number;
}

/** The error for a token that does not fit; `entryStart` is where the entry starts. */
export function unexpected(
  expected: string,
  token: Token,
  lexer: LexerState,
  entryStart: number,
): ExpositionError {
  const end = Math.min(lexer.length, lexer.at + 1);
  const got = quoteBytes(lexer.page, lexer.start, end);
  const parsed = quoteBytes(lexer.page, entryStart, end);
  return new ExpositionError(`${expected}, got ${got} ("${tokenName(token)}") while parsing: ${parsed}`);
}
