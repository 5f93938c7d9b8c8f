/**
 * The configuration file of the Prometheus server, all sections together.
 *
 *   file → yaml-document → the sections' decoders (each in its own package) → defaults, checks →
 *   PrometheusConfig
 *
 * Every key of the original is accepted. Sections of parts that do not exist yet are taken as they are, and
 * each that would have to act gives a warning; options of a scrape job that would have to act are errors,
 * since a job that is silently scraped otherwise than asked is worse than none.
 *
 * Errors are `ConfigError`: `file:line:column: ` and then the original's text.
 */

import {
  decodeDocument,
  duration,
  float,
  int,
  size,
  text,
  withDefault,
  type Decoder,
  type Printed,
} from "@narthex/config/decode";
import { anything, list, object, type Section } from "@narthex/config/decode-section";
import { Decoding, SectionError } from "@narthex/config/decoding";
import type { ConfigError } from "@narthex/config/config-error";
import { directoryOf, expandGlob, joinDirectory } from "@narthex/config/file-paths";
import { printYaml } from "@narthex/config/print-yaml";
import { quoteText } from "@narthex/config/scalar";
import { parseYaml, type YamlDocument } from "@narthex/config/yaml-document";
import { Labels } from "@narthex/model/labels";
import { formatSize } from "@narthex/model/duration";
import type { Disk } from "@narthex/platform/disk";
import { defaultGlobal, globalSection, type GlobalSection } from "@narthex/scrape/global-config";
import {
  resolveScrapeConfig,
  scrapeFileSection,
  scrapeSection,
  type ScrapeConfig,
  type ScrapeSection,
} from "@narthex/scrape/scrape-config";

const retentionSection = object("config.plain", { time: duration, size, percentage: float }, (retention) => {
  if (retention.size < 0) {
    throw new Error(
      `'storage.tsdb.retention.size' must be greater than or equal to 0, got ${formatSize(retention.size)}`,
    );
  }
  if (retention.percentage < 0 || retention.percentage > 100) {
    throw new Error(
      `'storage.tsdb.retention.percentage' must be in the range [0, 100], got ${retention.percentage}`,
    );
  }
});

const tsdbSection = object(
  "config.plain",
  {
    out_of_order_time_window: duration,
    stale_series_compaction_threshold: float,
    chunk_encoding: object("config.ChunkEncodingConfig", { floats: text }),
    retention: retentionSection,
  },
  ({ chunk_encoding: { floats } }) => {
    if (floats === "" || floats === "xor" || floats === "xor2") return;
    throw new Error(
      "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely," +
        ` got ${quoteText(floats)}`,
    );
  },
);

const storageSection = object("config.StorageConfig", {
  tsdb: tsdbSection,
  exemplars: object("config.ExemplarsConfig", { max_exemplars: int }),
});

/** The `storage` section; 0 where nothing is said. */
export type StorageSection = Section<{
  tsdb: typeof tsdbSection;
  exemplars: Decoder<{ max_exemplars: number }>;
}>;

const filePattern = /^[^*]*(\*[^/]*)?$/u;
const nullJob = "empty or null scrape config section";

const topFields = {
  global: globalSection,
  runtime: object("config.RuntimeConfig", { gogc: withDefault(int, 75) }),
  alerting: anything,
  rule_files: list(text),
  scrape_config_files: list(text),
  scrape_configs: list(scrapeSection, nullJob),
  storage: storageSection,
  tracing: anything,
  remote_write: list(anything, "empty or null remote write config section"),
  remote_read: list(anything, "empty or null remote read config section"),
  otlp: anything,
} as const;

const topSection = object("config.plain", topFields, ({ rule_files: rules, scrape_config_files: files }) => {
  const wrongRule = rules.find((path) => !filePattern.test(path));
  if (wrongRule !== undefined) throw new Error(`invalid rule file path ${quoteText(wrongRule)}`);
  const wrongFile = files.find((path) => !filePattern.test(path));
  if (wrongFile !== undefined) throw new Error(`invalid scrape config file path ${quoteText(wrongFile)}`);
});

type TopSection = Section<typeof topFields>;

/** The configuration file cannot be read; `message` is Go's. */
export class ConfigReadError extends Error {
  override readonly name = "ConfigReadError";
  readonly code = "CONFIG_UNREADABLE";
}

/** What surrounds a configuration file. */
export interface ConfigWorld {
  readonly disk: Disk;
  /** Variables for `external_labels`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Sections that an agent does not have are errors. */
  readonly agentMode?: boolean;
}

