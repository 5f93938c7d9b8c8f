/**
 * Bad input to the server: a clear error in the original's words, nothing lost, and a process that lives
 * where the original lives. Where Debian's prometheus is to be had, its words are asked for, not remembered.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";

import { ask, dataOf } from "../peers/answers.ts";
import { peerBinary } from "../peers/debian-package.ts";
import type { Peer } from "../peers/peer-process.ts";
import { eventually, startOriginal, startOurs, temporaryDirectory } from "../peers/prometheus-process.ts";
import { runProgram } from "./run-program.ts";

const run = promisify(execFile);

/** A configuration that is wrong, the line that is to blame, and a part of what is said. */
type WrongConfig = readonly [kind: string, text: string, line: number, says: RegExp];

const job = "scrape_configs:\n  - job_name: a\n";
const wrongConfigs: readonly WrongConfig[] = [
  ["no YAML", "global: [1s\nx: {", 2, /yaml/u],
  ["a tab", "global:\n\tscrape_interval: 1s\n", 2, /found character that cannot start any token/u],
  ["an unknown key", "global:\n  scrape_intervall: 1s\n", 2, /field scrape_intervall not found/u],
  ["a value of the wrong type", "global: {}\nscrape_configs: 3\n", 2, /cannot unmarshal !!int `3`/u],
  ["no duration", "global:\n  scrape_interval: soon\n", 2, /not a valid duration string: \\?"soon/u],
  [
    "a timeout that is too long",
    `${job}    scrape_interval: 1s\n    scrape_timeout: 5s\n`,
    2,
    /scrape timeout greater than scrape interval for scrape config with job name \\?"a/u,
  ],
  ["a job without name", "scrape_configs:\n  - scrape_interval: 1s\n", 2, /job_name is empty/u],
  [
    "two jobs of one name",
    `${job}  - job_name: a\n`,
    3,
    /found multiple scrape configs with job name \\?"a/u,
  ],
  ["a wrong pattern", `${job}    relabel_configs:\n      - {regex: "("}\n`, 4, /missing closing \)/u],
  [
    "an unknown action",
    `${job}    relabel_configs:\n      - {action: paint}\n`,
    4,
    /unknown relabel action \\?"paint/u,
  ],
  [
    "a label that is none",
    `${job}    static_configs:\n      - {targets: [], labels: {"": x}}\n`,
    4,
    /is not a valid label name/u,
  ],
  [
    "a target with a path",
    `${job}    static_configs:\n      - targets: ["http://x/y"]\n`,
    4,
    /is not a valid hostname/u,
  ],
];

test("broken configurations: exit code 2, the file, the line and why", async (t) => {
  const directory = temporaryDirectory(t);
  for (const [kind, text, line, says] of wrongConfigs) {
    await t.test(kind, async () => {
      await writeFile(join(directory, "wrong.yml"), text);
      const { code, stderr } = await runProgram(["prometheus", "--config.file=wrong.yml"], directory);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /level=ERROR.* msg="Error loading config \(--config\.file=wrong\.yml\)"/u);
      assert.match(stderr, new RegExp(`wrong\\.yml:${line}:\\d+: `, "u"));
      assert.match(stderr, says);
      assert.deepEqual(await readdir(directory), ["wrong.yml"], "no data directory was made");
    });
  }
  await t.test("no file at all", async () => {
    const { code, stderr } = await runProgram(["prometheus", "--config.file=none.yml"], directory);
    assert.equal(code, 2);
    assert.match(stderr, /err="open none\.yml: no such file or directory"/u);
  });
});

test("wrong flags: exit code 2 and why", async (t) => {
  const directory = temporaryDirectory(t);
  const is = async (args: readonly string[], text: string): Promise<void> => {
    const { code, stdout, stderr } = await runProgram(["prometheus", ...args], directory);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(stderr.split("\n")[0], `Error parsing command line arguments: ${text}`);
    assert.deepEqual(await readdir(directory), []);
  };
  await is(["--nonsense"], "unknown long flag '--nonsense'");
  await is(["extra"], "unexpected extra");
  await is(["--query.timeout=soon"], 'not a valid duration string: "soon"');
  await is(["--log.level=loud"], "enum value must be one of debug,info,warn,error, got 'loud'");
  await is(["--config.file"], "expected argument for flag '--config.file'");
});

