/**
 * The groups of the roles `pod`, `endpoints` and `endpointslice`, which all speak of pods and their ports.
 */

import { Labels } from "@narthex/model/labels";
import type { TargetGroup } from "../target-group.ts";
import { joinHostPort, labelsFrom, targetFrom, type LabelFields } from "../target-labels.ts";
import { attachedNamespaceFields, attachedNodeFields, podFields, podOf, type Copies } from "./copies.ts";
import {
  kubernetesPrefix,
  metaFields,
  type Container,
  type ContainerPort,
  type EndpointAddress,
  type EndpointPort,
  type Endpoints,
  type EndpointSlice,
  type Pod,
  type Service,
  type SliceEndpoint,
} from "./objects.ts";

interface PodContainer {
  readonly container: Container;
  readonly isInit: boolean;
}

function containersOf(pod: Pod): readonly PodContainer[] {
  return [
    ...(pod.spec?.containers ?? []).map((container) => ({ container, isInit: false })),
    ...(pod.spec?.initContainers ?? []).map((container) => ({ container, isInit: true })),
  ];
}

function target(address: string, fields: LabelFields): Labels {
  return targetFrom(address, kubernetesPrefix, fields);
}

/** The group of a pod: a target for each port of each container. */
export function podGroup(pod: Pod, copies: Copies): TargetGroup {
  const { metadata, spec, status } = pod;
  const source = `pod/${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;
  const ip = status?.podIP ?? "";
  // A pod that is starting or was evicted has no address; one on a node that selectors left out is unwanted.
  const isUnwanted = copies.nodes !== null && copies.nodes.get(spec?.nodeName ?? "") === undefined;
  if (ip === "" || isUnwanted) return { source, targets: [], labels: Labels.empty };
  const labels = labelsFrom(kubernetesPrefix, {
    ...podFields(pod, copies),
    namespace: metadata?.namespace,
    ...attachedNodeFields(copies, spec?.nodeName),
    ...attachedNamespaceFields(copies, metadata?.namespace),
  });
  const targets = containersOf(pod).flatMap(({ container, isInit }) => {
    const statuses = isInit ? status?.initContainerStatuses : status?.containerStatuses;
    const common = {
      pod_container_name: container.name,
      pod_container_id: statuses?.find(({ name }) => name === container.name)?.containerID,
      pod_container_image: container.image,
      pod_container_init: isInit,
    };
    const ports = container.ports ?? [];
    if (ports.length === 0) return [target(ip, common)];
    return ports.map((port) =>
      target(joinHostPort(ip, port.containerPort ?? 0), {
        ...common,
        pod_container_port_number: port.containerPort ?? 0,
        pod_container_port_name: port.name,
        pod_container_port_protocol: port.protocol,
      }),
    );
  });
  return { source, targets, labels };
}

function portFields(
  { container, isInit }: PodContainer,
  port: ContainerPort,
  protocol: string | undefined,
): LabelFields {
  return {
    pod_container_name: container.name,
    pod_container_image: container.image,
    pod_container_port_name: port.name,
    pod_container_port_number: port.containerPort ?? 0,
    pod_container_port_protocol: protocol,
    pod_container_init: isInit,
  };
}

/** Collects the targets of endpoints, and afterwards the ports of their pods that no endpoint named. */
class EndpointTargets {
  readonly targets: Labels[] = [];
  readonly #copies: Copies;
  readonly #seen = new Map<Pod, Set<number | undefined>>();

  constructor(copies: Copies) {
    this.#copies = copies;
  }

  add(address: string, fields: LabelFields, pod: Pod | undefined, port: EndpointPort): void {
    if (pod === undefined) {
      this.targets.push(target(address, fields));
      return;
    }
    const ports = this.#seen.get(pod) ?? new Set();
    this.#seen.set(pod, ports.add(port.port));
    let matching: LabelFields = {};
    for (const entry of containersOf(pod)) {
      const found = entry.container.ports?.find(
        ({ containerPort }) => port.port !== undefined && containerPort === port.port,
      );
      if (found !== undefined) matching = portFields(entry, found, port.protocol);
    }
    this.targets.push(target(address, { ...fields, ...podFields(pod, this.#copies), ...matching }));
  }

  addUnnamedPorts(): void {
    for (const [pod, named] of this.#seen) {
      const ip = pod.status?.podIP ?? "";
      if (ip === "") continue;
      const common = podFields(pod, this.#copies);
      for (const entry of containersOf(pod)) {
        for (const port of entry.container.ports ?? []) {
          if (named.has(port.containerPort)) continue;
          const address = joinHostPort(ip, port.containerPort ?? 0);
          this.targets.push(target(address, { ...portFields(entry, port, port.protocol), ...common }));
        }
      }
    }
  }
}

/** Labels of a service, as the groups of its endpoints carry them. */
export function serviceFields(service: Service): LabelFields {
  return { namespace: service.metadata?.namespace, ...metaFields(service, "service") };
}

/** The group of an `Endpoints` object. */
export function endpointsGroup(endpoints: Endpoints, copies: Copies): TargetGroup {
  const { namespace = "", name = "" } = endpoints.metadata ?? {};
  const service = copies.services?.get(`${namespace}/${name}`);
  const labels = labelsFrom(kubernetesPrefix, {
    namespace,
    ...(service === undefined ? {} : serviceFields(service)),
    ...metaFields(endpoints, "endpoints"),
    ...attachedNamespaceFields(copies, namespace),
  });
  const found = new EndpointTargets(copies);
  for (const subset of endpoints.subsets ?? []) {
    for (const port of subset.ports ?? []) {
      for (const address of subset.addresses ?? []) addAddress(found, copies, address, port, true);
      for (const address of subset.notReadyAddresses ?? []) addAddress(found, copies, address, port, false);
    }
  }
  found.addUnnamedPorts();
  return { source: `endpoints/${namespace}/${name}`, targets: found.targets, labels };
}

function addAddress(
  found: EndpointTargets,
  copies: Copies,
  address: EndpointAddress,
  port: EndpointPort,
  isReady: boolean,
): void {
  const { targetRef, nodeName } = address;
  const node = nodeName ?? (targetRef?.kind === "Node" ? targetRef.name : undefined);
  const fields = {
    endpoint_port_name: port.name,
    endpoint_port_protocol: port.protocol,
    endpoint_ready: isReady,
    endpoint_address_target_kind: targetRef?.kind,
    endpoint_address_target_name: targetRef?.name,
    endpoint_node_name: nodeName,
    endpoint_hostname: address.hostname,
    ...attachedNodeFields(copies, node),
  };
  found.add(joinHostPort(address.ip ?? "", port.port ?? 0), fields, podOf(copies, targetRef), port);
}

/** The label of a slice that names its service. */
export const serviceNameLabel = "kubernetes.io/service-name";

/** The group of an `EndpointSlice` object. */
export function endpointSliceGroup(slice: EndpointSlice, copies: Copies): TargetGroup {
  const { namespace = "", name = "", labels: own } = slice.metadata ?? {};
  const serviceName = own?.[serviceNameLabel];
  const service = serviceName === undefined ? undefined : copies.services?.get(`${namespace}/${serviceName}`);
  const labels = labelsFrom(kubernetesPrefix, {
    namespace,
    endpointslice_address_type: slice.addressType,
    ...metaFields(slice, "endpointslice"),
    ...(service === undefined ? {} : serviceFields(service)),
    ...attachedNamespaceFields(copies, namespace),
  });
  const source = `endpointslice/${namespace}/${name}`;
  if (isSecondFamily(slice, service)) return { source, targets: [], labels };
  const found = new EndpointTargets(copies);
  for (const endpoint of slice.endpoints ?? []) {
    for (const port of slice.ports ?? []) {
      for (const address of endpoint.addresses ?? []) addEndpoint(found, copies, endpoint, address, port);
    }
  }
  found.addUnnamedPorts();
  return { source, targets: found.targets, labels };
}

/** Whether a slice repeats the endpoints of a service of two address families in the second of them. */
function isSecondFamily(slice: EndpointSlice, service: Service | undefined): boolean {
  const { ipFamilyPolicy: policy, ipFamilies = [] } = service?.spec ?? {};
  if (policy !== "PreferDualStack" && policy !== "RequireDualStack") return false;
  return ipFamilies.length > 0 && slice.addressType !== ipFamilies[0];
}

function addEndpoint(
  found: EndpointTargets,
  copies: Copies,
  endpoint: SliceEndpoint,
  address: string,
  port: EndpointPort,
): void {
  const { conditions, targetRef, deprecatedTopology } = endpoint;
  const topology: LabelFields = {};
  for (const [name, value] of Object.entries(deprecatedTopology ?? {})) {
    const safe = name.replace(/[^a-zA-Z0-9_]/gu, "_");
    topology[`endpointslice_endpoint_topology_${safe}`] = value;
    topology[`endpointslice_endpoint_topology_present_${safe}`] = "true";
  }
  const fields = {
    endpointslice_port_name: port.name,
    endpointslice_port_protocol: port.protocol,
    endpointslice_port: port.port,
    endpointslice_port_app_protocol: port.appProtocol,
    endpointslice_endpoint_conditions_ready: conditions?.ready,
    endpointslice_endpoint_conditions_serving: conditions?.serving,
    endpointslice_endpoint_conditions_terminating: conditions?.terminating,
    endpointslice_endpoint_hostname: endpoint.hostname,
    endpointslice_address_target_kind: targetRef?.kind,
    endpointslice_address_target_name: targetRef?.name,
    endpointslice_endpoint_node_name: endpoint.nodeName,
    endpointslice_endpoint_zone: endpoint.zone,
    ...topology,
    ...attachedNodeFields(copies, targetRef?.kind === "Node" ? targetRef.name : endpoint.nodeName),
  };
  const place = port.port === undefined ? address : joinHostPort(address, port.port);
  found.add(place, fields, podOf(copies, targetRef), port);
}
