/**
 * Sum or mean of native histograms, compensated like that of floats: what sum, avg, sum_over_time and
 * avg_over_time do.
 *
 * The mean is the sum divided at the end or, from where the sum would overflow, kept incrementally.
 */

import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram } from "@narthex/model/float-histogram";

/** A running sum or mean. At least one histogram is in it. */
export class HistogramTotal {
  readonly #isMean: boolean;
  #total: FloatHistogram;
  /** What rounding took away so far. */
  #lost: FloatHistogram | null = null;
  #count = 1;
  #isIncremental = false;
  #hasReset = false;
  #hasNotReset = false;

  /** `first` stays as it is. */
  constructor(first: FloatHistogram, isMean: boolean) {
    this.#total = first.copy();
    this.#isMean = isMean;
    this.#noteHint(first);
  }

  /** Whether one histogram says there was a counter reset and another that there was none. */
  get hintsCollide(): boolean {
    return this.#hasReset && this.#hasNotReset;
  }

  /**
   * Adds one more. Returns whether custom bounds had to be reconciled. Throws `IncompatibleHistogramsError`;
   * then nothing more can be done with the total.
   */
  add(h: FloatHistogram): boolean {
    this.#noteHint(h);
    this.#count++;
    if (!this.#isMean) return this.#addTo(this.#total, h);
    let reconciled = false;
    if (!this.#isIncremental) {
      const [total, lost] = [this.#total, this.#lost];
      this.#lost = lost === null ? null : withSameParts(lost);
      this.#total = withSameParts(total);
      reconciled = this.#addTo(this.#total, h);
      if (!this.#total.hasOverflow()) return reconciled;
      this.#isIncremental = true;
      this.#total = total.div(this.#count - 1);
      this.#lost = lost === null ? null : lost.div(this.#count - 1);
    }
    const share = (this.#count - 1) / this.#count;
    this.#lost?.mul(share);
    this.#total.mul(share);
    return this.#addTo(this.#total, h.copy().div(this.#count)) || reconciled;
  }

  /** The sum or mean, not compacted. Nothing can be added after that. */
  finish(): FloatHistogram {
    const total = this.#total;
    if (this.#isMean && !this.#isIncremental) {
      total.div(this.#count);
      this.#lost?.div(this.#count);
    }
    if (this.#lost !== null) total.add(this.#lost);
    return total;
  }

  #addTo(total: FloatHistogram, h: FloatHistogram): boolean {
    const { compensation, nhcbBoundsReconciled } = total.kahanAdd(h, this.#lost);
    this.#lost = compensation;
    return nhcbBoundsReconciled;
  }

  #noteHint({ counterResetHint }: FloatHistogram): void {
    if (counterResetHint === CounterResetHint.Reset) this.#hasReset = true;
    if (counterResetHint === CounterResetHint.NotReset) this.#hasNotReset = true;
  }
}

/**
 * Another histogram with the same arrays: arithmetic replaces these, so the two do not disturb each other.
 */
function withSameParts(h: FloatHistogram): FloatHistogram {
  return FloatHistogram.of(h);
}
