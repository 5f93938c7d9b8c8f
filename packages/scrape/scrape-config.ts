/**
 * A scrape job: its section of the configuration file, and what the section means once the globals are laid
 * under it.
 *
 *   yaml-document → decode (scrapeSection) → resolveScrapeConfig (defaults, checks) → scrape-manager
 *
 * Error texts are the original's. A value of 0 in a section means "as in global", so a job cannot switch a
 * global limit off, as there.
 */

import {
  boolean,
  duration,
  float,
  optional,
  refusing,
  shown,
  size,
  text,
  uint,
  withDefault,
  type Decoder,
} from "@narthex/config/decode";
import { list, mapOf, object, type Section } from "@narthex/config/decode-section";
import { quoteText } from "@narthex/config/scalar";
import { Secret } from "@narthex/config/secret";
import type { MechanismConfig } from "@narthex/discovery/mechanism";
import { discoveryFields, mechanismsOf } from "@narthex/discovery/registry";
import {
  checkHttpClient,
  httpClientFields,
  joinHttpClientFiles,
  type HttpClientSection,
} from "@narthex/http/client-config";
import { escapingScheme, type EscapingScheme, type NameScheme } from "@narthex/model/metric-name";
import type { Relabeling, RelabelRule } from "@narthex/model/relabel";
import { nameScheme, type GlobalSection } from "./global-config.ts";
import { schemaOfFactor } from "./histogram-limits.ts";
import { checkProtocol, checkProtocols, defaultProtocols, protocolsWithProto } from "./protocols.ts";
import { relabeling, relabelRules, relabelSection } from "./relabel-config.ts";

const fields = {
  job_name: shown(text),
  honor_labels: boolean,
  honor_timestamps: shown(withDefault(boolean, true)),
  track_timestamps_staleness: shown(boolean),
  params: mapOf(list(text)),
  scrape_interval: duration,
  scrape_timeout: duration,
  scrape_protocols: optional(list(text)),
  fallback_scrape_protocol: text,
  scrape_native_histograms: optional(shown(boolean)),
  always_scrape_classic_histograms: optional(shown(boolean)),
  convert_classic_histograms_to_nhcb: optional(shown(boolean)),
  scrape_failure_log_file: text,
  metrics_path: withDefault(text, "/metrics"),
  scheme: withDefault(text, "http"),
  enable_compression: shown(withDefault(boolean, true)),
  body_size_limit: size,
  sample_limit: uint,
  target_limit: uint,
  label_limit: uint,
  label_name_length_limit: uint,
  label_value_length_limit: uint,
  native_histogram_bucket_limit: uint,
  native_histogram_min_bucket_factor: float,
  keep_dropped_targets: uint,
  metric_name_validation_scheme: nameScheme,
  metric_name_escaping_scheme: text,
  extra_scrape_metrics: optional(shown(boolean)),
  ...httpClientFields,
  relabel_configs: list(relabelSection, "empty or null target relabeling rule in scrape config"),
  metric_relabel_configs: list(relabelSection, "empty or null metric relabeling rule in scrape config"),
  ...discoveryFields,
} as const;

/** A scrape job as written. */
export type ScrapeSection = Section<typeof fields>;

/** Reads one entry of `scrape_configs`. */
export const scrapeSection: Decoder<ScrapeSection> = object(
  "config.ScrapeConfig",
  fields,
  (section, { node, decoding }) => {
    if (section.job_name === "") throw new Error("job_name is empty");
    checkHttpClient(section);
    if (section.relabel_configs.length > 0) return;
    const groups = node.entries.find(({ key }) => key === "static_configs")?.value;
    section.static_configs.forEach(({ targets }, i) => {
      const group = groups?.kind === "list" ? groups.items[i] : undefined;
      refusing(group ?? node, decoding, () => targets.forEach(checkTargetAddress));
    });
  },
);

/** Fails for an address that holds a slash: a URL where a host and port belong. */
export function checkTargetAddress(address: string): void {
  if (address.includes("/")) throw new Error(`${quoteText(address)} is not a valid hostname`);
}

