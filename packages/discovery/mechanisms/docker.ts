/**
 * Containers of a Docker daemon: `docker_sd_configs`. One target per network and published or exposed TCP
 * port.
 */

import { boolean, duration, int, shown, text, withDefault } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import { compareUtf8 } from "@narthex/bytes/utf8-order";
import {
  checkDockerHost,
  dockerClient,
  dockerFilter,
  dockerList,
  networkLabels,
  textFields,
} from "../docker-api.ts";
import type { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import { refreshMechanism } from "../refresh-mechanism.ts";
import { joinHostPort, prefixed, soleGroup, targetFrom, type LabelFields } from "../target-labels.ts";

const section = object(
  "moby.plain",
  {
    ...httpClientFields,
    host: text,
    port: withDefault(int, 80),
    filters: shown(list(dockerFilter)),
    host_networking_host: withDefault(text, "localhost"),
    refresh_interval: withDefault(duration, 60_000),
    match_first_network: shown(withDefault(boolean, true)),
  },
  (written) => {
    checkDockerHost(written.host);
    checkHttpClient(written);
  },
);

/** A section of `docker_sd_configs`. */
export type DockerSection = typeof section.initial;

const prefix = "__meta_docker_";

/** The mechanism. */
export const docker: MechanismKind<DockerSection> = {
  name: "docker",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => {
    const intervalMs = written.refresh_interval;
    const api = dockerClient(written.host, written, intervalMs, context);
    const refresh = async (signal: AbortSignal) => {
      const containers = await dockerList(
        api,
        "/containers/json",
        written.filters,
        "listing containers",
        signal,
      );
      const networks = await networkLabels(api, "computing network labels", signal);
      const byId = new Map(containers.map((container) => [container.at("Id").text(), container]));
      const targets = containers
        .filter((container) => container.at("Names").items().length > 0)
        .flatMap((container) => targetsOf(container, byId, networks, written));
      return soleGroup("Docker", targets);
    };
    return refreshMechanism({ name: "docker", intervalMs, refresh, close: () => api.close() }, context);
  },
};

type NamedNetworks = readonly (readonly [string, Json])[];

/** The networks of a container; those of the container whose network it shares when it has none. */
function networksOf(container: Json, byId: ReadonlyMap<string, Json>): NamedNetworks {
  let networks = container.at("NetworkSettings", "Networks").fields();
  let mode = container.at("HostConfig", "NetworkMode").text();
  const seen = new Set<string>();
  while (networks.length === 0 && mode.startsWith("container:") && !seen.has(mode)) {
    seen.add(mode);
    const other = byId.get(mode.slice("container:".length));
    if (other === undefined) break;
    networks = other.at("NetworkSettings", "Networks").fields();
    mode = other.at("HostConfig", "NetworkMode").text();
  }
  return networks.filter(([, network]) => network.exists);
}

function targetsOf(
  container: Json,
  byId: ReadonlyMap<string, Json>,
  labels: ReadonlyMap<string, LabelFields>,
  written: DockerSection,
): readonly Labels[] {
  const mode = container.at("HostConfig", "NetworkMode").text();
  const fields = {
    container_id: container.at("Id").text(),
    container_name: container.at("Names").texts()[0],
    container_network_mode: mode,
    container_image: container.at("Image").text(),
    container_image_id: container.at("ImageID").text(),
    ...prefixed("container_label_", textFields(container.at("Labels"))),
  };
  let networks = networksOf(container, byId);
  if (written.match_first_network && networks.length > 1) {
    networks = networks.toSorted(([a], [b]) => compareUtf8(a, b)).slice(0, 1);
  }
  const ports = container
    .at("Ports")
    .items()
    .filter((port) => port.at("Type").text() === "tcp");
  return networks.flatMap(([, network]) => {
    const ip = network.at("IPAddress").text() || network.at("GlobalIPv6Address").text();
    const common = { ...fields, ...labels.get(network.at("NetworkID").text()), network_ip: ip };
    if (ports.length > 0) return ports.map((port) => portTarget(ip, port, common));
    const address = mode === "host" ? written.host_networking_host : joinHostPort(ip, written.port);
    return [targetFrom(address, prefix, common)];
  });
}

function portTarget(ip: string, port: Json, common: LabelFields): Labels {
  const inner = port.at("PrivatePort").number();
  const outer = port.at("PublicPort").number();
  return targetFrom(joinHostPort(ip, inner), prefix, {
    ...common,
    port_private: inner,
    ...(outer > 0 ? { port_public: outer, port_public_ip: port.at("IP").text() } : {}),
  });
}
