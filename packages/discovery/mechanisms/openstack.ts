/**
 * Hypervisors, instances and load balancers of OpenStack: `openstack_sd_configs`.
 */

import {
  boolean,
  convert,
  duration,
  int,
  optional,
  secret,
  shown,
  text,
  withDefault,
} from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { joinHttpClientFiles, tlsConfig, type HttpClientSection } from "@narthex/http/client-config";
import { quoteGo, type Labels } from "@narthex/model/labels";
import { plainClientSection } from "../api-mechanism.ts";
import type { Json } from "../json.ts";
import type { MechanismContext, MechanismKind } from "../mechanism.ts";
import {
  identityFromEnvironment,
  openstackClient,
  OpenstackSession,
  type OpenstackIdentity,
} from "../openstack-session.ts";
import { refreshMechanism } from "../refresh-mechanism.ts";
import { joinHostPort, prefixed, soleGroup, targetFrom } from "../target-labels.ts";

const role = convert(text, "", (value) => {
  if (value !== "hypervisor" && value !== "instance" && value !== "loadbalancer")
    throw new Error(`unknown OpenStack SD role ${quoteGo(value)}`);
  return value;
});

const section = object(
  "openstack.plain",
  {
    identity_endpoint: shown(text),
    username: shown(text),
    userid: shown(text),
    password: secret,
    project_name: shown(text),
    project_id: shown(text),
    domain_name: shown(text),
    domain_id: shown(text),
    application_credential_name: shown(text),
    application_credential_id: shown(text),
    application_credential_secret: secret,
    role,
    region: shown(text),
    refresh_interval: withDefault(duration, 60_000),
    port: withDefault(int, 80),
    all_tenants: boolean,
    tls_config: optional(tlsConfig),
    availability: withDefault(text, "public"),
  },
  (written) => {
    if (!/^(?:public|internal|admin)$/u.test(written.availability)) {
      const known = "must be one of admin, internal or public";
      throw new Error(`unknown availability ${written.availability}, ${known}`);
    }
    if (written.role === "") throw new Error("role missing (one of: instance, hypervisor, loadbalancer)");
    if (written.region === "") throw new Error("openstack SD configuration requires a region");
  },
);

/** A section of `openstack_sd_configs`. */
export type OpenstackSection = typeof section.initial;

const prefix = "__meta_openstack_";

/** The mechanism. */
export const openstack: MechanismKind<OpenstackSection> = {
  name: "openstack",
  section,
  joinFiles: (written, join) => joinHttpClientFiles(clientOf(written), join),
  create: (written, context) => {
    const identity = identityOf(written, context);
    const api = openstackClient(identity, clientOf(written), context);
    const find = { hypervisor: hypervisors, instance: instances, loadbalancer: loadBalancers }[
      written.role as "hypervisor" | "instance" | "loadbalancer"
    ];
    const refresh = async (signal: AbortSignal) => {
      const session = await OpenstackSession.open(api, identity, written, signal);
      return soleGroup(`OS_${written.region}`, await find(session, written, context));
    };
    const intervalMs = written.refresh_interval;
    return refreshMechanism({ name: "openstack", intervalMs, refresh, close: () => api.close() }, context);
  },
};

function clientOf(written: OpenstackSection): HttpClientSection {
  return { ...plainClientSection(), proxy_from_environment: false, tls_config: written.tls_config };
}

function identityOf(written: OpenstackSection, context: MechanismContext): OpenstackIdentity {
  if (written.identity_endpoint === "") return identityFromEnvironment(context.environment ?? process.env);
  return {
    endpoint: written.identity_endpoint,
    username: written.username,
    userId: written.userid,
    password: written.password.reveal(),
    projectName: written.project_name,
    projectId: written.project_id,
    domainName: written.domain_name,
    domainId: written.domain_id,
    credentialName: written.application_credential_name,
    credentialId: written.application_credential_id,
    credentialSecret: written.application_credential_secret.reveal(),
  };
}

async function hypervisors(session: OpenstackSession, { port }: OpenstackSection): Promise<Labels[]> {
  const found = await session.all("compute", "/os-hypervisors/detail", "hypervisors");
  return found.map((one) => {
    const ip = one.at("host_ip").text();
    return targetFrom(joinHostPort(ip, port), prefix, {
      hypervisor_id: one.at("id").shown(),
      hypervisor_hostname: one.at("hypervisor_hostname").text(),
      hypervisor_host_ip: ip,
      hypervisor_status: one.at("status").text(),
      hypervisor_state: one.at("state").text(),
      hypervisor_type: one.at("hypervisor_type").text(),
    });
  });
}

