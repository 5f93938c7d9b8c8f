/**
 * `--enable-feature`: names in, switches out. The names are the original's.
 */

import type { ParseOptions } from "@narthex/promql-syntax/parser";
import type { LogFields } from "@narthex/platform/logger";

/** What features switch on. Plain data: workers are told. */
export interface Features {
  readonly syntax: Required<ParseOptions>;
  /** `stats=all` counts samples per step. */
  readonly perStepStatistics: boolean;
  readonly delayedNameRemoval: boolean;
  readonly useStartTimestamps: boolean;
  /** Metrics say in `__type__` what they are. */
  readonly typeAndUnitLabels: boolean;
}

/** Something to say about the flag at the start. */
export interface FeatureNotice {
  readonly level: "info" | "warn";
  readonly message: string;
  readonly fields?: LogFields;
}

/** A switch that can be set while names are read. */
type Switches = { -readonly [Name in keyof Omit<Features, "syntax">]: boolean } & {
  syntax: { -readonly [Name in keyof ParseOptions]-?: boolean };
};

function switchesOff(): Switches {
  return {
    syntax: {
      experimentalFunctions: false,
      // Switched on for good in 3.14; the parser alone still asks.
      durationExpressions: true,
      extendedRangeSelectors: false,
      fillModifiers: false,
    },
    perStepStatistics: false,
    delayedNameRemoval: false,
    useStartTimestamps: false,
    typeAndUnitLabels: false,
  };
}

/** Without any feature. */
export const noFeatures: Features = switchesOff();

interface Feature {
  readonly set: (switches: Switches) => void;
  readonly says: string;
}

/** What can be switched on, with what the log says of it. */
const features: Readonly<Record<string, Feature>> = {
  "promql-experimental-functions": {
    set: ({ syntax }) => (syntax.experimentalFunctions = true),
    says: "Experimental PromQL functions enabled.",
  },
  "promql-extended-range-selectors": {
    set: ({ syntax }) => (syntax.extendedRangeSelectors = true),
    says: "Experimental PromQL extended range selectors enabled.",
  },
  "promql-binop-fill-modifiers": {
    set: ({ syntax }) => (syntax.fillModifiers = true),
    says: "Experimental PromQL binary operator fill modifiers enabled.",
  },
  "promql-per-step-stats": {
    set: (switches) => (switches.perStepStatistics = true),
    says: "Experimental per-step statistics reporting",
  },
  "promql-delayed-name-removal": {
    set: (switches) => (switches.delayedNameRemoval = true),
    says: "Experimental PromQL delayed name removal enabled.",
  },
  "use-start-timestamps": {
    set: (switches) => (switches.useStartTimestamps = true),
    says: "Experimental usage of start timestamps in PromQL engine is enabled.",
  },
  "type-and-unit-labels": {
    set: (switches) => (switches.typeAndUnitLabels = true),
    says: "Experimental type and unit labels enabled",
  },
};

const alwaysOn = "This option for --enable-feature is now permanently enabled and therefore a no-op.";

/** Names that do nothing any more. */
const idle: Readonly<Record<string, string>> = {
  "promql-duration-expr": alwaysOn,
  "ooo-native-histograms": alwaysOn,
  "native-histograms":
    "This option for --enable-feature is a no-op. To scrape native histograms, set the " +
    "scrape_native_histograms scrape config setting to true.",
};

/** Names of the original whose subject is not built yet. */
const notYet: ReadonlySet<string> = new Set([
  "auto-reload-config",
  "concurrent-rule-eval",
  "created-timestamp-zero-ingestion",
  "delayed-compaction",
  "exemplar-storage",
  "extra-scrape-metrics",
  "fast-startup",
  "histograms-st-encoding",
  "memory-snapshot-on-shutdown",
  "metadata-wal-records",
  "old-ui",
  "otlp-deltatocumulative",
  "otlp-native-delta-ingestion",
  "search-api",
  "st-storage",
  "st-synthesis",
  "use-uncached-io",
  "xor2-encoding",
]);

/** Reads the values of the flag, each a comma-separated list. What is not known is only noted. */
export function readFeatures(values: readonly string[]): {
  readonly features: Features;
  readonly notices: readonly FeatureNotice[];
} {
  const switches = switchesOff();
  const notices: FeatureNotice[] = [];
  const names = values.flatMap((value) => value.split(",")).filter((name) => name !== "");
  for (const name of names) {
    const feature = Object.hasOwn(features, name) ? features[name] : undefined;
    if (feature !== undefined) {
      feature.set(switches);
      notices.push({ level: "info", message: feature.says });
      continue;
    }
    notices.push({ level: "warn", message: noticeOf(name), fields: { option: name } });
  }
  return { features: switches, notices };
}

function noticeOf(name: string): string {
  if (Object.hasOwn(idle, name)) return idle[name] as string;
  if (notYet.has(name)) return "This option for --enable-feature has no effect yet.";
  return "Unknown option for --enable-feature";
}
