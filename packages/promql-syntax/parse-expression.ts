/**
 * Expressions: precedence climbing over operators, with operands from the other parse files.
 *
 *   token-stream → PARSE-EXPRESSION (→ parse-selector, parse-modifiers, parse-clauses) → type-check
 *
 * Every node is built, and its faults reported, at the moment the original's tables reduce it: some after one
 * token of lookahead, some before. Spans that reach one token too far do so in the original as well.
 */

import { quoteGo } from "@narthex/model/labels";
import type { AggregationOp, BinaryExpr, BinaryOp, Expr, Span } from "./ast.ts";
import { expressionStarts, parseLabelList, parseOperatorModifiers } from "./parse-clauses.ts";
import { type ModifierOptions, parseModifiers } from "./parse-modifiers.ts";
import { isNumberNext, parseNumberLiteral, unquote } from "./parse-number.ts";
import { parseVectorSelector } from "./parse-selector.ts";
import { functionSignatures } from "./signatures.ts";
import { aggregators, aggregatorsWithParam, type Token, type TokenKind } from "./token.ts";
import type { Place, TokenStream } from "./token-stream.ts";

/** Which experimental syntax is switched on. */
export interface ExpressionOptions extends ModifierOptions {
  readonly experimentalFunctions: boolean;
  readonly fillModifiers: boolean;
}

/** How tightly each operator binds; `^` groups to the right, all others to the left. */
const levels: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  "==": 3,
  "!=": 3,
  "<": 3,
  ">": 3,
  "<=": 3,
  ">=": 3,
  "</": 3,
  ">/": 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  "%": 5,
  atan2: 5,
  "^": 6,
};
/** A sign binds as tightly as `*`: -1 ^ 2 is -(1 ^ 2). */
const signLevel = 5;

const inAggregation: Place = { construct: "aggregation", expected: "" };
const callNames: ReadonlySet<TokenKind> = new Set([
  "identifier",
  "start",
  "end",
  "step",
  "range",
  "max_of",
  "min_of",
]);

/** Parses an expression whose operators bind at least as tightly as `level`; 1 takes all. */
export function parseExpression(stream: TokenStream, options: ExpressionOptions, level = 1): Expr {
  let left = parseOperand(stream, options);
  let depth = stream.depth;
  for (;;) {
    const token = stream.peek();
    const own = levels[token.kind] ?? 0;
    if (own < level) {
      stream.built(depth);
      return left;
    }
    stream.next();
    const modifiers = parseOperatorModifiers(stream);
    const right = stream.nested(() => parseExpression(stream, options, token.kind === "^" ? own : own + 1));
    depth = Math.max(depth, stream.depth) + 1;
    stream.built(depth);
    left = binary(stream, options, {
      kind: "binary",
      op: token.kind as BinaryOp,
      left,
      right,
      ...modifiers,
      span: { start: left.span.start, end: right.span.end },
    });
  }
}

function binary(stream: TokenStream, options: ExpressionOptions, expr: BinaryExpr): BinaryExpr {
  const isFilled =
    expr.matching !== null && (expr.matching.fillLeft !== null || expr.matching.fillRight !== null);
  if (isFilled && !options.fillModifiers) {
    stream.fail(expr.span, "binop fill modifiers are experimental and not enabled");
  }
  return expr;
}

/** An operand with its signs and modifiers. */
function parseOperand(stream: TokenStream, options: ExpressionOptions): Expr {
  const sign = stream.accept("-") ?? stream.accept("+");
  if (sign === null) return parseModifiers(stream, options, parsePrimary(stream, options));
  const operand = stream.nested(() => parseExpression(stream, options, signLevel + 1));
  const span = { start: sign.start, end: operand.span.end };
  if (operand.kind === "number") {
    return { ...operand, value: sign.kind === "-" ? -operand.value : operand.value, span };
  }
  stream.built(stream.depth + 1);
  return { kind: "unary", op: sign.kind as "-" | "+", expr: operand, span };
}

function parsePrimary(stream: TokenStream, options: ExpressionOptions): Expr {
  if (isNumberNext(stream)) return parseNumberLiteral(stream);
  const token = stream.peek();
  if (token.kind === "string") {
    stream.next();
    stream.built(1);
    return { kind: "string", value: unquote(token), span: spanOf(token) };
  }
  if (token.kind === "(") return parseParen(stream, options);
  if (!expressionStarts.has(token.kind)) stream.unexpected();
  if (callNames.has(token.kind) || aggregators.has(token.kind)) return parseWord(stream, options);
  return parseVectorSelector(stream, null);
}