/** A server whose answer can be changed. */
async function startTarget(
  t: TestContext,
): Promise<{ address: string; page: string; type: string; status: number }> {
  const target = { address: "", page: "", type: "text/plain", status: 200 };
  const server: Server = createServer((_request, response) => {
    response.writeHead(target.status, target.type === "" ? {} : { "content-type": target.type });
    response.end(target.page);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  target.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return target;
}

interface TargetView {
  readonly health: string;
  readonly lastError: string;
  readonly lastScrape: string;
}

async function targetView(peer: Peer): Promise<TargetView> {
  const { activeTargets } = dataOf(await ask(peer, "/api/v1/targets")) as { activeTargets: TargetView[] };
  return activeTargets[0] as TargetView;
}

/** The target's state after a whole scrape that began after now. */
async function nextScrape(peer: Peer): Promise<TargetView> {
  const before = await targetView(peer);
  let seen = 0;
  let last = before.lastScrape;
  await eventually(async () => {
    const view = await targetView(peer);
    if (view.lastScrape !== last) seen++;
    last = view.lastScrape;
    return seen >= 2;
  });
  return targetView(peer);
}

async function valueOf(peer: Peer, query: string): Promise<string | undefined> {
  const { result } = dataOf(await ask(peer, "/api/v1/query", { query })) as {
    result: { value: [number, string] }[];
  };
  return result[0]?.value[1];
}

const brokenPages: readonly (readonly [kind: string, page: string, type: string, status: number])[] = [
  ["garbage", "good 1\nthis is no page\n", "text/plain", 200],
  ["no value", "good 1\nbad\n", "text/plain", 200],
  ["no number", "good 1\nbad one\n", "text/plain", 200],
  ["a label without quotes", "good 1\nbad{a=b} 1\n", "text/plain", 200],
  ["braces left open", 'good 1\nbad{a="b" 1\n', "text/plain", 200],
  ["a bad timestamp", "good 1\nbad 1 soon\n", "text/plain", 200],
  ["OpenMetrics without end", "good 1\n", "application/openmetrics-text; version=1.0.0", 200],
  ["HTML", "<html><body>good 1</body></html>", "text/html", 200],
  ["a server error", "good 1\n", "text/plain", 500],
  ["not found", "good 1\n", "text/plain", 404],
];

function oneJob(address: string): string {
  return `global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs: [{job_name: a, static_configs: [{targets: ["${address}"]}]}]\n`;
}

test("broken pages and targets: down, the original's words, nothing stored", async (t) => {
  const prometheus = await peerBinary("prometheus");
  const target = await startTarget(t);
  target.page = "good 1\n";
  const ours = await startOurs(t, { config: oneJob(target.address) });
  const original =
    typeof prometheus === "string"
      ? await startOriginal(t, prometheus, { config: oneJob(target.address) })
      : null;
  const peers = [ours, ...(original === null ? [] : [original])];
  await eventually(async () =>
    (await Promise.all(peers.map((peer) => valueOf(peer, "good")))).every((v) => v === "1"),
  );
  for (const [kind, page, type, status] of brokenPages) {
    await t.test(kind, async (inner) => {
      Object.assign(target, { page, type, status });
      const view = await nextScrape(ours);
      assert.equal(view.health, "down");
      assert.equal(await valueOf(ours, "up"), "0");
      assert.equal(await valueOf(ours, "bad"), undefined);
      if (original === null) return inner.skip((prometheus as { skip: string }).skip);
      assert.equal(view.lastError, (await nextScrape(original)).lastError);
      // A series that stands before the problem gets no staleness marker, in the original either.
      assert.equal(await valueOf(ours, "good"), await valueOf(original, "good"));
    });
  }
  await t.test("a good page again", async () => {
    Object.assign(target, { page: "good 2\n", type: "text/plain", status: 200 });
    await eventually(async () => (await valueOf(ours, "good")) === "2");
    assert.deepEqual([await valueOf(ours, "up"), (await targetView(ours)).lastError], ["1", ""]);
  });
});

test("an unreachable target is down and says why", async (t) => {
  const ours = await startOurs(t, { config: oneJob("127.0.0.1:1") });
  const view = await nextScrape(ours);
  assert.equal(view.health, "down");
  assert.equal(
    view.lastError,
    'Get "http://127.0.0.1:1/metrics": dial tcp 127.0.0.1:1: connect: connection refused',
  );
  assert.equal(await valueOf(ours, "up"), "0");
});

test("a data directory that is in use or cannot be made", async (t) => {
  const directory = temporaryDirectory(t);
  const dataDirectory = join(directory, "data");
  await writeFile(join(directory, "empty.yml"), "");
  const first = await startOurs(t, { config: "", dataDirectory });
  const flags = ["prometheus", "--config.file=empty.yml", "--web.listen-address=127.0.0.1:0"];
  const locked = await runProgram([...flags, `--storage.tsdb.path=${dataDirectory}`], directory);
  assert.equal(locked.code, 1);
  assert.match(locked.stderr, /opening storage failed: lock DB directory: resource temporarily unavailable/u);
  assert.equal((await ask(first, "/-/healthy")).status, 200);
  // root may write anywhere, but nobody can make a directory under a file.
  const barred = await runProgram([...flags, "--storage.tsdb.path=empty.yml/data"], directory);
  assert.equal(barred.code, 1);
  assert.match(barred.stderr, /level=ERROR.*not a directory/u);
});

test("reload: a broken configuration keeps the old one", async (t) => {
  const target = await startTarget(t);
  target.page = "good 1\n";
  const ours = await startOurs(t, { config: oneJob(target.address), flags: ["--web.enable-lifecycle"] });
  await eventually(async () => (await valueOf(ours, "good")) === "1");
  const file = join(ours.directory, "prometheus.yml");
  await writeFile(file, "global: {scrape_interval: soon}\n");
  const answer = await ask(ours, "/-/reload", {}, "POST");
  assert.equal(answer.status, 500);
  assert.match(
    String(answer.body),
    /^failed to reload config: .*couldn't load configuration.*not a valid duration string/u,
  );
  const failed = (): RegExpMatchArray[] => [
    ...ours.output().matchAll(/level=ERROR.*msg="Error reloading config"/gu),
  ];
  const before = failed().length;
  process.kill(ours.pid, "SIGHUP");
  await eventually(() => failed().length > before);
  const page = String((await ask(ours, "/metrics")).body);
  assert.match(page, /^prometheus_config_last_reload_successful 0$/mu);
  assert.equal((await nextScrape(ours)).health, "up");
  await writeFile(file, oneJob(target.address).replace("job_name: a", "job_name: b"));
  process.kill(ours.pid, "SIGHUP");
  await eventually(async () => (await valueOf(ours, 'good{job="b"}')) === "1");
  assert.match(String((await ask(ours, "/metrics")).body), /^prometheus_config_last_reload_successful 1$/mu);
  assert.equal((await ask(ours, "/-/reload", {}, "POST")).status, 200);
});

/** A file system of one megabyte at a new place; null after telling `t` why there is none. */
async function smallDisk(t: TestContext): Promise<string | null> {
  const unmounts: string[] = [];
  t.after(() => Promise.all(unmounts.map((mounted) => run("umount", ["-l", mounted]))));
  const place = join(temporaryDirectory(t), "disk");
  await mkdir(place);
  try {
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "narthex-test", place]);
  } catch (error) {
    t.skip(`cannot mount a small tmpfs: ${(error as Error).message.split("\n").at(1)}`);
    return null;
  }
  // Before the directory goes: hooks run in the order in which they were made.
  unmounts.push(place);
  return place;
}

