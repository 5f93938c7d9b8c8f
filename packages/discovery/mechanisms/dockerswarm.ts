/**
 * Services, tasks and nodes of a Docker swarm: `dockerswarm_sd_configs`.
 */

import { duration, int, shown, text, withDefault } from "@narthex/config/decode";
import { list, object } from "@narthex/config/decode-section";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import type { Labels } from "@narthex/model/labels";
import type { ApiClient } from "../api-client.ts";
import {
  addressOf,
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
    role: text,
    port: withDefault(int, 80),
    filters: shown(list(dockerFilter)),
    refresh_interval: withDefault(duration, 60_000),
  },
  (written) => {
    checkDockerHost(written.host);
    const { role } = written;
    if (role === "") throw new Error("role missing (one of: tasks, services, nodes)");
    if (role !== "services" && role !== "tasks" && role !== "nodes")
      throw new Error(`invalid role ${role}, expected tasks, services, or nodes`);
    checkHttpClient(written);
  },
);

/** A section of `dockerswarm_sd_configs`. */
export type SwarmSection = typeof section.initial;

const prefix = "__meta_dockerswarm_";

/** The mechanism. */
export const dockerswarm: MechanismKind<SwarmSection> = {
  name: "dockerswarm",
  section,
  joinFiles: joinHttpClientFiles,
  create: (written, context) => {
    const intervalMs = written.refresh_interval;
    const api = dockerClient(written.host, written, intervalMs, context);
    const find = { nodes: nodeTargets, services: serviceTargets, tasks: taskTargets }[
      written.role as "nodes" | "services" | "tasks"
    ];
    const refresh = async (signal: AbortSignal) => soleGroup("DockerSwarm", await find(api, written, signal));
    return refreshMechanism({ name: "dockerswarm", intervalMs, refresh, close: () => api.close() }, context);
  },
};

function nodeFields(node: Json): LabelFields {
  const [spec, description] = [node.at("Spec"), node.at("Description")];
  return {
    node_id: node.at("ID").text(),
    node_role: spec.at("Role").text(),
    node_address: node.at("Status", "Addr").text(),
    node_availability: spec.at("Availability").text(),
    node_hostname: description.at("Hostname").text(),
    node_platform_architecture: description.at("Platform", "Architecture").text(),
    node_platform_os: description.at("Platform", "OS").text(),
    node_status: node.at("Status", "State").text(),
    ...prefixed("node_label_", textFields(spec.at("Labels"))),
  };
}

async function nodeTargets(api: ApiClient, written: SwarmSection, signal: AbortSignal): Promise<Labels[]> {
  const nodes = await dockerList(api, "/nodes", written.filters, "listing swarm nodes", signal);
  return nodes.map((node) => {
    const manager = node.at("ManagerStatus");
    return targetFrom(joinHostPort(node.at("Status", "Addr").text(), written.port), prefix, {
      ...nodeFields(node),
      node_engine_version: node.at("Description", "Engine", "EngineVersion").text(),
      ...(manager.exists
        ? {
            node_manager_leader: manager.at("Leader").flag(),
            node_manager_reachability: manager.at("Reachability").text(),
            node_manager_address: manager.at("Addr").text(),
          }
        : {}),
    });
  });
}

function serviceFields(service: Json): LabelFields {
  const mode = service.at("Spec", "Mode");
  const name = mode.at("Replicated").exists ? "replicated" : "";
  return {
    service_id: service.at("ID").text(),
    service_name: service.at("Spec", "Name").text(),
    service_mode: mode.at("Global").exists ? "global" : name,
    ...prefixed("service_label_", textFields(service.at("Spec", "Labels"))),
  };
}

function tcpPorts(ports: Json): readonly Json[] {
  return ports.items().filter((port) => port.at("Protocol").text() === "tcp");
}

