/**
 * One data directory, two servers: what ours wrote opens in Debian's prometheus with the same answers and the
 * other way round, blocks and write-ahead log alike, after a graceful end and after a kill, there and back.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";

import { systemClock } from "@narthex/platform/clock";
import { ask, dataOf, difference, type Answer } from "./answers.ts";
import { peerBinary } from "./debian-package.ts";
import type { Peer } from "./peer-process.ts";
import { eventually, startOriginal, startOurs, temporaryDirectory } from "./prometheus-process.ts";
import { startPageServer, stepCount, stepMs } from "./replayed-pages.ts";
import { writeDirectory, type WrittenSeries } from "./written-directory.ts";

const run = promisify(execFile);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Ours opens the directory only when nobody scrapes into it. */
const noJobs = "global: {scrape_interval: 1h}\n";

/** The real programs; null after telling `t` why there are none. */
async function programs(t: TestContext): Promise<{ prometheus: string; promtool: string } | null> {
  const [prometheus, promtool] = [await peerBinary("prometheus"), await peerBinary("promtool")];
  if (typeof prometheus === "string" && typeof promtool === "string") return { prometheus, promtool };
  t.skip([prometheus, promtool].map((found) => (typeof found === "string" ? "" : found.skip)).join(" "));
  return null;
}

/** Metrics that are asked for one by one; not every directory has all. */
const names = [
  "constant",
  "steady_total",
  "reset_total",
  "gone_and_back",
  "special",
  "many",
  "late",
  "early",
  "old",
  "up",
  "requests_total",
  "temperature",
  "prometheus_tsdb_head_series",
  "prometheus_http_requests_total",
];

/** Everything a directory holds, as answers: raw samples, steps, rates, series and labels. */
async function answersOf(peer: Peer, startMs: number, endMs: number): Promise<readonly Answer[]> {
  const bounds = { start: startMs / 1000, end: endMs / 1000 };
  const hours = Math.ceil((endMs - startMs) / hourMs);
  const range = { ...bounds, step: Math.max(15, Math.ceil((endMs - startMs) / 1000 / 2_000)) };
  const instant = (query: string): Promise<Answer> => ask(peer, "/api/v1/query", { query, time: bounds.end });
  const over = (query: string): Promise<Answer> => ask(peer, "/api/v1/query_range", { query, ...range });
  const all = '{__name__=~".+"}';
  const answers = [
    await instant(`{__name__=~".+",__name__!~"scrape_.*|up|prometheus_.*|go_.*|process_.*"}[${hours}h]`),
    await over(all),
    await over(`count(${all})`),
    await over(`sum by (__name__) (${all} offset 7m)`),
    await ask(peer, "/api/v1/series", {
      ...bounds,
      "match[]": ['{__name__=~"[a-m].*"}', '{__name__=~"[n-z].*"}'],
    }),
    await ask(peer, "/api/v1/labels", bounds),
    await ask(peer, "/api/v1/label/__name__/values", bounds),
  ];
  for (const name of names) {
    answers.push(
      await instant(`count_over_time(${name}[${hours}h])`),
      await over(`rate(${name}[5m])`),
      await over(`max_over_time(${name}[10m])`),
    );
  }
  return answers;
}

/** Expects the same answers; the first ones hold all samples. */
function expectSame(ours: readonly Answer[], original: readonly Answer[]): void {
  for (const [index, answer] of original.entries()) {
    dataOf(answer);
    const differs = difference(ours[index] as Answer, answer);
    assert.equal(differs === null ? null : differs.slice(0, 2_000), null, `answer ${index}`);
  }
}

/** Copies the directory as it is and lets one server each answer over a copy. */
async function compareCopies(
  t: TestContext,
  prometheus: string,
  directory: string,
  startMs: number,
  endMs: number,
) {
  const copies = temporaryDirectory(t);
  const [forOurs, forOriginal] = [join(copies, "ours"), join(copies, "original")];
  await cp(directory, forOurs, { recursive: true });
  await cp(directory, forOriginal, { recursive: true });
  const [ours, original] = [
    await startOurs(t, { config: noJobs, dataDirectory: forOurs }),
    await startOriginal(t, prometheus, { config: noJobs, dataDirectory: forOriginal }),
  ];
  expectSame(await answersOf(ours, startMs, endMs), await answersOf(original, startMs, endMs));
  for (const peer of [ours, original]) assert.doesNotMatch(peer.output(), /level=ERROR|corrupt/iu);
  assert.deepEqual([await ours.stop(), await original.stop()], [0, 0]);
}

/** A sample as a line that can be compared: times and values through numbers, the value's bits in full. */
function sampleLine(labels: string, timeMs: number, value: number): string {
  return `${labels} ${timeMs} ${Object.is(value, -0) ? "-0" : String(value)}`;
}

function dumpedLines(dump: string): string[] {
  return dump
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, labels = "", value = "", time = ""] = /^(\{.*\}) (\S+) (\d+)$/u.exec(line) ?? [];
      return sampleLine(labels, Number(time), Number(value.replace("Inf", "Infinity")));
    });
}

function writtenLines(series: readonly WrittenSeries[]): string[] {
  return series.flatMap(({ labels, samples }) =>
    samples.map(([timeMs, value]) => sampleLine(labels.toString(), timeMs, value)),
  );
}

async function blockNames(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => /^[0-9A-Z]{26}$/u.test(name));
}

