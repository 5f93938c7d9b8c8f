/**
 * A tree in the JSON form that `parse_query` answers with and the original's web page shows.
 *
 * Durations are whole milliseconds, or 0 beside an expression. Keys stand in the order of the alphabet, as
 * the original writes them. Bytes that are not UTF-8 show as U+FFFD.
 */

import { unreachable } from "@narthex/platform/assert";
import { formatGoF } from "@narthex/model/go-float";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import type {
  AtModifier,
  BinaryExpr,
  Call,
  Duration,
  DurationExpr,
  Expr,
  ValueType,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";
import { functionSignatures, type FunctionSignature } from "./signatures.ts";

/** Anything that `JSON.stringify` writes without loss. NaN and infinities of `fill` are the exception. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** How the original's JSON names the types. */
const typeNames: Readonly<Record<ValueType, string>> = {
  scalar: "scalar",
  string: "string",
  "instant vector": "vector",
  "range vector": "matrix",
};

/** The JSON form of `expr`. */
export function astJson(expr: Expr): Json {
  switch (expr.kind) {
    case "number":
      return { type: "numberLiteral", val: formatGoF(expr.value) };
    case "string":
      return { type: "stringLiteral", val: expr.value.toWellFormed() };
    case "vector selector":
      return { ...selectorJson(expr), type: "vectorSelector" };
    case "matrix selector":
      return sorted({
        ...selectorJson(expr.selector),
        ...durationJson("range", expr.range),
        type: "matrixSelector",
      });
    case "subquery":
      return sorted({
        expr: astJson(expr.expr),
        ...durationJson("offset", expr.offset),
        ...durationJson("range", expr.range),
        ...durationJson("step", expr.step),
        ...atJson(expr.at),
        type: "subquery",
      });
    case "aggregation":
      return {
        expr: astJson(expr.expr),
        grouping: expr.grouping,
        op: expr.op,
        param: expr.param === null ? null : astJson(expr.param),
        type: "aggregation",
        without: expr.without,
      };
    case "binary":
      return binaryJson(expr);
    case "call":
      return callJson(expr);
    case "paren":
      return { expr: astJson(expr.expr), type: "parenExpr" };
    case "unary":
      return { expr: astJson(expr.expr), op: expr.op, type: "unaryExpr" };
    default:
      return unreachable(expr);
  }
}

function sorted(object: Readonly<Record<string, Json>>): Json {
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function selectorJson({ name, matchers, offset, at, extension }: VectorSelector): Record<string, Json> {
  return {
    anchored: extension === "anchored",
    matchers: matchers.map(matcherJson),
    name,
    ...durationJson("offset", offset),
    smoothed: extension === "smoothed",
    ...atJson(at),
  };
}

function matcherJson({ name, kind, value }: LabelMatcher): Json {
  return { name: name.toWellFormed(), type: kind, value: value.toWellFormed() };
}

function atJson(at: AtModifier | null): { startOrEnd: Json; timestamp: Json } {
  const isTime = at?.kind === "time";
  return { startOrEnd: at === null || isTime ? null : at.kind, timestamp: isTime ? at.timeMs : null };
}

/** `key` with the milliseconds, and `keyExpr`. */
function durationJson(key: string, duration: Duration | null): Record<string, Json> {
  const isExpr = duration?.kind === "duration expression";
  return {
    [key]: duration === null || isExpr ? 0 : duration.ms,
    [`${key}Expr`]: isExpr ? durationExprJson(duration, false) : null,
  };
}

function operandJson(duration: Duration | undefined): Json {
  if (duration === undefined) return null;
  if (duration.kind === "duration expression") return durationExprJson(duration, false);
  const { ms, seconds } = duration;
  return { duration: seconds === undefined, type: "numberLiteral", val: formatGoF(seconds ?? ms / 1000) };
}

/** Parentheses are a mark on what they enclose; around a literal they are a plus that bears it. */
function durationExprJson({ op, operands }: DurationExpr, wrapped: boolean): Json {
  const [first, second] = operands;
  if (op === "paren" && first?.kind === "duration expression") return durationExprJson(first, true);
  const isSign = op === "paren" || op === "plus" || op === "negate";
  return {
    lhs: isSign ? null : operandJson(first),
    op: isSign ? (op === "negate" ? "-" : "+") : op,
    rhs: operandJson(isSign ? first : second),
    type: "durationExpr",
    wrapped: wrapped || op === "paren",
  };
}

function binaryJson({ op, left, right, returnBool, matching }: BinaryExpr): Json {
  return {
    bool: returnBool,
    lhs: astJson(left),
    matching: matching === null ? null : matchingJson(matching),
    op,
    rhs: astJson(right),
    type: "binaryExpr",
  };
}

function matchingJson({ card, labels, on, include, fillLeft, fillRight }: VectorMatching): Json {
  return { card, fillValues: { lhs: fillLeft, rhs: fillRight }, include, labels, on };
}

function callJson({ name, args }: Call): Json {
  const signature = functionSignatures.get(name) as FunctionSignature;
  return {
    args: args.map(astJson),
    func: {
      argTypes: signature.args.map((type) => typeNames[type]),
      name,
      returnType: typeNames[signature.returns],
      variadic: signature.variadic,
    },
    type: "call",
  };
}