async function serviceTargets(api: ApiClient, written: SwarmSection, signal: AbortSignal): Promise<Labels[]> {
  const services = await dockerList(api, "/services", written.filters, "listing swarm services", signal);
  const networks = await networkLabels(api, "computing swarm network labels", signal);
  return services.flatMap((service) => {
    const container = service.at("Spec", "TaskTemplate", "ContainerSpec");
    const fields = {
      ...serviceFields(service),
      service_task_container_hostname: container.at("Hostname").text(),
      service_task_container_image: container.at("Image").text(),
      service_updating_status: service.at("UpdateStatus", "State").text(),
    };
    const ports = tcpPorts(service.at("Endpoint", "Ports"));
    return service
      .at("Endpoint", "VirtualIPs")
      .items()
      .flatMap((virtual) => {
        const ip = addressOf(virtual.at("Addr").text());
        const common = { ...fields, ...networks.get(virtual.at("NetworkID").text()) };
        if (ports.length === 0) return [targetFrom(joinHostPort(ip, written.port), prefix, common)];
        return ports.map((port) =>
          targetFrom(joinHostPort(ip, port.at("PublishedPort").number()), prefix, {
            ...common,
            service_endpoint_port_name: port.at("Name").text(),
            service_endpoint_port_publish_mode: port.at("PublishMode").text(),
          }),
        );
      });
  });
}

async function taskTargets(api: ApiClient, written: SwarmSection, signal: AbortSignal): Promise<Labels[]> {
  const tasks = await dockerList(api, "/tasks", written.filters, "listing swarm services", signal);
  const services = await dockerList(api, "/services", [], "computing services labels and ports", signal);
  const nodes = await dockerList(api, "/nodes", [], "computing nodes labels and ports", signal);
  const networks = await networkLabels(api, "computing swarm network labels", signal);
  const serviceById = new Map(services.map((service) => [service.at("ID").text(), service]));
  const nodeById = new Map(nodes.map((node) => [node.at("ID").text(), node]));
  return tasks.flatMap((task) => {
    const service = serviceById.get(task.at("ServiceID").text());
    const node = nodeById.get(task.at("NodeID").text());
    const fields = {
      ...taskFields(task),
      ...(service === undefined ? {} : serviceFields(service)),
      ...(node === undefined ? {} : nodeFields(node)),
    };
    const ports = service === undefined ? [] : tcpPorts(service.at("Endpoint", "Ports"));
    return [...hostPortTargets(task, fields), ...networkTargets(task, fields, ports, networks, written.port)];
  });
}

function taskFields(task: Json): LabelFields {
  return {
    task_id: task.at("ID").text(),
    task_desired_state: task.at("DesiredState").text(),
    task_state: task.at("Status", "State").text(),
    task_slot: task.at("Slot").number(),
    task_container_id: task.at("Status", "ContainerStatus", "ContainerID").text(),
    ...prefixed("container_label_", textFields(task.at("Spec", "ContainerSpec", "Labels"))),
  };
}

/** Ports that are open on the node itself. */
function hostPortTargets(task: Json, fields: LabelFields): readonly Labels[] {
  return tcpPorts(task.at("Status", "PortStatus", "Ports")).map((port) => {
    const address = joinHostPort(String(fields["node_address"] ?? ""), port.at("PublishedPort").number());
    return targetFrom(address, prefix, { ...fields, task_port_publish_mode: port.at("PublishMode").text() });
  });
}

function networkTargets(
  task: Json,
  fields: LabelFields,
  ports: readonly Json[],
  networks: ReadonlyMap<string, LabelFields>,
  fallbackPort: number,
): readonly Labels[] {
  return task
    .at("NetworksAttachments")
    .items()
    .flatMap((attachment) => {
      const common = { ...fields, ...networks.get(attachment.at("Network", "ID").text()) };
      return attachment
        .at("Addresses")
        .texts()
        .flatMap((cidr) => {
          const ip = addressOf(cidr);
          if (ports.length === 0) return [targetFrom(joinHostPort(ip, fallbackPort), prefix, common)];
          return ports.map((port) =>
            targetFrom(joinHostPort(ip, port.at("PublishedPort").number()), prefix, {
              ...common,
              task_port_publish_mode: port.at("PublishMode").text(),
            }),
          );
        });
    });
}
