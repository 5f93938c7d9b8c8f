import assert from "node:assert/strict";
import { test } from "node:test";
import { firstTargets, refusal, shortNames, watching, withApi, type Replay } from "../test-world.ts";
import { nomad } from "./nomad.ts";

const replay: Replay = ({ path, query }) => {
  assert.equal(query.toString(), "region=global&namespace=default&stale=");
  if (path === "/v1/services")
    return [{ Namespace: "default", Services: [{ ServiceName: "web", Tags: ["x"] }] }];
  if (path !== "/v1/service/web") return 404;
  const common = { Datacenter: "dc1", Namespace: "default", NodeID: "n", ServiceName: "web" };
  return [
    { ...common, ID: "i1", Address: "10.0.0.1", Port: 80, Tags: ["x", "y"] },
    { ...common, ID: "i2", Address: "::1", Port: 81, Tags: [] },
  ];
};

test("instances of all services are targets", async () => {
  await withApi(replay, async (url) => {
    const targets = await firstTargets(nomad, { server: url });
    assert.deepEqual(shortNames(targets[0], "__meta_nomad_"), {
      __address__: "10.0.0.1:80",
      address: "10.0.0.1",
      dc: "dc1",
      namespace: "default",
      node_id: "n",
      service: "web",
      service_address: "10.0.0.1",
      service_id: "i1",
      service_port: "80",
      tags: ",x,y,",
    });
    assert.deepEqual(
      [targets[1]?.["__address__"], targets[1]?.["__meta_nomad_tags"]],
      ["[::1]:81", undefined],
    );
  });
});

test("failures are counted; sections are checked", async () => {
  await withApi(
    () => 500,
    async (url) => {
      await watching(nomad, { server: url }, async ({ errors, counted, until }) => {
        await until(() => errors.length > 0);
        assert.equal(counted.get("prometheus_sd_nomad_failures_total"), 1);
      });
    },
  );
  assert.equal(refusal(nomad, "server: ' '"), "nomad SD configuration requires a server address");
});
