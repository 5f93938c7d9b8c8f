/**
 * A value that goes up and down.
 */

import type { MetricFamily, ValueMetric } from "@narthex/exposition/metric-family";
import { checkNames, type MetricOptions } from "./collector.ts";
import { LabelledMetric } from "./labelled-metric.ts";

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
export class Gauge extends LabelledMetric<GaugeChild> {
  constructor(options: MetricOptions) {
    checkNames(options);
    super(options, (labelText) => new GaugeChild(labelText));
  }

  /** Sets the only series of a gauge without labels. */
  set(value: number): void {
    this.only.set(value);
  }

  inc(amount = 1): void {
    this.only.inc(amount);
  }

  dec(amount = 1): void {
    this.only.dec(amount);
  }

  override collect(): readonly MetricFamily[] {
    const { name, help } = this.options;
    return [{ name, help, type: "gauge", metrics: this.children.list() }];
  }
}