/** A whole configuration, checked. */
export interface PrometheusConfig {
  readonly file: string;
  readonly global: GlobalSection;
  /** With variables expanded. */
  readonly externalLabels: Labels;
  /** Those of the file, then those of the files it names. Job names are unique. */
  readonly scrapeConfigs: readonly ScrapeConfig[];
  /** Patterns, joined to the file's directory. */
  readonly ruleFiles: readonly string[];
  readonly storage: StorageSection;
  /** What is accepted and does not act, as sentences. */
  readonly warnings: readonly string[];
  /** Options of scrape jobs that cannot be executed yet, each at its place. */
  readonly unsupported: readonly ConfigError[];
  /** The configuration as YAML, defaults filled in, secrets hidden. */
  print(): string;
}

/**
 * Reads a configuration for use. Throws `ConfigError`, also for an option that cannot be executed yet, or
 * `ConfigReadError`.
 */
export function loadConfigFile(file: string, world: ConfigWorld): PrometheusConfig {
  const config = readConfigFile(file, world);
  const [unsupported] = config.unsupported;
  if (unsupported !== undefined) throw unsupported;
  return config;
}

/** Reads a configuration and checks it. Throws `ConfigError` or `ConfigReadError`. */
export function readConfigFile(file: string, world: ConfigWorld): PrometheusConfig {
  return parseConfig(readText(file, world.disk), file, world);
}

/** The configuration in `content`, which came from `file`. Throws `ConfigError`. */
export function parseConfig(content: string, file: string, world: ConfigWorld): PrometheusConfig {
  const document = parseYaml(content, file);
  const decoding = new Decoding(document);
  const top = decodeDocument(document, topSection, decoding);
  // An absent or empty section was not completed: a complete one has an interval.
  const global = top.global.scrape_interval === 0 ? defaultGlobal() : top.global;
  if (world.agentMode === true) refuseForAgent(top, document);
  const directory = directoryOf(file);
  const jobs = new Jobs(global);
  jobs.addAll(top.scrape_configs, decoding, directory);
  const ruleFiles = top.rule_files.map((path) => joinDirectory(directory, path));
  const patterns = top.scrape_config_files.map((path) => joinDirectory(directory, path));
  for (const pattern of patterns) {
    for (const path of expandGlob(world.disk, pattern)) jobs.addFile(path, world.disk);
  }
  global.query_log_file = joinDirectory(directory, global.query_log_file);
  global.scrape_failure_log_file = joinDirectory(directory, global.scrape_failure_log_file);
  const warnings = warningsOf(top);
  const externalLabels = expandLabels(global, world.env, warnings);
  const printed: TopSection = {
    ...top,
    global: { ...global, external_labels: new Map(externalLabels.entries()) },
    rule_files: ruleFiles,
    scrape_config_files: patterns,
  };
  return {
    file,
    global,
    externalLabels,
    ruleFiles,
    warnings,
    storage: top.storage,
    scrapeConfigs: jobs.configs,
    unsupported: jobs.unsupported,
    print: () => printYaml(topSection.print(printed) as Printed),
  };
}

function readText(file: string, disk: Disk): string {
  try {
    return new TextDecoder().decode(disk.readFile(file));
  } catch (cause) {
    const { code } = cause as { code?: string };
    const reasons: Record<string, string> = {
      ENOENT: "no such file or directory",
      EACCES: "permission denied",
      EISDIR: "is a directory",
    };
    throw new ConfigReadError(`open ${file}: ${reasons[code ?? ""] ?? String(cause)}`, { cause });
  }
}

function refuseForAgent(top: TopSection, document: YamlDocument): void {
  const refuse = (key: string): never => {
    const { root } = document;
    const entry = root?.kind === "map" ? root.entries.find((other) => other.key === key) : undefined;
    throw document.error(entry?.offset ?? 0, `field ${key} is not allowed in agent mode`);
  };
  const { alerting } = top;
  const hasAlerting = alerting?.kind === "map" && alerting.entries.some(({ value }) => value.kind === "list");
  if (hasAlerting) refuse("alerting");
  if (top.rule_files.length > 0) refuse("rule_files");
  if (top.remote_read.length > 0) refuse("remote_read");
}

/** The scrape jobs of all files. */
class Jobs {
  readonly configs: ScrapeConfig[] = [];
  readonly unsupported: ConfigError[] = [];
  readonly #global: GlobalSection;
  /** Job names with the file that has them, as error texts show it. */
  readonly #names = new Map<string, string>();

