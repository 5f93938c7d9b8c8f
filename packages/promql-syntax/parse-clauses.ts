/**
 * Clauses: label lists behind `by`, `on` and the like, and the modifiers between an operator and its right
 * side.
 */

import { isLabelName } from "@narthex/model/metric-name";
import { quoteGo } from "@narthex/model/labels";
import type { VectorMatching } from "./ast.ts";
import { parseNumberLiteral, unquote } from "./parse-number.ts";
import { metricNameKinds } from "./parse-selector.ts";
import type { TokenKind } from "./token.ts";
import type { Place, TokenStream } from "./token-stream.ts";

const wantOpening: Place = { construct: "grouping opts", expected: '"("' };
const wantLabel: Place = { construct: "grouping opts", expected: "label" };
const wantSeparator: Place = { construct: "grouping opts", expected: '"," or ")"' };

/**
 * Words that can be labels in a list: all that can be metric names but `without`, and the words of matching.
 */
const labelKinds: ReadonlySet<TokenKind> = new Set(
  [...metricNameKinds, "bool", "group_left", "group_right", "ignoring", "on", "atan2"].filter(
    (kind) => kind !== "without",
  ),
);

/** Tokens that can begin an expression. */
export const expressionStarts: ReadonlySet<TokenKind> = new Set([
  ...metricNameKinds,
  "number",
  "duration",
  "string",
  "+",
  "-",
  "(",
  "{",
]);

/** `(label, "quoted label", …)`. */
export function parseLabelList(stream: TokenStream): string[] {
  if (stream.accept("(") === null) stream.unexpected(wantOpening);
  const labels: string[] = [];
  if (stream.accept(")") !== null) return labels;
  for (;;) {
    labels.push(parseLabel(stream));
    if (stream.accept(")") !== null) return labels;
    if (stream.accept(",") === null) stream.unexpected(wantSeparator);
    if (stream.accept(")") !== null) return labels;
  }
}

function parseLabel(stream: TokenStream): string {
  const token = stream.peek();
  if (!labelKinds.has(token.kind) && token.kind !== "string") stream.unexpected(wantLabel);
  stream.next();
  const label = token.kind === "string" ? unquote(token) : token.text;
  if (!isLabelName(label)) stream.fail(token, `invalid label name for grouping: ${quoteGo(label)}`);
  return label;
}

/** What stands between an operator and its right side. */
export interface OperatorModifiers {
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

/** `bool on (…) group_left (…) fill (…)`, each optional. */
export function parseOperatorModifiers(stream: TokenStream): OperatorModifiers {
  const returnBool = stream.accept("bool") !== null;
  const matched = stream.accept("on") ?? stream.accept("ignoring");
  const labels = matched === null ? [] : parseLabelList(stream);
  const grouped = matched === null ? null : (stream.accept("group_left") ?? stream.accept("group_right"));
  const include = grouped === null ? [] : parseIncluded(stream);
  const card =
    grouped === null ? "one-to-one" : grouped.kind === "group_left" ? "many-to-one" : "one-to-many";
  const fill = parseFill(stream);
  return { returnBool, matching: { card, labels, on: matched?.kind === "on", include, ...fill } };
}

function parseIncluded(stream: TokenStream): string[] {
  const { kind } = stream.peek();
  if (kind === "(") return parseLabelList(stream);
  if (!expressionStarts.has(kind)) stream.unexpected(wantOpening);
  return [];
}

/** `fill(n)`, or `fill_left(n)` and `fill_right(n)` in either order. */
function parseFill(stream: TokenStream): { fillLeft: number | null; fillRight: number | null } {
  if (stream.accept("fill") !== null) {
    const fill = parseFillValue(stream);
    return { fillLeft: fill, fillRight: fill };
  }
  if (stream.accept("fill_left") !== null) {
    const fillLeft = parseFillValue(stream);
    return { fillLeft, fillRight: stream.accept("fill_right") === null ? null : parseFillValue(stream) };
  }
  if (stream.accept("fill_right") === null) return { fillLeft: null, fillRight: null };
  const fillRight = parseFillValue(stream);
  return { fillLeft: stream.accept("fill_left") === null ? null : parseFillValue(stream), fillRight };
}

function parseFillValue(stream: TokenStream): number {
  stream.expect("(");
  const sign = stream.accept("-") ?? stream.accept("+");
  const { value } = parseNumberLiteral(stream);
  stream.expect(")");
  return sign?.kind === "-" ? -value : value;
}
