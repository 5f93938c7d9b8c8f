/**
 * kill -9 for real: our server scrapes pages of this test at a short interval, is killed under load, and
 * started again on the same directory, twice. Every sample that a query had shown is there afterwards, and no
 * sample that no page has had.
 */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { eventually, startOurs, temporaryDirectory } from "../peers/prometheus-process.ts";

const seriesPerTarget = 1_000;
const targets = ["a", "b", "c"];

/** A sample of the API: time in seconds, value as text. */
type ApiSample = [number, string];

/** Samples by target and number of the series. */
type Shown = Map<string, ApiSample[]>;

/**
 * Serves pages whose every value is the number of the page; returns the address and how many each target got.
 */
async function servePages(t: TestContext): Promise<{ address: string; pages: Map<string, number> }> {
  const pages = new Map<string, number>();
  const server = createServer((request, response) => {
    const target = (request.url ?? "/").slice(1);
    const page = (pages.get(target) ?? 0) + 1;
    pages.set(target, page);
    const lines = Array.from({ length: seriesPerTarget }, (_, i) => `load{i="${i}"} ${page}\n`);
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(`# TYPE load gauge\n${lines.join("")}`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, pages };
}

function configFor(address: string): string {
  const jobs = targets.map(
    (target) => `  - job_name: ${target}
    metrics_path: /${target}
    static_configs: [{ targets: ["${address}"] }]
`,
  );
  return `global: { scrape_interval: 150ms, scrape_timeout: 150ms }\nscrape_configs:\n${jobs.join("")}`;
}

/** All samples of "load" in the hour before `timeSeconds`. */
async function ask(url: string, timeSeconds: number): Promise<Shown> {
  const query = new URLSearchParams({ query: "load[1h]", time: String(timeSeconds) });
  const response = await fetch(`${url}/api/v1/query?${query.toString()}`);
  const answer = (await response.json()) as {
    status: string;
    data: { result: { metric: Record<string, string>; values: ApiSample[] }[] };
  };
  assert.equal(answer.status, "success");
  return new Map(answer.data.result.map(({ metric, values }) => [`${metric["job"]} ${metric["i"]}`, values]));
}

/** The least samples that any series of the three targets has. */
function fewest(shown: Shown): number {
  if (shown.size < targets.length * seriesPerTarget) return 0;
  return Math.min(...[...shown.values()].map((samples) => samples.length));
}

/** Fails unless `after` begins with what `before` shows, series by series. */
function checkKept(before: Shown, after: Shown): void {
  for (const [series, samples] of before) {
    assert.deepEqual((after.get(series) ?? []).slice(0, samples.length), samples, series);
  }
}

/**
 * Fails unless each scrape is there whole: its series have equal values at equal times, and pages never go
 * back.
 */
function checkWhole(shown: Shown, pages: ReadonlyMap<string, number>): void {
  for (const target of targets) {
    const first = shown.get(`${target} 0`) ?? [];
    for (let i = 1; i < seriesPerTarget; i++) assert.deepEqual(shown.get(`${target} ${i}`), first);
    const values = first.map(([, value]) => Number(value));
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
    );
    assert.ok((values.at(-1) ?? 0) <= (pages.get(target) ?? 0), "no value that no page has had");
  }
}

test("kill -9 under load, twice: what was shown is there afterwards", async (t) => {
  const { address, pages } = await servePages(t);
  const dataDirectory = temporaryDirectory(t);
  const setup = { config: configFor(address), dataDirectory };
  let server = await startOurs(t, setup);
  for (const least of [10, 20]) {
    let shown: Shown = new Map();
    // The moment of the question lies ahead, so that it has all that is stored.
    const timeSeconds = Math.ceil(performance.timeOrigin / 1_000) + 600;
    await eventually(
      async () => {
        shown = await ask(server.url, timeSeconds);
        return fewest(shown) >= least;
      },
      () => `${fewest(shown)} samples per series\n${server.output()}`,
    );
    assert.equal(await server.stop("SIGKILL"), null);
    server = await startOurs(t, setup);
    const after = await ask(server.url, timeSeconds);
    checkKept(shown, after);
    checkWhole(after, pages);
  }
  assert.equal(await server.stop(), 0);
});
