/**
 * The table of mechanisms: which key of a scrape job asks for which. A new mechanism is one file in
 * mechanisms/ and one line here.
 */

import type { ConfigNode } from "@narthex/config/yaml-document";
import type { Decoder } from "@narthex/config/decode";
import { anything, list, type Section } from "@narthex/config/decode-section";
import type { MechanismConfig } from "./mechanism.ts";
import { fileMechanism, fileSection } from "./mechanisms/file.ts";
import { staticMechanism } from "./mechanisms/static.ts";
import { groupSection } from "./target-group.ts";

function sections<T>(key: string, decoder: Decoder<T>): Decoder<readonly T[]> {
  return list(decoder, `empty or null section in ${key}`);
}

/** Mechanisms of the original that are accepted in a file and cannot run yet. */
const awaited = [
  "aws",
  "azure",
  "consul",
  "digitalocean",
  "dns",
  "docker",
  "dockerswarm",
  "ec2",
  "ecs",
  "elasticache",
  "eureka",
  "gce",
  "hetzner",
  "http",
  "ionos",
  "kubernetes",
  "kuma",
  "lightsail",
  "linode",
  "marathon",
  "msk",
  "nerve",
  "nomad",
  "oci",
  "openstack",
  "outscale",
  "ovhcloud",
  "puppetdb",
  "rds",
  "scaleway",
  "serverset",
  "stackit",
  "triton",
  "uyuni",
  "vultr",
] as const;

type AwaitedKey = `${(typeof awaited)[number]}_sd_configs`;

const awaitedFields = Object.fromEntries(
  awaited.map((name) => {
    const key = `${name}_sd_configs`;
    return [key, sections(key, anything)];
  }),
) as unknown as Readonly<Record<AwaitedKey, Decoder<readonly (ConfigNode | null)[]>>>;

/** The fields of all mechanisms, to be laid into the section of a scrape job or of an alert manager. */
export const discoveryFields = {
  static_configs: sections("static_configs", groupSection),
  file_sd_configs: sections("file_sd_configs", fileSection),
  ...awaitedFields,
} as const;

/** The discovery part of a section. */
export type DiscoverySection = Section<typeof discoveryFields>;

/** The mechanisms that a section asks for, with the keys of those that cannot run yet. */
export interface AskedMechanisms {
  readonly configs: readonly MechanismConfig[];
  readonly unsupported: readonly string[];
}

/** What a section asks for; `join` makes its paths absolute. */
export function mechanismsOf(section: DiscoverySection, join: (file: string) => string): AskedMechanisms {
  const configs = section.file_sd_configs.map((file) => fileMechanism(file, join));
  if (section.static_configs.length > 0) configs.push(staticMechanism(section.static_configs));
  const keys = awaited.map((name) => `${name}_sd_configs` as const);
  return { configs, unsupported: keys.filter((key) => section[key].length > 0) };
}
