/**
 * What follows an expression and changes it: `[range]`, `[range:step]`, `offset`, `@`, `anchored`,
 * `smoothed`.
 */

import { unreachable } from "@narthex/platform/assert";
import type { AtModifier, Duration, Expr, Span, VectorSelector } from "./ast.ts";
import { type DurationOptions, parseOffset, parsePositiveDuration } from "./parse-duration.ts";
import { parseNumberLiteral } from "./parse-number.ts";
import type { Token } from "./token.ts";
import type { Place, TokenStream } from "./token-stream.ts";

/** Which modifiers are switched on. */
export interface ModifierOptions extends DurationOptions {
  readonly extendedRangeSelectors: boolean;
}

const wantOffset: Place = { construct: "offset", expected: "number, duration, step(), or range()" };
const wantTime: Place = { construct: "@", expected: "timestamp" };
const wantRange: Place = {
  construct: "subquery or range selector",
  expected: "number, duration, step(), or range()",
};
const wantColon: Place = { construct: "subquery or range", expected: '":" or "]"' };
const wantStep: Place = {
  construct: "subquery selector",
  expected: 'number, duration, step(), range(), or "]"',
};
const wantEnd: Place = { construct: "subquery selector", expected: '"]"' };

const precedents = "an instant vector selector or range vector selector or a subquery";

/** Applies the modifiers that follow `expr`, one after the other. */
export function parseModifiers(stream: TokenStream, options: ModifierOptions, expr: Expr): Expr {
  let modified = expr;
  for (;;) {
    switch (stream.peek().kind) {
      case "[":
        modified = parseBrackets(stream, options, modified);
        break;
      case "offset":
        modified = parseOffsetModifier(stream, options, modified);
        break;
      case "@":
        modified = parseAtModifier(stream, modified);
        break;
      case "anchored":
      case "smoothed":
        modified = applyExtension(stream, options, modified, stream.next().kind as "anchored" | "smoothed");
        break;
      default:
        return modified;
    }
  }
}

/** `[range]` or `[range:step]`. */
function parseBrackets(stream: TokenStream, options: ModifierOptions, expr: Expr): Expr {
  const depth = stream.depth + 1;
  const opening = stream.next();
  const range = stream.inside(wantRange, () => parsePositiveDuration(stream, options));
  const closing = stream.accept("]");
  stream.built(depth);
  if (closing !== null) return matrixSelector(stream, expr, range, opening, closing);
  if (stream.accept(":") === null) stream.unexpected(wantColon);
  const span = (end: number): Span => ({ start: expr.span.start, end });
  const subquery = { kind: "subquery", expr, range, offset: { kind: "duration", ms: 0 }, at: null } as const;
  const early = stream.accept("]");
  if (early !== null) return { ...subquery, step: null, span: span(early.end) };
  const step = stream.inside(wantStep, () => parsePositiveDuration(stream, options));
  const late = stream.accept("]") ?? stream.unexpected(wantEnd);
  stream.built(depth);
  return { ...subquery, step, span: span(late.end) };
}

function matrixSelector(
  stream: TokenStream,
  expr: Expr,
  range: Duration,
  opening: Token,
  closing: Token,
): Expr {
  const brackets = { start: opening.start, end: closing.end };
  if (expr.kind !== "vector selector")
    return stream.fail(brackets, "ranges only allowed for vector selectors");
  if (isSet(expr.offset)) return stream.fail(brackets, "no offset modifiers allowed before range");
  if (expr.at !== null) return stream.fail(brackets, "no @ modifiers allowed before range");
  return {
    kind: "matrix selector",
    selector: expr,
    range,
    span: { start: expr.span.start, end: closing.end },
  };
}

/** An offset of zero counts as none. */
function isSet(offset: Duration): boolean {
  return offset.kind !== "duration" || offset.ms !== 0;
}

