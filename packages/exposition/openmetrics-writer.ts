/**
 * Writes OpenMetrics 1.0 the way the Go client library does. A counter's family loses its `_total`; a
 * counter whose name has none is of unknown type, since it could not be told apart.
 */

import { formatOpenMetricsValue } from "./go-number.ts";
import {
  escapeLabel,
  familyNameText,
  seriesText,
  sortedFamilies,
  type HistogramMetric,
  type MetricFamily,
  type SummaryMetric,
} from "./metric-family.ts";

/** Content type of OpenMetrics 1.0. */
export const openMetricsContentType =
  "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";

const total = "_total";

/** The page for `families`, in any order, with its end marker. */
export function writeOpenMetrics(families: readonly MetricFamily[]): string {
  let page = "";
  for (const family of sortedFamilies(families)) page += familyText(family);
  return `${page}# EOF\n`;
}

function familyText(family: MetricFamily): string {
  const { name, help, type } = family;
  const isCounter = type === "counter" && name.endsWith(total);
  const shown = familyNameText(isCounter ? name.slice(0, -total.length) : name);
  const shownType = type === "untyped" || (type === "counter" && !isCounter) ? "unknown" : type;
  let text = help === "" ? "" : `# HELP ${shown} ${escapeLabel(help)}\n`;
  text += `# TYPE ${shown} ${shownType}\n`;
  if (type === "histogram") {
    for (const metric of family.metrics) text += histogramText(name, metric);
  } else if (type === "summary") {
    for (const metric of family.metrics) text += summaryText(name, metric);
  } else {
    for (const { labelText, value, timeMs } of family.metrics) {
      const time = timeMs === undefined ? "" : ` ${timeMs / 1000}`;
      text += `${seriesText(name, labelText)} ${formatOpenMetricsValue(value)}${time}\n`;
    }
  }
  return text;
}

function histogramText(name: string, metric: HistogramMetric): string {
  const { labelText, bounds, bucketCounts, sum, count } = metric;
  const before = labelText === "" ? "" : `${labelText},`;
  let text = "";
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    below += bucketCounts[i];
    const labels = `${before}le="${formatOpenMetricsValue(bounds[i])}"`;
    text += `${seriesText(`${name}_bucket`, labels)} ${below}\n`;
  }
  text += `${seriesText(`${name}_bucket`, `${before}le="+Inf"`)} ${count}\n`;
  return text + sumAndCount(name, labelText, sum, count);
}

function summaryText(name: string, metric: SummaryMetric): string {
  const { labelText, quantiles, quantileValues, sum, count } = metric;
  const before = labelText === "" ? "" : `${labelText},`;
  let text = "";
  for (let i = 0; i < quantiles.length; i++) {
    const labels = `${before}quantile="${formatOpenMetricsValue(quantiles[i])}"`;
    text += `${seriesText(name, labels)} ${formatOpenMetricsValue(quantileValues[i])}\n`;
  }
  return text + sumAndCount(name, labelText, sum, count);
}

function sumAndCount(name: string, labelText: string, sum: number, count: number): string {
  return (
    `${seriesText(`${name}_sum`, labelText)} ${formatOpenMetricsValue(sum)}\n` +
    `${seriesText(`${name}_count`, labelText)} ${count}\n`
  );
}
