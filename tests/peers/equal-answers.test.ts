/**
 * Debian's prometheus and ours, side by side over the same targets: the answers of the HTTP API are equal.
 *
 * What depends on the moment of a scrape is compared over pages with timestamps (replayed-pages.ts); over
 * live targets (Debian's node exporter and Debian's prometheus itself) what does not: labels, counts,
 * metadata.
 */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { systemClock } from "@narthex/platform/clock";
import {
  ask,
  dataOf,
  difference,
  sortByText,
  valueDifference,
  type Answer,
  type Parameters,
} from "./answers.ts";
import { peerBinary } from "./debian-package.ts";
import { freePort, startPeer, type Peer } from "./peer-process.ts";
import { eventually, startOriginal, startOurs } from "./prometheus-process.ts";
import { startPageServer, stepCount, stepMs, type PageServer } from "./replayed-pages.ts";
import { liveQueries, queries, sortedQueries, wrongParameters, wrongQueries } from "./questions.ts";

interface Pair {
  readonly ours: Peer;
  readonly original: Peer;
  readonly pages: PageServer;
}

test("ours answers as the original does", async (t) => {
  const prometheus = await peerBinary("prometheus");
  if (typeof prometheus !== "string") return t.skip(prometheus.skip);
  const exporter = await peerBinary("prometheus-node-exporter");
  if (typeof exporter !== "string") return t.skip(exporter.skip);
  const pair = await startPair(t, prometheus, exporter);
  await t.test("over replayed pages", (inner) => compareReplayed(inner, pair));
  await t.test("to wrong questions", (inner) => compareWrong(inner, pair));
  await t.test("about series and labels", (inner) => compareLabels(inner, pair));
  await t.test("over live targets", (inner) => compareLive(inner, pair));
});

async function startPair(t: TestContext, prometheus: string, exporter: string): Promise<Pair> {
  const nodes = await startPeer({
    command: exporter,
    args: ({ port }) => [`--web.listen-address=127.0.0.1:${port}`],
    readyPath: "/metrics",
  });
  t.after(() => nodes.stop("SIGKILL"));
  const startMs = Math.floor((systemClock.nowMs() - 40 * 60_000) / stepMs) * stepMs;
  const pages = await startPageServer(t, startMs);
  // The original is a target of both, so its port must be known to ours: it is started first.
  const config = (path: string, port: number): string => configText(path, pages.address, nodes.port, port);
  const original = await startOriginal(t, prometheus, { config: ({ port }) => config("/original", port) });
  const ours = await startOurs(t, { config: config("/ours", original.port) });
  await eventually(() => pages.hasServedAll("/original") && pages.hasServedAll("/ours"));
  return { ours, original, pages };
}

function configText(path: string, pages: string, nodePort: number, prometheusPort: number): string {
  return `
global:
  scrape_interval: 2s
  scrape_timeout: 2s
  evaluation_interval: 30s
  external_labels: {site: here}
scrape_configs:
  - job_name: replay
    metrics_path: ${path}
    static_configs: [{targets: ["${pages}"], labels: {group: "one"}}]
  - job_name: node
    static_configs: [{targets: ["127.0.0.1:${nodePort}"]}]
    relabel_configs:
      - {source_labels: [__address__], regex: "(.*):.*", target_label: host}
    metric_relabel_configs:
      - {source_labels: [__name__], regex: "(go|process)_.*", action: drop}
  - job_name: prometheus
    scheme: http
    static_configs: [{targets: ["127.0.0.1:${prometheusPort}"]}]
  - job_name: nobody
    static_configs: [{targets: ["127.0.0.1:1"]}]
`;
}

/** Asks both and expects equal answers. */
async function compare(
  { ours, original }: Pair,
  path: string,
  parameters: Parameters,
  inOrder = false,
  method: "GET" | "POST" = "GET",
): Promise<Answer> {
  const expected = await ask(original, path, parameters, method);
  const answer = await ask(ours, path, parameters, method);
  const differs = difference(answer, expected, inOrder);
  assert.equal(differs, null, `${path} ${JSON.stringify(parameters)}`);
  return expected;
}

async function compareReplayed(t: TestContext, pair: Pair): Promise<void> {
  const startS = pair.pages.startMs / 1000;
  const endS = startS + ((stepCount - 1) * stepMs) / 1000;
  // Also outside the data, between samples, and at fractions of a second.
  const range = { start: startS - 60, end: endS + 400, step: "17" };
  let answered = 0;
  for (const query of [...queries, ...sortedQueries]) {
    await t.test(query, async () => {
      const inOrder = sortedQueries.includes(query);
      for (const time of [endS, startS + 600.123, endS + 290]) {
        const { body } = await compare(pair, "/api/v1/query", { query, time }, inOrder);
        answered += JSON.stringify(body).includes('"metric"') ? 1 : 0;
      }
      await compare(pair, "/api/v1/query_range", { query, ...range }, false, "POST");
    });
  }
  assert.ok(answered > queries.length, "most answers hold something");
}

async function compareWrong(t: TestContext, pair: Pair): Promise<void> {
  for (const query of wrongQueries) {
    await t.test(query, async () => {
      const expected = await compare(pair, "/api/v1/query", { query, time: pair.pages.startMs / 1000 + 900 });
      assert.notEqual(expected.status, 200);
    });
  }
  for (const [path, parameters] of wrongParameters) {
    await t.test(`${path} ${JSON.stringify(parameters)}`, async () => {
      await compare(pair, path, parameters);
    });
  }
}

