/**
 * Dedicated servers and virtual private servers of OVHcloud: `ovhcloud_sd_configs`. Its API wants every
 * request signed, with the server's time.
 */

import { duration, secret, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { bodyText } from "@narthex/http/client";
import type { Labels } from "@narthex/model/labels";
import type { ApiClient } from "../api-client.ts";
import { apiMechanism, plainClientSection } from "../api-mechanism.ts";
import { Json } from "../json.ts";
import type { MechanismContext, MechanismKind } from "../mechanism.ts";
import { soleGroup, targetFrom, type LabelFields } from "../target-labels.ts";

const section = object(
  "ovhcloud.plain",
  {
    endpoint: withDefault(text, "ovh-eu"),
    application_key: text,
    application_secret: secret,
    consumer_key: secret,
    refresh_interval: withDefault(duration, 60_000),
    service: text,
  },
  (written) => {
    if (written.endpoint === "") throw new Error("endpoint can not be empty");
    if (written.application_key === "") throw new Error("application key can not be empty");
    if (written.application_secret.isEmpty) throw new Error("application secret can not be empty");
    if (written.consumer_key.isEmpty) throw new Error("consumer key can not be empty");
    if (written.service !== "dedicated_server" && written.service !== "vps")
      throw new Error(`unknown service: ${written.service}`);
  },
);

/** A section of `ovhcloud_sd_configs`. */
export type OvhcloudSection = typeof section.initial;

const endpoints = new Map([
  ["ovh-eu", "https://eu.api.ovh.com/1.0"],
  ["ovh-ca", "https://ca.api.ovh.com/1.0"],
  ["ovh-us", "https://api.us.ovhcloud.com/1.0"],
  ["kimsufi-eu", "https://eu.api.kimsufi.com/1.0"],
  ["kimsufi-ca", "https://ca.api.kimsufi.com/1.0"],
  ["soyoustart-eu", "https://eu.api.soyoustart.com/1.0"],
  ["soyoustart-ca", "https://ca.api.soyoustart.com/1.0"],
]);

const timeoutMs = 180_000;

/** The mechanism. */
export const ovhcloud: MechanismKind<OvhcloudSection> = {
  name: "ovhcloud",
  section,
  create: (written, context) => {
    const { endpoint, service, refresh_interval: intervalMs } = written;
    const baseUrl = endpoints.get(endpoint) ?? endpoint;
    if (!/^https?:\/\//u.test(baseUrl))
      throw new Error(`unknown endpoint '${endpoint}', consider checking 'Endpoints' list or using an URL`);
    const plan = { name: "ovhcloud", section: plainClientSection(), baseUrl, intervalMs, timeoutMs };
    const isVps = service === "vps";
    const root = isVps ? "/vps" : "/dedicated/server";
    return apiMechanism(plan, context, async (api, signal) => {
      const ovh = await OvhSession.open(api, baseUrl, written, context, signal);
      const targets: Labels[] = [];
      for (const name of (await ovh.get(root)).texts()) {
        const path = `${root}/${encodeURIComponent(name)}`;
        try {
          const details = await ovh.get(path);
          const ips = addresses((await ovh.get(`${path}/ips`)).texts());
          targets.push(targetOf(details, ips, isVps));
        } catch (error) {
          const source = `ovhcloud_${service}`;
          context.logger.warn(`${source}: Could not get details of ${name}`, { err: error });
        }
      }
      return soleGroup(`ovhcloud_${service}`, targets);
    });
  },
};

class OvhSession {
  readonly #api: ApiClient;
  readonly #baseUrl: string;
  readonly #section: OvhcloudSection;
  readonly #context: MechanismContext;
  readonly #signal: AbortSignal;
  readonly #aheadSeconds: number;

  private constructor(
    api: ApiClient,
    baseUrl: string,
    section: OvhcloudSection,
    context: MechanismContext,
    signal: AbortSignal,
    aheadSeconds: number,
  ) {
    this.#api = api;
    this.#baseUrl = baseUrl;
    this.#section = section;
    this.#context = context;
    this.#signal = signal;
    this.#aheadSeconds = aheadSeconds;
  }

  /** Asks for the server's time first: signatures carry it. */
  static async open(
    api: ApiClient,
    baseUrl: string,
    section: OvhcloudSection,
    context: MechanismContext,
    signal: AbortSignal,
  ): Promise<OvhSession> {
    const theirs = Number(bodyText(await api.succeed({ path: "/auth/time", signal })).trim());
    const ours = Math.floor(context.clock.nowMs() / 1000);
    return new OvhSession(api, baseUrl, section, context, signal, theirs - ours);
  }

  async get(path: string): Promise<Json> {
    const url = this.#baseUrl + path;
    const time = String(Math.floor(this.#context.clock.nowMs() / 1000) + this.#aheadSeconds);
    const { application_key: application, application_secret: key, consumer_key: consumer } = this.#section;
    const signed = [key.reveal(), consumer.reveal(), "GET", url, "", time].join("+");
    const headers = ["x-ovh-application", application, "x-ovh-consumer", consumer.reveal()];
    headers.push("x-ovh-timestamp", time, "x-ovh-signature", `$1$${await sha1(signed)}`);
    return Json.parse(bodyText(await this.#api.succeed({ path, headers, signal: this.#signal })));
  }
}

async function sha1(content: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(content));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The single addresses of a list: networks larger than one address are left out. */
function addresses(list: readonly string[]): { readonly ipv4: string; readonly ipv6: string } {
  const single: string[] = [];
  for (const item of list) {
    const [ip = "", bits] = item.split("/");
    if (!/^[0-9.]+$|:/u.test(ip)) throw new Error("could not parse IP addresses from list");
    const isAny = ip === "0.0.0.0" || ip === "::";
    if (!isAny && (bits === undefined || bits === "32")) single.push(ip);
  }
  if (single.length === 0) throw new Error("could not parse IP addresses from list");
  return {
    ipv4: single.findLast((ip) => !ip.includes(":")) ?? "",
    ipv6: single.findLast((ip) => ip.includes(":")) ?? "",
  };
}

function targetOf(
  details: Json,
  ips: { readonly ipv4: string; readonly ipv6: string },
  isVps: boolean,
): Labels {
  const prefix = isVps ? "__meta_ovhcloud_vps_" : "__meta_ovhcloud_dedicated_server_";
  const fields = isVps ? vpsFields(details) : serverFields(details);
  const name = details.at("name").text();
  return targetFrom(ips.ipv4 || ips.ipv6, prefix, { ...fields, name, ...ips }).with("instance", name);
}

function serverFields(server: Json): LabelFields {
  return {
    state: server.at("state").text(),
    commercial_range: server.at("commercialRange").text(),
    link_speed: server.at("linkSpeed").number(),
    rack: server.at("rack").text(),
    no_intervention: server.at("noIntervention").flag(),
    os: server.at("os").text(),
    support_level: server.at("supportLevel").text(),
    server_id: server.at("serverId").number(),
    reverse: server.at("reverse").text(),
    datacenter: server.at("datacenter").text(),
  };
}

function vpsFields(server: Json): LabelFields {
  const model = server.at("model");
  return {
    offer: model.at("offer").text(),
    datacenter: `[${model.at("datacenter").texts().join(" ")}]`,
    model_vcore: model.at("vcore").number(),
    maximum_additional_ip: model.at("maximumAdditionnalIp").number(),
    version: model.at("version").text(),
    model_name: model.at("name").text(),
    disk: model.at("disk").number(),
    memory: model.at("memory").number(),
    zone: server.at("zone").text(),
    display_name: server.at("displayName").text(),
    cluster: server.at("cluster").text(),
    state: server.at("state").text(),
    netboot_mode: server.at("netbootMode").text(),
    memory_limit: server.at("memoryLimit").number(),
    offer_type: server.at("offerType").text(),
    vcore: server.at("vcore").number(),
  };
}
