/**
 * The samples of one histogram or summary as lines of a page; the formats differ only in how they write
 * numbers.
 */

import {
  seriesText,
  type FamilyExemplar,
  type HistogramMetric,
  type SummaryMetric,
} from "./metric-family.ts";

/** How a format writes numbers. */
export interface NumberFormat {
  /** A sample's value, and the bound in `le`. */
  readonly value: (value: number) => string;
  /** A count of observations. */
  readonly count: (count: number) => string;
  /** The label `quantile`. */
  readonly quantile: (quantile: number) => string;
  /** A time in milliseconds, with the blank before it. */
  readonly time: (timeMs: number) => string;
  /** An exemplar, with the blank before it; "" in a format without. */
  readonly exemplar: (exemplar: FamilyExemplar) => string;
}

/** Cumulative buckets, sum and count. */
export function histogramText(name: string, metric: HistogramMetric, format: NumberFormat): string {
  const { labelText, bounds, bucketCounts } = metric;
  const before = labelText === "" ? "" : `${labelText},`;
  const time = timeText(metric, format);
  const bucket = (i: number, bound: string, count: number): string => {
    const exemplar = metric.exemplars?.[i];
    const shown = exemplar === undefined ? "" : format.exemplar(exemplar);
    const series = seriesText(`${name}_bucket`, `${before}le="${bound}"`);
    return `${series} ${format.count(count)}${time}${shown}\n`;
  };
  let text = "";
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    below += bucketCounts[i];
    text += bucket(i, format.value(bounds[i]), below);
  }
  text += bucket(bounds.length, "+Inf", metric.count);
  return text + sumAndCount(name, metric, format);
}

/** Quantiles, sum and count. */
export function summaryText(name: string, metric: SummaryMetric, format: NumberFormat): string {
  const { labelText, quantiles, quantileValues } = metric;
  const before = labelText === "" ? "" : `${labelText},`;
  const time = timeText(metric, format);
  let text = "";
  for (let i = 0; i < quantiles.length; i++) {
    const labels = `${before}quantile="${format.quantile(quantiles[i])}"`;
    text += `${seriesText(name, labels)} ${format.value(quantileValues[i])}${time}\n`;
  }
  return text + sumAndCount(name, metric, format);
}

/** The time of a metric as the format shows it, "" for none. */
export function timeText({ timeMs }: { readonly timeMs?: number }, format: NumberFormat): string {
  return timeMs === undefined ? "" : format.time(timeMs);
}

function sumAndCount(name: string, metric: HistogramMetric | SummaryMetric, format: NumberFormat): string {
  const { labelText, sum, count } = metric;
  const time = timeText(metric, format);
  return (
    `${seriesText(`${name}_sum`, labelText)} ${format.value(sum)}${time}\n` +
    `${seriesText(`${name}_count`, labelText)} ${format.count(count)}${time}\n`
  );
}
