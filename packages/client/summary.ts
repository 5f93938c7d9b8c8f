/**
 * Quantiles, sum and count of observations. Quantiles are of a sliding window (ten minutes in five steps, as
 * in the Go client); sum and count are of all time.
 */

import type { MetricFamily, SummaryMetric } from "@narthex/exposition/metric-family";
import { systemClock, type Clock } from "@narthex/platform/clock";
import { checkNames, type MetricOptions } from "./collector.ts";
import { LabelledMetric } from "./labelled-metric.ts";
import { QuantileStream, type QuantileTarget } from "./quantile-stream.ts";

/** Options of a summary. */
export interface SummaryOptions extends MetricOptions {
  /** Default none: sum and count only. */
  readonly targets?: readonly QuantileTarget[];
  /** How long an observation counts. Default ten minutes. */
  readonly windowMs?: number;
  /** In how many steps the window moves. Default 5. */
  readonly windowSteps?: number;
  readonly clock?: Clock;
}

/** The quantiles that Prometheus' own summaries have. */
export const usualTargets: readonly QuantileTarget[] = [
  { quantile: 0.01, error: 0.001 },
  { quantile: 0.05, error: 0.005 },
  { quantile: 0.5, error: 0.05 },
  { quantile: 0.9, error: 0.01 },
  { quantile: 0.99, error: 0.001 },
];

/** One series of a summary; it may be kept. */
export class SummaryChild implements SummaryMetric {
  readonly labelText: string;
  readonly quantiles: readonly number[];
  sum = 0;
  count = 0;
  readonly #clock: Clock;
  readonly #stepMs: number;
  /** One stream per step of the window; each sees all observations since it was last emptied. */
  readonly #streams: QuantileStream[];
  #head = 0;
  #headEndMs: number;

  constructor(labelText: string, options: SummaryOptions) {
    const { targets = [], windowMs = 600_000, windowSteps = 5, clock = systemClock } = options;
    const sorted = targets.toSorted((a, b) => a.quantile - b.quantile);
    this.labelText = labelText;
    this.quantiles = sorted.map(({ quantile }) => quantile);
    this.#clock = clock;
    this.#stepMs = windowMs / windowSteps;
    this.#streams =
      sorted.length === 0 ? [] : Array.from({ length: windowSteps }, () => new QuantileStream(sorted));
    this.#headEndMs = clock.monotonicMs() + this.#stepMs;
  }

  observe(value: number): void {
    this.sum += value;
    this.count++;
    if (this.#streams.length === 0) return;
    this.#moveWindow();
    for (const stream of this.#streams) stream.insert(value);
  }

  get quantileValues(): readonly number[] {
    if (this.#streams.length === 0) return [];
    this.#moveWindow();
    const head = this.#streams[this.#head]!;
    return this.quantiles.map((quantile) => head.query(quantile));
  }

  /** Empties the oldest stream for every step that has passed; the next oldest then answers. */
  #moveWindow(): void {
    const nowMs = this.#clock.monotonicMs();
    for (let steps = 0; nowMs >= this.#headEndMs; steps++) {
      if (steps >= this.#streams.length) {
        this.#headEndMs = nowMs + this.#stepMs; // all streams are empty already
        return;
      }
      this.#streams[this.#head]!.reset();
      this.#head = (this.#head + 1) % this.#streams.length;
      this.#headEndMs += this.#stepMs;
    }
  }
}

/** A summary. */
export class Summary extends LabelledMetric<SummaryChild> {
  constructor(options: SummaryOptions) {
    checkNames(options, "quantile");
    super(options, (labelText) => new SummaryChild(labelText, options));
  }

  /** Observes on the only series of a summary without labels. */
  observe(value: number): void {
    this.only.observe(value);
  }

  override collect(): readonly MetricFamily[] {
    const { name, help } = this.options;
    return [{ name, help, type: "summary", metrics: this.children.list() }];
  }
}
