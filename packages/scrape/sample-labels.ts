/**
 * From the labels on a page's line to the labels of the stored series: target labels, clashes, metric
 * relabelling, and the checks that may fail a scrape. Runs once per new line, not per sample.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { quoteText } from "@narthex/config/scalar";
import { Labels, metricNameLabel } from "@narthex/model/labels";
import { isLabelName, isMetricName } from "@narthex/model/metric-name";
import { relabel } from "@narthex/model/relabel";
import type { ScrapeConfig } from "./scrape-config.ts";

/** What of a job decides about the labels of its series. */
export type LabelRules = Pick<
  ScrapeConfig,
  | "honorLabels"
  | "metricRelabeling"
  | "nameScheme"
  | "labelLimit"
  | "labelNameLengthLimit"
  | "labelValueLengthLimit"
>;

/** A page, or one of its lines, that fails the scrape. The message is the original's. */
export class ScrapeError extends Error {
  override readonly name = "ScrapeError";
}

/** A series has more or longer labels than the job allows. */
export class LabelLimitError extends ScrapeError {}

/**
 * The labels of a line's series, null when a rule drops it. `pairs` are name, value, … as the page has them,
 * `target` the target's own. Throws `ScrapeError`.
 */
export function sampleLabels(pairs: readonly string[], target: Labels, rules: LabelRules): Labels | null {
  const merged = mergeTargetLabels(pairs, target, rules.honorLabels);
  const labels = rules.metricRelabeling === null ? merged : relabel(merged, rules.metricRelabeling);
  if (labels === null || labels.size === 0) return null;
  checkNames(labels, rules);
  checkLimits(labels, rules);
  return labels;
}

function mergeTargetLabels(pairs: readonly string[], target: Labels, honor: boolean): Labels {
  const merged: string[] = [];
  const clashes: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] as string;
    const value = pairs[i + 1] as string;
    if (!honor && target.has(name)) {
      if (value !== "") clashes.push(name, value);
    } else {
      merged.push(name, value);
    }
  }
  for (let i = 0; i < target.pairs.length; i += 2) {
    const name = target.pairs[i] as string;
    if (!honor || indexOfName(merged, name) < 0) merged.push(name, target.pairs[i + 1] as string);
  }
  if (clashes.length > 0) addClashes(merged, clashes);
  return sorted(merged);
}

function indexOfName(pairs: readonly string[], name: string): number {
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return i;
  return -1;
}

/** Puts scraped labels aside that clash with the target's: `exported_` in front until the name is free. */
function addClashes(merged: string[], clashes: readonly string[]): void {
  const names = clashes.filter((_, i) => i % 2 === 0).toSorted((a, b) => a.length - b.length);
  for (const name of names) {
    let free = `exported_${name}`;
    for (
      let at = indexOfName(merged, free);
      at >= 0 && merged[at + 1] !== "";
      at = indexOfName(merged, free)
    ) {
      free = `exported_${free}`;
    }
    merged.push(free, clashes[indexOfName(clashes, name) + 1] as string);
  }
}

/** Sorts a few pairs by name and leaves empty values out. Throws when a name comes twice. */
function sorted(pairs: string[]): Labels {
  const out: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] as string;
    const value = pairs[i + 1] as string;
    if (value === "") continue;
    let at = out.length;
    while (at > 0 && compareUtf8(out[at - 2] as string, name) > 0) at -= 2;
    if (at > 0 && out[at - 2] === name)
      throw new ScrapeError(`label name ${quoteText(name)} is not unique: invalid sample`);
    out.push("", "");
    for (let k = out.length - 1; k > at + 1; k--) out[k] = out[k - 2] as string;
    out[at] = name;
    out[at + 1] = value;
  }
  return new Labels(out);
}

function checkNames(labels: Labels, { nameScheme }: LabelRules): void {
  const metric = labels.get(metricNameLabel);
  if (metric === "") throw new ScrapeError("missing metric name (__name__ label)");
  const { pairs } = labels;
  let isValid = isMetricName(metric, nameScheme);
  for (let i = 0; isValid && i < pairs.length; i += 2) {
    isValid = isLabelName(pairs[i] as string, nameScheme) && (pairs[i + 1] as string).isWellFormed();
  }
  if (!isValid) throw new ScrapeError(`invalid metric name or label names: ${labels.toString()}`);
}

function checkLimits(labels: Labels, rules: LabelRules): void {
  const { labelLimit, labelNameLengthLimit: nameLimit, labelValueLengthLimit: valueLimit } = rules;
  const fail = (what: string, more: string): never => {
    throw new LabelLimitError(
      `${what} exceeded (metric: ${shortened(labels.get(metricNameLabel))}, ${more})`,
    );
  };
  if (labelLimit > 0 && labels.size > labelLimit) {
    fail("label_limit", `number of labels: ${labels.size}, limit: ${labelLimit}`);
  }
  if (nameLimit === 0 && valueLimit === 0) return;
  for (const [name, value] of labels.entries()) {
    const nameBytes = nameLimit > 0 ? utf8Bytes(name) : 0;
    if (nameBytes > nameLimit) {
      fail(
        "label_name_length_limit",
        `label name: ${shortened(name)}, length: ${nameBytes}, limit: ${nameLimit}`,
      );
    }
    const valueBytes = valueLimit > 0 ? utf8Bytes(value) : 0;
    if (valueBytes > valueLimit) {
      const shown = quoteText(shortened(value));
      fail(
        "label_value_length_limit",
        `label name: ${shortened(name)}, value: ${shown}, length: ${valueBytes}, limit: ${valueLimit}`,
      );
    }
  }
}

/** The first 50 characters, as Go's `%.50s`. */
function shortened(text: string): string {
  return text.length <= 50 ? text : [...text].slice(0, 50).join("");
}

function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
