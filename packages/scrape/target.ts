/**
 * A target: an address that is scraped, with the labels its series get, and how it fares.
 *
 * Identity is the hash of all its labels and its URL; by it a reload or a new list of groups finds the target
 * again.
 */

import { Labels } from "@narthex/model/labels";
import { addressLabel } from "@narthex/discovery/target-group";
import type { ScrapeConfig } from "./scrape-config.ts";
import { discoveredLabels, type DiscoveredTarget } from "./populate-labels.ts";
import { fnv64a, hexOf, xorModulo, type Hash64 } from "./target-hash.ts";
import { emptyMetadataTable, type MetadataTable } from "./metadata-table.ts";

/** How a target fares. */
export type TargetHealth = "unknown" | "up" | "down";

/** What the last scrape brought. */
export interface TargetStatus {
  readonly health: TargetHealth;
  /** The error of the last scrape, "" when it went well. */
  readonly lastError: string;
  /** When it began; 0 before the first. */
  readonly lastScrapeMs: number;
  readonly lastDurationSeconds: number;
}

/** The label that names a unix socket to connect to. */
export const unixSocketLabel = "__unix_socket__";
const paramPrefix = "__param_";

/** One target of a pool. */
export class Target {
  /** All labels, those with a leading `__` included. */
  readonly labels: Labels;
  /** The labels that its series get. */
  readonly publicLabels: Labels;
  readonly url: string;
  readonly hash: Hash64;
  /** `hash` as text. */
  readonly id: string;
  status: TargetStatus = { health: "unknown", lastError: "", lastScrapeMs: 0, lastDurationSeconds: 0 };
  /** What its pages said about their metric families. */
  metadata: MetadataTable = emptyMetadataTable;
  #config: ScrapeConfig;
  #origin: DiscoveredTarget;

  constructor(labels: Labels, config: ScrapeConfig, origin: DiscoveredTarget) {
    this.labels = labels;
    this.publicLabels = Labels.from([...labels.entries()].filter(([name]) => !name.startsWith("__")));
    this.#config = config;
    this.#origin = origin;
    this.url = targetUrl(labels, config.params);
    this.hash = fnv64a(`${labels.pairs.join("\u0000")}\u0000${this.url}`);
    this.id = hexOf(this.hash);
  }

  /** The labels before relabelling, for the list of targets. Made on demand: they are rarely looked at. */
  discoveredLabels(): Labels {
    return discoveredLabels(this.#config, this.#origin);
  }

  /** Takes over where a newer list of groups found the same target. */
  rediscovered(config: ScrapeConfig, origin: DiscoveredTarget): void {
    this.#config = config;
    this.#origin = origin;
  }

  /** The milliseconds past a multiple of the interval at which the target is scraped. */
  offsetMs(intervalMs: number, seed: Hash64): number {
    return xorModulo(this.hash, seed, Math.min(intervalMs, 2 ** 32 - 1));
  }
}

/** The URL that a target's labels mean. */
export function targetUrl(labels: Labels, params: ReadonlyMap<string, readonly string[]>): string {
  const values = new Map<string, string[]>([...params].map(([name, list]) => [name, [...list]]));
  for (const [name, value] of labels.entries()) {
    if (!name.startsWith(paramPrefix)) continue;
    const list = values.get(name.slice(paramPrefix.length));
    if (list !== undefined && list.length > 0) list[0] = value;
    else values.set(name.slice(paramPrefix.length), [value]);
  }
  const host = labels.get(addressLabel) || (labels.has(unixSocketLabel) ? "localhost" : "");
  const path = encodePath(labels.get("__metrics_path__"));
  const query = encodeQuery(values);
  const separator = path === "" || path.startsWith("/") ? "" : "/";
  return `${labels.get("__scheme__")}://${host}${separator}${path}${query === "" ? "" : `?${query}`}`;
}

/** As Go's `url.URL` writes a path. */
function encodePath(path: string): string {
  return encodeURI(path.toWellFormed()).replace(
    /[?#[\]]/gu,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** As Go's `url.Values.Encode`: by name, blanks as `+`. */
function encodeQuery(values: ReadonlyMap<string, readonly string[]>): string {
  const escape = (text: string): string =>
    encodeURIComponent(text.toWellFormed())
      .replace(/%20/gu, "+")
      .replace(/[!'()*]/gu, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return [...values.keys()]
    .toSorted()
    .flatMap((name) => (values.get(name) ?? []).map((value) => `${escape(name)}=${escape(value)}`))
    .join("&");
}
