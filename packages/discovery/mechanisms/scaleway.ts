/**
 * Instances and Elastic Metal servers of Scaleway: `scaleway_sd_configs`.
 */

import { convert, duration, int, secret, shown, text, withDefault } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields } from "@narthex/http/client-config";
import { explained, readSecretFile } from "@narthex/http/secret-source";
import { quoteGo, type Labels } from "@narthex/model/labels";
import type { ApiClient } from "../api-client.ts";
import { apiMechanism } from "../api-mechanism.ts";
import type { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import {
  enclosed,
  joinHostPort,
  labelsFrom,
  soleGroup,
  targetFrom,
  type LabelFields,
} from "../target-labels.ts";

const role = convert(text, "", (value) => {
  if (value !== "instance" && value !== "baremetal") throw new Error(`unknown role ${quoteGo(value)}`);
  return value;
});

const section = object(
  "scaleway.plain",
  {
    project_id: text,
    api_url: withDefault(text, "https://api.scaleway.com"),
    zone: withDefault(text, "fr-par-1"),
    access_key: text,
    secret_key: secret,
    secret_key_file: shown(text),
    name_filter: text,
    tags_filter: list(text),
    ...httpClientFields,
    refresh_interval: withDefault(duration, 60_000),
    port: withDefault(int, 80),
    role,
  },
  (written) => {
    const { secret_key: key, secret_key_file: file } = written;
    if (written.role === "") throw new Error("role missing (one of: instance, baremetal)");
    if (written.project_id === "") throw new Error("project_id is mandatory");
    if (key.isEmpty && file === "") throw new Error("one of secret_key & secret_key_file must be configured");
    if (!key.isEmpty && file !== "")
      throw new Error("at most one of secret_key & secret_key_file must be configured");
    if (written.access_key === "") throw new Error("access_key is mandatory");
    checkHttpClient(written);
  },
);

/** A section of `scaleway_sd_configs`. */
export type ScalewaySection = typeof section.initial;

const pageItems = 50;

/** The mechanism. */
export const scaleway: MechanismKind<ScalewaySection> = {
  name: "scaleway",
  section,
  joinFiles: (written, join) => {
    written.secret_key_file = join(written.secret_key_file);
  },
  create: (written, context) => {
    const keyNow = (): string => {
      const file = written.secret_key_file;
      if (file === "") return written.secret_key.reveal();
      return explained("unable to read auth token", () => readSecretFile(file, "auth token file"));
    };
    keyNow();
    const plan = {
      name: "scaleway",
      section: written,
      baseUrl: written.api_url,
      intervalMs: written.refresh_interval,
    };
    return apiMechanism(plan, context, async (api, signal) => {
      const pages = new Pages(api, keyNow(), signal);
      const find = written.role === "instance" ? instanceTargets : metalTargets;
      return soleGroup("scaleway", await find(pages, written));
    });
  },
};

/** Lists, page by page. */
class Pages {
  readonly #api: ApiClient;
  readonly #key: string;
  readonly #signal: AbortSignal;

  constructor(api: ApiClient, key: string, signal: AbortSignal) {
    this.#api = api;
    this.#key = key;
    this.#signal = signal;
  }

  async all(
    path: string,
    name: string,
    sizeName: string,
    query: Readonly<Record<string, string | readonly string[] | undefined>> = {},
  ): Promise<Json[]> {
    const found: Json[] = [];
    for (let page = 1; ; page++) {
      const answer = await this.#api.json({
        path,
        query: { ...query, page: String(page), [sizeName]: String(pageItems) },
        headers: ["x-auth-token", this.#key],
        signal: this.#signal,
      });
      const items = answer.at(name).items();
      found.push(...items);
      if (items.length < pageItems) return found;
    }
  }
}

function regionOf(zone: string): string {
  return /^([a-z]+-[a-z]+)-[0-9]+$/u.exec(zone)?.[1] ?? "";
}

function listed(values: readonly string[]): string {
  return values.length === 0 ? "" : enclosed(values);
}

async function instanceTargets(pages: Pages, written: ScalewaySection): Promise<Labels[]> {
  const { zone, name_filter: name, tags_filter: tags } = written;
  const query = { name: name || undefined, tags: tags.length === 0 ? undefined : tags.join(",") };
  const servers = await pages.all(`/instance/v1/zones/${zone}/servers`, "servers", "per_page", query);
  const lonely = servers.filter(
    (server) =>
      !server.at("private_ip").exists && !server.at("public_ip").exists && !server.at("ipv6").exists,
  );
  const addresses = await networkAddresses(pages, lonely);
  return servers.flatMap((server) => {
    const nics = server
      .at("private_nics")
      .items()
      .map((nic) => addresses.get(nic.at("id").text()) ?? "");
    return instanceTarget(server, nics.find((ip) => ip !== "") ?? "", written.port);
  });
}

