/**
 * Writes the Prometheus text format, 0.0.4 and 1.0.0 (which differ only in their content type here), the way
 * the Go client library does: families by name, HELP before TYPE, values in their shortest form.
 */

import { histogramText, summaryText, type NumberFormat } from "./compound-text.ts";
import { formatFloat, formatTextValue } from "./go-number.ts";
import {
  escapeHelp,
  familyNameText,
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
  text += `# TYPE ${shown} ${type}\n`;
  if (type === "histogram") {
    for (const metric of family.metrics) text += histogramText(name, metric, textNumbers);
  } else if (type === "summary") {
    for (const metric of family.metrics) text += summaryText(name, metric, textNumbers);
  } else {
    text += valuesText(family);
  }
  return text;
}

function valuesText({ name, metrics }: ValueFamily): string {
  let text = "";
  for (const { labelText, value, timeMs } of metrics) {
    const time = timeMs === undefined ? "" : ` ${timeMs}`;
    text += `${seriesText(name, labelText)} ${formatTextValue(value)}${time}\n`;
  }
  return text;
}