/** A scrape job, complete. */
export interface ScrapeConfig {
  readonly jobName: string;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly params: ReadonlyMap<string, readonly string[]>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly protocols: readonly string[];
  readonly fallbackProtocol: string;
  readonly nativeHistograms: boolean;
  readonly classicHistogramsAlways: boolean;
  readonly classicHistogramsToNhcb: boolean;
  /** Buckets of a native histogram; 0 for no limit. */
  readonly nativeBucketLimit: number;
  /** The finest schema of native histograms that is stored. */
  readonly maxSchema: number;
  readonly failureLogFile: string;
  readonly metricsPath: string;
  readonly scheme: string;
  readonly enableCompression: boolean;
  /** 0 of any limit: none. */
  readonly bodyLimitBytes: number;
  readonly sampleLimit: number;
  readonly targetLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly keepDroppedTargets: number;
  readonly nameScheme: NameScheme;
  readonly escapingScheme: EscapingScheme;
  readonly extraMetrics: boolean;
  readonly httpClient: HttpClientSection;
  /** Rules for targets, null without any. */
  readonly relabeling: Relabeling | null;
  /** The same rules one by one, to show what each does. */
  readonly relabelRules: readonly RelabelRule[];
  /** Rules for series, null without any. */
  readonly metricRelabeling: Relabeling | null;
  readonly mechanisms: readonly MechanismConfig[];
  /** Options in use that cannot be executed yet. Not empty: the job must not be started. */
  readonly unsupported: readonly string[];
  /** Equal for jobs of equal meaning. Holds secrets: not to be shown. */
  readonly fingerprint: string;
  /** The same without what cannot change the stored series: interval, timeout, sample limit, HTTP client. */
  readonly seriesFingerprint: string;
}

/**
 * The section over the globals; `join` makes its paths absolute. Throws plain errors in the original's words.
 */
export function resolveScrapeConfig(
  section: ScrapeSection,
  global: GlobalSection,
  join: (file: string) => string,
): ScrapeConfig {
  const { job_name: jobName } = section;
  const times = resolveTimes(section, global);
  const nativeHistograms = section.scrape_native_histograms ?? global.scrape_native_histograms ?? false;
  const names = resolveNames(section, global);
  joinHttpClientFiles(section, join);
  const { configs: mechanisms, unsupported } = mechanismsOf(section, join);
  const toNhcb = section.convert_classic_histograms_to_nhcb ?? global.convert_classic_histograms_to_nhcb;
  const settings = {
    jobName,
    ...times,
    ...resolveLimits(section, global),
    ...names,
    protocols: resolveProtocols(section, global, nativeHistograms),
    fallbackProtocol: checkFallback(section),
    honorLabels: section.honor_labels,
    honorTimestamps: section.honor_timestamps,
    trackTimestampsStaleness: section.track_timestamps_staleness,
    params: section.params,
    nativeHistograms,
    classicHistogramsAlways:
      section.always_scrape_classic_histograms ?? global.always_scrape_classic_histograms,
    classicHistogramsToNhcb: toNhcb,
    nativeBucketLimit: section.native_histogram_bucket_limit,
    maxSchema: schemaOfFactor(section.native_histogram_min_bucket_factor),
    failureLogFile: join(section.scrape_failure_log_file) || global.scrape_failure_log_file,
    metricsPath: section.metrics_path,
    scheme: section.scheme,
    enableCompression: section.enable_compression,
    extraMetrics: section.extra_scrape_metrics ?? global.extra_scrape_metrics ?? false,
  };
  const raw = [section.relabel_configs, section.metric_relabel_configs];
  const series = [{ ...settings, intervalMs: 0, timeoutMs: 0, sampleLimit: 0 }, raw, mechanisms];
  return {
    ...settings,
    httpClient: section,
    relabeling: relabeling(section.relabel_configs, names.nameScheme),
    relabelRules: relabelRules(section.relabel_configs, names.nameScheme),
    metricRelabeling: relabeling(section.metric_relabel_configs, names.nameScheme),
    mechanisms,
    unsupported,
    fingerprint: fingerprintOf([settings, raw, mechanisms, httpPart(section)]),
    seriesFingerprint: fingerprintOf(series),
  };
}

