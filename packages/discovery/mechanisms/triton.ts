/**
 * Containers and nodes of Triton, found by its Container Monitor: `triton_sd_configs`.
 */

import { duration, int, optional, text, withDefault } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { joinHttpClientFiles, tlsConfig, type HttpClientSection } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import { apiMechanism, plainClientSection } from "../api-mechanism.ts";
import type { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import { enclosed, soleGroup, targetFrom } from "../target-labels.ts";

const section = object(
  "triton.plain",
  {
    account: text,
    role: withDefault(text, "container"),
    dns_suffix: text,
    endpoint: text,
    groups: list(text),
    port: withDefault(int, 9163),
    refresh_interval: withDefault(duration, 60_000),
    tls_config: optional(tlsConfig),
    version: withDefault(int, 1),
  },
  (written) => {
    const lacks = (what: string): Error => new Error(`triton SD configuration requires ${what}`);
    if (written.role !== "container" && written.role !== "cn") throw lacks("role to be 'container' or 'cn'");
    if (written.account === "") throw lacks("an account");
    if (written.dns_suffix === "") throw lacks("a dns_suffix");
    if (written.endpoint === "") throw lacks("an endpoint");
    if (written.refresh_interval <= 0) throw lacks("RefreshInterval to be a positive integer");
  },
);

/** A section of `triton_sd_configs`. */
export type TritonSection = typeof section.initial;

const timeoutMs = 60_000;

/** The mechanism; `scheme` is another than https in tests only. */
export function tritonKind(scheme: string): MechanismKind<TritonSection> {
  return {
    name: "triton",
    section,
    joinFiles: (written, join) => joinHttpClientFiles(clientOf(written), join),
    create: (written, context) => {
      const { endpoint, port, version, groups, role, refresh_interval: intervalMs } = written;
      const isNode = role === "cn";
      const baseUrl = `${scheme}://${endpoint}:${port}`;
      const query = groups.length === 0 ? "" : `?groups=${encodeURIComponent(groups.join(","))}`;
      const path = `${baseUrl}/v${version}/${isNode ? "gz/" : ""}discover${query}`;
      const plan = { name: "triton", section: clientOf(written), baseUrl, intervalMs, timeoutMs };
      return apiMechanism(plan, context, async (api, signal) => {
        const answer = await api.json({ path, signal }).catch((cause: unknown) => {
          const why = "an error occurred when requesting targets from the discovery endpoint";
          throw new Error(`${why}: ${(cause as Error).message}`, { cause });
        });
        const items = answer.at(isNode ? "cns" : "containers").items();
        return soleGroup(
          path,
          items.map((item) => targetOf(item, written)),
        );
      });
    },
  };
}

/** The mechanism. */
export const triton = tritonKind("https");

function clientOf(written: TritonSection): HttpClientSection {
  return { ...plainClientSection(), proxy_from_environment: false, tls_config: written.tls_config };
}

function targetOf(item: Json, { role, dns_suffix: suffix, port }: TritonSection): Labels {
  const at = (name: string): string => item.at(name).text();
  if (role === "cn") {
    return targetFrom(`${at("server_uuid")}.${suffix}:${port}`, "__meta_triton_", {
      machine_id: at("server_uuid"),
      machine_alias: at("server_hostname"),
    });
  }
  const groups = item.at("groups").texts();
  return targetFrom(`${at("vm_uuid")}.${suffix}:${port}`, "__meta_triton_", {
    machine_id: at("vm_uuid"),
    machine_alias: at("vm_alias"),
    machine_brand: at("vm_brand"),
    machine_image: at("vm_image_uuid"),
    server_id: at("server_uuid"),
    groups: groups.length === 0 ? "" : enclosed(groups),
  });
}
