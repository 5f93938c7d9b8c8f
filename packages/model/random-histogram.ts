/**
 * Random histograms for laws over seeds: all schemas, gaps, empty and zero-length spans, both sides.
 */

import type { SeededRandom } from "@narthex/platform/random";
import type { CounterResetHint } from "./counter-reset-hint.ts";
import { FloatHistogram, type Span } from "./float-histogram.ts";
import { exponentialBound } from "./histogram-bounds.ts";
import { Histogram } from "./histogram.ts";
import { customBucketsSchema } from "./histogram-schema.ts";

/** What to make. */
export interface RandomHistogramOptions {
  /** Custom buckets, exponential ones, or (by default) either. */
  readonly isCustom?: boolean;
  /** Counts with fractions. Default false. */
  readonly hasFractions?: boolean;
}

/** A valid histogram with float counts. */
export function randomFloatHistogram(
  random: SeededRandom,
  options: RandomHistogramOptions = {},
): FloatHistogram {
  const h = new FloatHistogram();
  const countOf = (): number => {
    const count = random.below(3) === 0 ? 0 : random.below(8);
    return count === 0 || options.hasFractions !== true ? count : count + random.next();
  };
  h.counterResetHint = random.below(4) as CounterResetHint;
  if (options.isCustom ?? random.below(3) === 0) {
    h.schema = customBucketsSchema;
    h.customValues = randomBounds(random);
    [h.positiveSpans, h.positiveBuckets] = randomSide(random, h.customValues.length + 1, countOf);
  } else {
    h.schema = random.below(13) - 4;
    // Bounds of all schemas: others fall into buckets of lower ones, where not every law holds.
    h.zeroThreshold = [0, 2 ** -128, 2 ** -64, 2 ** -16, 1, 2 ** 16][random.below(6)];
    h.zeroCount = countOf();
    [h.positiveSpans, h.positiveBuckets] = randomSide(random, null, countOf);
    [h.negativeSpans, h.negativeBuckets] = randomSide(random, null, countOf);
    keepOffZero(h.positiveSpans, h);
    keepOffZero(h.negativeSpans, h);
  }
  h.count = [...h.positiveBuckets, ...h.negativeBuckets].reduce((sum, count) => sum + count, h.zeroCount);
  h.sum = (random.below(400) - 100) / 4;
  return h;
}

/** A valid histogram with integer counts. */
export function randomHistogram(random: SeededRandom, options: RandomHistogramOptions = {}): Histogram {
  const h = randomFloatHistogram(random, { ...options, hasFractions: false });
  const deltas = (counts: readonly number[]): number[] =>
    counts.map((count, i) => count - (i === 0 ? 0 : counts[i - 1]));
  return Histogram.of({
    ...h,
    positiveBuckets: deltas(h.positiveBuckets),
    negativeBuckets: deltas(h.negativeBuckets),
  });
}

/** Moves a side so that no bucket lies in the zero bucket. */
function keepOffZero(spans: readonly Span[], { schema, zeroThreshold }: FloatHistogram): void {
  if (spans.length === 0) return;
  while (exponentialBound(spans[0].offset - 1, schema) < zeroThreshold) spans[0].offset++;
}

function randomBounds(random: SeededRandom): number[] {
  let bound = random.below(3) - 1;
  return Array.from({ length: random.below(6) }, () => (bound += 1 + random.below(3)));
}

/** Spans, of at most `room` buckets from 0 when there is a limit, and their counts. */
function randomSide(random: SeededRandom, room: number | null, countOf: () => number): [Span[], number[]] {
  const spans: Span[] = [];
  const counts: number[] = [];
  let end = 0;
  for (let left = random.below(4); left > 0; left--) {
    const offset = room === null && spans.length === 0 ? random.below(12) - 6 : random.below(4);
    const length = random.below(5);
    end += offset + length;
    if (room !== null && end > room) break;
    spans.push({ offset, length });
    for (let i = 0; i < length; i++) counts.push(countOf());
  }
  return [spans, counts];
}
