/**
 * The syntax tree of PromQL. Plain data; one union, so that a `switch` over `kind` is checked to be complete.
 *
 * Invariants
 *  - A tree that the parser returns is type-checked: every argument has the type its function wants.
 *  - `span` counts UTF-8 bytes of the query text, end exclusive, as the original's positions do.
 */

import type { LabelMatcher } from "@narthex/model/label-matcher";

/** A part of the query text: byte offsets, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The four value types of the language, as error texts name them. */
export type ValueType = "scalar" | "string" | "instant vector" | "range vector";

/** Any expression. */
export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Aggregation
  | BinaryExpr
  | Call
  | Paren
  | Unary;

/** A number; a duration literal used as number is one too (`isDuration`). */
export interface NumberLiteral {
  readonly kind: "number";
  readonly value: number;
  readonly isDuration: boolean;
  readonly span: Span;
}

/** A string constant, unquoted. */
export interface StringLiteral {
  readonly kind: "string";
  readonly value: string;
  readonly span: Span;
}

/** The `@` modifier: a fixed time in ms, or the start or end of the query. */
export type AtModifier =
  | { readonly kind: "time"; readonly timeMs: number }
  | { readonly kind: "start" | "end" };

/** A duration in a modifier: written out, or an expression over `step()` and `range()`. */
export type Duration = DurationLiteral | DurationExpr;

/** A duration in milliseconds: whole as range, step or offset, maybe with a fraction as operand. */
export interface DurationLiteral {
  readonly kind: "duration";
  readonly ms: number;
  /**
   * The number of seconds, when it was written without a unit. Arithmetic of durations is done in seconds.
   */
  readonly seconds?: number;
}

/**
 * A duration that depends on the query's step or range, or is arithmetic written out. Its value is computed
 * in seconds (`5m * 2` is ten minutes, `5m * 2s` too); `step` and `range` are those of the query.
 */
export interface DurationExpr {
  readonly kind: "duration expression";
  readonly op:
    | "+"
    | "-"
    | "*"
    | "/"
    | "%"
    | "^"
    | "step"
    | "range"
    | "min_of"
    | "max_of"
    | "negate"
    | "plus"
    | "paren";
  /** Operands: none for step and range, one for negate, plus and paren, else two. */
  readonly operands: readonly Duration[];
  readonly span: Span;
}

/** `name{matchers} offset … @ …`. */
export interface VectorSelector {
  readonly kind: "vector selector";
  /** The name as written before the braces, "" without. It is among `matchers` too. */
  readonly name: string;
  readonly matchers: readonly LabelMatcher[];
  readonly offset: Duration;
  readonly at: AtModifier | null;
  readonly extension: "anchored" | "smoothed" | null;
  readonly span: Span;
}

/** `selector[range]`. Offset and `@` sit on the selector. */
export interface MatrixSelector {
  readonly kind: "matrix selector";
  readonly selector: VectorSelector;
  readonly range: Duration;
  readonly span: Span;
}

/** `expr[range:step] offset … @ …`. */
export interface Subquery {
  readonly kind: "subquery";
  readonly expr: Expr;
  readonly range: Duration;
  /** null: the default evaluation interval. */
  readonly step: Duration | null;
  readonly offset: Duration;
  readonly at: AtModifier | null;
  readonly span: Span;
}

/** The aggregation operators. */
export type AggregationOp =
  | "sum"
  | "avg"
  | "count"
  | "min"
  | "max"
  | "group"
  | "stddev"
  | "stdvar"
  | "topk"
  | "bottomk"
  | "count_values"
  | "quantile"
  | "limitk"
  | "limit_ratio";

/** `op by (grouping) (param, expr)`. */
export interface Aggregation {
  readonly kind: "aggregation";
  readonly op: AggregationOp;
  readonly expr: Expr;
  readonly param: Expr | null;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly span: Span;
}

/** The binary operators. `</` and `>/` trim histograms. */
export type BinaryOp =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "^"
  | "atan2"
  | "=="
  | "!="
  | "<"
  | ">"
  | "<="
  | ">="
  | "</"
  | ">/"
  | "and"
  | "or"
  | "unless";

/** How the elements of two vectors find each other. */
export interface VectorMatching {
  readonly card: "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";
  /** Labels of `on` (when `on`) or `ignoring`. */
  readonly labels: readonly string[];
  readonly on: boolean;
  /** Labels of group_left or group_right to copy from the one side. */
  readonly include: readonly string[];
  /** Fill values of the experimental modifiers, null without. */
  readonly fillLeft: number | null;
  readonly fillRight: number | null;
}

/** `left op right`. */
export interface BinaryExpr {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  /** Whether comparison gives 0 and 1 instead of filtering. */
  readonly returnBool: boolean;
  /** null unless both sides are vectors. */
  readonly matching: VectorMatching | null;
  readonly span: Span;
}

/** `function(args)`. */
export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expr[];
  readonly span: Span;
}

/** `(expr)`. */
export interface Paren {
  readonly kind: "paren";
  readonly expr: Expr;
  readonly span: Span;
}

/** `-expr` or `+expr`. */
export interface Unary {
  readonly kind: "unary";
  readonly op: "-" | "+";
  readonly expr: Expr;
  readonly span: Span;
}
