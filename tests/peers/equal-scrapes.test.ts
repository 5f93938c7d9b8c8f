/**
 * Debian's prometheus and ours scrape the same misbehaving targets at once: what each stores after each
 * scrape, what is stale, and what the targets page says is equal.
 *
 * Scrapes happen at different moments, so answers are compared scrape by scrape: after the n-th request of
 * each server, everything the job has in its database, with values (but for durations).
 */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { systemClock } from "@narthex/platform/clock";
import { ask, dataOf, valueDifference } from "./answers.ts";
import { peerBinary } from "./debian-package.ts";
import type { Peer } from "./peer-process.ts";
import { eventually, startOriginal, startOurs } from "./prometheus-process.ts";
import { behaviours, type Behaviour } from "./scrape-behaviours.ts";
import { startTargetFarm, type TargetFarm } from "./target-farm.ts";

const scrapes = 5;
/** After the scrape that brought something, before the next one. */
const lookAfterMs = 800;

function configText(who: string, address: string, files: string): string {
  const jobs = behaviours.map(({ name, config = "", targets = '"FARM"' }) => {
    const lines = [
      `  - job_name: ${name}`,
      `    metrics_path: /${who}/${name}`,
      `    static_configs: [{targets: [${targets.replaceAll("FARM", address)}]}]`,
      ...config.split("\n").filter((line) => line !== ""),
    ];
    return lines.map((line) => (line.startsWith(" ") ? line : `    ${line}`)).join("\n");
  });
  const global = "global: {scrape_interval: 1s, scrape_timeout: 500ms}\n";
  return `${global}scrape_configs:\n${jobs.join("\n").replaceAll("FILES", files)}\n`;
}

/** A server with the place it scrapes under. */
interface Side {
  readonly who: string;
  readonly peer: Peer;
  readonly address: string;
}

test("ours scrapes as the original does", async (t) => {
  const prometheus = await peerBinary("prometheus");
  if (typeof prometheus !== "string") return t.skip(prometheus.skip);
  const farm = await startTargetFarm(t, new Map(behaviours.map(({ name, reply }) => [name, reply])));
  const [original, ours] = await Promise.all([
    startSide(t, "original", farm, (setup) => startOriginal(t, prometheus, setup)),
    startSide(t, "ours", farm, (setup) => startOurs(t, setup)),
  ]);
  const reached = behaviours.filter(({ unreached }) => unreached !== true);
  const missing = (): string[] =>
    ["ours", "original"].flatMap((who) =>
      reached.filter(({ name }) => !isThrough(farm, who, name)).map(({ name }) => `${who}/${name}`),
    );
  await eventually(
    () => missing().length === 0,
    () => missing().join(" "),
  );
  for (const behaviour of behaviours) {
    await t.test(behaviour.name, () => compareBehaviour(behaviour, farm, ours, original));
  }
});

type Starter = (setup: { config: (place: { directory: string }) => string }) => Promise<Peer>;

async function startSide(t: TestContext, who: string, farm: TargetFarm, start: Starter): Promise<Side> {
  const peer = await start({
    config: ({ directory }) => configText(who, farm.address, directory),
  });
  t.after(() => peer.stop("SIGKILL"));
  // Written after the start is early enough: a file is read again for every scrape.
  await writeFile(join(peer.directory, "user"), "user");
  await writeFile(join(peer.directory, "secret"), "secret\n");
  return { who, peer, address: farm.address };
}

function isThrough(farm: TargetFarm, who: string, name: string): boolean {
  const last = farm.arrivals(who, name)[scrapes - 1];
  return last !== undefined && systemClock.nowMs() > last + lookAfterMs;
}

async function compareBehaviour(
  { name, unreached }: Behaviour,
  farm: TargetFarm,
  ours: Side,
  original: Side,
): Promise<void> {
  const [mine, its] = [await targetFacts(ours, name), await targetFacts(original, name)];
  assert.equal(valueDifference(mine, its, "targets"), null);
  for (let scrape = 0; scrape < (unreached === true ? 0 : scrapes); scrape++) {
    const stored = async (side: Side): Promise<unknown> => {
      const at = farm.arrivals(side.who, name)[scrape] as number;
      return storedAt(side, name, at + lookAfterMs);
    };
    const [mine, its] = [await stored(ours), await stored(original)];
    assert.equal(valueDifference(mine, its, "stored"), null, `after scrape ${scrape + 1}`);
  }
  if (unreached !== true) return;
  const now = systemClock.nowMs();
  const [oursNow, itsNow] = [await storedAt(ours, name, now), await storedAt(original, name, now)];
  assert.equal(valueDifference(oursNow, itsNow, "stored"), null);
}

/** Every series of a job at a moment, with its value as text unless that is a duration. */
async function storedAt({ peer, who }: Side, job: string, timeMs: number): Promise<unknown> {
  const query = `{job="${job}"} or {exported_job="${job}"} or {__name__="a",job="mine"}`;
  const answer = dataOf(await ask(peer, "/api/v1/query", { query, time: timeMs / 1000 })) as {
    result: { metric: Record<string, string>; value: [number, string] }[];
  };
  const rows = answer.result.map(({ metric, value }): [string, string] => [
    JSON.stringify(Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1))).replaceAll(
      `/${who}/`,
      "/WHO/",
    ),
    metric["__name__"] === "scrape_duration_seconds" ? "some" : value[1],
  ]);
  return Object.fromEntries(rows);
}

/** Labels of discovered targets that Debian's version does not have yet. */
const newLabels =
  /"__(?:always_scrape_classic|convert_classic|scrape_native)_histograms(?:_to_nhcb)?__":"[a-z]*",?/gu;

/** What the targets page says of a job, without what depends on the moment. */
async function targetFacts({ peer, who }: Side, job: string): Promise<unknown> {
  const data = dataOf(await ask(peer, "/api/v1/targets", { scrapePool: job })) as {
    activeTargets: Record<string, unknown>[];
    droppedTargets: unknown[];
    droppedTargetCounts: Record<string, number>;
  };
  const facts = {
    active: data.activeTargets.map(({ lastScrape, lastScrapeDuration, ...rest }) => ({
      ...rest,
      scraped: typeof lastScrape === "string" && typeof lastScrapeDuration === "number",
    })),
    dropped: data.droppedTargets,
    counts: data.droppedTargetCounts[job],
  };
  const text = JSON.stringify(facts)
    .replaceAll(`/${who}/`, "/WHO/")
    .replaceAll(peer.directory, "DIRECTORY")
    .replaceAll(newLabels, "")
    .replaceAll(/127\.0\.0\.1:\d+->127/gu, "127.0.0.1:PORT->127");
  return JSON.parse(text) as unknown;
}
