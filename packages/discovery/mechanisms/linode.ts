/**
 * Instances of Linode: `linode_sd_configs`.
 *
 * Idea: when nothing happened on the account since the last refresh, as its events tell, the last answer
 * still holds; every tenth time everything is asked for anyway.
 */

import { duration, int, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import { ApiStatusError, type ApiClient } from "../api-client.ts";
import { apiMechanism } from "../api-mechanism.ts";
import type { Json } from "../json.ts";
import type { MechanismContext, MechanismKind } from "../mechanism.ts";
import type { TargetGroup } from "../target-group.ts";
import { enclosed, joinHostPort, soleGroup, targetFrom } from "../target-labels.ts";

const section = object(
  "linode.plain",
  {
    ...httpClientFields,
    refresh_interval: withDefault(duration, 60_000),
    port: withDefault(int, 80),
    tag_separator: withDefault(text, ","),
    region: text,
  },
  (written) => checkHttpClient(written),
);

/** A section of `linode_sd_configs`. */
export type LinodeSection = typeof section.initial;

const maxPolls = 10;

/** The mechanism, with the address of the API. */
export function linodeKind(baseUrl: string): MechanismKind<LinodeSection> {
  return {
    name: "linode",
    section,
    joinFiles: joinHttpClientFiles,
    create: (written, context) => {
      const discovery = new LinodeDiscovery(written, context);
      const plan = { name: "linode", section: written, baseUrl, intervalMs: written.refresh_interval };
      return apiMechanism(plan, context, (api, signal) => discovery.refresh(api, signal));
    },
  };
}

/** The mechanism. */
export const linode = linodeKind("https://api.linode.com");

class LinodeDiscovery {
  readonly #section: LinodeSection;
  readonly #context: MechanismContext;
  #last: readonly TargetGroup[] | null = null;
  #lastMs: number;
  #polls = 0;
  #seesEvents = true;

  constructor(section: LinodeSection, context: MechanismContext) {
    this.#section = section;
    this.#context = context;
    this.#lastMs = context.clock.nowMs();
  }

  async refresh(api: ApiClient, signal: AbortSignal): Promise<readonly TargetGroup[]> {
    const nowMs = this.#context.clock.nowMs();
    const isStill = this.#last !== null && this.#seesEvents && (await this.#isQuiet(api, signal));
    if (this.#last === null || !isStill) {
      this.#last = await this.#askAll(api, signal);
      this.#polls = 0;
    }
    this.#lastMs = nowMs;
    return this.#last;
  }

  /** Whether nothing happened since the last refresh. A token may not have the right to know. */
  async #isQuiet(api: ApiClient, signal: AbortSignal): Promise<boolean> {
    const since = new Date(this.#lastMs).toISOString().slice(0, 19);
    const headers = ["x-filter", `{"created": {"+gte": "${since}"}}`];
    const query = { page: "1", page_size: "25" };
    try {
      const answer = await api.json({ path: "/v4/account/events", query, headers, signal });
      this.#polls++;
      return answer.at("data").items().length === 0 && this.#polls < maxPolls;
    } catch (error) {
      if (!(error instanceof ApiStatusError) || error.status !== 401) throw error;
      this.#seesEvents = false;
      return false;
    }
  }

  async #askAll(api: ApiClient, signal: AbortSignal): Promise<readonly TargetGroup[]> {
    try {
      const instances = await this.#pages(api, "/v4/linode/instances", signal);
      const addresses = await this.#pages(api, "/v4/networking/ips", signal);
      const ranges = await this.#pages(api, "/v4/networking/ipv6/ranges", signal);
      const byAddress = new Map(addresses.map((one) => [one.at("address").text(), one]));
      const connected = instances.filter((one) => one.at("ipv4").items().length > 0);
      return soleGroup(
        "Linode",
        connected.map((one) => targetOf(one, byAddress, ranges, this.#section)),
      );
    } catch (error) {
      this.#context.metrics.count?.("prometheus_sd_linode_failures_total");
      throw error;
    }
  }

  async #pages(api: ApiClient, path: string, signal: AbortSignal): Promise<Json[]> {
    const { region } = this.#section;
    const headers = region === "" ? [] : ["x-filter", `{"region": "${region}"}`];
    const found: Json[] = [];
    for (let page = 1; ; page++) {
      const query = { page: String(page), page_size: "500" };
      const answer = await api.json({ path, query, headers, signal });
      found.push(...answer.at("data").items());
      if (page >= answer.at("pages").number()) return found;
    }
  }
}

function reverseName(address: Json | undefined): string {
  const name = address?.at("rdns").text() ?? "";
  return name === "null" ? "" : name;
}

function targetOf(
  instance: Json,
  byAddress: ReadonlyMap<string, Json>,
  ranges: readonly Json[],
  { port, tag_separator: separator }: LinodeSection,
): Labels {
  let publicIp: Json | undefined;
  let privateIp: Json | undefined;
  const extra: string[] = [];
  for (const ip of instance.at("ipv4").texts()) {
    const details = byAddress.get(ip);
    if (details === undefined) continue;
    if (details.at("public").flag() && publicIp === undefined) publicIp = details;
    else if (!details.at("public").flag() && privateIp === undefined) privateIp = details;
    else extra.push(ip);
  }
  const slaac = instance.at("ipv6").text().split("/")[0] ?? "";
  const publicIp6 = byAddress.get(slaac);
  const ownRanges = ranges
    .filter((range) => slaac !== "" && range.at("route_target").text() === slaac)
    .map((range) => `${range.at("range").text()}/${range.at("prefix").number()}`);
  const list = (values: readonly string[]): string =>
    values.length === 0 ? "" : enclosed(values, separator);
  const specs = instance.at("specs");
  const bytes = (name: string): number => specs.at(name).number() * 1_048_576;
  const address = publicIp?.at("address").text() ?? "";
  return targetFrom(joinHostPort(address, port), "__meta_linode_", {
    instance_id: instance.at("id").number(),
    instance_label: instance.at("label").text(),
    image: instance.at("image").text(),
    private_ipv4: privateIp?.at("address").text(),
    public_ipv4: address,
    public_ipv6: publicIp6?.at("address").text(),
    private_ipv4_rdns: reverseName(privateIp),
    public_ipv4_rdns: reverseName(publicIp),
    public_ipv6_rdns: reverseName(publicIp6),
    region: instance.at("region").text(),
    type: instance.at("type").text(),
    status: instance.at("status").text(),
    group: instance.at("group").text(),
    gpus: specs.at("gpus").number(),
    hypervisor: instance.at("hypervisor").text(),
    backups: instance.at("backups", "enabled").flag() ? "enabled" : "disabled",
    specs_disk_bytes: bytes("disk"),
    specs_memory_bytes: bytes("memory"),
    specs_vcpus: specs.at("vcpus").number(),
    specs_transfer_bytes: bytes("transfer"),
    tags: list(instance.at("tags").texts()),
    extra_ips: list(extra),
    ipv6_ranges: list(ownRanges),
  });
}
