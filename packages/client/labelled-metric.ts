/**
 * What counters, gauges, histograms and summaries have in common: series by label values, and an only series
 * when there are no labels.
 */

import type { MetricFamily } from "@narthex/exposition/metric-family";
import { Children } from "./children.ts";
import type { Collector, MetricOptions } from "./collector.ts";

/** A metric with one series of type `Child` for each combination of label values. */
export abstract class LabelledMetric<Child> implements Collector {
  protected readonly options: MetricOptions;
  protected readonly children: Children<Child>;
  /** The only series once it was asked for; another one after it was forgotten. */
  #only: Child | null = null;

  /** `options` are checked already; `make` makes a series from its rendered labels. */
  constructor(options: MetricOptions, make: (labelText: string) => Child) {
    this.options = options;
    this.children = new Children(options, make);
  }

  /** The only series of a metric without labels; with labels, an assertion fails. */
  protected get only(): Child {
    return (this.#only ??= this.children.get([]));
  }

  /** The series with these label values. */
  labels(...values: string[]): Child {
    return this.children.get(values);
  }

  /** Forgets a series; whether there was one. */
  remove(...values: string[]): boolean {
    this.#only = null;
    return this.children.remove(values);
  }

  /** Forgets all series. */
  clear(): void {
    this.#only = null;
    this.children.clear();
  }

  abstract collect(): readonly MetricFamily[];
}
