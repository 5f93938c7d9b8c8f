/**
 * Writes OpenMetrics 1.0 the way the Go client library does. A counter's family loses its `_total`; a
 * counter whose name has none is of unknown type, since it could not be told apart.
 */

import { histogramText, summaryText, type NumberFormat } from "./compound-text.ts";
import { formatOpenMetricsValue } from "./go-number.ts";
import {
  escapeLabel,
  familyNameText,
  seriesText,
  sortedFamilies,
  type MetricFamily,
} from "./metric-family.ts";

/** Content type of OpenMetrics 1.0. */
export const openMetricsContentType =
  "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";

const total = "_total";

const openMetricsNumbers: NumberFormat = {
  value: formatOpenMetricsValue,
  count: String,
  quantile: formatOpenMetricsValue,
};

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
    for (const metric of family.metrics) text += histogramText(name, metric, openMetricsNumbers);
  } else if (type === "summary") {
    for (const metric of family.metrics) text += summaryText(name, metric, openMetricsNumbers);
  } else {
    for (const { labelText, value, timeMs } of family.metrics) {
      const time = timeMs === undefined ? "" : ` ${timeMs / 1000}`;
      text += `${seriesText(name, labelText)} ${formatOpenMetricsValue(value)}${time}\n`;
    }
  }
  return text;
}