/** A word that is a call, an aggregation or a metric, as the token behind it says. */
function parseWord(stream: TokenStream, options: ExpressionOptions): Expr {
  const word = stream.next();
  const { kind } = stream.peek();
  const isAggregator = aggregators.has(word.kind);
  if (isAggregator && (kind === "(" || kind === "by" || kind === "without")) {
    return stream.inside(inAggregation, () => parseAggregation(stream, options, word));
  }
  return !isAggregator && kind === "(" ? parseCall(stream, options, word) : parseVectorSelector(stream, word);
}

function parseParen(stream: TokenStream, options: ExpressionOptions): Expr {
  const opening = stream.next();
  const expr = stream.nested(() => parseExpression(stream, options));
  const closing = stream.expect(")");
  stream.built(stream.depth + 1);
  return { kind: "paren", expr, span: { start: opening.start, end: closing.end } };
}

function parseCall(stream: TokenStream, options: ExpressionOptions, name: Token): Expr {
  const args = parseArguments(stream, options);
  const signature = functionSignatures.get(name.text);
  const quoted = quoteGo(name.text);
  if (signature === undefined) return stream.fail(spanOf(name), `unknown function with name ${quoted}`);
  if (signature.isExperimental && !options.experimentalFunctions) {
    return stream.fail(spanOf(name), `function ${quoted} is not enabled`);
  }
  return { kind: "call", name: name.text, args, span: { start: name.start, end: stream.lastClosing } };
}

/** `(expr, …)`. */
function parseArguments(stream: TokenStream, options: ExpressionOptions): Expr[] {
  stream.expect("(");
  const args: Expr[] = [];
  let depth = 0;
  if (stream.accept(")") === null) {
    for (;;) {
      args.push(stream.nested(() => parseExpression(stream, options)));
      depth = Math.max(depth, stream.depth);
      if (stream.accept(")") !== null) break;
      const comma = stream.expect(",");
      if (!expressionStarts.has(stream.peek().kind)) {
        stream.fail(spanOf(comma), "trailing commas not allowed in function call args");
      }
    }
  }
  stream.built(depth + 1);
  return args;
}

/** The clause may stand before or behind the arguments. */
function parseAggregation(stream: TokenStream, options: ExpressionOptions, op: Token): Expr {
  const before = parseGrouping(stream);
  const args = parseArguments(stream, options);
  const depth = stream.depth;
  const after = before ?? parseGrouping(stream);
  stream.built(depth);
  // Without any clause the original has read one token too far and looks for the parenthesis again.
  const end = after === null ? stream.lexer.endBeforeParen(stream.lastClosing) : stream.lastClosing;
  const span = { start: op.start, end };
  const { param, expr } = aggregationArguments(stream, options, op, args, span);
  const { grouping, without } = after ?? { grouping: [], without: false };
  return { kind: "aggregation", op: op.kind as AggregationOp, expr, param, grouping, without, span };
}

function parseGrouping(stream: TokenStream): { grouping: string[]; without: boolean } | null {
  const clause = stream.accept("by") ?? stream.accept("without");
  return clause === null ? null : { grouping: parseLabelList(stream), without: clause.kind === "without" };
}

function aggregationArguments(
  stream: TokenStream,
  options: ExpressionOptions,
  op: Token,
  args: readonly Expr[],
  span: Span,
): { readonly param: Expr | null; readonly expr: Expr } {
  const [first, second] = args;
  if (first === undefined) return stream.fail(span, "no arguments for aggregate expression provided");
  if ((op.kind === "limitk" || op.kind === "limit_ratio") && !options.experimentalFunctions) {
    const feature = "--enable-feature=promql-experimental-functions";
    return stream.fail(span, `${op.kind}() is experimental and must be enabled with ${feature}`);
  }
  const wanted = aggregatorsWithParam.has(op.kind) ? 2 : 1;
  if (args.length !== wanted) {
    const counts = `expected ${wanted}, got ${args.length}`;
    return stream.fail(span, `wrong number of arguments for aggregate expression provided, ${counts}`);
  }
  return second === undefined ? { param: null, expr: first } : { param: first, expr: second };
}

function spanOf(token: Token): Span {
  return { start: token.start, end: token.end };
}
