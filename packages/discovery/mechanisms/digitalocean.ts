/**
 * Droplets and databases of DigitalOcean: `digitalocean_sd_configs`.
 */

import { convert, duration, int, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import { quoteGo, type Labels } from "@narthex/model/labels";
import type { ApiClient } from "../api-client.ts";
import { apiMechanism } from "../api-mechanism.ts";
import type { Json } from "../json.ts";
import type { MechanismKind } from "../mechanism.ts";
import { enclosed, joinHostPort, labelsFrom, soleGroup, targetFrom } from "../target-labels.ts";

const role = convert(text, "", (value) => {
  if (value !== "droplets" && value !== "databases")
    throw new Error(`unknown DigitalOcean SD role ${quoteGo(value)}`);
  return value;
});

const section = object(
  "digitalocean.plain",
  {
    ...httpClientFields,
    refresh_interval: withDefault(duration, 60_000),
    port: withDefault(int, 80),
    role: withDefault(role, "droplets"),
  },
  (written) => {
    if (written.role === "") throw new Error("role missing (one of: droplets, databases)");
    checkHttpClient(written);
  },
);

/** A section of `digitalocean_sd_configs`. */
export type DigitaloceanSection = typeof section.initial;

const prefix = "__meta_digitalocean_";
const pageItems = 100;

/** The mechanism, with the address of the API. */
export function digitaloceanKind(baseUrl: string): MechanismKind<DigitaloceanSection> {
  return {
    name: "digitalocean",
    section,
    joinFiles: joinHttpClientFiles,
    create: (written, context) => {
      const plan = { name: "digitalocean", section: written, baseUrl, intervalMs: written.refresh_interval };
      return apiMechanism(plan, context, async (api, signal) => {
        if (written.role === "databases") {
          const clusters = await allPages(api, "/v2/databases", "databases", signal);
          return soleGroup(
            "DigitalOcean Databases",
            clusters.map((one) => clusterTarget(one, written.port)),
          );
        }
        const droplets = await allPages(api, "/v2/droplets", "droplets", signal);
        const reachable = droplets.filter((one) => one.at("networks", "v4").items().length > 0);
        return soleGroup(
          "DigitalOcean",
          reachable.map((one) => dropletTarget(one, written.port)),
        );
      });
    },
  };
}

/** The mechanism. */
export const digitalocean = digitaloceanKind("https://api.digitalocean.com");

async function allPages(api: ApiClient, path: string, list: string, signal: AbortSignal): Promise<Json[]> {
  const found: Json[] = [];
  for (let page = 1; ; page++) {
    const answer = await api.json({
      path,
      query: { page: String(page), per_page: String(pageItems) },
      signal,
    });
    const items = answer.at(list).items();
    found.push(...items);
    // Lists of databases may come without links.
    const hasNext = answer.at("links", "pages", "next").exists || items.length === pageItems;
    if (items.length === 0 || !hasNext) return found;
  }
}

/** The first address of a kind, "" without any. */
function addressOf(droplet: Json, family: "v4" | "v6", type: "private" | "public"): string {
  const networks = droplet.at("networks", family).items();
  return (
    networks
      .find((network) => network.at("type").text() === type)
      ?.at("ip_address")
      .text() ?? ""
  );
}

function dropletTarget(droplet: Json, port: number): Labels {
  const publicIp = addressOf(droplet, "v4", "public");
  const features = droplet.at("features").texts();
  const tags = droplet.at("tags").texts();
  return targetFrom(joinHostPort(publicIp, port), prefix, {
    droplet_id: droplet.at("id").number(),
    droplet_name: droplet.at("name").text(),
    image: droplet.at("image", "slug").text(),
    image_name: droplet.at("image", "name").text(),
    private_ipv4: addressOf(droplet, "v4", "private"),
    public_ipv4: publicIp,
    public_ipv6: addressOf(droplet, "v6", "public"),
    region: droplet.at("region", "slug").text(),
    size: droplet.at("size_slug").text(),
    status: droplet.at("status").text(),
    vpc: droplet.at("vpc_uuid").text(),
    features: features.length === 0 ? "" : enclosed(features),
    tags: tags.length === 0 ? "" : enclosed(tags),
  });
}

function clusterTarget(cluster: Json, port: number): Labels {
  const ownHost = cluster.at("connection", "host").text();
  const privateHost = cluster.at("private_connection", "host").text();
  const host = privateHost || ownHost;
  const tags = cluster.at("tags").texts();
  const labels = labelsFrom(prefix, {
    db_id: cluster.at("id").text(),
    db_name: cluster.at("name").text(),
    db_engine: cluster.at("engine").text(),
    db_version: cluster.at("version").text(),
    db_status: cluster.at("status").text(),
    db_region: cluster.at("region").text(),
    db_size: cluster.at("size").text(),
    db_num_nodes: cluster.at("num_nodes").number(),
    db_host: ownHost,
    db_private_host: privateHost,
    ...Object.fromEntries(tags.map((tag) => [`db_tag_${tag}`, "true"])),
  });
  return host === "" ? labels : labels.with("__address__", joinHostPort(host, port));
}
