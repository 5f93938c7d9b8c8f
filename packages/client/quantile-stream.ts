/**
 * Quantiles of a stream with bounded error in little memory: the targeted quantiles of Cormode, Korn,
 * Muthukrishnan and Srivastava ("Effective computation of biased quantiles over data streams", 2005).
 *
 *  1. Observations wait in a buffer; when it is full it is sorted and merged into the list of samples.
 *  2. A sample stands for `width` observations up to its value; its rank is known to within `slack`.
 *  3. Neighbours are joined where the targets still allow the uncertainty.
 *
 * Invariant: for a target (q, e) the rank of the answer is within e × count + 1 of q × count.
 */

/** A quantile and the error of rank allowed for it, both in (0, 1). */
export interface QuantileTarget {
  readonly quantile: number;
  readonly error: number;
}

interface Sample {
  readonly value: number;
  width: number;
  readonly slack: number;
}

const bufferSize = 500;

/** A stream of observations. */
export class QuantileStream {
  readonly #targets: readonly QuantileTarget[];
  #buffer: number[] = [];
  #samples: Sample[] = [];
  #merged = 0;

  constructor(targets: readonly QuantileTarget[]) {
    this.#targets = targets;
  }

  insert(value: number): void {
    this.#buffer.push(value);
    if (this.#buffer.length >= bufferSize) this.#merge();
  }

  /** Forgets everything. */
  reset(): void {
    this.#buffer = [];
    this.#samples = [];
    this.#merged = 0;
  }

  /** The value at `quantile`; NaN when nothing was inserted. Exact for less than 500 observations. */
  query(quantile: number): number {
    if (this.#samples.length === 0) return this.#queryBuffer(quantile);
    this.#merge();
    const samples = this.#samples;
    let rank = Math.ceil(quantile * this.#merged);
    rank += Math.ceil(this.#allowed(rank) / 2);
    let before = samples[0]!;
    let below = 0;
    for (let i = 1; i < samples.length; i++) {
      const sample = samples[i]!;
      below += before.width;
      if (below + sample.width + sample.slack > rank) return before.value;
      before = sample;
    }
    return before.value;
  }

  #queryBuffer(quantile: number): number {
    const sorted = Float64Array.from(this.#buffer).sort();
    if (sorted.length === 0) return NaN;
    return sorted[Math.max(0, Math.ceil(sorted.length * quantile) - 1)]!;
  }

  /** How uncertain the rank of an observation near `rank` may be. */
  #allowed(rank: number): number {
    let least = Infinity;
    for (const { quantile, error } of this.#targets) {
      const allowed =
        quantile * this.#merged <= rank
          ? (2 * error * rank) / quantile
          : (2 * error * (this.#merged - rank)) / (1 - quantile);
      least = Math.min(least, allowed);
    }
    return least;
  }

  #merge(): void {
    if (this.#buffer.length === 0) return;
    const values = Float64Array.from(this.#buffer).sort();
    this.#buffer = [];
    const merged: Sample[] = [];
    let rank = 0;
    let next = 0;
    for (const value of values) {
      while (next < this.#samples.length && this.#samples[next]!.value <= value) {
        const sample = this.#samples[next++]!;
        rank += sample.width;
        merged.push(sample);
      }
      const isInside = next > 0 && next < this.#samples.length;
      const slack = isInside ? Math.max(0, Math.floor(this.#allowed(rank)) - 1) : 0;
      merged.push({ value, width: 1, slack });
      rank++;
      this.#merged++;
    }
    while (next < this.#samples.length) merged.push(this.#samples[next++]!);
    this.#samples = this.#compress(merged);
  }

  /** Joins samples with their right neighbour, from the right, where that is allowed. */
  #compress(samples: Sample[]): Sample[] {
    if (samples.length < 2) return samples;
    const kept: Sample[] = [];
    let right = samples.at(-1)!;
    let rank = this.#merged - right.width;
    for (let i = samples.length - 2; i >= 0; i--) {
      const sample = samples[i]!;
      rank -= sample.width;
      if (i > 0 && sample.width + right.width + right.slack <= this.#allowed(rank)) {
        right.width += sample.width;
      } else {
        kept.push(right);
        right = sample;
      }
    }
    kept.push(right);
    return kept.reverse();
  }
}
