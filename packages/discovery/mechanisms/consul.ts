/**
 * Services of a Consul catalogue: `consul_sd_configs`.
 *
 * Idea: blocking queries. The list of services is asked for with the index of the last answer, and returns
 * when it changed or after two minutes; every service has such a query of its own.
 *
 * Invariants
 *  - A service that leaves the catalogue is no longer watched, and its group is emptied.
 *  - Between two answers of one query at least the refresh interval passes.
 */

import { boolean, duration, secret, shown, text, withDefault } from "@narthex/config/decode";
import { list, mapOf, object } from "@narthex/config/decode-section";
import { Secret } from "@narthex/config/secret";
import { bodyText } from "@narthex/http/client";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import { Labels } from "@narthex/model/labels";
import { ApiClient, type ApiCall } from "../api-client.ts";
import { Json } from "../json.ts";
import type { Mechanism, MechanismContext, MechanismKind, UpdateGroups } from "../mechanism.ts";
import { enclosed, joinHostPort, labelsFrom, prefixed, targetFrom } from "../target-labels.ts";

const section = object(
  "consul.plain",
  {
    server: withDefault(text, "localhost:8500"),
    path_prefix: text,
    token: secret,
    datacenter: text,
    namespace: text,
    partition: text,
    tag_separator: withDefault(text, ","),
    scheme: withDefault(text, "http"),
    username: text,
    password: secret,
    allow_stale: shown(withDefault(boolean, true)),
    refresh_interval: withDefault(duration, 30_000),
    services: list(text),
    tags: list(text),
    node_meta: mapOf(text),
    filter: text,
    health_filter: text,
    ...httpClientFields,
  },
  (written) => {
    if (written.server.trim() === "") throw new Error("consul SD configuration requires a server address");
    if (written.username !== "" || !written.password.isEmpty) {
      if (written.basic_auth !== null) {
        throw new Error(
          "at most one of consul SD configuration username and password and basic auth can be configured",
        );
      }
      const { username, password } = written;
      const none = { username_file: "", username_ref: "", password_file: "", password_ref: "" };
      written.basic_auth = { username, password, ...none };
    }
    if (!written.token.isEmpty && (written.authorization !== null || written.oauth2 !== null)) {
      throw new Error("at most one of consul SD token, authorization, or oauth2 can be configured");
    }
    checkHttpClient(written);
  },
);

/** A section of `consul_sd_configs`. */
export type ConsulSection = typeof section.initial;

/** The mechanism. */
export const consul: MechanismKind<ConsulSection> = {
  name: "consul",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => new ConsulDiscovery(written, context),
};

const watchSeconds = 120;
const retryMs = 15_000;
const requestTimeoutMs = 135_000;

/** The index of an answer, and what it holds. */
interface Indexed {
  readonly index: string;
  readonly content: Json;
}

class ConsulDiscovery implements Mechanism {
  readonly #section: ConsulSection;
  readonly #context: MechanismContext;
  readonly #api: ApiClient;
  #datacenter: string;

