/**
 * An exemplar: one observation behind a series' value, with labels of its own (mostly a trace's id).
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import type { Labels } from "./labels.ts";

/** One observation. */
export interface Exemplar {
  /** Labels that tell more than those of its series. */
  readonly labels: Labels;
  readonly value: number;
  /** When it was observed, milliseconds. */
  readonly timeMs: number;
}

/** Storages refuse exemplars whose label names and values have more characters (code points) together. */
export const maxExemplarLength = 128;

/** How many characters the label names and values have together. */
export function exemplarLength({ labels }: Exemplar): number {
  let length = 0;
  for (const text of labels.pairs) length += [...text].length;
  return length;
}

/** Whether both say the same; NaN equals NaN. */
export function sameExemplar(a: Exemplar, b: Exemplar): boolean {
  return a.timeMs === b.timeMs && Object.is(a.value, b.value) && comparePairs(a.labels, b.labels) === 0;
}

/** The order in which they are stored: by time, then value (NaN first), then labels. */
export function compareExemplars(a: Exemplar, b: Exemplar): number {
  if (a.timeMs !== b.timeMs) return a.timeMs - b.timeMs;
  return compareValues(a.value, b.value) || comparePairs(a.labels, b.labels);
}

function compareValues(a: number, b: number): number {
  if (a === b) return 0;
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  return Number.isNaN(b) || a > b ? 1 : -1;
}

function comparePairs(a: Labels, b: Labels): number {
  const length = Math.min(a.pairs.length, b.pairs.length);
  for (let i = 0; i < length; i++) {
    const order = compareUtf8(a.pairs[i], b.pairs[i]);
    if (order !== 0) return order;
  }
  return a.pairs.length - b.pairs.length;
}
