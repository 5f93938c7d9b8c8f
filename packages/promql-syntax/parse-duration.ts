/**
 * Durations in brackets and behind `offset`: literals, and expressions over `step()`, `range()`, `min_of` and
 * `max_of`.
 *
 * Behind `offset` a bare literal or call is the whole duration, so that `foo offset 5m + 1` adds to `foo`;
 * only what starts with a parenthesis or two signs goes on. In brackets everything up to `:` or `]` belongs
 * to it.
 */

import type { Duration, DurationExpr, DurationLiteral, Span } from "./ast.ts";
import { isNumberNext, parseNumberLiteral } from "./parse-number.ts";
import type { Token } from "./token.ts";
import type { TokenStream } from "./token-stream.ts";

/** A duration while it is parsed: an expression, or a literal of so many seconds. */
interface Parsed {
  readonly expr: DurationExpr | null;
  readonly seconds: number;
  readonly isDuration: boolean;
  readonly span: Span;
}

/** What 2^63 nanoseconds are in seconds. */
const maxSeconds = 2 ** 63 / 1e9;

const levels: Readonly<Record<string, number>> = { "+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 3 };
const signLevel = 2;

/** Whether duration expressions are switched on. */
export interface DurationOptions {
  readonly durationExpressions: boolean;
}

/** A range or step in brackets; must be greater than 0 unless it is an expression. */
export function parsePositiveDuration(stream: TokenStream, options: DurationOptions): Duration {
  const parsed = parseExpr(stream, options, 1);
  if (parsed.expr === null && parsed.seconds <= 0)
    stream.fail(parsed.span, "duration must be greater than 0");
  return settle(parsed);
}

/** What stands behind `offset`. */
export function parseOffset(stream: TokenStream, options: DurationOptions): Duration {
  if (isNumberNext(stream)) return settle(parseLiteral(stream));
  if (isCallNext(stream)) return settle(parseCall(stream, options));
  const sign = acceptSign(stream);
  if (sign === null) return settle(parseExpr(stream, options, 1));
  if (isNumberNext(stream)) {
    const literal = parseNumberLiteral(stream);
    const seconds = sign.kind === "-" ? -literal.value : literal.value;
    if (isOutOfRange(seconds)) stream.fail(sign, "duration out of range");
    return settle({
      expr: null,
      seconds,
      isDuration: literal.isDuration,
      span: { start: sign.start, end: literal.span.end },
    });
  }
  if (isCallNext(stream)) return settle(parseSignedCall(stream, options, sign));
  if (stream.peek().kind === "(") return settle(applySign(stream, sign, parseParen(stream, options, false)));
  const operand = applySign(
    stream,
    sign,
    stream.nested(() => parseExpr(stream, options, signLevel + 1)),
  );
  return settle(parseOperators(stream, options, 1, operand));
}

/** Operators of at least `level` and their operands. */
function parseExpr(stream: TokenStream, options: DurationOptions, level: number): Parsed {
  return parseOperators(stream, options, level, parseOperand(stream, options));
}

function parseOperand(stream: TokenStream, options: DurationOptions): Parsed {
  if (isCallNext(stream)) return parseCall(stream, options);
  if (stream.peek().kind === "(") return parseParen(stream, options, true);
  const sign = acceptSign(stream);
  if (sign === null) return parseLiteral(stream);
  return applySign(
    stream,
    sign,
    stream.nested(() => parseExpr(stream, options, signLevel + 1)),
  );
}

function parseOperators(stream: TokenStream, options: DurationOptions, level: number, first: Parsed): Parsed {
  let left = first;
  let depth = stream.depth;
  for (;;) {
    const token = stream.peek();
    const own = levels[token.kind] ?? 0;
    if (own < level) {
      stream.built(depth);
      return left;
    }
    stream.next();
    const right = stream.nested(() => parseExpr(stream, options, token.kind === "^" ? own : own + 1));
    requireExpressions(stream, options, left.span);
    if (right.expr === null && right.seconds === 0 && (token.kind === "/" || token.kind === "%")) {
      stream.fail(token, token.kind === "/" ? "division by zero" : "modulo by zero");
    }
    depth = Math.max(depth, stream.depth) + 1;
    stream.built(depth);
    left = expression(token.kind as DurationExpr["op"], [left, right], {
      start: left.span.start,
      end: right.span.end,
    });
  }
}

function isCallNext(stream: TokenStream): boolean {
  const { kind } = stream.peek();
  return kind === "step" || kind === "range" || kind === "min_of" || kind === "max_of";
}

function parseCall(stream: TokenStream, options: DurationOptions): Parsed {
  const call = parseBareCall(stream, options);
  requireExpressions(stream, options, call.span);
  return call;
}

/** `-step()` and the like: switched off, the whole is reported, sign and all. */
function parseSignedCall(stream: TokenStream, options: DurationOptions, sign: Token): Parsed {
  const call = parseBareCall(stream, options);
  const span = { start: sign.start, end: call.span.end };
  requireExpressions(stream, options, span);
  return expression(sign.kind === "-" ? "negate" : "plus", [call], span);
}

function parseBareCall(stream: TokenStream, options: DurationOptions): Parsed {
  const name = stream.next();
  stream.expect("(");
  if (name.kind === "step" || name.kind === "range") {
    const end = stream.expect(")").end;
    stream.built(1);
    return expression(name.kind, [], { start: name.start, end });
  }
  const first = stream.nested(() => parseExpr(stream, options, 1));
  const depth = stream.depth;
  stream.expect(",");
  const second = stream.nested(() => parseExpr(stream, options, 1));
  stream.expect(")");
  stream.built(Math.max(depth, stream.depth) + 1);
  // The original spans the operands only.
  return expression(name.kind as DurationExpr["op"], [first, second], {
    start: first.span.start,
    end: second.span.end,
  });
}

/** `(duration)`; behind a sign the original does not ask whether expressions are switched on. */
function parseParen(stream: TokenStream, options: DurationOptions, isChecked: boolean): Parsed {
  const opening = stream.expect("(");
  const inner = stream.nested(() => parseExpr(stream, options, 1));
  stream.expect(")");
  if (isChecked) requireExpressions(stream, options, inner.span);
  return parenthesized(inner, isChecked ? opening.start : inner.span.start);
}

/** One pair of parentheses is kept; more say no more. */
function parenthesized(inner: Parsed, start: number): Parsed {
  if (inner.expr === null) return expression("paren", [inner], { start, end: inner.span.end });
  return inner.expr.op === "paren" ? inner : expression("paren", [inner], inner.span);
}

function parseLiteral(stream: TokenStream): Parsed {
  const { value: seconds, isDuration, span } = parseNumberLiteral(stream);
  if (isOutOfRange(seconds)) stream.fail(span, "duration out of range");
  return { expr: null, seconds, isDuration, span };
}

function acceptSign(stream: TokenStream): Token | null {
  return stream.accept("-") ?? stream.accept("+");
}

/** A sign before a literal changes it; a minus before an expression is a node, a plus is nothing. */
function applySign(stream: TokenStream, sign: Token, operand: Parsed): Parsed {
  const span = { start: sign.start, end: operand.span.end };
  if (operand.expr !== null) return sign.kind === "-" ? expression("negate", [operand], span) : operand;
  const seconds = sign.kind === "-" ? -operand.seconds : operand.seconds;
  if (isOutOfRange(seconds)) stream.fail(sign, "duration out of range");
  return { ...operand, seconds, span };
}

function requireExpressions(stream: TokenStream, options: DurationOptions, span: Span): void {
  if (!options.durationExpressions) stream.fail(span, "experimental duration expression is not enabled");
}

function isOutOfRange(seconds: number): boolean {
  return seconds > maxSeconds || seconds < -maxSeconds;
}

function expression(op: DurationExpr["op"], operands: readonly Parsed[], span: Span): Parsed {
  const expr: DurationExpr = { kind: "duration expression", op, operands: operands.map(asOperand), span };
  return { expr, seconds: NaN, isDuration: false, span };
}

function asOperand({ expr, seconds, isDuration }: Parsed): Duration {
  if (expr !== null) return expr;
  return isDuration
    ? { kind: "duration", ms: seconds * 1000 }
    : { kind: "duration", ms: seconds * 1000, seconds };
}

/** A literal as range, step or offset: to the nanosecond, then cut to whole milliseconds. */
function settle({ expr, seconds, isDuration }: Parsed): Duration {
  if (expr !== null) return expr;
  // In whole nanoseconds the original's NaN is the least there is.
  if (Number.isNaN(seconds)) return literal(Math.trunc(-(2 ** 63) / 1e6));
  if (isDuration) return literal(Math.round(seconds * 1000));
  return literal(Math.trunc((Math.sign(seconds) * Math.round(Math.abs(seconds) * 1e9)) / 1e6));
}

function literal(ms: number): DurationLiteral {
  return { kind: "duration", ms: ms + 0 };
}
