/**
 * Classic histograms (series `_bucket`, `_count`, `_sum`) ↔ native histograms with custom buckets.
 *
 * Classic buckets are cumulative: each counts all observations up to its bound. A native one counts its own.
 */

import { FloatHistogram } from "./float-histogram.ts";
import { formatGoG } from "./go-float.ts";
import { Histogram } from "./histogram.ts";
import { customBucketsSchema } from "./histogram-schema.ts";

/** A classic histogram that cannot be one. Texts equal the original's. */
export class ClassicHistogramError extends Error {
  override readonly name = "ClassicHistogramError";
}

/** The parts of one classic histogram at one time, in any order; see `toNative`. */
export class ClassicHistogram {
  /** Bounds, ascending, and their cumulative counts. */
  readonly #bounds: number[] = [];
  readonly #counts: number[] = [];
  #count: number | null = null;
  #sum = 0;

  /** Adds a bucket; a bound seen before is ignored. Throws `ClassicHistogramError`. */
  addBucket(bound: number, count: number): void {
    if (Number.isNaN(bound)) throw new ClassicHistogramError("bucket boundary must not be NaN");
    if (count < 0) {
      throw new ClassicHistogramError(
        `bucket count must be non-negative: le=${formatGoG(bound)}, count=${formatGoG(count)}`,
      );
    }
    let at = this.#bounds.length;
    while (at > 0 && this.#bounds[at - 1] >= bound) at--;
    if (this.#bounds[at] === bound) return;
    if (at > 0 && count < this.#counts[at - 1]) throw notCumulative(count, "<", this.#counts[at - 1]);
    if (at < this.#counts.length && count > this.#counts[at]) {
      throw notCumulative(count, ">", this.#counts[at]);
    }
    this.#bounds.splice(at, 0, bound);
    this.#counts.splice(at, 0, count);
  }

  /** Sets the count of all observations. Throws `ClassicHistogramError`. */
  setCount(count: number): void {
    if (count < 0) throw new ClassicHistogramError(`count must be non-negative: count=${formatGoG(count)}`);
    this.#count = count;
  }

  setSum(sum: number): void {
    this.#sum = sum;
  }

  /**
   * The native histogram: with integer counts if all are. Without a count, the last bucket's is taken;
   * without a bucket up to infinity, one with the count. Throws `ClassicHistogramError` when these two
   * differ.
   */
  toNative(): Histogram | FloatHistogram {
    const bounds = this.#bounds.slice();
    const counts = this.#counts.slice();
    const count = this.#count ?? counts.at(-1) ?? 0;
    if (bounds.at(-1) !== Infinity) {
      bounds.push(Infinity);
      counts.push(count);
    }
    const last = counts[counts.length - 1];
    const own = counts.map((cumulative, i) => cumulative - (i === 0 ? 0 : counts[i - 1]));
    const isInteger = Number.isInteger(count) && counts.every(Number.isInteger);
    if (count !== last) {
      const text = isInteger ? String(count) : formatGoG(count);
      const texts = `count=${text} != le=${formatGoG(Infinity)} count=${formatGoG(last)}`;
      throw new ClassicHistogramError(`count mismatch: ${texts}`);
    }
    const fields = {
      schema: customBucketsSchema,
      count,
      sum: this.#sum,
      positiveSpans: [{ offset: 0, length: own.length }],
      customValues: bounds.slice(0, -1),
    };
    if (!isInteger) return FloatHistogram.of({ ...fields, positiveBuckets: own }).compact(0);
    const deltas = own.map((value, i) => value - (i === 0 ? 0 : own[i - 1]));
    return Histogram.of({ ...fields, positiveBuckets: deltas }).compact(2);
  }
}

function notCumulative(count: number, relation: string, other: number): ClassicHistogramError {
  const texts = `${formatGoG(count)} ${relation} ${formatGoG(other)}`;
  return new ClassicHistogramError(`count is not cumulative: ${texts}`);
}

/** A bucket of a classic histogram: its bound and all observations up to it. */
export interface ClassicBucket {
  readonly bound: number;
  readonly count: number;
}

/** The cumulative buckets of a valid histogram with custom buckets, the last one up to infinity. */
export function classicBuckets(h: FloatHistogram): ClassicBucket[] {
  const own = [...h.customValues, Infinity].map(() => 0);
  for (const bucket of h.positiveBucketIterator()) own[bucket.index] = bucket.count;
  let count = 0;
  return own.map((value, i) => {
    count += value;
    return { bound: i < h.customValues.length ? h.customValues[i] : Infinity, count };
  });
}

/** What a series of a classic histogram tells. */
export type ClassicPart = "bucket" | "sum" | "count";

/** The name a classic histogram's series share, and which one this is; null for another name. */
export function classicSeriesName(
  name: string,
): { readonly base: string; readonly part: ClassicPart } | null {
  for (const part of ["bucket", "sum", "count"] as const) {
    if (name.endsWith(`_${part}`)) return { base: name.slice(0, -part.length - 1), part };
  }
  return null;
}
