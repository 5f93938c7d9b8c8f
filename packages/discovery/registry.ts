/**
 * The table of mechanisms: which key of a scrape job asks for which. A new mechanism is one file in
 * mechanisms/ and one line here.
 */

import type { Decoder } from "@narthex/config/decode";
import { anything, list, type Section } from "@narthex/config/decode-section";
import type { ConfigNode } from "@narthex/config/yaml-document";
import { mechanismConfig, type MechanismConfig, type MechanismKind } from "./mechanism.ts";
import { azure } from "./mechanisms/azure.ts";
import { consul } from "./mechanisms/consul.ts";
import { digitalocean } from "./mechanisms/digitalocean.ts";
import { dns } from "./mechanisms/dns.ts";
import { docker } from "./mechanisms/docker.ts";
import { dockerswarm } from "./mechanisms/dockerswarm.ts";
import { ec2 } from "./mechanisms/ec2.ts";
import { eureka } from "./mechanisms/eureka.ts";
import { fileMechanism, fileSection } from "./mechanisms/file.ts";
import { gce } from "./mechanisms/gce.ts";
import { hetzner } from "./mechanisms/hetzner.ts";
import { http } from "./mechanisms/http.ts";
import { ionos } from "./mechanisms/ionos.ts";
import { kubernetes } from "./mechanisms/kubernetes.ts";
import { kuma } from "./mechanisms/kuma.ts";
import { lightsail } from "./mechanisms/lightsail.ts";
import { linode } from "./mechanisms/linode.ts";
import { marathon } from "./mechanisms/marathon.ts";
import { nomad } from "./mechanisms/nomad.ts";
import { openstack } from "./mechanisms/openstack.ts";
import { ovhcloud } from "./mechanisms/ovhcloud.ts";
import { puppetdb } from "./mechanisms/puppetdb.ts";
import { scaleway } from "./mechanisms/scaleway.ts";
import { stackit } from "./mechanisms/stackit.ts";
import { staticMechanism } from "./mechanisms/static.ts";
import { triton } from "./mechanisms/triton.ts";
import { uyuni } from "./mechanisms/uyuni.ts";
import { vultr } from "./mechanisms/vultr.ts";
import { nerve, serverset } from "./mechanisms/zookeeper.ts";
import { groupSection } from "./target-group.ts";

function sections<T>(key: string, decoder: Decoder<T>): Decoder<readonly T[]> {
  return list(decoder, `empty or null section in ${key}`);
}

/** Every mechanism with a section of its own shape, beside `static` and `file`. */
const kinds = {
  azure,
  consul,
  digitalocean,
  dns,
  docker,
  dockerswarm,
  ec2,
  eureka,
  gce,
  hetzner,
  http,
  ionos,
  kubernetes,
  kuma,
  lightsail,
  linode,
  marathon,
  nerve,
  nomad,
  openstack,
  ovhcloud,
  puppetdb,
  scaleway,
  serverset,
  stackit,
  triton,
  uyuni,
  vultr,
} as const;

type Kinds = typeof kinds;
type SectionOf<K> = K extends MechanismKind<infer S> ? S : never;
type KindFields = {
  readonly [K in keyof Kinds as `${K & string}_sd_configs`]: Decoder<readonly SectionOf<Kinds[K]>[]>;
};

const kindFields = Object.fromEntries(
  Object.values(kinds).map((kind) => {
    const key = `${kind.name}_sd_configs`;
    return [key, sections(key, kind.section as Decoder<unknown>)];
  }),
) as unknown as KindFields;

/** Mechanisms of the original that are accepted in a file and cannot run yet. */
const awaited = ["aws", "ecs", "elasticache", "msk", "oci", "outscale", "rds"] as const;

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
  ...kindFields,
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
  for (const kind of Object.values(kinds) as readonly MechanismKind<object>[]) {
    const written = section[`${kind.name}_sd_configs` as keyof DiscoverySection] as readonly object[];
    for (const one of written) configs.push(mechanismConfig(kind, one, join));
  }
  if (section.static_configs.length > 0) configs.push(staticMechanism(section.static_configs));
  const keys = awaited.map((name) => `${name}_sd_configs` as const);
  return { configs, unsupported: keys.filter((key) => section[key].length > 0) };
}
