/**
 * What the tests of mechanisms share: a real HTTP server that replays answers, and a way to run a mechanism
 * and look at what it found.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Server } from "node:net";
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

/** A request as the replaying server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** For answers that are no plain JSON. */
  readonly response: ServerResponse;
}

/** Answers with JSON; with a status when it is a number; by itself when it is undefined. */
export type Replay = (request: SeenRequest) => object | string | number | undefined;

/** Runs `run` beside a server that replays. */
export async function withApi(
  replay: Replay,
  run: (url: string, seen: readonly SeenRequest[]) => Promise<void>,
): Promise<void> {
  const seen: SeenRequest[] = [];
  const take = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const part of message) body += String(part);
    const url = new URL(message.url ?? "/", "http://x");
    const headers = message.headers as Record<string, string | undefined>;
    const method = message.method ?? "";
    const request = { method, path: url.pathname, query: url.searchParams, headers, body, response };
    seen.push(request);
    const reply = replay(request);
    if (reply === undefined) return;
    if (typeof reply === "number") response.writeHead(reply).end("refused");
    else {
      response.setHeader("content-type", "application/json");
      response.end(typeof reply === "string" ? reply : JSON.stringify(reply));
    }
  };
  const server = createServer((message, response) => void take(message, response));
  await listening(server, async (port) => run(`http://127.0.0.1:${port}`, seen));
}

/** Runs `run` while a server listens on a port of this machine. */
export async function listening(server: Server, run: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run((server.address() as AddressInfo).port);
  } finally {
    (server as Partial<import("node:http").Server>).closeAllConnections?.();
    server.close();
  }
}

/** What a running mechanism said. */
export interface Watched {
  /** Groups by source, as they are now. */
  readonly groups: ReadonlyMap<string, TargetGroup>;
  readonly errors: readonly string[];
  readonly counted: ReadonlyMap<MechanismCounter | "refresh failure", number>;
  /** Resolves once `holds`; looks after every update and every error. */
  until(holds: () => boolean): Promise<void>;
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