test("a directory of ours: dump, analysis and answers", async (t) => {
  const found = await programs(t);
  if (found === null) return;
  const directory = join(temporaryDirectory(t), "data");
  const endMs = Math.floor(systemClock.nowMs() / minuteMs) * minuteMs;
  const written = await writeDirectory(directory, endMs, 7);
  const blocks = await blockNames(directory);
  assert.ok(blocks.length >= 2, "blocks were cut");
  await t.test("promtool dumps what was written", async () => {
    const { stdout } = await run(found.promtool, ["tsdb", "dump", directory], { maxBuffer: 1 << 28 });
    assert.deepEqual(dumpedLines(stdout).toSorted(), writtenLines(written).toSorted());
  });
  await t.test("promtool is content with every block", async () => {
    const list = await run(found.promtool, ["tsdb", "list", directory]);
    for (const block of blocks) {
      assert.ok(list.stdout.includes(block));
      const { stdout, stderr }: { readonly stdout: string; readonly stderr: string } = await run(
        found.promtool,
        ["tsdb", "analyze", directory, block],
      );
      assert.match(
        stdout,
        new RegExp(`Block ID: ${block}\n[^]*Total Series: \\d+\n[^]*Label names: [345]\n`, "u"),
      );
      assert.equal(stderr, "");
    }
  });
  await t.test("the same answers", () =>
    compareCopies(t, found.prometheus, directory, endMs - 7 * hourMs, endMs),
  );
});

/** Scrapes all replayed pages, and the server itself, into `directory`; `isDone` once all of it is stored. */
async function fill(t: TestContext, start: Starter, directory: string, startMs: number): Promise<Peer> {
  const pages = await startPageServer(t, startMs);
  const config = ({ port }: { readonly port: number }): string => `
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: replay, static_configs: [{targets: ["${pages.address}"], labels: {instance: page}}]}
  - {job_name: self, static_configs: [{targets: ["127.0.0.1:${port}"], labels: {instance: self}}]}
`;
  const peer = await start({ config, dataDirectory: directory });
  await eventually(() => pages.hasServedAll("/metrics"));
  const endMs = startMs + stepCount * stepMs;
  const query = `count_over_time(constant[${(stepCount * stepMs) / 1000}s])`;
  await eventually(async () =>
    JSON.stringify(await ask(peer, "/api/v1/query", { query, time: (endMs - 1) / 1000 })).includes(
      `"${stepCount}"`,
    ),
  );
  return peer;
}

type Starter = (setup: Parameters<typeof startOurs>[1]) => Promise<Peer>;

/** OpenMetrics text with old samples, for promtool. */
function oldSamples(startMs: number, count: number): string {
  const lines = ["# TYPE old gauge\n"];
  for (const shard of ["a", "b"]) {
    for (let i = 0; i < count; i++)
      lines.push(`old{shard="${shard}"} ${i / 7} ${(startMs + i * minuteMs) / 1000}\n`);
  }
  return `${lines.join("")}# EOF\n`;
}

test("a directory of the original: killed, ended, with blocks of promtool", async (t) => {
  const found = await programs(t);
  if (found === null) return;
  const { prometheus, promtool } = found;
  const home = temporaryDirectory(t);
  const directory = join(home, "data");
  const nowMs = Math.floor(systemClock.nowMs() / stepMs) * stepMs;
  const flags = [
    "--enable-feature=metadata-wal-records,exemplar-storage",
    "--storage.tsdb.wal-compression-type=zstd",
  ];
  const start: Starter = (setup) => startOriginal(t, prometheus, { ...setup, flags });
  const first = await fill(t, start, directory, nowMs - 50 * minuteMs);
  await first.stop("SIGKILL");
  const endMs = nowMs + 3 * minuteMs;
  await t.test("killed: the log alone", () => compareCopies(t, prometheus, directory, nowMs - hourMs, endMs));
  await t.test("ended, with older blocks", async () => {
    const second = await startOriginal(t, prometheus, { config: noJobs, dataDirectory: directory });
    assert.equal(await second.stop(), 0);
    await writeFile(join(home, "old.txt"), oldSamples(nowMs - 9 * hourMs, 6 * 60));
    await run(promtool, ["tsdb", "create-blocks-from", "openmetrics", join(home, "old.txt"), directory]);
    assert.ok((await blockNames(directory)).length >= 3);
    await compareCopies(t, prometheus, directory, nowMs - 10 * hourMs, endMs);
  });
});

test("there and back: each server goes on where the other stopped", async (t) => {
  const found = await programs(t);
  if (found === null) return;
  const { prometheus } = found;
  const directory = join(temporaryDirectory(t), "data");
  const nowMs = Math.floor(systemClock.nowMs() / stepMs) * stepMs;
  await writeDirectory(directory, nowMs - 2 * hourMs, 5);
  const originals: Starter = (setup) => startOriginal(t, prometheus, setup);
  const ours: Starter = (setup) => startOurs(t, setup);
  const first = await fill(t, originals, directory, nowMs - 52 * minuteMs);
  assert.equal(await first.stop("SIGTERM"), 0);
  const second = await fill(t, ours, directory, nowMs - 26 * minuteMs);
  assert.equal(await second.stop("SIGKILL"), null);
  const [startMs, endMs] = [nowMs - 8 * hourMs, nowMs + 3 * minuteMs];
  const rounds: (readonly Answer[])[] = [];
  for (const start of [originals, ours, originals, ours]) {
    const peer = await start({ config: noJobs, dataDirectory: directory });
    rounds.push(await answersOf(peer, startMs, endMs));
    assert.equal(await peer.stop(), 0);
  }
  assert.ok(JSON.stringify(rounds[0]).includes(`"${2 * stepCount}"`), "both replays are there");
  for (const [index, round] of rounds.entries()) {
    await t.test(`round ${index + 1}`, () => expectSame(round, rounds[0] as readonly Answer[]));
  }
});
