/**
 * The samples of one histogram or summary as lines of a page; the formats differ only in how they write
 * numbers.
 */

import { seriesText, type HistogramMetric, type SummaryMetric } from "./metric-family.ts";

/** How a format writes numbers. */
export interface NumberFormat {
  /** A sample's value, and the bound in `le`. */
  readonly value: (value: number) => string;
  /** A count of observations. */
  readonly count: (count: number) => string;
  /** The label `quantile`. */
  readonly quantile: (quantile: number) => string;
}

/** Cumulative buckets, sum and count. */
export function histogramText(name: string, metric: HistogramMetric, format: NumberFormat): string {
  const { labelText, bounds, bucketCounts } = metric;
  const before = labelText === "" ? "" : `${labelText},`;
  let text = "";
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    below += bucketCounts[i];
    const labels = `${before}le="${format.value(bounds[i])}"`;
    text += `${seriesText(`${name}_bucket`, labels)} ${format.count(below)}\n`;
  }
  text += `${seriesText(`${name}_bucket`, `${before}le="+Inf"`)} ${format.count(metric.count)}\n`;
  return text + sumAndCount(name, metric, format);
}

/** Quantiles, sum and count. */
export function summaryText(name: string, metric: SummaryMetric, format: NumberFormat): string {
  const { labelText, quantiles, quantileValues } = metric;
  const before = labelText === "" ? "" : `${labelText},`;
  let text = "";
  for (let i = 0; i < quantiles.length; i++) {
    const labels = `${before}quantile="${format.quantile(quantiles[i])}"`;
    text += `${seriesText(name, labels)} ${format.value(quantileValues[i])}\n`;
  }
  return text + sumAndCount(name, metric, format);
}

function sumAndCount(
  name: string,
  { labelText, sum, count }: HistogramMetric | SummaryMetric,
  format: NumberFormat,
): string {
  return (
    `${seriesText(`${name}_sum`, labelText)} ${format.value(sum)}\n` +
    `${seriesText(`${name}_count`, labelText)} ${format.count(count)}\n`
  );
}
