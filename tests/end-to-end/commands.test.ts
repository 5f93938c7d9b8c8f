/**
 * The commands as a user runs them: `up`, help, version, a graceful end and the start after it.
 */

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { ask, dataOf } from "../peers/answers.ts";
import { startPeer } from "../peers/peer-process.ts";
import { eventually, ourProgram, startOurs, temporaryDirectory } from "../peers/prometheus-process.ts";
import { runProgram } from "./run-program.ts";

interface Row {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

test("up shows itself and the machine", async (t) => {
  const data = join(temporaryDirectory(t), "data");
  const peer = await startPeer({
    command: process.execPath,
    args: ({ port }) => [
      ...ourProgram,
      "up",
      `--listen=127.0.0.1:${port}`,
      "--node-listen=127.0.0.1:0",
      `--data=${data}`,
    ],
    readyPath: "/-/ready",
  });
  t.after(() => peer.stop("SIGKILL"));
  const rows = async (query: string): Promise<Row[]> =>
    (dataOf(await ask(peer, "/api/v1/query", { query })) as { result: Row[] }).result;
  await eventually(async () => (await rows("up == 1")).length === 2);
  assert.deepEqual(
    (await rows("up")).map(({ metric }) => String(metric["job"])).toSorted((a, b) => a.localeCompare(b)),
    ["node", "prometheus"],
  );
  assert.match(peer.output(), new RegExp(`server +${peer.url}\n`, "u"));
  const tries = [...peer.output().matchAll(/--data-urlencode 'query=(.*)'/gu)].map(
    ([, query]) => query as string,
  );
  assert.equal(tries.length, 3);
  // A rate takes a second scrape.
  for (const query of tries) {
    await eventually(
      async () => (await rows(query)).length > 0,
      () => query,
    );
  }
  const page = await ask(peer, "/");
  assert.equal(page.status, 200);
  assert.match(String(page.body), /<html/u);
  assert.equal(await peer.stop(), 0);
  assert.deepEqual(
    (await readdir(data)).filter((name) => name === "lock"),
    [],
    "the lock is given back",
  );
});

test("help, version and wrong programs", async (t) => {
  const directory = temporaryDirectory(t);
  const is = async (args: readonly string[], code: number, stdout: RegExp, stderr: RegExp): Promise<void> => {
    const end = await runProgram(args, directory);
    assert.equal(end.code, code, args.join(" "));
    assert.match(end.stdout, stdout);
    assert.match(end.stderr, stderr);
  };
  const nothing = /^$/u;
  await is(
    [],
    0,
    /^usage: narthex <program>[^]*\n {2}up [^]*\n {2}prometheus [^]*\n {2}node-exporter /u,
    nothing,
  );
  await is(["--help"], 0, /^usage: narthex <program>/u, nothing);
  await is(["nonsense"], 2, nothing, /^narthex: error: expected program but got "nonsense"\nusage:/u);
  await is(["up", "--help"], 0, /^usage: narthex up/u, nothing);
  await is(["up", "--nonsense"], 2, nothing, /unknown long flag '--nonsense'/u);
  await is(["prometheus", "--help"], 0, /^usage: prometheus \[<flags>\][^]*--config\.file=/u, nothing);
  await is(
    ["prometheus", "--version"],
    0,
    /^prometheus, version 3\.14\.0 \(branch: .*, revision: .*\)\n/u,
    nothing,
  );
  await is(["node-exporter", "--version"], 0, /^node_exporter, version /u, nothing);
  assert.deepEqual(await readdir(directory), []);
});

test("SIGTERM ends with code 0 and the data are there after a start", async (t) => {
  const dataDirectory = join(temporaryDirectory(t), "data");
  const config = ({ port }: { readonly port: number }): string => `
global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
  - {job_name: self, static_configs: [{targets: ["127.0.0.1:${port}"], labels: {instance: x}}]}
`;
  const query = 'count_over_time(prometheus_tsdb_head_series{job="self"}[1h])';
  const ours = await startOurs(t, { config, dataDirectory });
  const count = async (peer: { readonly url: string }): Promise<number> => {
    const { result } = dataOf(await ask(peer, "/api/v1/query", { query })) as { result: Row[] };
    return Number(result[0]?.value[1] ?? 0);
  };
  await eventually(async () => (await count(ours)) > 5);
  const before = await count(ours);
  assert.equal(await ours.stop("SIGTERM"), 0);
  assert.match(ours.output(), /level=WARN.*Received an OS signal, exiting gracefully.*signal=terminated/u);
  const again = await startOurs(t, { config: "", dataDirectory });
  assert.ok((await count(again)) >= before);
  assert.equal(await again.stop("SIGINT"), 0);
});

test("a client that goes away cancels its query", async (t) => {
  const config = ({ port }: { readonly port: number }): string => `
global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:${port}"]}]}]\n`;
  const ours = await startOurs(t, { config, flags: ["--query.max-samples=2000000000"] });
  const running = async (): Promise<number> => {
    const page = String((await ask(ours, "/metrics")).body);
    return Number(/^prometheus_engine_queries (\d+)$/mu.exec(page)?.[1] ?? NaN);
  };
  await eventually(async () =>
    JSON.stringify(await ask(ours, "/api/v1/query", { query: "up" })).includes('"1"'),
  );
  // A year of steps of 3 ms: far more than can be done while this test runs.
  const query = 'sum(sum_over_time(sum_over_time(count({job="self"})[1d:100ms])[30d:100ms]))';
  const end = new AbortController();
  const asked = fetch(`${ours.url}/api/v1/query?${new URLSearchParams({ query }).toString()}`, {
    signal: end.signal,
  });
  const outcome = asked.then(
    ({ status }) => `answered ${status}`,
    () => "gone",
  );
  await eventually(async () => (await running()) === 1);
  end.abort();
  assert.equal(await outcome, "gone");
  await eventually(async () => (await running()) === 0);
  assert.ok(JSON.stringify(await ask(ours, "/api/v1/query", { query: "1+1" })).includes('"2"'));
});
