/**
 * A tree as query text on one line, in the original's canonical form: `parseQuery(printExpr(expr))` is the
 * same tree up to spans (printer.property.test.ts) and to a plus sign before the call behind `offset`, which
 * is not printed. Long queries on several lines: pretty-printer.
 */

import { unreachable } from "@narthex/platform/assert";
import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { formatDuration } from "@narthex/model/duration";
import { formatGoF, formatGoG } from "@narthex/model/go-float";
import { metricNameLabel, quoteGo } from "@narthex/model/labels";
import { isLabelName } from "@narthex/model/metric-name";
import type {
  Aggregation,
  AtModifier,
  BinaryExpr,
  Duration,
  DurationExpr,
  Expr,
  MatrixSelector,
  NumberLiteral,
  Subquery,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";

/** The canonical one-line text of `expr`. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return printNumber(expr);
    case "string":
      return quoteGo(expr.value);
    case "vector selector":
      return printSelector(expr);
    case "matrix selector":
      return printMatrixSelector(expr);
    case "subquery":
      return printSubquery(expr);
    case "aggregation":
      return printAggregation(expr);
    case "binary":
      return printBinary(expr);
    case "call":
      return `${expr.name}(${expr.args.map(printExpr).join(", ")})`;
    case "paren":
      return `(${printExpr(expr.expr)})`;
    case "unary":
      return `${expr.op}${printExpr(expr.expr)}`;
    default:
      return unreachable(expr);
  }
}

function printNumber({ value, isDuration }: NumberLiteral): string {
  return isDuration ? printSeconds(value) : formatGoF(value);
}

/** A duration cut to whole nanoseconds, then milliseconds: now and then the last one is lost, as there. */
function printSeconds(seconds: number): string {
  const ms = Math.trunc(Math.trunc(Math.abs(seconds) * 1e9) / 1e6);
  return `${seconds < 0 ? "-" : ""}${formatDuration(ms)}`;
}

function printSelector(selector: VectorSelector): string {
  const { at, extension, offset } = selector;
  return printMatchers(selector) + printAt(at) + printExtension(extension) + printOffset(offset);
}

/** Name and braces. The matcher that only repeats the name is left out. */
function printMatchers({ name, matchers }: VectorSelector): string {
  const shown = matchers.filter(
    (matcher) =>
      matcher.name !== metricNameLabel || matcher.kind !== "=" || matcher.value !== name || name === "",
  );
  if (shown.length === 0) return name;
  return `${name}{${shown.map(String).toSorted(compareUtf8).join(",")}}`;
}

function printMatrixSelector({ selector, range }: MatrixSelector): string {
  const { at, extension, offset } = selector;
  const modifiers = printExtension(extension) + printAt(at) + printOffset(offset);
  return `${printMatchers(selector)}[${printDuration(range)}]${modifiers}`;
}

function printSubquery(subquery: Subquery): string {
  return printExpr(subquery.expr) + printSubqueryTimes(subquery);
}

/** What follows the expression of a subquery: `[range:step]` and its modifiers. */
export function printSubqueryTimes({ range, step, at, offset }: Subquery): string {
  const brackets = `[${printDuration(range)}:${step === null ? "" : printDuration(step)}]`;
  return brackets + printAt(at) + printOffset(offset);
}

function printExtension(extension: VectorSelector["extension"]): string {
  return extension === null ? "" : ` ${extension}`;
}

function printAt(at: AtModifier | null): string {
  if (at === null) return "";
  return at.kind === "time" ? ` @ ${(at.timeMs / 1000).toFixed(3)}` : ` @ ${at.kind}()`;
}

function printOffset(offset: Duration): string {
  if (offset.kind === "duration" && offset.ms === 0) return "";
  return ` offset ${printDuration(offset)}`;
}

function printDuration(duration: Duration): string {
  if (duration.kind === "duration") {
    return duration.seconds === undefined
      ? formatDuration(Math.round(duration.ms))
      : formatGoF(duration.seconds);
  }
  return printDurationExpr(duration);
}

function printDurationExpr({ op, operands }: DurationExpr): string {
  const [first = "", second = ""] = operands.map(printDuration);
  switch (op) {
    case "step":
    case "range":
      return `${op}()`;
    case "min_of":
    case "max_of":
      return `${op}(${first}, ${second})`;
    case "negate":
      return `-${first}`;
    case "plus":
      return first;
    case "paren":
      return `(${first})`;
    default:
      return `${first} ${op} ${second}`;
  }
}

function printAggregation(aggregation: Aggregation): string {
  const { expr, param } = aggregation;
  const args = param === null ? printExpr(expr) : `${printExpr(param)}, ${printExpr(expr)}`;
  return `${printAggregationHead(aggregation)}(${args})`;
}

/** An aggregation up to its arguments: the operator, and the clause with a space on both sides. */
export function printAggregationHead({ op, grouping, without }: Aggregation): string {
  if (without) return `${op} without (${printLabels(grouping)}) `;
  return grouping.length > 0 ? `${op} by (${printLabels(grouping)}) ` : op;
}

function printLabels(labels: readonly string[]): string {
  return labels.map((label) => (isLabelName(label, "legacy") ? label : quoteGo(label))).join(", ");
}

function printBinary(expr: BinaryExpr): string {
  return `${printExpr(expr.left)} ${printOperator(expr)} ${printExpr(expr.right)}`;
}

/** An operator with its modifiers: `== bool on (a) group_left (b)`. */
export function printOperator({ op, returnBool, matching }: BinaryExpr): string {
  return op + (returnBool ? " bool" : "") + (matching === null ? "" : printMatching(matching));
}

function printMatching({ card, labels, on, include, fillLeft, fillRight }: VectorMatching): string {
  const isGrouped = card === "many-to-one" || card === "one-to-many";
  let text = "";
  if (labels.length > 0 || on || isGrouped) text += ` ${on ? "on" : "ignoring"} (${printLabels(labels)})`;
  if (isGrouped) text += ` group_${card === "many-to-one" ? "left" : "right"} (${printLabels(include)})`;
  if (fillLeft !== null && fillLeft === fillRight) return `${text} fill (${formatGoG(fillLeft)})`;
  if (fillLeft !== null) text += ` fill_left (${formatGoG(fillLeft)})`;
  if (fillRight !== null) text += ` fill_right (${formatGoG(fillRight)})`;
  return text;
}
