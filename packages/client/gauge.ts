/**
 * A value that goes up and down.
 */

import type { MetricFamily, ValueMetric } from "@narthex/exposition/metric-family";
import { Children } from "./children.ts";
import { checkNames, type Collector, type MetricOptions } from "./collector.ts";

/** One series of a gauge; it may be kept. */
export class GaugeChild implements ValueMetric {
  readonly labelText: string;
  value = 0;

  constructor(labelText: string) {
    this.labelText = labelText;
  }

  set(value: number): void {
    this.value = value;
  }

  inc(amount = 1): void {
    this.value += amount;
  }

  dec(amount = 1): void {
    this.value -= amount;
  }
}

/** A gauge. */
export class Gauge implements Collector {
  readonly #children: Children<GaugeChild>;
  readonly #options: MetricOptions;
  readonly #only: GaugeChild | null;

  constructor(options: MetricOptions) {
    checkNames(options);
    this.#options = options;
    this.#children = new Children(options, (labelText) => new GaugeChild(labelText));
    this.#only = (options.labelNames ?? []).length === 0 ? this.#children.get([]) : null;
  }

  /** Sets the only series of a gauge without labels. */
  set(value: number): void {
    (this.#only ?? this.#children.get([])).set(value);
  }

  inc(amount = 1): void {
    (this.#only ?? this.#children.get([])).inc(amount);
  }

  dec(amount = 1): void {
    (this.#only ?? this.#children.get([])).dec(amount);
  }

  /** The series with these label values. */
  labels(...values: string[]): GaugeChild {
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
    return [{ name, help, type: "gauge", metrics: this.#children.list() }];
  }
}
