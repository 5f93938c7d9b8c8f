/**
 * The `global` section: what scrape jobs inherit, and a few settings of the whole server.
 */

import { isLabelName, type NameScheme } from "@narthex/model/metric-name";
import {
  boolean,
  duration,
  optional,
  shown,
  size,
  text,
  uint,
  convert,
  type Decoder,
} from "@narthex/config/decode";
import { list, mapOf, object, type Section } from "@narthex/config/decode-section";
import { quoteText } from "@narthex/config/scalar";
import { checkProtocols } from "./protocols.ts";

/** `utf8`, `legacy`, or "" when not said. */
export const nameScheme: Decoder<NameScheme | ""> = convert(text, "", (value) => {
  if (value !== "" && value !== "utf8" && value !== "legacy") {
    throw new Error(`unrecognized ValidationScheme: ${quoteText(value)}`);
  }
  return value;
});

const fields = {
  scrape_interval: duration,
  scrape_timeout: duration,
  scrape_protocols: optional(list(text)),
  evaluation_interval: duration,
  rule_query_offset: duration,
  query_log_file: text,
  scrape_failure_log_file: text,
  external_labels: mapOf(text),
  body_size_limit: size,
  sample_limit: uint,
  target_limit: uint,
  label_limit: uint,
  label_name_length_limit: uint,
  label_value_length_limit: uint,
  keep_dropped_targets: uint,
  metric_name_validation_scheme: nameScheme,
  metric_name_escaping_scheme: text,
  scrape_native_histograms: optional(shown(boolean)),
  convert_classic_histograms_to_nhcb: boolean,
  always_scrape_classic_histograms: boolean,
  extra_scrape_metrics: optional(shown(boolean)),
} as const;

/** The section with its defaults filled in; `scrape_protocols` stays null when not said. */
export type GlobalSection = Section<typeof fields>;

const defaultIntervalMs = 60_000;
const defaultTimeoutMs = 10_000;

/** Reads the section. */
export const globalSection: Decoder<GlobalSection> = object("config.plain", fields, completeGlobal);

/** The section when the file does not have one, or an empty one. */
export function defaultGlobal(): GlobalSection {
  const section = globalSection.initial;
  completeGlobal(section);
  section.metric_name_escaping_scheme = "allow-utf-8";
  return section;
}

function completeGlobal(section: GlobalSection): void {
  if (section.metric_name_validation_scheme === "") section.metric_name_validation_scheme = "utf8";
  for (const [name, value] of section.external_labels) {
    if (!isLabelName(name, section.metric_name_validation_scheme)) {
      throw new Error(`${quoteText(name)} is not a valid label name`);
    }
    if (!value.isWellFormed()) throw new Error(`${quoteText(value)} is not a valid label value`);
  }
  if (section.scrape_interval === 0) section.scrape_interval = defaultIntervalMs;
  if (section.scrape_timeout > section.scrape_interval) {
    throw new Error("global scrape timeout greater than scrape interval");
  }
  if (section.scrape_timeout === 0) {
    section.scrape_timeout = Math.min(defaultTimeoutMs, section.scrape_interval);
  }
  if (section.evaluation_interval === 0) section.evaluation_interval = defaultIntervalMs;
  section.scrape_native_histograms ??= false;
  section.extra_scrape_metrics ??= false;
  if (section.scrape_protocols !== null) checkProtocols(section.scrape_protocols, "for global config");
}
