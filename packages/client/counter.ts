/**
 * A value that only grows.
 */

import type { MetricFamily, ValueMetric } from "@narthex/exposition/metric-family";
import { Children } from "./children.ts";
import { checkNames, type Collector, type MetricOptions } from "./collector.ts";

/** One series of a counter; it may be kept. */
export class CounterChild implements ValueMetric {
  readonly labelText: string;
  value = 0;

  constructor(labelText: string) {
    this.labelText = labelText;
  }

  /** Adds `amount`; throws `RangeError` when it is negative or not a number. */
  inc(amount = 1): void {
    if (!(amount >= 0)) throw new RangeError(`cannot add ${amount} to a counter`);
    this.value += amount;
  }
}

/** A counter. */
export class Counter implements Collector {
  readonly #children: Children<CounterChild>;
  readonly #options: MetricOptions;
  readonly #only: CounterChild | null;

  constructor(options: MetricOptions) {
    checkNames(options);
    this.#options = options;
    this.#children = new Children(options, (labelText) => new CounterChild(labelText));
    this.#only = (options.labelNames ?? []).length === 0 ? this.#children.get([]) : null;
  }

  /** Adds to the only series of a counter without labels. */
  inc(amount = 1): void {
    (this.#only ?? this.#children.get([])).inc(amount);
  }

  /** The series with these label values. */
  labels(...values: string[]): CounterChild {
    return this.#children.get(values);
  }

  /** Forgets a series; whether there was one. */
  remove(...values: string[]): boolean {
    return this.#children.remove(values);
  }

  /** Forgets all series. */
  clear(): void {
    this.#children.clear();
  }

  collect(): readonly MetricFamily[] {
    const { name, help } = this.#options;
    return [{ name, help, type: "counter", metrics: this.#children.list() }];
  }
}
