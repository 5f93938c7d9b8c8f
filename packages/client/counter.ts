/**
 * A value that only grows.
 */

import type { MetricFamily, ValueMetric } from "@narthex/exposition/metric-family";
import { checkNames, type MetricOptions } from "./collector.ts";
import { LabelledMetric } from "./labelled-metric.ts";

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
export class Counter extends LabelledMetric<CounterChild> {
  constructor(options: MetricOptions) {
    checkNames(options);
    super(options, (labelText) => new CounterChild(labelText));
  }

  /** Adds to the only series of a counter without labels. */
  inc(amount = 1): void {
    this.only.inc(amount);
  }

  override collect(): readonly MetricFamily[] {
    const { name, help } = this.options;
    return [{ name, help, type: "counter", metrics: this.children.list() }];
  }
}
