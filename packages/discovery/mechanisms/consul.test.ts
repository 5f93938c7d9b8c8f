import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { refusal, shortNames, targetsOf, watching, withApi, type Replay } from "../test-world.ts";
import { consul } from "./consul.ts";

const entry = (
  node: string,
  more: object = {},
  checks: object[] = [{ CheckID: "c", Status: "passing" }],
) => ({
  Node: { Node: node, Address: "10.0.0.1", Meta: { "rack-no": "7" }, TaggedAddresses: { lan: "10.0.0.9" } },
  Service: {
    ID: `web-${node}`,
    Service: "web",
    Tags: ["a", "b"],
    Port: 8080,
    Address: "",
    Meta: { version: "2" },
    Namespace: "ns",
    Partition: "p",
    ...more,
  },
  Checks: checks,
});

/** An agent whose answers the test changes; blocking queries wait until it does. */
function agent(catalog: Record<string, string[]>, health: Record<string, object[]>) {
  let index = 1;
  let waiting: (() => void)[] = [];
  const answerWhenNewer = (response: ServerResponse, known: string, body: () => unknown): void => {
    const send = (): void => {
      response.setHeader("x-consul-index", String(index));
      response.end(JSON.stringify(body()));
    };
    if (known === String(index)) waiting.push(send);
    else send();
  };
  const replay: Replay = ({ path, query, response }) => {
    if (path === "/v1/agent/self") return { Config: { Datacenter: "dc1" } };
    const known = query.get("index") ?? "0";
    if (path === "/v1/catalog/services") answerWhenNewer(response, known, () => catalog);
    else {
      const name = path.replace("/v1/health/service/", "");
      answerWhenNewer(response, known, () => health[name] ?? []);
    }
    return undefined;
  };
  const change = (how: () => void): void => {
    how();
    index++;
    const woken = waiting;
    waiting = [];
    for (const send of woken) send();
  };
  return { replay, change };
}

test("services come, change and go by blocking queries", async () => {
  const catalog: Record<string, string[]> = { web: ["a"], other: [] };
  const health: Record<string, object[]> = { web: [entry("n1")], other: [] };
  const { replay, change } = agent(catalog, health);
  await withApi(replay, async (url, seen) => {
    const section = {
      server: url.replace("http://", ""),
      token: "t0ken",
      tags: ["a"],
      node_meta: { rack: "7" },
      filter: "f",
      health_filter: "hf",
      refresh_interval: "1ms",
    };
    await watching(consul, section, async ({ groups, until }) => {
      await until(() => groups.size === 1);
      assert.deepEqual(shortNames(targetsOf(groups)[0], "__meta_consul_"), {
        __address__: "10.0.0.1:8080",
        address: "10.0.0.1",
        dc: "dc1",
        health: "passing",
        metadata_rack_no: "7",
        namespace: "ns",
        node: "n1",
        partition: "p",
        service: "web",
        service_id: "web-n1",
        service_metadata_version: "2",
        service_port: "8080",
        tagged_address_lan: "10.0.0.9",
        tags: ",a,b,",
      });
      const asked = seen.find(({ path }) => path === "/v1/catalog/services");
      assert.equal(asked?.headers["x-consul-token"], "t0ken");
      assert.equal(asked?.query.toString(), "stale=&wait=120000ms&node-meta=rack%3A7&filter=f");
      const service = seen.find(({ path }) => path === "/v1/health/service/web");
      assert.equal(service?.query.toString(), "tag=a&stale=&wait=120000ms&node-meta=rack%3A7&filter=hf");
      change(() => {
        health["web"] = [
          entry("n1", { Address: "::1" }, [{ CheckID: "x", Status: "critical" }]),
          entry("n2"),
        ];
      });
      await until(() => targetsOf(groups).length === 2);
      const [first] = targetsOf(groups);
      assert.deepEqual(
        [first?.["__address__"], first?.["__meta_consul_service_address"], first?.["__meta_consul_health"]],
        ["[::1]:8080", "::1", "critical"],
      );
      change(() => delete catalog["web"]);
      await until(() => groups.size === 0);
    });
  });
});

test("named services are watched without the catalogue; maintenance comes first", async () => {
  const checks = [
    { CheckID: "a", Status: "critical" },
    { CheckID: "_node_maintenance", Status: "critical" },
  ];
  const { replay } = agent({}, { web: [entry("n1", {}, checks)] });
  await withApi(replay, async (url, seen) => {
    const section = { server: url, services: ["web"], datacenter: "dc9", allow_stale: false };
    await watching(consul, section, async ({ groups, until }) => {
      await until(() => groups.size === 1);
      const [target] = targetsOf(groups);
      assert.deepEqual(
        [target?.["__meta_consul_dc"], target?.["__meta_consul_health"]],
        ["dc9", "maintenance"],
      );
      assert.deepEqual(
        seen.map(({ path }) => path).filter((path) => path !== "/v1/health/service/web"),
        [],
      );
      assert.equal(seen[0]?.query.toString(), "dc=dc9&wait=120000ms");
    });
  });
});

test("a server that refuses is asked again, and counted", async () => {
  await withApi(
    () => 500,
    async (url) => {
      await watching(consul, { server: url }, async ({ errors, counted, until }) => {
        await until(() => errors.length > 0);
        assert.match(errors[0] ?? "", /unexpected response status 500/u);
        assert.equal(counted.get("prometheus_sd_consul_rpc_failures_total"), 1);
      });
    },
  );
});

test("sections are checked", () => {
  assert.equal(refusal(consul, "server: ''"), "consul SD configuration requires a server address");
  assert.equal(
    refusal(consul, "{username: a, basic_auth: {username: b}}"),
    "at most one of consul SD configuration username and password and basic auth can be configured",
  );
  assert.equal(
    refusal(consul, "{token: a, authorization: {credentials: b}}"),
    "at most one of consul SD token, authorization, or oauth2 can be configured",
  );
});
