/**
 * From a discovered address to a target's labels: defaults of the job, relabelling, checks.
 *
 *   discovery group → POPULATE → target, a dropped target, or an error
 */

import { Labels } from "@narthex/model/labels";
import { quoteText } from "@narthex/config/scalar";
import { addressLabel } from "@narthex/discovery/target-group";
import { formatDuration, parseDuration } from "@narthex/model/duration";
import { relabel } from "@narthex/model/relabel";
import { checkTargetAddress, type ScrapeConfig } from "./scrape-config.ts";

/** A target as its group has it. */
export interface DiscoveredTarget {
  readonly own: Labels;
  readonly group: Labels;
}

const flagLabels = [
  ["__convert_classic_histograms_to_nhcb__", "convert classic histograms to nhcb"],
  ["__always_scrape_classic_histograms__", "always scrape classic histograms"],
  ["__scrape_native_histograms__", "scrape native histograms"],
] as const;

/** The labels of a target before relabelling. */
export function discoveredLabels(config: ScrapeConfig, { own, group }: DiscoveredTarget): Labels {
  const labels = new Map<string, string>([
    ["job", config.jobName],
    ["__scrape_interval__", formatDuration(config.intervalMs)],
    ["__scrape_timeout__", formatDuration(config.timeoutMs)],
    ["__metrics_path__", config.metricsPath],
    ["__scheme__", config.scheme],
    ["__convert_classic_histograms_to_nhcb__", String(config.classicHistogramsToNhcb)],
    ["__always_scrape_classic_histograms__", String(config.classicHistogramsAlways)],
    ["__scrape_native_histograms__", String(config.nativeHistograms)],
  ]);
  for (const [name, values] of config.params) {
    const [first] = values;
    if (first !== undefined) labels.set(`__param_${name}`, first);
  }
  for (const source of [group, own]) for (const [name, value] of source.entries()) labels.set(name, value);
  return Labels.from(labels);
}

/**
 * The labels of a target after relabelling, null when a rule dropped it. Throws plain errors in the
 * original's words when no target can be made of them.
 */
export function populateLabels(config: ScrapeConfig, target: DiscoveredTarget): Labels | null {
  const { relabeling } = config;
  const discovered = discoveredLabels(config, target);
  const relabelled = relabeling === null ? discovered : relabel(discovered, relabeling);
  if (relabelled === null) return null;
  const address = relabelled.get(addressLabel);
  if (address === "") throw new Error("no address");
  checkTargetAddress(address);
  checkTimes(relabelled);
  for (const [name, what] of flagLabels) checkFlag(relabelled.get(name), what);
  const kept = new Map([...relabelled.entries()].filter(([name]) => !name.startsWith("__meta_")));
  if (!kept.has("instance")) kept.set("instance", address);
  for (const [name, value] of kept) {
    if (!value.isWellFormed())
      throw new Error(`invalid label value for ${quoteText(name)}: ${quoteText(value)}`);
  }
  return Labels.from(kept);
}

function checkTimes(labels: Labels): void {
  const interval = labels.get("__scrape_interval__");
  const timeout = labels.get("__scrape_timeout__");
  const intervalMs = durationOf(interval, "scrape interval");
  const timeoutMs = durationOf(timeout, "scrape timeout");
  if (intervalMs === 0) throw new Error("scrape interval cannot be 0");
  if (timeoutMs === 0) throw new Error("scrape timeout cannot be 0");
  if (timeoutMs > intervalMs) {
    const shown = `${quoteText(timeout)} > ${quoteText(interval)}`;
    throw new Error(`scrape timeout cannot be greater than scrape interval (${shown})`);
  }
}

function durationOf(text: string, what: string): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    throw new Error(`error parsing ${what}: ${(cause as Error).message}`, { cause });
  }
}

function checkFlag(text: string, what: string): void {
  if (/^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)?$/u.test(text)) return;
  throw new Error(`error parsing ${what}: strconv.ParseBool: parsing ${quoteText(text)}: invalid syntax`);
}
