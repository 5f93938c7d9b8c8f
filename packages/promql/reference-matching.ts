/**
 * Operators between two vectors at one moment, slow and obvious; a part of reference.ts.
 */

import { Labels } from "@narthex/model/labels";
import type { BinaryExpr, VectorMatching } from "@narthex/promql-syntax/ast";
import { arithmetic, compares, isArithmeticOp, isCompareOp } from "./functions/arithmetic.ts";
import { histogramBinary, type ElementOp, type ElementValue } from "./functions/histogram-binary.ts";
import { ExecutionError, sameLabelsetText } from "./query-errors.ts";
import { withoutName, type Element } from "./reference-element.ts";

/** The result of `left op right` at one moment. */
export function matchVectors(
  expr: BinaryExpr,
  left: readonly Element[],
  right: readonly Element[],
): Element[] {
  const matching = expr.matching as VectorMatching;
  const keyOf = ({ labels }: Element): string => matchingLabels(labels, matching).toString();
  const rightKeys = new Set(right.map(keyOf));
  const leftKeys = new Set(left.map(keyOf));
  switch (expr.op) {
    case "and":
      return left.filter((one) => rightKeys.has(keyOf(one)));
    case "unless":
      return left.filter((one) => !rightKeys.has(keyOf(one)));
    case "or":
      return [...left, ...right.filter((one) => !leftKeys.has(keyOf(one)))];
    default:
      return matchPairs(expr, matching, left, right, keyOf);
  }
}

function matchingLabels(labels: Labels, { on, labels: names }: VectorMatching): Labels {
  return Labels.from(
    [...labels.entries()].filter(([name]) =>
      on ? names.includes(name) : name !== "__name__" && !names.includes(name),
    ),
  );
}

function matchPairs(
  expr: BinaryExpr,
  matching: VectorMatching,
  left: readonly Element[],
  right: readonly Element[],
  keyOf: (one: Element) => string,
): Element[] {
  if (left.length === 0 || right.length === 0) return [];
  const swapped = matching.card === "one-to-many";
  const [many, one] = swapped ? [right, left] : [left, right];
  const partners = new Map<string, Element>();
  for (const element of one) {
    if (partners.has(keyOf(element))) throw new ExecutionError("found duplicate series for the match group");
    partners.set(keyOf(element), element);
  }
  const seen = new Set<string>();
  const results: Element[] = [];
  for (const element of many) {
    const partner = partners.get(keyOf(element));
    if (partner === undefined) continue;
    const [a, b] = swapped ? [partner.value, element.value] : [element.value, partner.value];
    const { result: value, refused } = binaryResult(expr, a, b);
    if (refused) continue;
    const labels = resultLabels(expr, matching, element.labels, partner.labels);
    const key = matching.card === "one-to-one" ? keyOf(element) : `${keyOf(element)} ${labels.toString()}`;
    if (seen.has(key)) throw new ExecutionError("multiple matches for labels");
    seen.add(key);
    if (value !== undefined) results.push({ labels, value });
  }
  if (new Set(results.map(({ labels }) => labels.toString())).size < results.length) {
    throw new ExecutionError(sameLabelsetText);
  }
  return results;
}

/** The result for two values; undefined: none. `refused`: they do not even count as a match. */
export function binaryResult(
  { op, returnBool }: BinaryExpr,
  a: ElementValue,
  b: ElementValue,
): { result: ElementValue | undefined; refused: boolean } {
  if (typeof a === "number" && typeof b === "number" && isArithmeticOp(op)) {
    return { result: arithmetic(op, a, b), refused: false };
  }
  const { value, holds } =
    typeof a === "number" && typeof b === "number" && isCompareOp(op)
      ? { value: a, holds: compares(op, a, b) }
      : histogramBinary(op as ElementOp, a, b);
  if (value === undefined) return { result: undefined, refused: true };
  if (returnBool) return { result: Number(holds), refused: false };
  return { result: holds ? value : undefined, refused: false };
}

function resultLabels(
  { op, returnBool }: BinaryExpr,
  matching: VectorMatching,
  many: Labels,
  one: Labels,
): Labels {
  let labels = isArithmeticOp(op) || returnBool ? withoutName(many) : many;
  if (matching.card === "one-to-one") {
    labels = Labels.from(
      [...labels.entries()].filter(([name]) => matching.labels.includes(name) === matching.on),
    );
  }
  for (const name of matching.include) labels = labels.with(name, one.get(name));
  return labels;
}
