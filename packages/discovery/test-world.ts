/**
 * What the tests of mechanisms share: a way to run a mechanism and look at what it found, beside a real HTTP
 * server that replays answers.
 */

import { decodeDocument } from "@narthex/config/decode";
import { parseYaml } from "@narthex/config/yaml-document";
import type { Clock } from "@narthex/platform/clock";
import { systemClock } from "@narthex/platform/clock";
import { systemDisk } from "@narthex/platform/disk";
import type { Logger } from "@narthex/platform/logger";
import { watchDirectory } from "@narthex/platform/watch";
import { noDiscoveryMetrics, type DiscoveryMetrics, type MechanismCounter } from "./discovery-metrics.ts";
import { mechanismConfig, type MechanismContext, type MechanismKind } from "./mechanism.ts";
import type { TargetGroup } from "./target-group.ts";

export { listening, withApi, type Replay, type SeenRequest } from "@narthex/http/replay-server";

/** What a running mechanism said. */
export interface Watched {
  /** Groups by source, as they are now. */
  readonly groups: ReadonlyMap<string, TargetGroup>;
  readonly errors: readonly string[];
  readonly counted: ReadonlyMap<MechanismCounter | "refresh failure", number>;
  /** Resolves once `holds`; looks after every update and every error. */
  readonly until: (holds: () => boolean) => Promise<void>;
}

/** Settings of `watching`. */
export interface WatchOptions {
  readonly clock?: Clock;
  readonly environment?: Readonly<Record<string, string>>;
  readonly join?: (file: string) => string;
}

/** Runs a mechanism of `kind` for a section while `run` looks. */
export async function watching<S>(
  kind: MechanismKind<S>,
  yaml: string | object,
  run: (watched: Watched) => Promise<void>,
  options: WatchOptions = {},
): Promise<void> {
  const groups = new Map<string, TargetGroup>();
  const errors: string[] = [];
  const counted = new Map<MechanismCounter | "refresh failure", number>();
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const one of woken) one();
  };
  const count = (counter: MechanismCounter | "refresh failure"): void => {
    counted.set(counter, (counted.get(counter) ?? 0) + 1);
  };
  const metrics: DiscoveryMetrics = {
    ...noDiscoveryMetrics,
    count,
    refreshFailed: () => count("refresh failure"),
  };
  const context: MechanismContext = {
    clock: options.clock ?? systemClock,
    disk: systemDisk,
    watch: watchDirectory,
    logger: errorLogger((text) => {
      errors.push(text);
      setImmediate(wake);
    }),
    metrics,
    environment: options.environment ?? {},
    userAgent: "Prometheus/test",
  };
  const section = decodeDocument(
    parseYaml(typeof yaml === "string" ? yaml : JSON.stringify(yaml), "f"),
    kind.section,
  );
  const mechanism = mechanismConfig(kind, section, options.join ?? ((file) => file)).create(context);
  const stop = new AbortController();
  const running = mechanism.run((updates) => {
    for (const group of updates) {
      if (group.targets.length === 0) groups.delete(group.source);
      else groups.set(group.source, group);
    }
    setImmediate(wake);
  }, stop.signal);
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  try {
    await run({ groups, errors, counted, until });
  } finally {
    stop.abort();
    await running;
  }
}

/** What the first answer brings: targets as plain objects, group labels below their own; or the error. */
export async function firstTargets<S>(
  kind: MechanismKind<S>,
  yaml: string | object,
  options: WatchOptions = {},
): Promise<Record<string, string>[]> {
  let found: Record<string, string>[] = [];
  await watching(
    kind,
    yaml,
    async ({ groups, errors, until }) => {
      await until(() => groups.size > 0 || errors.length > 0);
      if (errors[0] !== undefined) throw new Error(errors[0]);
      found = targetsOf(groups);
    },
    options,
  );
  return found;
}

/** All targets of some groups as plain objects, group labels below their own. */
export function targetsOf(groups: ReadonlyMap<string, TargetGroup>): Record<string, string>[] {
  return [...groups.values()].flatMap(({ targets, labels }) =>
    targets.map((target) => ({ ...labels.toObject(), ...target.toObject() })),
  );
}

/** The labels of a target without the common beginning of their names. */
export function shortNames(
  target: Readonly<Record<string, string>> | undefined,
  prefix: string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(target ?? {}).map(([name, value]) => [
      name.startsWith(prefix) ? name.slice(prefix.length) : name,
      value,
    ]),
  );
}

/** The refusal of a section, without its position. */
export function refusal<S>(kind: MechanismKind<S>, yaml: string): string {
  try {
    decodeDocument(parseYaml(yaml, "f"), kind.section);
    return "";
  } catch (error) {
    return (error as Error).message.replace(/^(?:[^:]*:[0-9]+:[0-9]+: )?(?:parsing YAML file f: )?/u, "");
  }
}

function errorLogger(take: (text: string) => void): Logger {
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (message, fields) => take(fields?.["err"] instanceof Error ? fields["err"].message : message),
    child: () => logger,
  };
  return logger;
}

/** An object of texts from `name=value name=value`; `%20` stands for a blank. */
export function words(text: string): Record<string, string> {
  const entries = text
    .trim()
    .split(/\s+/u)
    .map((word) => {
      const at = word.indexOf("=");
      return [word.slice(0, at), word.slice(at + 1).replaceAll("%20", " ")];
    });
  return Object.fromEntries(entries) as Record<string, string>;
}
