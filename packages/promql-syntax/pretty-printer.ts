/**
 * A tree as query text on as many lines as it needs: what `format_query` answers.
 *
 * An expression whose one-line text (printer) is longer than `lineBytes` is broken: its operands stand on
 * lines of their own, two spaces deeper. Selectors and literals are never broken. Comments are no part of a
 * tree, so they are gone.
 *
 * An expression with a long operand is long itself, so only the innermost ones are ever printed to measure
 * them, and the work stays linear in the size of the tree.
 */

import { unreachable } from "@narthex/platform/assert";
import type { Aggregation, BinaryExpr, Expr } from "./ast.ts";
import { printAggregationHead, printExpr, printOperator, printSubqueryTimes } from "./printer.ts";

/** The longest text, in UTF-8 bytes, that stays on one line. */
const lineBytes = 100;

const encoder = new TextEncoder();

/** The text of `expr`, broken over lines where it is long. No newline at its end. */
export function prettyPrint(expr: Expr): string {
  return new PrettyPrinter().print(expr, 0);
}

class PrettyPrinter {
  readonly #long = new Map<Expr, boolean>();

  /** The text at `level` of indentation; level 0 goes on in the line it stands in. */
  print(expr: Expr, level: number): string {
    switch (expr.kind) {
      case "number":
      case "string":
      case "vector selector":
      case "matrix selector":
        return indent(level) + printExpr(expr);
      case "unary":
        return indent(level) + expr.op + this.print(expr.expr, level).trim();
      case "subquery":
        // On one line the original does not indent it.
        return this.#isLong(expr) ? this.print(expr.expr, level) + printSubqueryTimes(expr) : printExpr(expr);
      case "aggregation":
        return this.#isLong(expr) ? this.#aggregation(expr, level) : indent(level) + printExpr(expr);
      case "binary":
        return this.#isLong(expr) ? this.#binary(expr, level) : indent(level) + printExpr(expr);
      case "call":
        return this.#isLong(expr)
          ? this.#block(expr.name, expr.args, level)
          : indent(level) + printExpr(expr);
      case "paren":
        return this.#isLong(expr) ? this.#block("", [expr.expr], level) : indent(level) + printExpr(expr);
      default:
        return unreachable(expr);
    }
  }

  #aggregation(expr: Aggregation, level: number): string {
    const args = expr.param === null ? [expr.expr] : [expr.param, expr.expr];
    return this.#block(printAggregationHead(expr), args, level);
  }

  #binary(expr: BinaryExpr, level: number): string {
    const operator = indent(level) + printOperator(expr);
    return `${this.print(expr.left, level + 1)}\n${operator}\n${this.print(expr.right, level + 1)}`;
  }

  /** `head(`, the arguments one a line, `)`. */
  #block(head: string, args: readonly Expr[], level: number): string {
    const lines = args.map((arg) => this.print(arg, level + 1));
    return `${indent(level)}${head}(\n${lines.join(",\n")}\n${indent(level)})`;
  }

  #isLong(expr: Expr): boolean {
    let isLong = this.#long.get(expr);
    if (isLong === undefined) {
      isLong = operandsOf(expr).some((operand) => this.#isLong(operand)) || isLongText(printExpr(expr));
      this.#long.set(expr, isLong);
    }
    return isLong;
  }
}

function isLongText(text: string): boolean {
  return text.length > lineBytes || encoder.encode(text).length > lineBytes;
}

function operandsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "number":
    case "string":
    case "vector selector":
    case "matrix selector":
      return [];
    case "unary":
    case "paren":
    case "subquery":
      return [expr.expr];
    case "aggregation":
      return expr.param === null ? [expr.expr] : [expr.param, expr.expr];
    case "binary":
      return [expr.left, expr.right];
    case "call":
      return expr.args;
    default:
      return unreachable(expr);
  }
}

function indent(level: number): string {
  return "  ".repeat(level);
}