  constructor(global: GlobalSection) {
    this.#global = global;
  }

  /** Adds the jobs of the main file. */
  addAll(sections: readonly ScrapeSection[], decoding: Decoding, directory: string): void {
    for (const section of sections) {
      const config = this.#resolve(section, decoding, directory);
      if (this.#names.has(config.jobName)) {
        const text = `found multiple scrape configs with job name ${quoteText(config.jobName)}`;
        throw decoding.errorAt(section, text, "job_name");
      }
      this.#add(config, section, decoding, "main config file");
    }
  }

  /** Adds the jobs of a file named by `scrape_config_files`. */
  addFile(file: string, disk: Disk): void {
    const document = parseYaml(readText(file, disk), file, `${quoteText(file)}: `);
    const decoding = new Decoding(document);
    for (const section of decodeDocument(document, scrapeFileSection, decoding).scrape_configs) {
      const config = this.#resolve(section, decoding, directoryOf(file));
      const known = this.#names.get(config.jobName);
      if (known !== undefined) {
        const text = `found multiple scrape configs with job name ${quoteText(config.jobName)}`;
        throw decoding.errorAt(section, `${text}, first found in ${known}`, "job_name");
      }
      this.#add(config, section, decoding, quoteText(file));
    }
  }

  #add(config: ScrapeConfig, section: ScrapeSection, decoding: Decoding, source: string): void {
    this.#names.set(config.jobName, source);
    this.configs.push(config);
    for (const option of config.unsupported) {
      const where = `in scrape config with job name ${quoteText(config.jobName)}`;
      this.unsupported.push(decoding.errorAt(section, `${option} is not supported yet ${where}`, option));
    }
  }

  #resolve(section: ScrapeSection, decoding: Decoding, directory: string): ScrapeConfig {
    try {
      return resolveScrapeConfig(section, this.#global, (path) => joinDirectory(directory, path));
    } catch (error) {
      if (error instanceof SectionError) throw decoding.errorAt(error.section, error.message);
      if (!(error instanceof Error) || error instanceof TypeError) throw error;
      throw decoding.errorAt(section, error.message);
    }
  }
}

/** Sections that are read past, with what they would do. */
const idleSections = [
  ["alerting", "alerts are not sent"],
  ["rule_files", "recording and alerting rules are not evaluated"],
  ["tracing", "no traces are written"],
  ["remote_write", "samples are not sent on"],
  ["remote_read", "queries do not ask other servers"],
  ["otlp", "OTLP is not received"],
] as const;

function warningsOf(top: TopSection): string[] {
  const warnings: string[] = [];
  for (const [key, effect] of idleSections) {
    const section = top[key];
    const says = Array.isArray(section) ? section.length > 0 : section !== null;
    if (says) warnings.push(`section ${key} is ignored until it is supported: ${effect}`);
  }
  const { tsdb } = top.storage;
  if (tsdb.out_of_order_time_window > 0) {
    warnings.push("storage.tsdb.out_of_order_time_window is ignored until it is supported");
  }
  if (tsdb.chunk_encoding.floats === "xor2") {
    warnings.push("storage.tsdb.chunk_encoding.floats: xor2 is ignored until it is supported");
  }
  const jobs = [...top.scrape_configs, top.global];
  if (jobs.some((section) => section.scrape_native_histograms === true)) {
    warnings.push("scrape_native_histograms is ignored until it is supported");
  }
  if (jobs.some((section) => section.scrape_failure_log_file !== "")) {
    warnings.push("scrape_failure_log_file is ignored until it is supported");
  }
  return warnings;
}

/** `$name`, `${name}` and `$$` in external labels, as Go's `os.Expand` reads them. */
function expandLabels(global: GlobalSection, env: ConfigWorld["env"], warnings: string[]): Labels {
  const expand = (value: string): string =>
    value.replace(
      /\$(?:\{([^}]*)\}|([*#$@!?0-9-]|[A-Za-z_][A-Za-z0-9_]*))/gu,
      (_all, braced?: string, bare?: string) => {
        const name = braced ?? bare ?? "";
        if (name === "$") return "$";
        const found = env[name] ?? "";
        if (found === "") warnings.push(`Empty environment variable ${name}`);
        return found;
      },
    );
  return Labels.from([...global.external_labels].map(([name, value]) => [name, expand(value)]));
}
