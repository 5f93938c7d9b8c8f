/**
 * Random native histograms for the property tests: every schema, custom bounds, resets, gauges, floats among
 * them. Counts are small integers, so that different orders of addition give equal results.
 */

import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram, type Span } from "@narthex/model/float-histogram";
import { Labels } from "@narthex/model/labels";
import type { SeededRandom } from "@narthex/platform/random";
import type { ReferenceSample, ReferenceSeries } from "./reference.ts";

const intervalMs = 15_000;
const customBounds: readonly (readonly number[])[] = [[0.5, 1, 5], [0.5, 1, 2, 5], [-1, 0, 1], [1]];

/** Series `n` of histograms, with the labels of the other random series. In label order. */
export function randomHistogramSeries(random: SeededRandom, samples: number): ReferenceSeries[] {
  const series: ReferenceSeries[] = [];
  for (const i of ["0", "1", "2"]) {
    for (const job of ["a", "b"]) {
      if (random.below(6) === 0) continue;
      series.push({
        labels: Labels.fromObject({ __name__: "n", i, job }),
        samples: randomSamples(random, samples),
      });
    }
  }
  return series;
}

function randomSamples(random: SeededRandom, count: number): ReferenceSample[] {
  const samples: ReferenceSample[] = [];
  const kind = random.below(8); // 0: gauge, 1: with floats among them, else counter
  let current = randomHistogram(random, kind === 0);
  for (let s = 0; s < count; s++) {
    if (random.below(25) === 0) continue;
    const timeMs = s * intervalMs;
    if (kind === 1 && random.below(12) === 0) {
      samples.push({ timeMs, value: random.below(100) });
      continue;
    }
    if (kind === 0 || random.below(30) === 0) {
      current = randomHistogram(random, kind === 0);
      if (kind !== 0 && random.below(2) === 0) current.counterResetHint = CounterResetHint.Reset;
    } else {
      current = grown(random, current);
    }
    samples.push({ timeMs, value: random.below(40) === 0 ? null : current });
  }
  return samples;
}

/** A later state of a counter. */
function grown(random: SeededRandom, before: FloatHistogram): FloatHistogram {
  const h = before.copy();
  h.counterResetHint = random.below(3) === 0 ? CounterResetHint.NotReset : CounterResetHint.Unknown;
  const more = (count: number): number => {
    const added = random.below(4);
    h.count += added;
    return count + added;
  };
  h.positiveBuckets = h.positiveBuckets.map(more);
  h.negativeBuckets = h.negativeBuckets.map(more);
  if (!h.usesCustomBuckets()) h.zeroCount = more(h.zeroCount);
  h.sum += random.below(20) / 2;
  return h;
}

/** A valid histogram. */
export function randomHistogram(random: SeededRandom, isGauge: boolean): FloatHistogram {
  const isCustom = random.below(5) === 0;
  const customValues = isCustom ? customBounds[random.below(customBounds.length)] : [];
  const h = FloatHistogram.of({
    schema: isCustom ? -53 : random.below(13) - 4,
    customValues,
    counterResetHint: isGauge ? CounterResetHint.Gauge : CounterResetHint.Unknown,
    sum: random.below(200) / 2,
  });
  const positive = randomSide(random, isCustom ? customValues.length + 1 : null);
  h.positiveSpans = positive.spans;
  h.positiveBuckets = positive.counts;
  if (!isCustom) {
    const negative = random.below(2) === 0 ? randomSide(random, null) : { spans: [], counts: [] };
    h.negativeSpans = negative.spans;
    h.negativeBuckets = negative.counts;
    h.zeroThreshold = [0, 0.001, 0.001, 0.25][random.below(4)];
    h.zeroCount = h.zeroThreshold === 0 ? 0 : random.below(9);
  }
  const buckets = [...h.positiveBuckets, ...h.negativeBuckets];
  h.count = buckets.reduce((sum, count) => sum + count, h.zeroCount);
  if (random.below(12) === 0) {
    h.count += 1 + random.below(3); // of observations that are NaN
    h.sum = NaN;
  }
  return h.compact(0);
}

/** Up to four spans; with `limit`, below bucket number `limit`. */
function randomSide(random: SeededRandom, limit: number | null): { spans: Span[]; counts: number[] } {
  const spans: Span[] = [];
  const counts: number[] = [];
  let index = limit === null ? random.below(9) - 4 : random.below(limit);
  let offset = index;
  for (let s = random.below(5); s > 0 && (limit === null || index < limit); s--) {
    const length = 1 + random.below(limit === null ? 3 : Math.min(3, limit - index));
    spans.push({ offset, length });
    for (let i = 0; i < length; i++) counts.push(random.below(12));
    offset = 1 + random.below(4);
    index += length + offset;
  }
  return { spans, counts };
}