async function compareLabels(t: TestContext, pair: Pair): Promise<void> {
  const bounds = { start: pair.pages.startMs / 1000, end: pair.pages.startMs / 1000 + 1_500 };
  const replayed = '{job="replay",group="one"}';
  await t.test("series", async () => {
    await compare(pair, "/api/v1/series", { ...bounds, "match[]": replayed });
    await compare(
      pair,
      "/api/v1/series",
      { ...bounds, "match[]": ["lonely", 'capacity{handler!="/a"}'] },
      false,
      "POST",
    );
    await compare(pair, "/api/v1/series", { ...bounds, "match[]": replayed, limit: 3 });
    await compare(pair, "/api/v1/series", { start: 1, end: 2, "match[]": replayed });
  });
  await t.test("labels", async () => {
    await compare(pair, "/api/v1/labels", { ...bounds, "match[]": replayed });
    await compare(pair, "/api/v1/labels", { ...bounds, "match[]": "temperature" }, false, "POST");
    await compare(pair, "/api/v1/labels", { ...bounds, "match[]": replayed, limit: 2 });
  });
  await t.test("a limit", async () => {
    // Which values are left is open: the original cuts before it sorts.
    const path = "/api/v1/label/handler/values";
    const cut = await Promise.all(
      [pair.ours, pair.original].map((peer) => ask(peer, path, { ...bounds, "match[]": replayed, limit: 1 })),
    );
    const facts = cut.map(({ body }) => body as { data: string[]; warnings: string[] });
    assert.deepEqual(
      facts.map(({ data, warnings }) => [data.length, warnings]),
      [
        [1, ["results truncated due to limit"]],
        [1, ["results truncated due to limit"]],
      ],
    );
  });
  for (const name of ["handler", "le", "__name__", "text", "absent", "U__a_2e_b"]) {
    await t.test(`values of ${name}`, async () => {
      await compare(pair, `/api/v1/label/${name}/values`, { ...bounds, "match[]": replayed });
    });
  }
}

/** Compares what `read` makes of both answers, again and again until it is equal: the targets live. */
async function compareLater(
  { ours, original }: Pair,
  path: string,
  parameters: Parameters,
  read: (data: unknown) => unknown,
): Promise<void> {
  let differs: string | null = "";
  await eventually(
    async () => {
      const [mine, its] = await Promise.all([ours, original].map((peer) => ask(peer, path, parameters)));
      differs = valueDifference(read(dataOf(mine!)), read(dataOf(its!)), "data");
      return differs === null;
    },
    () => `${path} ${JSON.stringify(parameters)}: ${differs}`,
  );
}

async function compareLive(t: TestContext, pair: Pair): Promise<void> {
  const rows = (data: unknown): unknown =>
    sortByText(
      (data as { result: { metric: unknown; value: [number, string] }[] }).result,
      ({ metric }) => metric,
    ).map(({ metric, value }) => ({ metric, value: value[1] }));
  for (const query of liveQueries) {
    await t.test(query, () => compareLater(pair, "/api/v1/query", { query }, rows));
  }
  await t.test("targets", () => compareLater(pair, "/api/v1/targets", {}, targetFacts));
  await t.test("targets by state", () =>
    compareLater(pair, "/api/v1/targets", { state: "dropped" }, (data) => data),
  );
  await t.test("targets of a pool", () =>
    compareLater(pair, "/api/v1/targets", { scrapePool: "node" }, targetFacts),
  );
  const metadata = { metric: "temperature" };
  await t.test("metadata", () => compareLater(pair, "/api/v1/metadata", {}, (data) => data));
  await t.test("metadata of a metric", () =>
    compareLater(pair, "/api/v1/metadata", metadata, (data) => data),
  );
  await t.test("metadata of targets", () =>
    compareLater(pair, "/api/v1/targets/metadata", {}, (data) => sortByText(data as unknown[], (row) => row)),
  );
}

/** What a target shows, without the times of scrapes and the one path that differs by intent. */
function targetFacts(data: unknown): unknown {
  const { activeTargets, ...others } = data as { activeTargets: Record<string, unknown>[] };
  const facts = activeTargets.map(
    ({ lastScrape: _at, lastScrapeDuration: _took, ...rest }) =>
      JSON.parse(
        JSON.stringify(rest).replaceAll("/original", "/path").replaceAll("/ours", "/path"),
        dropNewer,
      ) as unknown,
  );
  return { ...others, activeTargets: sortByText(facts, (fact) => fact) };
}

/** Leaves out the labels of a target that came after the version Debian has. */
function dropNewer(key: string, value: unknown): unknown {
  return /^__(?:always_scrape_classic|convert_classic|scrape_native)_/u.test(key) ? undefined : value;
}

test("both refuse a port that is taken", async (t) => {
  const prometheus = await peerBinary("prometheus");
  if (typeof prometheus !== "string") return t.skip(prometheus.skip);
  const first = await startOurs(t, { config: "" });
  const flags = [`--web.listen-address=127.0.0.1:${first.port}`];
  const words = /Unable to start web listener.*address already in use/u;
  await assert.rejects(startOriginal(t, prometheus, { config: "", flags }), words);
  await assert.rejects(startOurs(t, { config: "", flags }), words);
  assert.notEqual(await freePort(), first.port);
});