async function instances(
  session: OpenstackSession,
  written: OpenstackSection,
  { logger }: MechanismContext,
): Promise<Labels[]> {
  const ports = await session.all("network", "/ports", "ports");
  const deviceOf = new Map(ports.map((port) => [port.at("id").text(), port.at("device_id").text()]));
  const floating = new Map<string, string>();
  const isFloating = new Set<string>();
  for (const ip of await session.all("network", "/floatingips", "floatingips")) {
    const [portId, fixed] = [ip.at("port_id").text(), ip.at("fixed_ip_address").text()];
    if (portId === "" || fixed === "") continue;
    const device = deviceOf.get(portId);
    if (device === undefined) {
      logger.warn("Floating IP PortID not found in portList", { PortID: portId });
      continue;
    }
    const address = ip.at("floating_ip_address").text();
    floating.set(`${device} ${fixed}`, address);
    isFloating.add(address);
  }
  const query = written.all_tenants ? "?all_tenants=true" : "";
  const servers = await session.all("compute", `/servers/detail${query}`, "servers");
  return servers.flatMap((server) => instanceTargets(server, floating, isFloating, written.port));
}

function instanceTargets(
  server: Json,
  floating: ReadonlyMap<string, string>,
  isFloating: ReadonlySet<string>,
  port: number,
): readonly Labels[] {
  const flavor = server.at("flavor");
  const flavorName = flavor.at("original_name").text() || flavor.at("id").text();
  if (flavorName === "") return [];
  const image = server.at("image");
  const fields = {
    instance_id: server.at("id").text(),
    instance_status: server.at("status").text(),
    instance_name: server.at("name").text(),
    project_id: server.at("tenant_id").text(),
    user_id: server.at("user_id").text(),
    instance_flavor: flavorName,
    // Servers that start from a volume have an empty text here.
    instance_image: typeof image.raw === "object" ? image.at("id").text() : "",
    ...prefixed(
      "tag_",
      server
        .at("metadata")
        .fields()
        .map(([name, value]) => [name, value.text()] as const),
    ),
  };
  return server
    .at("addresses")
    .fields()
    .flatMap(([pool, list]) =>
      list
        .items()
        .map((entry) => entry.at("addr").text())
        .filter((address) => address !== "" && !isFloating.has(address))
        .map((address) =>
          targetFrom(joinHostPort(address, port), prefix, {
            ...fields,
            address_pool: pool,
            private_ip: address,
            public_ip: floating.get(`${fields.instance_id} ${address}`),
          }),
        ),
    );
}

async function loadBalancers(session: OpenstackSession): Promise<Labels[]> {
  const balancers = await session.all("load-balancer", "/lbaas/loadbalancers", "loadbalancers");
  const portOf = new Map<string, number>();
  for (const listener of await session.all("load-balancer", "/lbaas/listeners", "listeners")) {
    if (listener.at("protocol").text() !== "PROMETHEUS") continue;
    for (const balancer of listener.at("loadbalancers").items()) {
      const id = balancer.at("id").text();
      if (!portOf.has(id)) portOf.set(id, listener.at("protocol_port").number());
    }
  }
  const floating = new Map<string, string>();
  for (const ip of await session.all("network", "/floatingips", "floatingips")) {
    const port = ip.at("port_id").text();
    if (port !== "") floating.set(port, ip.at("floating_ip_address").text());
  }
  return balancers.flatMap((balancer) => {
    const at = (name: string): string => balancer.at(name).text();
    const port = portOf.get(at("id"));
    if (port === undefined) return [];
    return [
      targetFrom(joinHostPort(at("vip_address"), port), prefix, {
        loadbalancer_id: at("id"),
        loadbalancer_name: at("name"),
        loadbalancer_operating_status: at("operating_status"),
        loadbalancer_provisioning_status: at("provisioning_status"),
        loadbalancer_availability_zone: at("availability_zone"),
        loadbalancer_vip: at("vip_address"),
        loadbalancer_provider: at("provider"),
        project_id: at("project_id"),
        loadbalancer_tags: balancer.at("tags").texts().join(","),
        loadbalancer_floating_ip: floating.get(at("vip_port_id")),
      }),
    ];
  });
}
