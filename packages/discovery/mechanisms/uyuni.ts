/**
 * Exporters on systems that Uyuni manages: `uyuni_sd_configs`.
 */

import { duration, secret, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { bodyText } from "@narthex/http/client";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import type { ApiClient } from "../api-client.ts";
import { apiMechanism } from "../api-mechanism.ts";
import { Json } from "../json.ts";
import type { MechanismContext, MechanismKind } from "../mechanism.ts";
import { soleGroup, targetFrom } from "../target-labels.ts";
import { urlParts } from "../url-parts.ts";
import { readRpcAnswer, writeRpcCall, type RpcParameter } from "../xml-rpc.ts";

const section = object(
  "uyuni.plain",
  {
    server: text,
    username: text,
    password: secret,
    ...httpClientFields,
    entitlement: withDefault(text, "monitoring_entitled"),
    separator: withDefault(text, ","),
    refresh_interval: withDefault(duration, 60_000),
  },
  (written) => {
    if (written.server === "") throw new Error("Uyuni SD configuration requires server host");
    try {
      urlParts(written.server);
    } catch (cause) {
      throw new Error(`Uyuni Server URL is not valid: ${(cause as Error).message}`, { cause });
    }
    if (written.username === "") throw new Error("Uyuni SD configuration requires a username");
    if (written.password.isEmpty) throw new Error("Uyuni SD configuration requires a password");
    checkHttpClient(written);
  },
);

/** A section of `uyuni_sd_configs`. */
export type UyuniSection = typeof section.initial;

const tokenSeconds = 600;
const timeoutMs = 60_000;

/** The mechanism. */
export const uyuni: MechanismKind<UyuniSection> = {
  name: "uyuni",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => {
    const discovery = new UyuniDiscovery(written, context);
    const { server, refresh_interval: intervalMs } = written;
    const plan = { name: "uyuni", section: written, baseUrl: server, intervalMs, timeoutMs };
    return apiMechanism(plan, context, async (api, signal) =>
      soleGroup(discovery.url, await discovery.targets(api, signal)),
    );
  },
};

class UyuniDiscovery {
  readonly url: string;
  readonly #section: UyuniSection;
  readonly #context: MechanismContext;
  #token = "";
  #untilMs = 0;

  constructor(section: UyuniSection, context: MechanismContext) {
    this.#section = section;
    this.#context = context;
    this.url = `${section.server.replace(/\/+$/u, "")}/rpc/api`;
  }

  async targets(api: ApiClient, signal: AbortSignal): Promise<Labels[]> {
    const call = async (what: string, method: string, ...parameters: RpcParameter[]): Promise<Json> => {
      try {
        const headers = ["content-type", "text/xml"];
        const body = writeRpcCall(method, parameters);
        const answer = await api.succeed({ path: this.url, method: "POST", headers, body, signal });
        return new Json(readRpcAnswer(bodyText(answer)));
      } catch (cause) {
        throw new Error(`${what}: ${(cause as Error).message}`, { cause });
      }
    };
    const nowMs = this.#context.clock.nowMs();
    if (nowMs >= this.#untilMs) {
      const { username, password } = this.#section;
      const login = await call(
        "unable to login to Uyuni API",
        "auth.login",
        username,
        password.reveal(),
        tokenSeconds,
      );
      this.#token = login.text();
      this.#untilMs = nowMs + (tokenSeconds / 2) * 1000;
    }
    try {
      return await this.#find(call);
    } catch (error) {
      this.#untilMs = 0;
      throw error;
    }
  }

  async #find(
    call: (what: string, method: string, ...parameters: RpcParameter[]) => Promise<Json>,
  ): Promise<Labels[]> {
    const groups = await call(
      "unable to get the managed system groups information of monitored clients",
      "system.listSystemGroupsForSystemsWithEntitlement",
      this.#token,
      this.#section.entitlement,
    );
    const groupNames = new Map(
      groups.items().map((system) => {
        const names = system
          .at("system_groups")
          .items()
          .map((group) => group.at("name").text());
        return [system.at("id").number(), names] as const;
      }),
    );
    const ids = [...groupNames.keys()];
    const endpoints = await call(
      "unable to get endpoints information",
      "system.monitoring.listEndpoints",
      this.#token,
      ids,
    );
    const networks = await call(
      "unable to get the systems network information",
      "system.getNetworkForSystems",
      this.#token,
      ids,
    );
    const bySystem = new Map(networks.items().map((one) => [one.at("system_id").number(), one]));
    return endpoints.items().map((endpoint) => {
      const id = endpoint.at("system_id").number();
      const names = groupNames.get(id) ?? [];
      return targetOf(endpoint, bySystem.get(id), names.join(this.#section.separator));
    });
  }
}

function targetOf(endpoint: Json, network: Json | undefined, groups: string): Labels {
  const hostname = network?.at("hostname").text() ?? "";
  return targetFrom(`${hostname}:${endpoint.at("port").number()}`, "__meta_uyuni_", {
    minion_hostname: hostname,
    primary_fqdn: network?.at("primary_fqdn").text(),
    system_id: endpoint.at("system_id").number(),
    groups,
    endpoint_name: endpoint.at("endpoint_name").text(),
    exporter: endpoint.at("exporter_name").text(),
    proxy_module: endpoint.at("module").text(),
    metrics_path: endpoint.at("path").text(),
    scheme: endpoint.at("tls_enabled").flag() ? "https" : "http",
  });
}
