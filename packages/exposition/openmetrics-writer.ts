/**
 * Writes OpenMetrics 1.0 the way the Go client library does. A counter's family loses its `_total`; a
 * counter whose name has none is of unknown type, since it could not be told apart.
 */

import { histogramText, summaryText, timeText, type NumberFormat } from "./compound-text.ts";
import { formatOpenMetricsValue } from "./go-number.ts";
import {
  escapeLabel,
  familyNameText,
  seriesText,
  sortedFamilies,
  type FamilyExemplar,
  type MetricFamily,
  type ValueFamily,
} from "./metric-family.ts";

/** Content type of OpenMetrics 1.0. */
export const openMetricsContentType =
  "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";

const total = "_total";

const openMetricsNumbers: NumberFormat = {
  value: formatOpenMetricsValue,
  count: String,
  quantile: formatOpenMetricsValue,
  time: (timeMs) => ` ${formatOpenMetricsValue(timeMs / 1000)}`,
  exemplar: exemplarText,
};

/** What a caller can choose. */
export interface OpenMetricsOptions {
  /** Write `_created` lines with the times at which counters began. Default false, as the Go client. */
  readonly createdLines?: boolean;
}

/** The page for `families`, in any order, with its end marker. */
export function writeOpenMetrics(
  families: readonly MetricFamily[],
  options: OpenMetricsOptions = {},
): string {
  let page = "";
  for (const family of sortedFamilies(families)) page += familyText(family, options.createdLines === true);
  return `${page}# EOF\n`;
}

function familyText(family: MetricFamily, createdLines: boolean): string {
  const { name, help, type, unit = "" } = family;
  const isCounter = type === "counter" && name.endsWith(total);
  const ownName = isCounter ? name.slice(0, -total.length) : name;
  const shown = familyNameText(ownName);
  const shownType = type === "untyped" || (type === "counter" && !isCounter) ? "unknown" : type;
  let text = help === "" ? "" : `# HELP ${shown} ${escapeLabel(help)}\n`;
  text += `# TYPE ${shown} ${shownType}\n`;
  if (unit !== "" && ownName.endsWith(`_${unit}`)) text += `# UNIT ${shown} ${unit}\n`;
  const hasCreated = createdLines && (type === "counter" || type === "histogram" || type === "summary");
  for (const metric of family.metrics) {
    text += metricText(family, metric);
    if (!hasCreated || metric.startMs === undefined) continue;
    const created = seriesText(`${ownName}_created`, metric.labelText);
    text += `${created} ${formatOpenMetricsValue(metric.startMs / 1000)}\n`;
  }
  return text;
}

function metricText(family: MetricFamily, metric: MetricFamily["metrics"][number]): string {
  if ("bucketCounts" in metric) return histogramText(family.name, metric, openMetricsNumbers);
  if ("quantiles" in metric) return summaryText(family.name, metric, openMetricsNumbers);
  return valueText(family.name, metric);
}

function valueText(name: string, metric: ValueFamily["metrics"][number]): string {
  const { labelText, value, exemplar } = metric;
  const shown = exemplar === undefined ? "" : exemplarText(exemplar);
  const time = timeText(metric, openMetricsNumbers);
  return `${seriesText(name, labelText)} ${formatOpenMetricsValue(value)}${time}${shown}\n`;
}

/** Exemplars without labels are left out, as the Go client does. */
function exemplarText({ labelText, value, timeMs }: FamilyExemplar): string {
  if (labelText === "") return "";
  const time = timeMs === undefined ? "" : ` ${formatOpenMetricsValue(timeMs / 1000)}`;
  return ` # {${labelText}} ${formatOpenMetricsValue(value)}${time}`;
}
