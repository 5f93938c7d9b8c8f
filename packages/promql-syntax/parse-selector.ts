/**
 * Vector selectors: `name{label="value", "utf8.name"=~"pattern"}`.
 */

import { LabelMatcher, type MatchKind } from "@narthex/model/label-matcher";
import { metricNameLabel } from "@narthex/model/labels";
import type { VectorSelector } from "./ast.ts";
import { unquote } from "./parse-number.ts";
import { aggregators, type Token, type TokenKind } from "./token.ts";
import type { Place, TokenStream } from "./token-stream.ts";

/** Tokens that can be the name of a metric: identifiers and most keywords. */
export const metricNameKinds: ReadonlySet<TokenKind> = new Set([
  ...aggregators,
  "identifier",
  "metric identifier",
  "by",
  "without",
  "fill",
  "fill_left",
  "fill_right",
  "and",
  "or",
  "unless",
  "offset",
  "start",
  "end",
  "step",
  "range",
  "anchored",
  "smoothed",
  "max_of",
  "min_of",
]);

const matchKinds: ReadonlySet<TokenKind> = new Set(["=", "!=", "=~", "!~"]);

function matching(expected: string): Place {
  return { construct: "label matching", expected };
}
const wantMatcher = matching('identifier or "}"');
const wantOperator = matching("label matching operator");
const wantValue = matching("string");
const wantSeparator = matching('"," or "}"');

/** Parses a selector; `word` is its name when that token has been taken already. */
export function parseVectorSelector(stream: TokenStream, word: Token | null): VectorSelector {
  const name = word ?? (metricNameKinds.has(stream.peek().kind) ? stream.next() : null);
  if (name !== null && stream.peek().kind !== "{") return selector(stream, name, [], name.end);
  const brace = stream.expect("{");
  const { matchers, end } = parseMatchers(stream);
  return name === null
    ? { ...selector(stream, null, matchers, end), span: { start: brace.start, end } }
    : selector(stream, name, matchers, end);
}

/** The name's own matcher comes last, as in the original. */
function selector(
  stream: TokenStream,
  name: Token | null,
  inside: LabelMatcher[],
  end: number,
): VectorSelector {
  stream.built(1);
  const matchers = name === null ? inside : [...inside, new LabelMatcher("=", metricNameLabel, name.text)];
  return {
    kind: "vector selector",
    name: name?.text ?? "",
    matchers,
    offset: { kind: "duration", ms: 0 },
    at: null,
    extension: null,
    span: { start: name?.start ?? 0, end },
  };
}

/** The inside of the braces, up to and with the closing one. */
function parseMatchers(stream: TokenStream): { matchers: LabelMatcher[]; end: number } {
  const matchers: LabelMatcher[] = [];
  for (;;) {
    const closing = stream.accept("}");
    if (closing !== null) return { matchers, end: closing.end };
    matchers.push(parseMatcher(stream));
    const last = stream.accept("}");
    if (last !== null) return { matchers, end: last.end };
    if (stream.accept(",") === null) stream.unexpected(wantSeparator);
  }
}

function parseMatcher(stream: TokenStream): LabelMatcher {
  const { kind } = stream.peek();
  if (kind !== "identifier" && kind !== "string") stream.unexpected(wantMatcher);
  const label = stream.next();
  const labelText = kind === "string" ? unquote(label) : label.text;
  if (!matchKinds.has(stream.peek().kind)) {
    // A lone string is the metric's name.
    if (kind === "string") return new LabelMatcher("=", metricNameLabel, labelText);
    stream.unexpected(wantOperator);
  }
  const operator = stream.next();
  if (stream.peek().kind !== "string") stream.unexpected(wantValue);
  const value = stream.next();
  try {
    return new LabelMatcher(operator.kind as MatchKind, labelText, unquote(value));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The original takes the unquoted text for the label's end, but only the start shows.
    return stream.fail({ start: label.start, end: value.end }, error.message);
  }
}
