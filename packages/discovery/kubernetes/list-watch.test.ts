import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "./objects.ts";
import { kubernetes } from "../mechanisms/kubernetes.ts";
import { targetsOf, watching, withApi, type Watched } from "../test-world.ts";
import { TestCluster } from "./test-cluster.ts";

const pods = "/api/v1/pods";
const pod = (name: string, ip: string): KubeObject =>
  ({
    metadata: { namespace: "ns", name },
    spec: { containers: [{ name: "c" }] },
    status: { podIP: ip },
  }) as KubeObject;

const addresses = ({ groups }: Watched): string =>
  targetsOf(groups)
    .map((target) => target["__address__"])
    .toSorted((a = "", b = "") => (a < b ? -1 : 1))
    .join(" ");

async function scene(
  run: (cluster: TestCluster, watched: Watched, seen: readonly { query: URLSearchParams }[]) => Promise<void>,
): Promise<void> {
  const cluster = new TestCluster();
  cluster.put(pods, pod("a", "10.0.0.1"));
  cluster.put(pods, pod("b", "10.0.0.2"));
  cluster.put(pods, pod("c", "10.0.0.3"));
  cluster.pageItems = 2;
  await withApi(cluster.replay, async (url, seen) => {
    await watching(kubernetes, { role: "pod", api_server: url }, async (watched) => {
      await watched.until(() => targetsOf(watched.groups).length === 3);
      await waitFor(() => cluster.watchCount(pods) === 1);
      await run(cluster, watched, seen);
    });
  });
}

async function waitFor(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

test("pages are listed, then changes followed", async () => {
  await scene(async (cluster, watched, seen) => {
    assert.equal(addresses(watched), "10.0.0.1 10.0.0.2 10.0.0.3");
    assert.deepEqual(
      seen.map(({ query }) => query.toString().replace(/resourceVersion=1[0-9]+/u, "resourceVersion=N")),
      [
        "limit=500&resourceVersion=0",
        "limit=500&continue=2",
        "watch=true&allowWatchBookmarks=true&resourceVersion=N&timeoutSeconds=300",
      ],
    );
    cluster.put(pods, pod("d", "10.0.0.4"));
    cluster.put(pods, pod("a", "10.0.0.9"));
    cluster.remove(pods, "ns/b");
    await watched.until(() => addresses(watched) === "10.0.0.3 10.0.0.4 10.0.0.9");
  });
});

test("a watch goes on where it ended: after its time, after a bookmark, after a cut", async () => {
  await scene(async (cluster, watched, seen) => {
    cluster.bookmark(pods);
    cluster.put(pods, pod("d", "10.0.0.4"));
    await watched.until(() => targetsOf(watched.groups).length === 4);
    const versions = () =>
      seen.filter(({ query }) => query.has("watch")).map(({ query }) => Number(query.get("resourceVersion")));
    cluster.endWatches(pods);
    await waitFor(() => cluster.watchCount(pods) === 1);
    assert.equal(versions()[1], (versions()[0] ?? 0) + 2);
    cluster.put(pods, pod("e", "10.0.0.5"));
    await watched.until(() => targetsOf(watched.groups).length === 5);
    cluster.endWatches(pods, true);
    await waitFor(() => cluster.watchCount(pods) === 1);
    assert.equal(versions()[2], (versions()[0] ?? 0) + 3);
    cluster.remove(pods, "ns/e");
    await watched.until(() => targetsOf(watched.groups).length === 4);
    assert.equal(cluster.lists.get(pods), 2);
  });
});

test("a version that expired lets the list be taken anew, and what went meanwhile goes", async () => {
  await scene(async (cluster, watched, seen) => {
    cluster.removeUnseen(pods, "ns/a");
    cluster.oldestVersion = 104;
    cluster.endWatches(pods);
    await watched.until(() => addresses(watched) === "10.0.0.2 10.0.0.3");
    assert.equal(cluster.lists.get(pods), 3);
    assert.equal(seen.find(({ query }, i) => i > 3 && !query.has("watch"))?.query.toString(), "limit=500");
    await waitFor(() => cluster.watchCount(pods) === 1);
    cluster.say(pods, '{"type": "ERROR", "object": {"code": 410}}\n');
    await waitFor(() => (cluster.lists.get(pods) ?? 0) === 4);
    assert.deepEqual(watched.errors, []);
  });
});

test("an error and a line that is no JSON are told, and the list taken anew", async () => {
  for (const text of ['{"type": "ERROR", "object": {"code": 500, "message": "sick"}}\n', "nonsense\n"]) {
    await scene(async (cluster, watched) => {
      cluster.say(pods, text);
      await watched.until(() => watched.errors.length === 1);
      assert.match(watched.errors[0] ?? "", /sick|JSON/u);
      assert.equal(watched.counted.get("prometheus_sd_kubernetes_failures_total"), 1);
      await waitFor(() => (cluster.lists.get(pods) ?? 0) === 4);
      assert.equal(targetsOf(watched.groups).length, 3);
    });
  }
});

test("a server that refuses is counted and told", async () => {
  await withApi(
    () => 403,
    async (url) => {
      await watching(kubernetes, { role: "pod", api_server: url }, async ({ errors, until }) => {
        await until(() => errors.length > 0);
        assert.equal(errors[0], "list /api/v1/pods: 403 Forbidden: refused");
      });
    },
  );
});
