/**
 * Histograms for tests: one series of them, as a program would expose it.
 */

import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram, isStaleHistogram, type Span } from "@narthex/model/float-histogram";
import { Histogram } from "@narthex/model/histogram";
import type { Random } from "@narthex/platform/random";

const staleSum = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer)[0];
function spansOf(indexes: readonly number[]): Span[] {
  const spans: Span[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** A histogram that counts something, as it goes on: buckets come, resets and staleness happen. */
export class HistogramSource {
  readonly #random: Random;
  readonly #isFloat: boolean;
  readonly #sides = [new Map<number, number>(), new Map<number, number>()];
  readonly #isCustom: boolean;
  #isGauge: boolean;
  #sum = 0;

  constructor(random: Random, isFloat: boolean) {
    this.#random = random;
    this.#isFloat = isFloat;
    this.#isCustom = random.below(4) === 0;
    this.#isGauge = random.below(4) === 0;
  }

  /** The next sample. */
  next(): Histogram | FloatHistogram {
    const random = this.#random;
    const kind = this.#isFloat ? FloatHistogram : Histogram;
    if (random.below(25) === 0) return kind.of({ sum: staleSum });
    if (random.below(50) === 0) for (const side of this.#sides) side.clear();
    if (random.below(60) === 0) this.#isGauge = !this.#isGauge;
    this.#sides.forEach((side, s) => this.#observe(side, s));
    this.#sum += random.next();
    const [positive, negative] = this.#sides.map((side) => [...side].toSorted((a, b) => a[0] - b[0]));
    const counts = [positive, negative].map((side) => side.map(([, count]) => count));
    const buckets = this.#isFloat
      ? counts
      : counts.map((side) => side.map((count, i) => count - (i === 0 ? 0 : side[i - 1])));
    return kind.of({
      counterResetHint: this.#isGauge ? CounterResetHint.Gauge : CounterResetHint.Unknown,
      schema: this.#isCustom ? -53 : 3,
      zeroThreshold: this.#isCustom ? 0 : 2 ** -128,
      count: counts.flat().reduce((sum, count) => sum + count, 0),
      sum: this.#sum,
      positiveSpans: spansOf(positive.map(([index]) => index)),
      negativeSpans: spansOf(negative.map(([index]) => index)),
      positiveBuckets: buckets[0],
      negativeBuckets: buckets[1],
      customValues: this.#isCustom ? [0.005, 0.1, 1, 2.5, 10.0001] : [],
    });
  }

  #observe(side: Map<number, number>, s: number): void {
    if (this.#isCustom && s === 1) return;
    for (let n = this.#random.below(4); n > 0; n--) {
      const index = this.#isCustom ? this.#random.below(6) : this.#random.below(20) - 6;
      const more = this.#random.below(5);
      side.set(index, (side.get(index) ?? 0) + (this.#isFloat ? more / 4 : more));
    }
    const last = [...side.keys()].at(-1);
    if (last !== undefined && this.#isGauge) side.delete(last);
    if (last !== undefined && side.get(last) === 0) side.delete(last);
  }
}

/** The histogram as text, without empty buckets, which recoding may have put in; `stale` for a marker. */
export function compactText(h: Histogram | FloatHistogram): string {
  if (isStaleHistogram(h)) return "stale";
  const float = (h instanceof Histogram ? h.toFloat() : h.copy()).compact(0);
  return JSON.stringify({ ...float, counterResetHint: float.counterResetHint === CounterResetHint.Gauge });
}
