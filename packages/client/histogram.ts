/**
 * Counts observations in buckets (classic histogram).
 */

import type { HistogramMetric, MetricFamily } from "@narthex/exposition/metric-family";
import { checkNames, type MetricOptions } from "./collector.ts";
import { LabelledMetric } from "./labelled-metric.ts";

/** Upper bounds in seconds for requests to a server; the Go client's defaults. */
export const defaultBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `count` bounds, each `width` above the one before. */
export function linearBounds(start: number, width: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => start + i * width);
}

/** `count` bounds, each `factor` times the one before. */
export function exponentialBounds(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => start * factor ** i);
}

/** Options of a histogram. */
export interface HistogramOptions extends MetricOptions {
  /** Upper bounds, ascending; +Inf is there always. Default `defaultBounds`. */
  readonly bounds?: readonly number[];
}

/** One series of a histogram; it may be kept. */
export class HistogramChild implements HistogramMetric {
  readonly labelText: string;
  readonly bounds: readonly number[];
  readonly bucketCounts: Float64Array;
  sum = 0;
  count = 0;

  constructor(labelText: string, bounds: readonly number[]) {
    this.labelText = labelText;
    this.bounds = bounds;
    this.bucketCounts = new Float64Array(bounds.length);
  }

  observe(value: number): void {
    const { bounds } = this;
    let i = 0;
    while (i < bounds.length && !(value <= bounds[i]!)) i++;
    if (i < bounds.length) this.bucketCounts[i]! += 1;
    this.sum += value;
    this.count++;
  }
}

/** A histogram. */
export class Histogram extends LabelledMetric<HistogramChild> {
  constructor(options: HistogramOptions) {
    checkNames(options, "le");
    const bounds = (options.bounds ?? defaultBounds).filter((bound) => bound !== Infinity);
    if (bounds.some((bound, i) => i > 0 && !(bound > bounds[i - 1]!))) {
      throw new RangeError(`the bounds of histogram "${options.name}" do not ascend`);
    }
    super(options, (labelText) => new HistogramChild(labelText, bounds));
  }

  /** Observes on the only series of a histogram without labels. */
  observe(value: number): void {
    this.only.observe(value);
  }

  override collect(): readonly MetricFamily[] {
    const { name, help } = this.options;
    return [{ name, help, type: "histogram", metrics: this.children.list() }];
  }
}