test("a full disk: scrapes fail and say so, queries go on, and it recovers", async (t) => {
  const place = await smallDisk(t);
  if (place === null) return;
  const target = await startTarget(t);
  target.page = "good 1\n";
  const ours = await startOurs(t, { config: oneJob(target.address), dataDirectory: join(place, "data") });
  await eventually(async () => (await valueOf(ours, "count_over_time(good[1h])")) !== undefined);
  await writeFile(join(place, "filler"), Buffer.alloc(1 << 20)).catch(() => undefined);
  target.page = Array.from(
    { length: 400 },
    (_none, i) => `fresh{i="${i}",text="${"x".repeat(50)}"} ${i}\n`,
  ).join("");
  await eventually(() => /ENOSPC|no space left on device/u.test(ours.output()));
  const kept = Number(await valueOf(ours, "count_over_time(good[1h])"));
  assert.ok(kept >= 1, "what was stored is answered");
  assert.equal((await ask(ours, "/-/healthy")).status, 200);
  target.page = "good 2\n";
  await run("rm", [join(place, "filler")]);
  await eventually(async () => (await valueOf(ours, "good")) === "2");
  assert.equal(await ours.stop(), 0);
  const again = await startOurs(t, { config: "", dataDirectory: join(place, "data") });
  assert.ok(
    Number(await valueOf(again, "count_over_time(good[1h])")) > kept,
    "old and new samples are there",
  );
});
