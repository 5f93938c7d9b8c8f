/**
 * Tokens of the query language and how error texts name them.
 */

import { quoteGo } from "@narthex/model/labels";
import { fromByteText } from "./byte-text.ts";

/** The aggregation operators; they are metric names too where no aggregation can stand. */
export const aggregators: ReadonlySet<string> = new Set([
  "sum",
  "avg",
  "count",
  "min",
  "max",
  "group",
  "stddev",
  "stdvar",
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
]);

/** Aggregations that take a parameter before the vector. */
export const aggregatorsWithParam: ReadonlySet<string> = new Set([
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
]);

/** Words that operate. */
const wordOperators: ReadonlySet<string> = new Set(["and", "or", "unless", "atan2"]);

/** Words of clauses and modifiers. */
const clauseWords: ReadonlySet<string> = new Set([
  "offset",
  "smoothed",
  "anchored",
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
  "fill",
  "fill_left",
  "fill_right",
  "bool",
]);

/** Words that are functions of the query's own times. */
const timeWords: ReadonlySet<string> = new Set(["start", "end", "step", "range", "max_of", "min_of"]);

/** Every word that is no plain identifier; `inf` and `nan` are numbers. */
export const keywords: ReadonlySet<string> = new Set([
  ...aggregators,
  ...wordOperators,
  ...clauseWords,
  ...timeWords,
]);

const symbolOperators: ReadonlySet<string> = new Set([
  "+",
  "-",
  "*",
  "/",
  "%",
  "^",
  "==",
  "!=",
  "<",
  ">",
  "<=",
  ">=",
  "</",
  ">/",
  "=~",
  "!~",
  "@",
]);

/**
 * The kind of a token: a keyword in lower case, an operator or bracket as written, or one of `identifier`,
 * `metric identifier` (with a colon), `string` (with its quotes), `number`, `duration`, `end of input`.
 */
export type TokenKind = string;

/** One token; `text` is as written, one character per byte. */
export interface Token {
  readonly kind: TokenKind;
  /** Byte offset of the first character. */
  readonly start: number;
  /** Byte offset behind the last character. */
  readonly end: number;
  readonly text: string;
}

const described: ReadonlySet<string> = new Set([
  "identifier",
  "metric identifier",
  "string",
  "number",
  "duration",
]);

/** The token as error texts show it: `identifier "foo"`, `<op:and>`, `end of input`. */
export function describeToken(token: Token): string {
  if (token.kind === "end of input") return token.kind;
  const shown = showToken(token);
  return described.has(token.kind) ? `${token.kind} ${shown}` : shown;
}

function showToken({ kind, text }: Token): string {
  if (kind === "identifier" || kind === "metric identifier") return quoteGo(text);
  if (clauseWords.has(kind)) return `<${text}>`;
  if (symbolOperators.has(kind) || wordOperators.has(kind)) return `<op:${text}>`;
  if (aggregators.has(kind)) return `<aggr:${text}>`;
  if (text.length <= 10) return quoteGo(fromByteText(text));
  const characters = Array.from(fromByteText(text));
  return `${quoteGo(characters.slice(0, 10).join(""))}...`;
}

/** A character in single quotes with Go's escapes; -1 (the end) shows as U+FFFD. */
export function quoteCharacter(code: number): string {
  if (code === -1) return "'\ufffd'";
  if (code === 0x27) return "'\\''";
  if (code === 0x22) return "'\"'";
  return `'${quoteGo(String.fromCodePoint(code)).slice(1, -1)}'`;
}

/** A character as Go's `%#U` shows it: `U+0078 'x'`. */
export function unicodeName(code: number): string {
  const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  const quoted = quoteGo(String.fromCodePoint(code));
  const isPrintable = code === 0x22 || code === 0x5c || !quoted.startsWith('"\\');
  return isPrintable ? `${name} '${String.fromCodePoint(code)}'` : name;
}
