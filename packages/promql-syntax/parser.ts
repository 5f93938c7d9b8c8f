/**
 * The parser of the query language: text → type-checked tree.
 *
 *   lexer → token-stream → parse-expression → type-check → PARSER's caller
 *
 * Error texts and positions equal the original's, so the way there is the original's as well: one token of
 * lookahead, faults in the order in which its tables find them. Pure: runs in the browser.
 *
 * Limits: queries of at most `maxQueryBytes`; what `maxDepth` and `maxNesting` of token-stream say.
 */

import type { LabelMatcher } from "@narthex/model/label-matcher";
import type { Expr } from "./ast.ts";
import { toByteText } from "./byte-text.ts";
import { Lexer } from "./lexer.ts";
import { ParseError } from "./parse-error.ts";
import { type ExpressionOptions, parseExpression } from "./parse-expression.ts";
import { metricNameKinds, parseVectorSelector } from "./parse-selector.ts";
import { TokenStream } from "./token-stream.ts";
import { checkTypes } from "./type-check.ts";

/** Switches for experimental syntax; all off by default. */
export interface ParseOptions {
  readonly experimentalFunctions?: boolean;
  readonly durationExpressions?: boolean;
  readonly extendedRangeSelectors?: boolean;
  readonly fillModifiers?: boolean;
}

/** The longest query, in bytes. */
export const maxQueryBytes = 4 * 1024 * 1024;

/** Parses and type-checks a query. Throws `ParseError`. */
export function parseQuery(text: string, options: ParseOptions = {}): Expr {
  const stream = open(text);
  const { lexer } = stream;
  if (stream.peek().kind === "end of input") {
    return stream.fail({ start: 0, end: 0 }, "no expression found in input");
  }
  const expr = parseExpression(stream, allOptions(options));
  if (stream.peek().kind !== "end of input") stream.unexpected();
  checkTypes(expr, lexer.input);
  return expr;
}

/**
 * Parses a selector alone, as `match[]` parameters hold it, and returns its matchers. Throws `ParseError`.
 */
export function parseSelector(text: string): readonly LabelMatcher[] {
  const stream = open(text);
  const { kind } = stream.peek();
  if (kind !== "{" && !metricNameKinds.has(kind)) stream.unexpected();
  const { matchers } = parseVectorSelector(stream, null);
  if (stream.peek().kind !== "end of input") stream.unexpected();
  return matchers;
}

function open(text: string): TokenStream {
  const byteText = toByteText(text);
  if (byteText.length > maxQueryBytes) {
    throw new ParseError(byteText, { start: 0, end: 0 }, `query is longer than ${maxQueryBytes} bytes`);
  }
  return new TokenStream(new Lexer(byteText));
}

function allOptions(options: ParseOptions): ExpressionOptions {
  return {
    experimentalFunctions: options.experimentalFunctions ?? false,
    durationExpressions: options.durationExpressions ?? false,
    extendedRangeSelectors: options.extendedRangeSelectors ?? false,
    fillModifiers: options.fillModifiers ?? false,
  };
}