function parseOffsetModifier(stream: TokenStream, options: ModifierOptions, expr: Expr): Expr {
  const depth = stream.depth;
  stream.next();
  const offset = stream.inside(wantOffset, () => parseOffset(stream, options));
  stream.built(depth);
  const end = stream.lastClosing;
  const once = (current: Duration): void => {
    if (isSet(current)) stream.fail(expr.span, "offset may not be set multiple times");
  };
  switch (expr.kind) {
    case "vector selector":
    case "subquery":
      once(expr.offset);
      return { ...expr, offset, span: { start: expr.span.start, end } };
    case "matrix selector":
      once(expr.selector.offset);
      return { ...expr, selector: { ...expr.selector, offset }, span: { start: expr.span.start, end } };
    default:
      return stream.fail(expr.span, `offset modifier must be preceded by ${precedents}`);
  }
}

function parseAtModifier(stream: TokenStream, expr: Expr): Expr {
  const depth = stream.depth;
  stream.next();
  const at = stream.inside(wantTime, () => parseTime(stream, expr.span));
  stream.built(depth);
  const end = stream.lastClosing;
  const once = (current: AtModifier | null): void => {
    if (current !== null) stream.fail(expr.span, "@ <timestamp> may not be set multiple times");
  };
  switch (expr.kind) {
    case "vector selector":
    case "subquery":
      once(expr.at);
      return { ...expr, at, span: { start: expr.span.start, end } };
    case "matrix selector":
      once(expr.selector.at);
      return { ...expr, selector: { ...expr.selector, at }, span: { start: expr.span.start, end } };
    default:
      return stream.fail(expr.span, `@ modifier must be preceded by ${precedents}`);
  }
}

/** Seconds with a sign, `start()` or `end()`. */
function parseTime(stream: TokenStream, span: Span): AtModifier {
  const border = stream.accept("start") ?? stream.accept("end");
  if (border !== null) {
    stream.expect("(");
    stream.expect(")");
    return { kind: border.kind as "start" | "end" };
  }
  const sign = stream.accept("-") ?? stream.accept("+");
  const magnitude = parseNumberLiteral(stream).value;
  const seconds = sign?.kind === "-" ? -magnitude : magnitude;
  // Beyond ±2^63 seconds, and NaN.
  if (!(Math.abs(seconds) < 2 ** 63)) {
    stream.fail(span, `timestamp out of bounds for @ modifier: ${sixDecimals(seconds)}`);
  }
  const timeMs = Math.sign(seconds) * Math.round(Math.abs(seconds) * 1000) + 0;
  // Milliseconds beyond 64 bits are the least there are.
  return { kind: "time", timeMs: Math.abs(timeMs) < 2 ** 63 ? timeMs : -(2 ** 63) };
}

/** `%f` of a number of at least 2^63, an infinity or NaN. */
function sixDecimals(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return `${BigInt(value)}.000000`;
}

type Extension = NonNullable<VectorSelector["extension"]>;

function applyExtension(
  stream: TokenStream,
  options: ModifierOptions,
  expr: Expr,
  extension: Extension,
): Expr {
  if (!options.extendedRangeSelectors) {
    return stream.fail(expr.span, `${extension} modifier is experimental and not enabled`);
  }
  const extend = (selector: VectorSelector): VectorSelector => {
    if (selector.extension !== null && selector.extension !== extension) {
      stream.fail(expr.span, "anchored and smoothed modifiers cannot be used together");
    }
    return { ...selector, extension };
  };
  switch (expr.kind) {
    case "vector selector":
      return extend(expr);
    case "matrix selector":
      return { ...expr, selector: extend(expr.selector) };
    case "subquery":
      return stream.fail(expr.span, `${extension} modifier is not supported for subqueries`);
    case "number":
    case "string":
    case "aggregation":
    case "binary":
    case "call":
    case "paren":
    case "unary":
      return stream.fail(expr.span, `${extension} modifier not implemented`);
    default:
      return unreachable(expr);
  }
}