  constructor(section: ConsulSection, context: MechanismContext) {
    this.#section = section;
    this.#context = context;
    this.#datacenter = section.datacenter;
    const { server, scheme, path_prefix: prefix, token } = section;
    const base = /^(?:https?|unix):\/\//u.test(server) ? server : `${scheme}://${server}`;
    const path = prefix.replace(/^\/+|\/+$/gu, "");
    this.#api = new ApiClient(
      {
        section,
        baseUrl: path === "" ? base : `${base.replace(/\/+$/u, "")}/${path}`,
        timeoutMs: requestTimeoutMs,
        headers: token === Secret.empty || token.isEmpty ? [] : ["x-consul-token", token.reveal()],
      },
      context,
    );
  }

  async run(update: UpdateGroups, signal: AbortSignal): Promise<void> {
    const { services, tags, filter } = this.#section;
    await this.#findDatacenter(signal);
    if (services.length === 0 || tags.length > 0 || filter !== "") await this.#watchCatalog(update, signal);
    else await Promise.all(services.map((name) => this.#watchService(name, update, signal)));
    this.#api.close();
  }

  /** Asks the agent which datacenter it belongs to, until it says. */
  async #findDatacenter(signal: AbortSignal): Promise<void> {
    while (this.#datacenter === "" && !signal.aborted) {
      try {
        const self = await this.#api.json({ path: "/v1/agent/self", signal });
        this.#datacenter = self.at("Config", "Datacenter").text();
        if (this.#datacenter === "") throw new Error("invalid value '' for Config.Datacenter");
      } catch (error) {
        if (signal.aborted) return;
        this.#failed("Error retrieving datacenter name", error);
        await this.#context.clock.sleep(retryMs, signal);
      }
    }
  }

  async #watchCatalog(update: UpdateGroups, signal: AbortSignal): Promise<void> {
    const watched = new Map<string, AbortController>();
    const running: Promise<void>[] = [];
    await this.#poll(
      { path: "/v1/catalog/services", signal },
      this.#section.filter,
      "services",
      (content) => {
        const listed = new Map(content.fields().map(([name, tags]) => [name, tags.texts()]));
        for (const [name, tags] of listed) {
          if (watched.has(name) || !this.#wants(name, tags)) continue;
          const stop = new AbortController();
          signal.addEventListener("abort", () => stop.abort());
          watched.set(name, stop);
          running.push(this.#watchService(name, update, stop.signal));
        }
        for (const [name, stop] of watched) {
          if (listed.has(name)) continue;
          stop.abort();
          watched.delete(name);
          update([{ source: name, targets: [], labels: Labels.empty }]);
        }
        if (watched.size === 0) update([{ source: "", targets: [], labels: Labels.empty }]);
      },
    );
    await Promise.all(running);
  }

  #wants(name: string, has: readonly string[]): boolean {
    const { services, tags } = this.#section;
    return (services.length === 0 || services.includes(name)) && tags.every((tag) => has.includes(tag));
  }

  #watchService(name: string, update: UpdateGroups, signal: AbortSignal): Promise<void> {
    const { tags, health_filter: filter } = this.#section;
    const path = `/v1/health/service/${encodeURIComponent(name)}`;
    const labels = labelsFrom("__meta_consul_", { service: name, dc: this.#datacenter });
    return this.#poll({ path, query: { tag: tags }, signal }, filter, "service", (content) => {
      update([{ source: name, targets: content.items().map((entry) => this.#targetOf(entry)), labels }]);
    });
  }

  /** Asks again and again; `take` gets what is new. */
  async #poll(
    call: ApiCall,
    filter: string,
    kind: "services" | "service",
    take: (content: Json) => void,
  ): Promise<void> {
    const { clock, metrics } = this.#context;
    const { signal } = call;
    let index = "0";
    let nextMs = clock.monotonicMs();
    while (!signal.aborted) {
      const startMs = clock.monotonicMs();
      try {
        const answer = await this.#ask(call, filter, index);
        if (signal.aborted) return;
        if (answer.index !== index) take(answer.content);
        index = answer.index;
      } catch (error) {
        if (signal.aborted) return;
        const what = kind === "services" ? "Error refreshing service list" : "Error refreshing service";
        this.#failed(what, error);
        await clock.sleep(retryMs, signal);
      } finally {
        const endpoint = kind === "services" ? "catalog" : "health";
        metrics.consulCall?.(endpoint, kind, (clock.monotonicMs() - startMs) / 1000);
      }
      nextMs = Math.max(nextMs + this.#section.refresh_interval, clock.monotonicMs());
      await clock.sleep(nextMs - clock.monotonicMs(), signal);
    }
  }

  async #ask(call: ApiCall, filter: string, index: string): Promise<Indexed> {
    const { datacenter, namespace, partition, allow_stale: stale, node_meta: meta } = this.#section;
    const answer = await this.#api.succeed({
      ...call,
      query: {
        ...call.query,
        dc: datacenter || undefined,
        ns: namespace || undefined,
        partition: partition || undefined,
        ...(stale ? { stale: "" } : {}),
        ...(index === "0" ? {} : { index }),
        wait: `${watchSeconds * 1000}ms`,
        "node-meta": [...meta].map(([key, value]) => `${key}:${value}`),
        filter: filter || undefined,
      },
    });
    return { index: answer.header("x-consul-index") || "0", content: Json.parse(bodyText(answer)) };
  }

  #failed(what: string, error: unknown): void {
    this.#context.metrics.count?.("prometheus_sd_consul_rpc_failures_total");
    this.#context.logger.error(what, { err: error });
  }

  #targetOf(entry: Json): Labels {
    const [node, service] = [entry.at("Node"), entry.at("Service")];
    const port = service.at("Port").number();
    const ownAddress = service.at("Address").text();
    const texts = (part: Json): [string, string][] =>
      part.fields().map(([key, value]) => [key, value.text()]);
    return targetFrom(joinHostPort(ownAddress || node.at("Address").text(), port), "__meta_consul_", {
      address: node.at("Address").text(),
      node: node.at("Node").text(),
      namespace: service.at("Namespace").text(),
      partition: service.at("Partition").text(),
      tags: enclosed(service.at("Tags").texts(), this.#section.tag_separator),
      service_address: ownAddress,
      service_port: port,
      service_id: service.at("ID").text(),
      health: aggregatedStatus(entry.at("Checks").items()),
      ...prefixed("metadata_", texts(node.at("Meta"))),
      ...prefixed("service_metadata_", texts(service.at("Meta"))),
      ...prefixed("tagged_address_", texts(node.at("TaggedAddresses"))),
    });
  }
}

/** The worst of all checks; maintenance comes before everything. */
function aggregatedStatus(checks: readonly Json[]): string {
  const isMaintenance = checks.some((check) => {
    const id = check.at("CheckID").text();
    return id === "_node_maintenance" || id.startsWith("_service_maintenance:");
  });
  if (isMaintenance) return "maintenance";
  const states = new Set(checks.map((check) => check.at("Status").text()));
  for (const state of states) if (!/^(?:critical|warning|passing)$/u.test(state)) return "";
  return ["critical", "warning"].find((state) => states.has(state)) ?? "passing";
}
