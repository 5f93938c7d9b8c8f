/**
 * Instances of Google Compute Engine: `gce_sd_configs`.
 */

import { duration, int, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import type { Labels } from "@narthex/model/labels";
import { apiMechanism, plainClientSection } from "../api-mechanism.ts";
import { GoogleToken } from "../google-token.ts";
import type { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import { enclosed, prefixed, soleGroup, targetFrom } from "../target-labels.ts";

const section = object(
  "gce.plain",
  {
    project: text,
    zone: text,
    filter: text,
    refresh_interval: withDefault(duration, 60_000),
    port: withDefault(int, 80),
    tag_separator: withDefault(text, ","),
  },
  (written) => {
    if (written.project === "") throw new Error("GCE SD configuration requires a project");
    if (written.zone === "") throw new Error("GCE SD configuration requires a zone");
  },
);

/** A section of `gce_sd_configs`. */
export type GceSection = typeof section.initial;

const scope = "https://www.googleapis.com/auth/compute.readonly";

/** The mechanism, with the address of the API. */
export function gceKind(baseUrl: string): MechanismKind<GceSection> {
  return {
    name: "gce",
    section,
    create: (written, context) => {
      const { project, zone, filter, refresh_interval: intervalMs } = written;
      const token = new GoogleToken(scope, context);
      const place = `projects/${encodeURIComponent(project)}/zones/${encodeURIComponent(zone)}`;
      const path = `/compute/v1/${place}/instances`;
      const plan = { name: "gce", section: plainClientSection(), baseUrl, intervalMs };
      return apiMechanism(plan, context, async (api, signal) => {
        const targets: Labels[] = [];
        let page = "";
        try {
          do {
            const headers = ["authorization", await token.authorization(signal)];
            const query = { filter: filter || undefined, pageToken: page || undefined };
            const answer = await api.json({ path, query, headers, signal });
            const instances = answer.at("items").items();
            const connected = instances.filter((one) => one.at("networkInterfaces").items().length > 0);
            targets.push(...connected.map((one) => targetOf(one, written)));
            page = answer.at("nextPageToken").text();
          } while (page !== "");
        } catch (cause) {
          const why = `error retrieving refresh targets from gce: ${(cause as Error).message}`;
          throw new Error(why, { cause });
        }
        return soleGroup(`GCE_${project}_${zone}`, targets);
      });
    },
  };
}

/** The mechanism. */
export const gce = gceKind("https://compute.googleapis.com");

function targetOf(instance: Json, { project, port, tag_separator: separator }: GceSection): Labels {
  const interfaces = instance.at("networkInterfaces").items();
  const [first] = interfaces;
  const access = first?.at("accessConfigs").items()[0];
  const ip = first?.at("networkIP").text() ?? "";
  const tags = instance.at("tags", "items").texts();
  const metadata = instance
    .at("metadata", "items")
    .items()
    .filter((item) => item.at("value").exists);
  const labels = instance.at("labels").fields();
  return targetFrom(`${ip}:${port}`, "__meta_gce_", {
    project,
    zone: instance.at("zone").text(),
    instance_id: instance.at("id").shown(),
    instance_name: instance.at("name").text(),
    instance_status: instance.at("status").text(),
    machine_type: instance.at("machineType").text(),
    network: first?.at("network").text(),
    subnetwork: first?.at("subnetwork").text(),
    private_ip: ip,
    public_ip: access?.at("type").text() === "ONE_TO_ONE_NAT" ? access.at("natIP").text() : "",
    tags: tags.length === 0 ? "" : enclosed(tags, separator),
    ...prefixed(
      "interface_ipv4_",
      interfaces.map((one) => [one.at("name").text(), one.at("networkIP").text()]),
    ),
    ...prefixed(
      "metadata_",
      metadata.map((item) => [item.at("key").text(), item.at("value").text()]),
    ),
    ...prefixed(
      "label_",
      labels.map(([name, value]) => [name, value.text()]),
    ),
  });
}
