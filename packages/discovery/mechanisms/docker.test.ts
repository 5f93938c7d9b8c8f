import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { firstTargets, refusal, shortNames, withApi, type Replay } from "../test-world.ts";
import { docker } from "./docker.ts";

const network = (id: string, ip: string) => ({ NetworkID: id, IPAddress: ip });
const container = (id: string, mode: string, networks: object, ports: object[] = [], more: object = {}) => ({
  Id: id,
  Names: [`/${id}`],
  Image: "img",
  ImageID: "sha256:1",
  Labels: { "a.b": "c" },
  HostConfig: { NetworkMode: mode },
  NetworkSettings: { Networks: networks },
  Ports: ports,
  ...more,
});

const containers = [
  container("web", "front", { front: network("f", "10.0.0.2"), back: network("b", "10.1.0.2") }, [
    { PrivatePort: 80, PublicPort: 8080, Type: "tcp", IP: "0.0.0.0" },
    { PrivatePort: 81, Type: "tcp" },
    { PrivatePort: 53, Type: "udp" },
  ]),
  container("side", "container:web", {}),
  container("host", "host", { host: network("h", "") }),
  container("anonymous", "front", { front: network("f", "10.0.0.9") }, [], { Names: [] }),
];
const networks = ["f", "b", "h"].map((id) => ({
  Id: id,
  Name: `net-${id}`,
  Scope: "local",
  Internal: false,
  Ingress: true,
  Labels: { l: "m" },
}));
const replay: Replay = ({ path }) => {
  if (path === "/networks") return networks;
  return path === "/containers/json" ? containers : 404;
};
const addresses = (targets: readonly Record<string, string>[]) =>
  targets.map((target) => target["__address__"]);

test("containers are targets per network and port", async () => {
  await withApi(replay, async (url, seen) => {
    const section = { host: url, port: 90, filters: [{ name: "label", values: ["x", "y"] }] };
    const targets = await firstTargets(docker, section);
    assert.equal(seen[0]?.query.get("filters"), '{"label":{"x":true,"y":true}}');
    assert.deepEqual(addresses(targets), ["10.1.0.2:80", "10.1.0.2:81", "10.1.0.2:90", "localhost"]);
    assert.deepEqual(shortNames(targets[0], "__meta_docker_"), {
      __address__: "10.1.0.2:80",
      container_id: "web",
      container_image: "img",
      container_image_id: "sha256:1",
      container_label_a_b: "c",
      container_name: "/web",
      container_network_mode: "front",
      network_id: "b",
      network_ingress: "true",
      network_internal: "false",
      network_ip: "10.1.0.2",
      network_label_l: "m",
      network_name: "net-b",
      network_scope: "local",
      port_private: "80",
      port_public: "8080",
      port_public_ip: "0.0.0.0",
    });
    const all = await firstTargets(docker, { host: url, match_first_network: false });
    assert.equal(all.length, 7);
  });
});

test("a daemon behind a unix socket is reached", async () => {
  const folder = mkdtempSync(join(tmpdir(), "narthex-"));
  const server = createServer((request, response) =>
    response.end(JSON.stringify(request.url === "/networks" ? networks : containers)),
  );
  await new Promise<void>((resolve) => server.listen(join(folder, "docker.sock"), resolve));
  try {
    const targets = await firstTargets(docker, { host: `unix://${folder}/docker.sock` });
    assert.equal(targets.length, 4);
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
});

test("refusals", async () => {
  assert.equal(refusal(docker, "{}"), "host missing");
  await withApi(
    () => 500,
    async (url) => {
      await assert.rejects(firstTargets(docker, { host: url }), /error while listing containers: .*500/u);
    },
  );
});
