/**
 * The type check: every argument has the type its function wants, every operator operands it can work on.
 *
 * It runs on a whole tree that has parsed without fault and reports the first fault in the original's order:
 * children before the node's own rules, except where noted. It also settles the vector matching of each
 * operator: none where a side is no vector, many-to-many for set operators.
 */

import { unreachable } from "@narthex/platform/assert";
import { metricNameLabel, quoteGo } from "@narthex/model/labels";
import type {
  Aggregation,
  BinaryExpr,
  Call,
  Expr,
  Span,
  ValueType,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";
import { isSpace } from "./lexer.ts";
import { ParseError } from "./parse-error.ts";
import { functionSignatures, type FunctionSignature } from "./signatures.ts";

/** The type of an expression's value. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "vector selector":
    case "aggregation":
      return "instant vector";
    case "matrix selector":
    case "subquery":
      return "range vector";
    case "call":
      return functionSignatures.get(expr.name)?.returns ?? "instant vector";
    case "paren":
    case "unary":
      return typeOf(expr.expr);
    case "binary":
      return typeOf(expr.left) === "scalar" && typeOf(expr.right) === "scalar" ? "scalar" : "instant vector";
    default:
      return unreachable(expr);
  }
}

/** Checks `expr` and returns its type. `byteText` is the query, for positions. Throws `ParseError`. */
export function checkTypes(expr: Expr, byteText: string): ValueType {
  return new TypeCheck(byteText).check(expr);
}

const setOperators: ReadonlySet<string> = new Set(["and", "or", "unless"]);
const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", ">", "<=", ">="]);
/** How one error text names the types. */
const shortNames: Readonly<Record<ValueType, string>> = {
  scalar: "scalar",
  string: "string",
  "instant vector": "vector",
  "range vector": "matrix",
};

class TypeCheck {
  readonly #byteText: string;

  constructor(byteText: string) {
    this.#byteText = byteText;
  }

  check(expr: Expr): ValueType {
    switch (expr.kind) {
      case "number":
        return "scalar";
      case "string":
        return "string";
      case "vector selector":
        this.#checkSelector(expr, false);
        return "instant vector";
      case "matrix selector":
        this.#checkSelector(expr.selector, false);
        return "range vector";
      case "subquery": {
        const type = this.check(expr.expr);
        if (type === "instant vector") return "range vector";
        return this.#fail(
          expr.span,
          `subquery is only allowed on instant vector, got ${shortNames[type]} instead`,
        );
      }
      case "aggregation":
        return this.#checkAggregation(expr);
      case "binary":
        return this.#checkBinary(expr);
      case "call":
        return this.#checkCall(expr);
      case "paren":
        return this.check(expr.expr);
      case "unary": {
        const type = this.check(expr.expr);
        if (type === "scalar" || type === "instant vector") return type;
        const wanted = "unary expression only allowed on expressions of type scalar or instant vector";
        return this.#fail(expr.span, `${wanted}, got ${quoteGo(type)}`);
      }
      default:
        return unreachable(expr);
    }
  }

  /** The metric's name is given once, and something is selected: not all series by a slip. */
  #checkSelector(selector: VectorSelector, mayBeEmpty: boolean): void {
    const { name, matchers, span } = selector;
    if (name !== "") {
      const other = matchers.slice(0, -1).find((matcher) => matcher.name === metricNameLabel);
      if (other === undefined) return;
      this.#fail(span, `metric name must not be set twice: ${quoteGo(name)} or ${quoteGo(other.value)}`);
    }
    if (mayBeEmpty || matchers.some((matcher) => !matcher.matches(""))) return;
    this.#fail(span, "vector selector must contain at least one non-empty matcher");
  }

  #checkAggregation(expr: Aggregation): ValueType {
    this.#expect(expr.expr, "instant vector", "aggregation expression");
    if (expr.param !== null) {
      this.#expect(expr.param, expr.op === "count_values" ? "string" : "scalar", "aggregation parameter");
    }
    return "instant vector";
  }

  #expect(expr: Expr, wanted: ValueType, where: string): void {
    const type = this.check(expr);
    if (type !== wanted) this.#fail(expr.span, `expected type ${wanted} in ${where}, got ${type}`);
  }

  #checkBinary(expr: BinaryExpr): ValueType {
    const left = this.check(expr.left);
    const right = this.check(expr.right);
    const matching = expr.matching as VectorMatching;
    this.#checkOperator(expr, left, right, matching);
    for (const [type, side] of [
      [left, expr.left],
      [right, expr.right],
    ] as const) {
      if (type === "scalar" || type === "instant vector") continue;
      this.#fail(side.span, "binary expression must contain only scalar and instant vector types");
    }
    this.#checkMatching(expr, left === "instant vector" && right === "instant vector", matching);
    if ((left === "scalar" || right === "scalar") && setOperators.has(expr.op)) {
      this.#fail(expr.span, `set operator ${quoteGo(expr.op)} not allowed in binary scalar expression`);
    }
    return left === "scalar" && right === "scalar" ? "scalar" : "instant vector";
  }

  #checkOperator(expr: BinaryExpr, left: ValueType, right: ValueType, matching: VectorMatching): void {
    const isComparison = comparisons.has(expr.op);
    if (expr.returnBool && !isComparison) {
      this.#fail(this.#operatorSpan(expr), "bool modifier can only be used on comparison operators");
    }
    if (isComparison && !expr.returnBool && left === "scalar" && right === "scalar") {
      this.#fail(this.#operatorSpan(expr), "comparisons between scalars must use BOOL modifier");
    }
    const twice = matching.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
    if (twice !== undefined) {
      const label = quoteGo(twice);
      this.#fail(this.#operatorSpan(expr), `label ${label} must not occur in ON and GROUP clause at once`);
    }
  }

  #checkMatching(expr: BinaryExpr, areVectors: boolean, matching: VectorMatching): void {
    const isFilled = matching.fillLeft !== null || matching.fillRight !== null;
    if (!areVectors) {
      if (matching.labels.length > 0) {
        this.#fail(expr.span, "vector matching only allowed between instant vectors");
      }
      if (isFilled) this.#fail(expr.span, "filling in missing series only allowed between instant vectors");
      setMatching(expr, null);
    } else if (setOperators.has(expr.op)) {
      if (matching.card !== "one-to-one") {
        this.#fail(expr.span, `no grouping allowed for ${quoteGo(expr.op)} operation`);
      }
      if (isFilled) this.#fail(expr.span, "filling in missing series not allowed for set operators");
      setMatching(expr, { ...matching, card: "many-to-many" });
    }
  }

  /** From the left side's end to the right side's start, without spaces. */
  #operatorSpan({ left, right }: BinaryExpr): Span {
    let start = left.span.end;
    while (isSpace(this.#byteText[start] ?? "")) start++;
    let end = right.span.start - 1;
    while (isSpace(this.#byteText[end] ?? "")) end--;
    return { start, end };
  }

  #checkCall(expr: Call): ValueType {
    const signature = functionSignatures.get(expr.name) as FunctionSignature;
    this.#checkCount(expr, signature);
    const hasLabels = expr.name === "info" && expr.args.length > 1;
    if (hasLabels) this.#checkInfoLabels(expr, expr.args[1] as Expr);
    for (const [i, arg] of expr.args.entries()) {
      const wanted = signature.args[Math.min(i, signature.args.length - 1)] as ValueType;
      if (hasLabels && i === 1 && arg.kind === "vector selector") {
        this.#checkSelector(arg, true);
        continue;
      }
      this.#expect(arg, wanted, `call to function ${quoteGo(expr.name)}`);
    }
    return signature.returns;
  }

  #checkCount({ name, args, span }: Call, { args: { length: wanted }, variadic }: FunctionSignature): void {
    const where = `argument(s) in call to ${quoteGo(name)}, got ${args.length}`;
    if (variadic === 0) {
      if (args.length !== wanted) this.#fail(span, `expected ${wanted} ${where}`);
      return;
    }
    const least = wanted - 1;
    if (args.length < least) this.#fail(span, `expected at least ${least} ${where}`);
    if (variadic > 0 && args.length > least + variadic)
      this.#fail(span, `expected at most ${least + variadic} ${where}`);
  }

  /** The second argument of `info` selects labels: a selector without a name before its braces. */
  #checkInfoLabels(call: Call, labels: Expr): void {
    const type = typeOf(labels);
    if (type !== "instant vector") {
      this.#fail(call.span, `expected type instant vector in call to function "info", got ${type}`);
    }
    if (labels.kind !== "vector selector") this.#fail(labels.span, "expected label selectors only");
    else if (labels.name !== "") {
      this.#fail(labels.span, "expected label selectors only, got vector selector instead");
    }
  }

  #fail(span: Span, reason: string): never {
    throw new ParseError(this.#byteText, span, reason);
  }
}

/** The tree is the parser's own until the check is done; after that nobody changes it. */
function setMatching(expr: BinaryExpr, matching: VectorMatching | null): void {
  (expr as { matching: VectorMatching | null }).matching = matching;
}
