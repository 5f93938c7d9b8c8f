/**
 * Targets that DNS records name: `dns_sd_configs`.
 *
 * Invariants
 *  - A name that cannot be asked for keeps its targets; one that is known not to exist loses them.
 *  - Names are tried with the search list of resolv.conf, as a resolver library would.
 */

import { duration, int, shown, text, withDefault } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import {
  askNameServer,
  type NameAnswer,
  type NameRecord,
  type RecordType,
} from "@narthex/http/name-resolver";

import { Labels, quoteGo } from "@narthex/model/labels";
import type { MechanismContext, MechanismKind } from "../mechanism.ts";
import { refreshMechanism } from "../refresh-mechanism.ts";
import type { TargetGroup } from "../target-group.ts";
import { joinHostPort, targetFrom } from "../target-labels.ts";

const section = object(
  "dns.plain",
  {
    names: list(text),
    refresh_interval: withDefault(duration, 30_000),
    type: withDefault(text, "SRV"),
    port: shown(int),
  },
  ({ names, type, port }) => {
    if (names.length === 0) throw new Error("DNS-SD config must contain at least one SRV record name");
    switch (type.toUpperCase()) {
      case "SRV":
        return;
      case "A":
      case "AAAA":
      case "MX":
      case "NS":
        if (port === 0)
          throw new Error("a port is required in DNS-SD configs for all record types except SRV");
        return;
      default:
        throw new Error(`invalid DNS-SD records type ${type}`);
    }
  },
);

/** A section of `dns_sd_configs`. */
export type DnsSection = typeof section.initial;

/** Asks one server. */
export type AskNameServer = (server: string, name: string, type: RecordType) => Promise<NameAnswer>;

const resolvConf = "/etc/resolv.conf";

/** The mechanism, with the file that names the servers. */
export function dnsKind(resolvFile: string, ask: AskNameServer): MechanismKind<DnsSection> {
  return {
    name: "dns",
    section,
    create: (written, context) => {
      const lookup = new NameLookup(resolvFile, ask, context);
      const type = written.type.toUpperCase() as RecordType;
      const refreshOne = async (name: string): Promise<TargetGroup[]> => {
        context.metrics.count?.("prometheus_sd_dns_lookups_total");
        try {
          const records = await lookup.records(name, type);
          const targets = records.map((record) => targetOf(name, type, record, written.port));
          return [{ source: name, targets, labels: Labels.empty }];
        } catch (error) {
          context.metrics.count?.("prometheus_sd_dns_lookup_failures_total");
          context.logger.error("Error refreshing DNS targets", { err: error });
          return [];
        }
      };
      const refresh = async (): Promise<TargetGroup[]> =>
        (await Promise.all(written.names.map(refreshOne))).flat();
      return refreshMechanism({ name: "dns", intervalMs: written.refresh_interval, refresh }, context);
    },
  };
}

/** The mechanism. */
export const dns = dnsKind(resolvConf, askNameServer);

function targetOf(name: string, type: RecordType, { value, port }: NameRecord, configured: number): Labels {
  const host = value.replace(/\.+$/u, "");
  const rooted = `${host}.`;
  const usesOwn = type === "SRV";
  return targetFrom(joinHostPort(host, usesOwn ? port : configured), "__meta_dns_", {
    name,
    srv_record_target: usesOwn ? rooted : "",
    srv_record_port: usesOwn ? port : "",
    mx_record_target: type === "MX" ? rooted : "",
    ns_record_target: type === "NS" ? rooted : "",
  });
}

/** What resolv.conf says. */
interface ResolverSettings {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
}

/** Reads resolv.conf. */
export function parseResolvConf(content: string): ResolverSettings {
  const servers: string[] = [];
  let search: readonly string[] = [];
  let ndots = 1;
  for (const line of content.split("\n")) {
    const [word = "", ...values] = line
      .replace(/[#;].*$/u, "")
      .trim()
      .split(/\s+/u);
    if (word === "nameserver" && values[0] !== undefined) servers.push(values[0]);
    else if (word === "domain") search = values.slice(0, 1);
    else if (word === "search") search = values;
    else if (word === "options") {
      const dots = values.find((value) => value.startsWith("ndots:"));
      if (dots !== undefined) ndots = Math.min(15, Math.max(0, Number(dots.slice(6)) || 1));
    }
  }
  return { servers, search, ndots };
}

/** The names to try for `name`, in order. */
export function searchNames(
  name: string,
  { search, ndots }: Pick<ResolverSettings, "search" | "ndots">,
): string[] {
  if (name.endsWith(".")) return [name];
  const hasDots = name.split(".").length - 1 >= ndots;
  const under = search.map((domain) => (domain === "." ? name : `${name}.${domain}`));
  return hasDots ? [name, ...under] : [...under, name];
}

class NameLookup {
  readonly #file: string;
  readonly #ask: AskNameServer;
  readonly #context: MechanismContext;

  constructor(file: string, ask: AskNameServer, context: MechanismContext) {
    this.#file = file;
    this.#ask = ask;
    this.#context = context;
  }

  /** The records of the first form of the name that exists; none when no form does. */
  async records(name: string, type: RecordType): Promise<readonly NameRecord[]> {
    const settings = this.#settings();
    let allAnswered = true;
    for (const form of searchNames(name, settings)) {
      const answer = await this.#askAny(settings.servers, form, type);
      if (answer === null) allAnswered = false;
      else if (answer !== "no such name") return answer;
    }
    if (allAnswered) return [];
    const why = "all servers responded with errors to at least one search domain";
    throw new Error(`could not resolve ${quoteGo(name)}: ${why}`);
  }

  #settings(): ResolverSettings {
    try {
      return parseResolvConf(new TextDecoder().decode(this.#context.disk.readFile(this.#file)));
    } catch (cause) {
      throw new Error(`could not load resolv.conf: ${(cause as Error).message}`, { cause });
    }
  }

  async #askAny(servers: readonly string[], name: string, type: RecordType): Promise<NameAnswer | null> {
    for (const server of servers) {
      try {
        return await this.#ask(server, name.replace(/\.$/u, ""), type);
      } catch (error) {
        this.#context.logger.warn("DNS resolution failed", { server, name, err: error });
      }
    }
    return null;
  }
}
