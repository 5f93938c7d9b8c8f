/**
 * Services that Nomad registered itself: `nomad_sd_configs`.
 */

import { boolean, duration, shown, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import { ApiClient } from "../api-client.ts";
import type { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import { refreshMechanism } from "../refresh-mechanism.ts";
import { enclosed, joinHostPort, soleGroup, targetFrom } from "../target-labels.ts";

const section = object(
  "nomad.plain",
  {
    allow_stale: shown(withDefault(boolean, true)),
    ...httpClientFields,
    namespace: withDefault(text, "default"),
    refresh_interval: withDefault(duration, 60_000),
    region: withDefault(text, "global"),
    server: withDefault(text, "http://localhost:4646"),
    tag_separator: withDefault(text, ","),
  },
  (written) => {
    if (written.server.trim() === "") throw new Error("nomad SD configuration requires a server address");
    checkHttpClient(written);
  },
);

/** A section of `nomad_sd_configs`. */
export type NomadSection = typeof section.initial;

const timeoutMs = 60_000;

/** The mechanism. */
export const nomad: MechanismKind<NomadSection> = {
  name: "nomad",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => {
    const api = new ApiClient({ section: written, baseUrl: written.server, timeoutMs }, context);
    const query = {
      ...(written.region === "" ? {} : { region: written.region }),
      ...(written.namespace === "" ? {} : { namespace: written.namespace }),
      ...(written.allow_stale ? { stale: "" } : {}),
    };
    const ask = async (path: string, signal: AbortSignal): Promise<Json> => {
      try {
        return await api.json({ path, query, signal });
      } catch (error) {
        context.metrics.count?.("prometheus_sd_nomad_failures_total");
        throw error;
      }
    };
    const refresh = async (signal: AbortSignal) => {
      const targets: Labels[] = [];
      for (const space of (await ask("/v1/services", signal)).items()) {
        for (const service of space.at("Services").items()) {
          const name = encodeURIComponent(service.at("ServiceName").text());
          const instances = await ask(`/v1/service/${name}`, signal);
          targets.push(...instances.items().map((instance) => targetOf(instance, written.tag_separator)));
        }
      }
      return soleGroup("Nomad", targets);
    };
    const intervalMs = written.refresh_interval;
    return refreshMechanism({ name: "nomad", intervalMs, refresh, close: () => api.close() }, context);
  },
};

function targetOf(instance: Json, separator: string): Labels {
  const address = instance.at("Address").text();
  const port = instance.at("Port").number();
  const tags = instance.at("Tags").texts();
  return targetFrom(joinHostPort(address, port), "__meta_nomad_", {
    address,
    dc: instance.at("Datacenter").text(),
    node_id: instance.at("NodeID").text(),
    namespace: instance.at("Namespace").text(),
    service: instance.at("ServiceName").text(),
    service_address: address,
    service_id: instance.at("ID").text(),
    service_port: port,
    tags: tags.length === 0 ? "" : enclosed(tags, separator),
  });
}
