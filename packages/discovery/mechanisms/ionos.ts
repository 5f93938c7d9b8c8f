/**
 * Servers in a data center of IONOS: `ionos_sd_configs`.
 */

import { duration, int, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import { apiMechanism } from "../api-mechanism.ts";
import type { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import { enclosed, joinHostPort, prefixed, soleGroup, targetFrom } from "../target-labels.ts";

const section = object(
  "ionos.plain",
  {
    datacenter_id: text,
    ...httpClientFields,
    refresh_interval: withDefault(duration, 60_000),
    port: withDefault(int, 80),
  },
  (written) => {
    if (written.datacenter_id === "") throw new Error("datacenter id can't be empty");
    checkHttpClient(written);
  },
);

/** A section of `ionos_sd_configs`. */
export type IonosSection = typeof section.initial;

/** The mechanism, with the address of the API. */
export function ionosKind(baseUrl: string): MechanismKind<IonosSection> {
  return {
    name: "ionos",
    section,
    joinFiles: joinHttpClientFiles,
    create: (written, context) => {
      const path = `/cloudapi/v6/datacenters/${encodeURIComponent(written.datacenter_id)}/servers`;
      const plan = { name: "ionos", section: written, baseUrl, intervalMs: written.refresh_interval };
      return apiMechanism(plan, context, async (api, signal) => {
        const servers = await api.json({ path, query: { depth: "3" }, signal });
        const id = servers.at("id").text();
        const items = servers.at("items").items();
        return soleGroup(
          "ionos",
          items.flatMap((server) => targetsOf(server, id, written.port)),
        );
      });
    },
  };
}

/** The mechanism. */
export const ionos = ionosKind("https://api.ionos.com");

function targetsOf(server: Json, serversId: string, port: number): readonly Labels[] {
  let all: readonly string[] = [];
  const byName = new Map<string, readonly string[]>();
  for (const nic of server.at("entities", "nics", "items").items()) {
    const properties = nic.at("properties");
    if (!properties.exists) continue;
    const name = properties.at("name").exists ? properties.at("name").text() : "unnamed";
    const ips = properties.at("ips").texts();
    all = [...ips, ...all];
    byName.set(name, [...ips, ...(byName.get(name) ?? [])]);
  }
  const [first] = all;
  if (first === undefined) return [];
  const at = (name: string): string => server.at("properties", name).text();
  const [volume] = server.at("entities", "volumes", "items").items();
  return [
    targetFrom(joinHostPort(first, port), "__meta_ionos_server_", {
      ip: enclosed(all),
      availability_zone: at("availabilityZone"),
      cpu_family: at("cpuFamily"),
      servers_id: serversId,
      id: server.at("id").text(),
      lifecycle: server.at("metadata", "state").text(),
      name: at("name"),
      state: at("vmState"),
      type: at("type"),
      ...prefixed(
        "nic_ip_",
        [...byName].map(([name, ips]) => [name, enclosed(ips)] as const),
      ),
      boot_cdrom_id: server.at("properties", "bootCdrom", "id").text(),
      boot_volume_id: server.at("properties", "bootVolume", "id").text(),
      boot_image_id: volume?.at("properties", "image").text(),
    }),
  ];
}
