/**
 * What the mechanisms of Docker share: how its daemon is reached, filters, networks.
 */

import { text } from "@narthex/config/decode";
import { list, object, type Section } from "@narthex/config/decode-section";
import type { HttpClientSection } from "@narthex/http/client-config";
import { ApiClient } from "./api-client.ts";
import type { Json } from "./json.ts";
import type { MechanismContext } from "./mechanism.ts";
import { prefixed, sanitizeLabelName, type LabelFields } from "./target-labels.ts";
import { urlParts } from "./url-parts.ts";

const filterFields = { name: text, values: list(text) } as const;

/** Reads one of `filters`. */
export const dockerFilter = object("moby.Filter", filterFields);

/** A filter as written. */
export type DockerFilter = Section<typeof filterFields>;

/** Fails for a host that cannot be one. */
export function checkDockerHost(host: string): void {
  if (host === "") throw new Error("host missing");
  urlParts(host);
}

/** A client for the daemon at `host`: `http`, `https`, `tcp` or `unix`. */
export function dockerClient(
  host: string,
  section: HttpClientSection,
  timeoutMs: number,
  context: MechanismContext,
): ApiClient {
  const { scheme } = urlParts(host);
  if (scheme === "tcp")
    return new ApiClient({ section, baseUrl: host.replace(/^tcp/iu, "http"), timeoutMs }, context);
  if (scheme === "http" || scheme === "https" || scheme === "unix")
    return new ApiClient({ section, baseUrl: host, timeoutMs }, context);
  throw new Error(`error setting up docker client: unable to parse docker host \`${host}\``);
}

/** Asks for a list, filtered where filters are given. */
export async function dockerList(
  api: ApiClient,
  path: string,
  filters: readonly DockerFilter[],
  what: string,
  signal: AbortSignal,
): Promise<readonly Json[]> {
  const byName: Record<string, Record<string, true>> = {};
  for (const { name, values } of filters) {
    for (const value of values) (byName[name] ??= {})[value] = true;
  }
  const query = Object.keys(byName).length === 0 ? {} : { filters: JSON.stringify(byName) };
  try {
    return (await api.json({ path, query, signal })).items();
  } catch (cause) {
    throw new Error(`error while ${what}: ${(cause as Error).message}`, { cause });
  }
}

/** The labels of every network by its id, named behind `prefix`. */
export async function networkLabels(
  api: ApiClient,
  what: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LabelFields>> {
  const networks = await dockerList(api, "/networks", [], what, signal);
  return new Map(
    networks.map((network) => [
      network.at("Id").text(),
      {
        network_id: network.at("Id").text(),
        network_name: network.at("Name").text(),
        network_scope: network.at("Scope").text(),
        network_internal: network.at("Internal").flag(),
        network_ingress: network.at("Ingress").flag(),
        ...prefixed("network_label_", textFields(network.at("Labels"))),
      },
    ]),
  );
}

/** The entries of a map of texts. */
export function textFields(map: Json): readonly (readonly [string, string])[] {
  return map.fields().map(([name, value]) => [sanitizeLabelName(name), value.text()]);
}

/** The address without the length of its network: `10.0.0.1/24`. */
export function addressOf(cidr: string): string {
  const slashAt = cidr.indexOf("/");
  if (slashAt < 0) throw new Error(`error while parsing address ${cidr}: invalid CIDR address: ${cidr}`);
  return cidr.slice(0, slashAt);
}
