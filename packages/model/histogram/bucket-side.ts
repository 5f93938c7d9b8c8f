/**
 * One side of a histogram: the positive or the negative buckets, as spans and counts.
 *
 * A span is a run of consecutive buckets: `offset` says how many buckets lie empty before it (of the first:
 * the index it starts at, possibly negative), `length` how many it has. Counts are absolute.
 *
 * Everything that changes the layout of a side makes a new one; spans are never changed once they are in a
 * side.
 */

import { coarserIndex } from "../histogram-bounds.ts";
import { histogramFaults, InvalidHistogramError } from "./errors.ts";
import { addCompensated } from "../kahan-sum.ts";

/** A run of consecutive buckets. */
export interface Span {
  offset: number;
  length: number;
}

/** Spans with the counts of their buckets; `lost`, if there, what a compensated sum lost in each. */
export interface BucketSide {
  readonly spans: Span[];
  readonly counts: number[];
  readonly lost: number[] | null;
}

/** Goes over the buckets of a side in ascending index, merging them for a coarser schema. */
export class BucketCursor {
  /** Index of the current bucket in the target schema. */
  index = 0;
  /** Its count. */
  count = 0;
  readonly #spans: readonly Span[];
  readonly #counts: readonly number[];
  /** How many powers of two coarser the target is. */
  readonly #shift: number;
  #span = -1;
  #left = 0;
  #at = 0;
  /** Index of bucket `#at` in the side's own schema. */
  #own = 0;

  constructor(spans: readonly Span[], counts: readonly number[], shift = 0) {
    this.#spans = spans;
    this.#counts = counts;
    this.#shift = shift;
    this.#settle();
  }

  /** Moves to the next bucket; false after the last. */
  next(): boolean {
    if (this.#isDone()) return false;
    this.index = this.#target();
    this.count = this.#counts[this.#at];
    this.#advance();
    while (this.#shift > 0 && !this.#isDone() && this.#target() === this.index) {
      this.count += this.#counts[this.#at];
      this.#advance();
    }
    return true;
  }

  #isDone(): boolean {
    // Fewer counts than the spans promise: only an invalid histogram has that.
    return this.#left === 0 || this.#at >= this.#counts.length;
  }

  #target(): number {
    return this.#shift === 0 ? this.#own : coarserIndex(this.#own, this.#shift);
  }

  #advance(): void {
    this.#at++;
    this.#own++;
    this.#left--;
    if (this.#left === 0) this.#settle();
  }

  /** Enters the next span that has buckets. */
  #settle(): void {
    while (this.#left === 0 && this.#span + 1 < this.#spans.length) {
      this.#span++;
      const { offset, length } = this.#spans[this.#span];
      this.#own += offset;
      this.#left = length;
    }
  }
}

/** Builds a side bucket by bucket, indexes ascending; consecutive buckets share a span. */
export class SideBuilder {
  readonly spans: Span[] = [];
  readonly counts: number[] = [];
  readonly lost: number[] | null;
  #nextIndex = 0;

  constructor(isCompensated: boolean) {
    this.lost = isCompensated ? [] : null;
  }

