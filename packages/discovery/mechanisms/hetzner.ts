/**
 * Servers of Hetzner, in its cloud or rented as machines: `hetzner_sd_configs`.
 */

import { convert, duration, int, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import { quoteGo, type Labels } from "@narthex/model/labels";
import type { ApiClient } from "../api-client.ts";
import { apiMechanism } from "../api-mechanism.ts";
import type { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import {
  joinHostPort,
  prefixed,
  sanitizeLabelName,
  soleGroup,
  targetFrom,
  type LabelFields,
} from "../target-labels.ts";

const role = convert(text, "", (value) => {
  if (value !== "robot" && value !== "hcloud") throw new Error(`unknown role ${quoteGo(value)}`);
  return value;
});

const section = object(
  "hetzner.plain",
  {
    ...httpClientFields,
    refresh_interval: withDefault(duration, 60_000),
    port: withDefault(int, 80),
    role,
    label_selector: text,
  },
  (written) => {
    if (written.role === "") throw new Error("role missing (one of: robot, hcloud)");
    checkHttpClient(written);
  },
);

/** A section of `hetzner_sd_configs`. */
export type HetznerSection = typeof section.initial;

const prefix = "__meta_hetzner_";

/** The mechanism, with the addresses of both APIs. */
export function hetznerKind(cloudUrl: string, robotUrl: string): MechanismKind<HetznerSection> {
  return {
    name: "hetzner",
    section,
    joinFiles: joinHttpClientFiles,
    create: (written, context) => {
      const isCloud = written.role === "hcloud";
      const baseUrl = isCloud ? cloudUrl : robotUrl;
      const plan = { name: "hetzner", section: written, baseUrl, intervalMs: written.refresh_interval };
      const find = isCloud ? cloudTargets : robotTargets;
      return apiMechanism(plan, context, async (api, signal) =>
        soleGroup("hetzner", await find(api, written, signal)),
      );
    },
  };
}

/** The mechanism. */
export const hetzner = hetznerKind("https://api.hetzner.cloud/v1", "https://robot-ws.your-server.de");

async function allPages(
  api: ApiClient,
  path: string,
  list: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Json[]> {
  const found: Json[] = [];
  for (let page = 1; page > 0;) {
    const answer = await api.json({ path, query: { ...query, page: String(page), per_page: "50" }, signal });
    found.push(...answer.at(list).items());
    page = answer.at("meta", "pagination", "next_page").number();
  }
  return found;
}

async function cloudTargets(api: ApiClient, written: HetznerSection, signal: AbortSignal): Promise<Labels[]> {
  const selector = written.label_selector;
  const query = selector === "" ? {} : { label_selector: selector };
  const servers = await allPages(api, "/servers", "servers", query, signal);
  const networks = await allPages(api, "/networks", "networks", {}, signal);
  const names = new Map(networks.map((network) => [network.at("id").number(), network.at("name").text()]));
  return servers.map((server) => cloudTarget(server, names, written.port));
}

function cloudTarget(server: Json, networkNames: ReadonlyMap<number, string>, port: number): Labels {
  const at = (...names: string[]): string => server.at(...names).shown();
  const ip = at("public_net", "ipv4", "ip");
  const location = server.at("location").exists ? server.at("location") : server.at("datacenter", "location");
  const [place, zone] = [location.at("name").text(), location.at("network_zone").text()];
  const privateIps: LabelFields = {};
  for (const net of server.at("private_net").items()) {
    const name = networkNames.get(net.at("network").number());
    if (name !== undefined)
      privateIps[`hcloud_private_ipv4_${sanitizeLabelName(name)}`] = net.at("ip").text();
  }
  const labels = server.at("labels").fields();
  const withIp = ip === "" ? "<nil>" : ip;
  return targetFrom(joinHostPort(withIp, port), prefix, {
    role: "hcloud",
    server_id: at("id"),
    server_name: at("name"),
    server_status: at("status"),
    public_ipv4: withIp,
    public_ipv6_network: at("public_net", "ipv6", "ip") || "<nil>",
    hcloud_location: place,
    hcloud_location_network_zone: zone,
    hcloud_datacenter_location: place,
    hcloud_datacenter_location_network_zone: zone,
    hcloud_server_type: at("server_type", "name"),
    hcloud_cpu_cores: server.at("server_type", "cores").number(),
    hcloud_cpu_type: at("server_type", "cpu_type"),
    hcloud_memory_size_gb: Math.trunc(server.at("server_type", "memory").number()),
    hcloud_disk_size_gb: server.at("server_type", "disk").number(),
    hcloud_image_name: at("image", "name"),
    hcloud_image_description: at("image", "description"),
    hcloud_image_os_version: at("image", "os_version"),
    hcloud_image_os_flavor: at("image", "os_flavor"),
    ...privateIps,
    ...prefixed(
      "hcloud_labelpresent_",
      labels.map(([name]) => [name, "true"] as const),
    ),
    ...prefixed(
      "hcloud_label_",
      labels.map(([name, value]) => [name, value.text()] as const),
    ),
  });
}

async function robotTargets(api: ApiClient, written: HetznerSection, signal: AbortSignal): Promise<Labels[]> {
  const list = await api.json({ path: "/server", signal });
  return list.items().map((item) => {
    const server = item.at("server");
    const ip = server.at("server_ip").text();
    const place = server.at("dc").text().toLowerCase();
    const subnet = server
      .at("subnet")
      .items()
      .find((one) => one.at("ip").text().includes(":"));
    return targetFrom(joinHostPort(ip, written.port), prefix, {
      role: "robot",
      server_id: server.at("server_number").number(),
      server_name: server.at("server_name").text(),
      datacenter: place,
      public_ipv4: ip,
      public_ipv6_network:
        subnet === undefined ? "" : `${subnet.at("ip").text()}/${subnet.at("mask").shown()}`,
      server_status: server.at("status").text(),
      robot_datacenter: place,
      robot_product: server.at("product").text(),
      robot_cancelled: server.at("cancelled").flag(),
    });
  });
}