function resolveTimes(
  section: ScrapeSection,
  global: GlobalSection,
): { intervalMs: number; timeoutMs: number } {
  const intervalMs = section.scrape_interval || global.scrape_interval;
  if (section.scrape_timeout > intervalMs) {
    const where = `for scrape config with job name ${quoteText(section.job_name)}`;
    throw new Error(`scrape timeout greater than scrape interval ${where}`);
  }
  return { intervalMs, timeoutMs: section.scrape_timeout || Math.min(global.scrape_timeout, intervalMs) };
}

function resolveLimits(
  section: ScrapeSection,
  global: GlobalSection,
): Pick<
  ScrapeConfig,
  | "bodyLimitBytes"
  | "sampleLimit"
  | "targetLimit"
  | "labelLimit"
  | "labelNameLengthLimit"
  | "labelValueLengthLimit"
  | "keepDroppedTargets"
> {
  return {
    bodyLimitBytes: section.body_size_limit || global.body_size_limit,
    sampleLimit: section.sample_limit || global.sample_limit,
    targetLimit: section.target_limit || global.target_limit,
    labelLimit: section.label_limit || global.label_limit,
    labelNameLengthLimit: section.label_name_length_limit || global.label_name_length_limit,
    labelValueLengthLimit: section.label_value_length_limit || global.label_value_length_limit,
    keepDroppedTargets: section.keep_dropped_targets || global.keep_dropped_targets,
  };
}

function resolveProtocols(section: ScrapeSection, global: GlobalSection, native: boolean): readonly string[] {
  const dynamic = native ? protocolsWithProto : defaultProtocols;
  const protocols = section.scrape_protocols ?? global.scrape_protocols ?? dynamic;
  checkProtocols(protocols, `for scrape config with job name ${quoteText(section.job_name)}`);
  return protocols;
}

function checkFallback({ fallback_scrape_protocol: protocol, job_name: jobName }: ScrapeSection): string {
  if (protocol === "") return "";
  try {
    checkProtocol(protocol);
  } catch (cause) {
    const where = `invalid fallback_scrape_protocol for scrape config with job name ${quoteText(jobName)}`;
    throw new Error(`${where}: ${(cause as Error).message}`, { cause });
  }
  return protocol;
}

function resolveNames(
  section: ScrapeSection,
  global: GlobalSection,
): { nameScheme: NameScheme; escapingScheme: EscapingScheme } {
  const globalScheme = global.metric_name_validation_scheme || "utf8";
  const derived = (scheme: NameScheme): string => (scheme === "legacy" ? "underscores" : "allow-utf-8");
  const globalEscaping = global.metric_name_escaping_scheme || derived(globalScheme);
  const scheme = section.metric_name_validation_scheme || globalScheme;
  const inherited = section.metric_name_validation_scheme === "" ? globalEscaping : derived(scheme);
  const escaping = section.metric_name_escaping_scheme || inherited;
  checkEscaping("global name", globalEscaping);
  const checked = checkEscaping("scrape config name", escaping);
  if (checked === "allow-utf-8" && scheme !== "utf8") {
    throw new Error("utf8 metric names requested but validation scheme is not set to UTF8");
  }
  return { nameScheme: scheme, escapingScheme: checked };
}

function checkEscaping(what: string, escaping: string): EscapingScheme {
  const scheme = escapingScheme(escaping);
  if (scheme !== undefined) return scheme;
  const known = "'allow-utf-8', 'underscores', 'dots', or 'values'";
  throw new Error(
    `unknown ${what} escaping method specified, must be one of ${known}, got ${quoteText(escaping)}`,
  );
}

function httpPart(section: HttpClientSection): unknown {
  return Object.keys(httpClientFields).map((key) => section[key as keyof HttpClientSection]);
}

/**
 * JSON in which maps are lists, mechanisms their identities, and secrets themselves (they may be all that
 * changed).
 */
function fingerprintOf(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, part: unknown) {
    const original = this[key];
    if (original instanceof Secret) return original.reveal();
    if (original instanceof Map) return [...(original as Map<unknown, unknown>)];
    return isMechanism(original) ? original.identity : part;
  });
}

function isMechanism(part: unknown): part is MechanismConfig {
  return typeof part === "object" && part !== null && "identity" in part && "create" in part;
}

/** What a section of scrape jobs in a file of its own may hold. */
export const scrapeFileSection = object("config.ScrapeConfigs", {
  scrape_configs: list(scrapeSection, "empty or null scrape config section"),
});