  /** Adds a bucket behind all others. */
  push(index: number, count: number, lost: number): void {
    const last = this.spans.at(-1);
    if (last !== undefined && index === this.#nextIndex) last.length++;
    else this.spans.push({ offset: index - this.#nextIndex, length: 1 });
    this.counts.push(count);
    this.lost?.push(lost);
    this.#nextIndex = index + 1;
  }

  /** Adds empty buckets so that the next index directly follows. Only when there is a bucket before. */
  fillTo(index: number): void {
    while (this.#nextIndex < index) this.push(this.#nextIndex, 0, 0);
  }

  /** Index of the last bucket, -Infinity without one. */
  get lastIndex(): number {
    return this.spans.length === 0 ? -Infinity : this.#nextIndex - 1;
  }

  side(): BucketSide {
    return { spans: this.spans, counts: this.counts, lost: this.lost };
  }
}

/**
 * Leaves out empty buckets at both ends and in gaps of more than `maxEmpty`; gaps of up to `maxEmpty` become
 * empty buckets, so that their spans are one. A bucket that lost something is not empty.
 */
export function compactSide(side: BucketSide, maxEmpty: number): BucketSide {
  const { spans, counts, lost } = side;
  if (isCompact(side, maxEmpty)) return side;
  const compact = new SideBuilder(lost !== null);
  const cursor = new BucketCursor(spans, counts);
  for (let i = 0; cursor.next(); i++) {
    const lostHere = lost === null ? 0 : lost[i];
    if (cursor.count === 0 && lostHere === 0) continue;
    if (cursor.index - compact.lastIndex - 1 <= maxEmpty) compact.fillTo(cursor.index);
    compact.push(cursor.index, cursor.count, lostHere);
  }
  return compact.side();
}

function isCompact({ spans, counts }: BucketSide, maxEmpty: number): boolean {
  return counts.every((count) => count !== 0) && spans.every((s) => s.offset > maxEmpty && s.length > 0);
}

/**
 * The side in a coarser schema, `shift` powers of two lower. Throws `InvalidHistogramError` when spans and
 * counts do not fit.
 */
export function reduceSide(side: BucketSide, shift: number): BucketSide {
  checkSpans(side.spans, side.counts.length);
  const { spans, counts, lost } = side;
  const reduced = new SideBuilder(lost !== null);
  const cursor = new BucketCursor(spans, counts);
  for (let i = 0; cursor.next(); i++) {
    const index = coarserIndex(cursor.index, shift);
    const lostHere = lost === null ? 0 : lost[i];
    if (index !== reduced.lastIndex) {
      reduced.push(index, cursor.count, lostHere);
      continue;
    }
    const last = reduced.counts.length - 1;
    if (reduced.lost === null) {
      reduced.counts[last] += cursor.count;
    } else {
      addCompensated(reduced.counts, reduced.lost, last, cursor.count);
      addCompensated(reduced.counts, reduced.lost, last, lostHere);
    }
  }
  return reduced.side();
}

/** Throws unless spans go forward and have as many buckets as there are counts. */
export function checkSpans(spans: readonly Span[], bucketCount: number): void {
  let wanted = 0;
  spans.forEach(({ offset, length }, i) => {
    if (i > 0 && offset < 0) throw negativeOffsetError(i, offset);
    wanted += length;
  });
  if (wanted !== bucketCount) {
    throw new InvalidHistogramError(
      histogramFaults.spansBucketsMismatch,
      `spans need ${wanted} buckets, have ${bucketCount} buckets`,
    );
  }
}

/** A span (counted from 0) that goes back. */
export function negativeOffsetError(span: number, offset: number): InvalidHistogramError {
  const detail = `span number ${span + 1} with offset ${offset}`;
  return new InvalidHistogramError(histogramFaults.spanNegativeOffset, detail);
}

/** A copy whose spans and counts can be changed. */
export function copySpans(spans: readonly Span[]): Span[] {
  return spans.map(({ offset, length }) => ({ offset, length }));
}

/** Whether two lists of spans describe the same layout: spans without buckets count only by their offset. */
export function sameLayout(a: readonly Span[], b: readonly Span[]): boolean {
  const left = withoutEmptySpans(a);
  const right = withoutEmptySpans(b);
  return (
    left.length === right.length &&
    left.every(({ offset, length }, i) => offset === right[i].offset && length === right[i].length)
  );
}

function withoutEmptySpans(spans: readonly Span[]): readonly Span[] {
  if (spans.every(({ length }) => length > 0)) return spans;
  const filled: Span[] = [];
  let skipped = 0;
  for (const { offset, length } of spans) {
    if (length > 0) filled.push({ offset: offset + skipped, length });
    skipped = length > 0 ? 0 : skipped + offset;
  }
  return filled;
}
