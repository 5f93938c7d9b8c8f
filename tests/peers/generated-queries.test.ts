/**
 * 500 generated queries, each at one moment and over a range, beside Debian's prometheus over the same
 * blocks: status, errors, labels, values, warnings and infos are equal.
 *
 * The data lies near the epoch, where the generator's `@ <time>` points; both programs open their own copy of
 * one directory that ours wrote.
 */

import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { writeStaleMarker } from "@narthex/model/sample";
import { SeededRandom } from "@narthex/platform/random";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { randomHistogramSeries } from "@narthex/promql/random-histograms";
import { randomQuery, randomSeries } from "@narthex/promql/random-query";
import { ask, difference, type Parameters } from "./answers.ts";
import { peerBinary } from "./debian-package.ts";
import type { Peer } from "./peer-process.ts";
import { startOriginal, startOurs, temporaryDirectory } from "./prometheus-process.ts";
import { openDb } from "./written-directory.ts";

const queryCount = 500;
const samplesPerSeries = 1400; // almost six hours: the first four become blocks
/** One whose queries hold no ties: those the original resolves by the order in its head. */
const seed = 2;
const setup = {
  config: "global: {scrape_interval: 1h}\n",
  flags: ["--storage.tsdb.retention.time=200y"],
} as const;

/** Writes random series into `directory`, in the order of their times, in blocks as far as they go. */
async function writeRandomSeries(directory: string, random: SeededRandom): Promise<void> {
  const clock = new VirtualClock(0);
  const db = openDb(directory, clock);
  await db.start(() => Promise.resolve());
  const series = [
    ...randomSeries(random, samplesPerSeries),
    ...randomHistogramSeries(random, samplesPerSeries),
  ];
  const samples = series
    .flatMap(({ labels, samples: of }) => of.map(({ timeMs, value }) => ({ labels, timeMs, value })))
    .toSorted((a, b) => a.timeMs - b.timeMs);
  const values = new Float64Array(1);
  let nextMaintenanceMs = 3_600_000;
  for (const { labels, timeMs, value } of samples) {
    const batch = db.appender();
    const ref = batch.resolve(labels);
    if (value !== null && typeof value !== "number") {
      batch.appendHistogram?.(ref, timeMs, value);
    } else {
      if (value === null) writeStaleMarker(values, 0);
      else values[0] = value;
      batch.appendColumns(Uint32Array.of(ref), timeMs, values, 1, new Uint8Array(1));
    }
    await batch.commit();
    if (timeMs < nextMaintenanceMs) continue;
    nextMaintenanceMs += 3_600_000;
    await clock.advance(timeMs - clock.nowMs());
    await db.maintain();
  }
  await db.close();
}

/**
 * A query over native histograms. Much of what functions make of them has changed since Debian's version:
 * only what has not is asked for.
 */
function histogramQuery(random: SeededRandom): string {
  const one = (choices: readonly string[]): string => choices[random.below(choices.length)] as string;
  const selector = `n${one(["", '{job="a"}', '{i=~"0|1"}'])}${one(["", " offset 1m", " @ 700"])}`;
  const range = `n${one(["", '{job="b"}'])}[${one(["1m", "5m"])}]`;
  return one([
    selector,
    `histogram_count(${selector})`,
    `histogram_sum(${selector})`,
    `histogram_avg(${selector})`,
    `count by (job) (${selector})`,
    `group(${selector}) or c_total`,
    `timestamp(${selector})`,
    `count_over_time(${range})`,
    `present_over_time(${range})`,
    `last_over_time(${range})`,
    `${selector} and on (job, i) g`,
    `${selector} * 2`,
    `label_replace(${selector}, "x", "$1", "job", "(.*)")`,
  ]);
}

/**
 * A query whose answer is the same in every version and every run: fractions of classic histograms have
 * changed, and of equal counts the original takes whichever its map gives first.
 */
function comparableQuery(random: SeededRandom): string {
  for (;;) {
    const query = randomQuery(random, 1 + random.below(3));
    if (!/histogram_fraction|first_over_time|k[^(]*\([^)]*count_values/u.test(query)) return query;
  }
}

/** Asks both; what differs, or null. */
async function compared(ours: Peer, original: Peer, path: string, parameters: Parameters) {
  const [mine, its] = [await ask(ours, path, parameters), await ask(original, path, parameters)];
  const inOrder = /^sort|^(?:top|bottom)k/u.test(String(parameters["query"]));
  return { differs: difference(mine, its, inOrder), answer: its };
}

test("generated queries answer as the original's", async (t) => {
  const prometheus = await peerBinary("prometheus");
  if (typeof prometheus !== "string") return t.skip(prometheus.skip);
  const random = new SeededRandom(seed);
  const written = temporaryDirectory(t);
  await writeRandomSeries(join(written, "a"), random);
  await cp(join(written, "a"), join(written, "b"), { recursive: true });
  const ours = await startOurs(t, { ...setup, dataDirectory: join(written, "a") });
  const original = await startOriginal(t, prometheus, { ...setup, dataDirectory: join(written, "b") });
  const wrong: string[] = [];
  let filled = 0;
  let failed = 0;
  for (let i = 0; i < queryCount; i++) {
    const query = random.below(8) === 0 ? histogramQuery(random) : comparableQuery(random);
    const time = random.below(20_000) - 500;
    const step = [7, 15, 60, 200][random.below(4)] as number;
    const range = { start: time, end: time + step * (1 + random.below(40)), step };
    const instant = await compared(ours, original, "/api/v1/query", { query, time });
    const ranged = await compared(ours, original, "/api/v1/query_range", { query, ...range });
    if (instant.differs !== null) wrong.push(`${query} at ${time}: ${instant.differs}`);
    if (ranged.differs !== null) wrong.push(`${query} over ${JSON.stringify(range)}: ${ranged.differs}`);
    if (ranged.answer.status !== 200) failed++;
    else if (JSON.stringify(ranged.answer.body).includes('"metric"')) filled++;
  }
  t.diagnostic(`${queryCount} queries, ${filled} with points, ${failed} that fail alike`);
  assert.deepEqual(wrong, []);
  assert.ok(filled > queryCount / 2, "most answers hold something");
});
