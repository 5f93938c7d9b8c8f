/**
 * Elements of vectors in the reference.
 */

import type { Labels } from "@narthex/model/labels";
import type { ElementValue } from "./functions/histogram-binary.ts";
import { ExecutionError, sameLabelsetText } from "./query-errors.ts";

/** One element of a vector. */
export interface Element {
  readonly labels: Labels;
  readonly value: ElementValue;
}

/** An element that is a float. */
export interface FloatElement extends Element {
  readonly value: number;
}

/** Those that are floats. */
export function floatsOf(elements: readonly Element[]): readonly FloatElement[] {
  return elements.filter((one): one is FloatElement => typeof one.value === "number");
}

/** The elements, if no two have the same labels. */
export function distinct<One extends Element>(elements: readonly One[]): readonly One[] {
  const seen = new Set(elements.map(({ labels }) => labels.toString()));
  if (seen.size < elements.length) throw new ExecutionError(sameLabelsetText);
  return elements;
}

/** The labels without those that describe the metric. */
export function withoutName(labels: Labels): Labels {
  return labels.with("__name__", "").with("__type__", "").with("__unit__", "");
}
