/**
 * The groups of the roles `node`, `service` and `ingress`.
 */

import type { Labels } from "@narthex/model/labels";
import type { TargetGroup } from "../target-group.ts";
import { joinHostPort, labelsFrom, prefixed, targetFrom, type LabelFields } from "../target-labels.ts";
import { attachedNamespaceFields, type Copies } from "./copies.ts";
import { kubernetesPrefix, metaFields, type Ingress, type Node, type Service } from "./objects.ts";
import { serviceFields } from "./pod-groups.ts";

/** Kinds of addresses of a node, the best first. */
const addressOrder = [
  "InternalIP",
  "InternalDNS",
  "ExternalIP",
  "ExternalDNS",
  "LegacyHostIP",
  "Hostname",
] as const;

/** The group of a node; null when it has no address yet. */
export function nodeGroup(node: Node): TargetGroup | null {
  const name = node.metadata?.name ?? "";
  const byType = new Map<string, string>();
  for (const { type = "", address = "" } of node.status?.addresses ?? []) {
    if (!byType.has(type)) byType.set(type, address);
  }
  const best = addressOrder.find((type) => byType.has(type));
  if (best === undefined) return null;
  const conditions = (node.status?.conditions ?? []).map(
    ({ type = "", status = "" }) => [type.toLowerCase(), status.toLowerCase()] as const,
  );
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  const address = joinHostPort(byType.get(best) ?? "", port);
  const own = targetFrom(address, kubernetesPrefix, prefixed("node_address_", byType));
  return {
    source: `node/${name}`,
    targets: [own.with("instance", name)],
    labels: labelsFrom(kubernetesPrefix, {
      node_provider_id: node.spec?.providerID,
      ...prefixed("node_condition_", conditions),
      ...metaFields(node, "node"),
    }),
  };
}

/** The group of a service: a target for each of its ports. */
export function serviceGroup(service: Service, copies: Copies): TargetGroup {
  const { metadata, spec } = service;
  const { name = "", namespace = "" } = metadata ?? {};
  const type = spec?.type;
  const isExternal = type === "ExternalName";
  return {
    source: `svc/${namespace}/${name}`,
    targets: (spec?.ports ?? []).map((port) =>
      targetFrom(joinHostPort(`${name}.${namespace}.svc`, port.port ?? 0), kubernetesPrefix, {
        service_port_name: port.name,
        service_port_number: port.port ?? 0,
        service_port_protocol: port.protocol,
        service_type: type,
        service_external_name: isExternal ? spec?.externalName : undefined,
        service_cluster_ip: isExternal ? undefined : spec?.clusterIP,
        service_loadbalancer_ip: type === "LoadBalancer" ? loadBalancerIps(service) : undefined,
      }),
    ),
    labels: labelsFrom(kubernetesPrefix, {
      ...serviceFields(service),
      ...attachedNamespaceFields(copies, namespace),
    }),
  };
}

function loadBalancerIps({ spec, status }: Service): string {
  const ips = (status?.loadBalancer?.ingress ?? []).map(({ ip = "" }) => ip).filter((ip) => ip !== "");
  return ips.length > 0 ? ips.join(",") : (spec?.loadBalancerIP ?? "");
}

/** The group of an ingress: a target for each path of each rule. */
export function ingressGroup(ingress: Ingress, copies: Copies): TargetGroup {
  const { metadata, spec } = ingress;
  const { name = "", namespace = "" } = metadata ?? {};
  const secured = (spec?.tls ?? []).flatMap(({ hosts = [] }) => hosts);
  const targets: Labels[] = (spec?.rules ?? []).flatMap(({ host = "", http }) => {
    const scheme = secured.some((pattern) => matchesHost(pattern, host)) ? "https" : "http";
    const paths = http === undefined ? ["/"] : (http.paths ?? []).map(({ path = "" }) => path || "/");
    const fields: LabelFields = { ingress_scheme: scheme, ingress_host: host };
    return paths.map((path) => targetFrom(host, kubernetesPrefix, { ...fields, ingress_path: path }));
  });
  return {
    source: `ingress/${namespace}/${name}`,
    targets,
    labels: labelsFrom(kubernetesPrefix, {
      namespace,
      ingress_class_name: spec?.ingressClassName,
      ...metaFields(ingress, "ingress"),
      ...attachedNamespaceFields(copies, namespace),
    }),
  };
}

/** Whether `pattern`, perhaps with a `*` for its first part, is for `host`. */
function matchesHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  const [patternParts, hostParts] = [pattern.split("."), host.split(".")];
  if (patternParts[0] !== "*" || patternParts.length !== hostParts.length) return false;
  return patternParts.every((part, i) => i === 0 || part === hostParts[i]);
}
