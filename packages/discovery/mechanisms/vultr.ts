/**
 * Instances of Vultr: `vultr_sd_configs`.
 */

import { duration, int, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import { apiMechanism } from "../api-mechanism.ts";
import type { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import { enclosed, joinHostPort, soleGroup, targetFrom } from "../target-labels.ts";

const section = object(
  "vultr.plain",
  { ...httpClientFields, refresh_interval: withDefault(duration, 60_000), port: withDefault(int, 80) },
  (written) => checkHttpClient(written),
);

/** A section of `vultr_sd_configs`. */
export type VultrSection = typeof section.initial;

/** The mechanism, with the address of the API. */
export function vultrKind(baseUrl: string): MechanismKind<VultrSection> {
  return {
    name: "vultr",
    section,
    joinFiles: joinHttpClientFiles,
    create: (written, context) => {
      const plan = { name: "vultr", section: written, baseUrl, intervalMs: written.refresh_interval };
      return apiMechanism(plan, context, async (api, signal) => {
        const targets: Labels[] = [];
        let cursor = "";
        do {
          const query = { per_page: "100", cursor: cursor || undefined };
          const answer = await api.json({ path: "/v2/instances", query, signal });
          targets.push(
            ...answer
              .at("instances")
              .items()
              .map((one) => targetOf(one, written.port)),
          );
          cursor = answer.at("meta", "links", "next").text();
        } while (cursor !== "");
        return soleGroup("Vultr", targets);
      });
    },
  };
}

/** The mechanism. */
export const vultr = vultrKind("https://api.vultr.com");

function targetOf(instance: Json, port: number): Labels {
  const at = (name: string): string => instance.at(name).shown();
  const numberAt = (name: string): number => instance.at(name).number();
  const list = (name: string): string => {
    const values = instance.at(name).texts();
    return values.length === 0 ? "" : enclosed(values);
  };
  return targetFrom(joinHostPort(at("main_ip"), port), "__meta_vultr_instance_", {
    id: at("id"),
    label: at("label"),
    os: at("os"),
    os_id: numberAt("os_id"),
    region: at("region"),
    plan: at("plan"),
    vcpu_count: numberAt("vcpu_count"),
    ram_mb: numberAt("ram"),
    allowed_bandwidth_gb: numberAt("allowed_bandwidth"),
    disk_gb: numberAt("disk"),
    main_ip: at("main_ip"),
    main_ipv6: at("v6_main_ip"),
    internal_ip: at("internal_ip"),
    hostname: at("hostname"),
    server_status: at("server_status"),
    features: list("features"),
    tags: list("tags"),
  });
}
