/**
 * How the buckets of two histograms of one schema differ: what a chunk must be recoded with so that a
 * histogram with other buckets fits in.
 */

import type { Span } from "@narthex/model/float-histogram";
import { bucketsIn } from "./histogram-layout.ts";

/** Empty buckets that one of two lists of buckets lacks. */
export interface Insert {
  /** How many buckets of the list come before. */
  readonly position: number;
  readonly count: number;
}

/** What makes two lists of buckets one. */
export interface LayoutChange {
  readonly intoOld: readonly Insert[];
  readonly intoNew: readonly Insert[];
  /** Spans of all buckets of both. */
  readonly spans: Span[];
}

const noChange: LayoutChange = { intoOld: [], intoNew: [], spans: [] };

/** Whether the spans are the same, number by number. */
export function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i].offset !== b[i].offset || a[i].length !== b[i].length) return false;
  }
  return true;
}

/** The index of every bucket, ascending. */
function indexesOf(spans: readonly Span[]): Int32Array {
  const indexes = new Int32Array(bucketsIn(spans));
  let [index, at] = [0, 0];
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) indexes[at++] = index++;
  }
  return indexes;
}

/**
 * Whether a counter went down in one bucket, or lost a filled one. Counts are absolute, one per bucket.
 */
export function isAnyBucketLower(
  oldSpans: readonly Span[],
  oldCounts: ArrayLike<number>,
  newSpans: readonly Span[],
  newCounts: ArrayLike<number>,
): boolean {
  if (sameSpans(oldSpans, newSpans)) {
    for (let i = 0, end = bucketsIn(oldSpans); i < end; i++) if (oldCounts[i] > newCounts[i]) return true;
    return false;
  }
  const [before, after] = [indexesOf(oldSpans), indexesOf(newSpans)];
  let k = 0;
  for (let i = 0; i < before.length; i++) {
    while (k < after.length && after[k] < before[i]) k++;
    const isKept = k < after.length && after[k] === before[i];
    if (isKept ? oldCounts[i] > newCounts[k] : oldCounts[i] !== 0) return true;
  }
  return false;
}

/** Compares two lists of buckets. `spans` are given even for equal ones if `needsSpans`. */
export function layoutChange(
  oldSpans: readonly Span[],
  newSpans: readonly Span[],
  needsSpans: boolean,
): LayoutChange {
  if (!needsSpans && sameSpans(oldSpans, newSpans)) return noChange;
  const [before, after] = [indexesOf(oldSpans), indexesOf(newSpans)];
  const intoOld: Insert[] = [];
  const intoNew: Insert[] = [];
  const spans: Span[] = [];
  let next = 0;
  let [i, k] = [0, 0];
  while (i < before.length || k < after.length) {
    const a = i < before.length ? before[i] : Infinity;
    const b = k < after.length ? after[k] : Infinity;
    const index = Math.min(a, b);
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
    if (a > index) addInsert(intoOld, i);
    else i++;
    if (b > index) addInsert(intoNew, k);
    else k++;
  }
  return { intoOld, intoNew, spans };
}

function addInsert(inserts: Insert[], position: number): void {
  const last = inserts.at(-1);
  if (last?.position === position) inserts[inserts.length - 1] = { position, count: last.count + 1 };
  else inserts.push({ position, count: 1 });
}

/** The absolute counts with empty buckets put in. */
export function insertEmpty(counts: readonly number[], inserts: readonly Insert[]): number[] {
  const filled: number[] = [];
  let next = 0;
  for (let i = 0; i <= counts.length; i++) {
    while (next < inserts.length && inserts[next].position === i) {
      for (let n = inserts[next].count; n > 0; n--) filled.push(0);
      next++;
    }
    if (i < counts.length) filled.push(counts[i]);
  }
  return filled;
}

/** Absolute counts of buckets that are given as differences. */
export function absoluteCounts(deltas: ArrayLike<number>): number[] {
  const counts: number[] = [];
  let count = 0;
  for (let i = 0; i < deltas.length; i++) counts.push((count += deltas[i]));
  return counts;
}

/** Differences of absolute counts. */
export function deltasOf(counts: readonly number[]): number[] {
  return counts.map((count, i) => (i === 0 ? count : count - counts[i - 1]));
}
