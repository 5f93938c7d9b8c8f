/**
 * Writes the Prometheus text format, 0.0.4 and 1.0.0 (which differ only in their content type here), the way
 * the Go client library does: families by name, HELP before TYPE, values in their shortest form.
 */

import { histogramText, summaryText, timeText, type NumberFormat } from "./compound-text.ts";
import { formatFloat, formatTextValue } from "./go-number.ts";
import {
  escapeHelp,
  familyNameText,
  isHistogramFamily,
  seriesText,
  sortedFamilies,
  type MetricFamily,
  type ValueFamily,
} from "./metric-family.ts";

/** Content type of the text format 0.0.4. */
export const textContentType = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
/** Content type of the text format 1.0.0, for clients that take any name. */
export const text1ContentType = "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8";

const textNumbers: NumberFormat = {
  value: formatTextValue,
  count: formatTextValue,
  quantile: formatFloat,
  time: (timeMs) => ` ${timeMs}`,
  exemplar: () => "",
};

/** The page for `families`, in any order. Metrics keep their order within a family. */
export function writeText(families: readonly MetricFamily[]): string {
  let page = "";
  for (const family of sortedFamilies(families)) page += textFamily(family);
  return page;
}

function textFamily(family: MetricFamily): string {
  const { name, help, type } = family;
  const shown = familyNameText(name);
  let text = help === "" ? "" : `# HELP ${shown} ${escapeHelp(help)}\n`;
  text += `# TYPE ${shown} ${type === "gaugehistogram" ? "histogram" : type}\n`;
  if (isHistogramFamily(family)) {
    for (const metric of family.metrics) text += histogramText(name, metric, textNumbers);
  } else if (family.type === "summary") {
    for (const metric of family.metrics) text += summaryText(name, metric, textNumbers);
  } else {
    text += valuesText(family);
  }
  return text;
}

function valuesText({ name, metrics }: ValueFamily): string {
  let text = "";
  for (const metric of metrics) {
    const series = seriesText(name, metric.labelText);
    text += `${series} ${formatTextValue(metric.value)}${timeText(metric, textNumbers)}\n`;
  }
  return text;
}
