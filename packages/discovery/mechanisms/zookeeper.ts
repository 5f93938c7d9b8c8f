/**
 * Targets that services wrote into ZooKeeper: `serverset_sd_configs` (Twitter's Finagle) and
 * `nerve_sd_configs` (AirBnB's). One group per node.
 */

import { duration, text, withDefault } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { Labels } from "@narthex/model/labels";
import { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import { joinHostPort, sanitizeLabelName, targetFrom, type LabelFields } from "../target-labels.ts";
import { followTree } from "../zookeeper/tree-copy.ts";

function sectionOf(name: string, goType: string) {
  return object(
    goType,
    { servers: list(text), paths: list(text), timeout: withDefault(duration, 10_000) },
    ({ servers, paths }) => {
      if (servers.length === 0)
        throw new Error(`${name} SD config must contain at least one Zookeeper server`);
      if (paths.length === 0) throw new Error(`${name} SD config must contain at least one path`);
      const wrong = paths.find((path) => !path.startsWith("/"));
      if (wrong !== undefined) throw new Error(`${name} SD config paths must begin with '/': ${wrong}`);
    },
  );
}

/** A section of either kind. */
export type ZookeeperSection = ReturnType<typeof sectionOf>["initial"];

function kindOf(
  name: string,
  parse: (member: Json, path: string) => Labels,
): MechanismKind<ZookeeperSection> {
  return {
    name,
    section: sectionOf(name, "zookeeper.plain"),
    create: ({ servers, paths, timeout: timeoutMs }, context) => ({
      run: (update, signal) => {
        const tell = (path: string, data: Uint8Array | null): void => {
          update([
            {
              source: path,
              targets: data === null ? [] : targetsOf(data, path, parse),
              labels: Labels.empty,
            },
          ]);
        };
        return followTree({ servers, paths, timeoutMs }, context, tell, signal);
      },
    }),
  };
}

/** A node that is no member, as the folders above them, has no targets. */
function targetsOf(data: Uint8Array, path: string, parse: (member: Json, path: string) => Labels): Labels[] {
  try {
    return [parse(Json.parse(new TextDecoder().decode(data)), path)];
  } catch {
    return [];
  }
}

/** The mechanism of server sets. */
export const serverset = kindOf("serverset", (member, path) => {
  const endpoint = member.at("serviceEndpoint").exists
    ? member.at("serviceEndpoint")
    : member.at("ServiceEndpoint");
  const others: LabelFields = {};
  for (const [name, other] of member.at("additionalEndpoints").fields()) {
    others[`endpoint_host_${sanitizeLabelName(name)}`] = other.at("host").text();
    others[`endpoint_port_${sanitizeLabelName(name)}`] = other.at("port").number();
  }
  const [host, port] = [endpoint.at("host").text(), endpoint.at("port").number()];
  return targetFrom(joinHostPort(host, port), "__meta_serverset_", {
    path,
    endpoint_host: host,
    endpoint_port: port,
    ...others,
    status: member.at("status").text(),
    shard: member.at("shard").number(),
  });
});

/** The mechanism of Nerve. */
export const nerve = kindOf("nerve", (member, path) => {
  const [host, port] = [member.at("host").text(), member.at("port").number()];
  return targetFrom(joinHostPort(host, port), "__meta_nerve_", {
    path,
    endpoint_host: host,
    endpoint_port: port,
    endpoint_name: member.at("name").text(),
  });
});