/** Addresses of private networks by the id of the interface. */
async function networkAddresses(
  pages: Pages,
  servers: readonly Json[],
): Promise<ReadonlyMap<string, string>> {
  const byRegion = Map.groupBy(servers, (server) => regionOf(server.at("zone").text()));
  const found = new Map<string, string>();
  for (const [region, members] of byRegion) {
    const ids = members.flatMap((one) =>
      one
        .at("private_nics")
        .items()
        .map((nic) => nic.at("id").text()),
    );
    if (ids.length === 0) continue;
    const query = { resource_ids: ids, resource_types: "instance_private_nic" };
    for (const ip of await pages.all(`/ipam/v1/regions/${region}/ips`, "ips", "page_size", query)) {
      if (ip.at("is_ipv6").flag()) continue;
      found.set(
        ip.at("resource", "id").text(),
        ip
          .at("address")
          .text()
          .replace(/\/[0-9]+$/u, ""),
      );
    }
  }
  return found;
}

function instanceTarget(server: Json, networkIp: string, port: number): readonly Labels[] {
  const at = (...names: string[]): string => server.at(...names).shown();
  const publicIps = (family: string): string =>
    listed(
      server
        .at("public_ips")
        .items()
        .filter((ip) => ip.at("family").text() === family)
        .map((ip) => ip.at("address").text()),
    );
  const isV6 = at("public_ip", "family") === "inet6";
  const outer = at("private_ip") || at("public_ip", "address") || at("ipv6", "address");
  const address = outer || networkIp;
  if (address === "") return [];
  return [
    targetFrom(joinHostPort(address, port), "__meta_scaleway_instance_", {
      boot_type: at("boot_type"),
      hostname: at("hostname"),
      id: at("id"),
      name: at("name"),
      organization_id: at("organization"),
      project_id: at("project"),
      status: at("state"),
      type: at("commercial_type"),
      zone: at("zone"),
      region: regionOf(at("zone")),
      image_arch: at("image", "arch"),
      image_id: at("image", "id"),
      image_name: at("image", "name"),
      location_cluster_id: at("location", "cluster_id"),
      location_hypervisor_id: at("location", "hypervisor_id"),
      location_node_id: at("location", "node_id"),
      security_group_id: at("security_group", "id"),
      security_group_name: at("security_group", "name"),
      tags: listed(server.at("tags").texts()),
      public_ipv4_addresses: publicIps("inet"),
      public_ipv6_addresses: publicIps("inet6"),
      public_ipv6: at("ipv6", "address"),
      public_ipv4: isV6 ? "" : at("public_ip", "address"),
      private_ipv4: at("private_ip") || (outer === "" ? networkIp : ""),
    }),
  ];
}

async function metalTargets(pages: Pages, written: ScalewaySection): Promise<Labels[]> {
  const { zone, name_filter: name, tags_filter: tags } = written;
  const base = `/baremetal/v1/zones/${zone}`;
  const query = { name: name || undefined, tags: tags.length === 0 ? undefined : tags };
  const servers = await pages.all(`${base}/servers`, "servers", "page_size", query);
  const offers = await pages.all(`${base}/offers`, "offers", "page_size");
  const systems = await pages.all(`${base}/os`, "os", "page_size");
  const byId = (items: readonly Json[], id: string): Json | undefined =>
    id === "" ? undefined : items.find((item) => item.at("id").text() === id);
  return servers.map((server) => {
    const system = byId(systems, server.at("install", "os_id").text());
    return metalTarget(server, written.port, {
      type: byId(offers, server.at("offer_id").text())?.at("name").text(),
      os_name: system?.at("name").text(),
      os_version: system?.at("version").text(),
    });
  });
}

function metalTarget(server: Json, port: number, named: LabelFields): Labels {
  const at = (name: string): string => server.at(name).text();
  const ips = new Map<string, string>();
  for (const ip of server.at("ips").items()) {
    const version = ip.at("version").text();
    if (version !== "IPv4" && version !== "IPv6") throw new Error(`unknown IP version: ${version}`);
    if (!ips.has(version)) ips.set(version, ip.at("address").text());
  }
  const address = ips.get("IPv4") ?? ips.get("IPv6");
  const labels = labelsFrom("__meta_scaleway_baremetal_", {
    ...named,
    id: at("id"),
    name: at("name"),
    zone: at("zone"),
    status: at("status"),
    project_id: at("project_id"),
    tags: listed(server.at("tags").texts()),
    public_ipv4: ips.get("IPv4"),
    public_ipv6: ips.get("IPv6"),
  });
  return address === undefined ? labels : labels.with("__address__", joinHostPort(address, port));
}
