import assert from "node:assert/strict";
import { test } from "node:test";
import { firstTargets, refusal, shortNames, withApi, type Replay } from "../test-world.ts";
import { dockerswarm } from "./dockerswarm.ts";

const nodes = [
  {
    ID: "n1",
    Spec: { Role: "manager", Availability: "active", Labels: { "x-y": "z" } },
    Description: {
      Hostname: "h1",
      Platform: { Architecture: "x86_64", OS: "linux" },
      Engine: { EngineVersion: "27" },
    },
    Status: { State: "ready", Addr: "10.9.0.1" },
    ManagerStatus: { Leader: true, Reachability: "reachable", Addr: "10.9.0.1:2377" },
  },
];
const services = [
  {
    ID: "s1",
    Spec: {
      Name: "web",
      Labels: { a: "b" },
      Mode: { Replicated: { Replicas: 1 } },
      TaskTemplate: { ContainerSpec: { Image: "img", Hostname: "hn" } },
    },
    UpdateStatus: { State: "completed" },
    Endpoint: {
      Ports: [
        { Name: "m", Protocol: "tcp", PublishedPort: 9100, PublishMode: "ingress" },
        { Protocol: "udp", PublishedPort: 53 },
      ],
      VirtualIPs: [{ NetworkID: "net", Addr: "10.0.0.5/24" }],
    },
  },
];
const tasks = [
  {
    ID: "t1",
    ServiceID: "s1",
    NodeID: "n1",
    Slot: 2,
    DesiredState: "running",
    Status: {
      State: "running",
      ContainerStatus: { ContainerID: "c1" },
      PortStatus: { Ports: [{ Protocol: "tcp", PublishedPort: 8080, PublishMode: "host" }] },
    },
    Spec: { ContainerSpec: { Labels: { cl: "1" } } },
    NetworksAttachments: [{ Network: { ID: "net" }, Addresses: ["10.0.0.7/24"] }],
  },
];
const networks = [
  { Id: "net", Name: "overlay", Scope: "swarm", Internal: false, Ingress: false, Labels: null },
];
const replay: Replay = ({ path }) =>
  ({ "/nodes": nodes, "/services": services, "/tasks": tasks, "/networks": networks })[path] ?? 404;

const found = async (role: string) => {
  let targets: Record<string, string>[] = [];
  await withApi(replay, async (url) => {
    targets = await firstTargets(dockerswarm, { host: url, role, port: 99 });
  });
  return targets.map((target) => shortNames(target, "__meta_dockerswarm_"));
};

const nodeLabels = {
  node_address: "10.9.0.1",
  node_availability: "active",
  node_hostname: "h1",
  node_id: "n1",
  node_label_x_y: "z",
  node_platform_architecture: "x86_64",
  node_platform_os: "linux",
  node_role: "manager",
  node_status: "ready",
};
const serviceLabels = {
  service_id: "s1",
  service_label_a: "b",
  service_mode: "replicated",
  service_name: "web",
};
const networkLabels = {
  network_id: "net",
  network_ingress: "false",
  network_internal: "false",
  network_name: "overlay",
  network_scope: "swarm",
};

test("nodes", async () => {
  assert.deepEqual(await found("nodes"), [
    {
      __address__: "10.9.0.1:99",
      ...nodeLabels,
      node_engine_version: "27",
      node_manager_address: "10.9.0.1:2377",
      node_manager_leader: "true",
      node_manager_reachability: "reachable",
    },
  ]);
});

test("services", async () => {
  assert.deepEqual(await found("services"), [
    {
      __address__: "10.0.0.5:9100",
      ...serviceLabels,
      ...networkLabels,
      service_endpoint_port_name: "m",
      service_endpoint_port_publish_mode: "ingress",
      service_task_container_hostname: "hn",
      service_task_container_image: "img",
      service_updating_status: "completed",
    },
  ]);
});

test("tasks", async () => {
  const taskLabels = {
    container_label_cl: "1",
    task_container_id: "c1",
    task_desired_state: "running",
    task_id: "t1",
    task_slot: "2",
    task_state: "running",
  };
  const common = { ...taskLabels, ...serviceLabels, ...nodeLabels };
  assert.deepEqual(await found("tasks"), [
    { __address__: "10.9.0.1:8080", ...common, task_port_publish_mode: "host" },
    { __address__: "10.0.0.7:9100", ...common, ...networkLabels, task_port_publish_mode: "ingress" },
  ]);
});

test("sections are checked", () => {
  assert.equal(refusal(dockerswarm, "{}"), "host missing");
  assert.equal(refusal(dockerswarm, "host: x"), "role missing (one of: tasks, services, nodes)");
  assert.equal(
    refusal(dockerswarm, "{host: x, role: y}"),
    "invalid role y, expected tasks, services, or nodes",
  );
});
