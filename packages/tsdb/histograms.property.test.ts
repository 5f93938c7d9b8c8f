/**
 * Law of histograms in the database: whatever kinds of samples series get, through log, head, blocks and
 * compaction, restarted or not, they are read as they were given.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { compactText, HistogramSource } from "@narthex/chunk/test-histograms";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { LabelMatcher } from "@narthex/model/label-matcher";
import { Labels } from "@narthex/model/labels";
import { isStaleAt } from "@narthex/model/sample";
import { forSeeds } from "@narthex/platform/for-seeds";
import { silentLogger } from "@narthex/platform/logger";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import type { SeededRandom } from "@narthex/platform/random";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { AppendResult } from "@narthex/storage/append-result";
import type { Appender } from "@narthex/storage/appender";
import { readRecord } from "@narthex/storage/histogram-record";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { DbReader } from "./db-reader.ts";
import { Db } from "./db.ts";
import type { StartTimes } from "./head.ts";
import { inlineMaintenance } from "./maintenance.ts";

const rangeMs = 600_000;
const startMs = Math.floor(1_700_000_000_000 / rangeMs) * rangeMs;
const seriesCount = 4;
const arena = Arena.create();
const scratch = new Scratch(arena);

/** `random` is one for all openings of a disk: it names blocks. */
function open(disk: MemoryDisk, startTimes: StartTimes, random: SeededRandom): { db: Db; reader: DbReader } {
  const directory = "/data";
  const db = Db.open({
    disk,
    directory,
    arena,
    clock: new VirtualClock(startMs),
    logger: silentLogger,
    minBlockMs: rangeMs,
    maxBlockMs: 3 * rangeMs,
    retentionMs: 0,
    retentionBytes: 0,
    samplesPerChunk: 20,
    compressWal: true,
    walSegmentBytes: 0,
    useLock: false,
    startTimes,
    maintenance: (headRootAt) => inlineMaintenance({ arena, headRootAt, slot: 1, disk, directory, random }),
  });
  return { db, reader: new DbReader(arena, db.head.rootAt, 0, disk) };
}

/** Samples of each series as text: time, start time, value or histogram. */
function dump(reader: DbReader): string[][] {
  scratch.reset();
  const querier = reader.querier(0, 2 ** 50);
  const matchers = [new LabelMatcher("=", "__name__", "m")];
  const set = querier.select({ minTimeMs: 0, maxTimeMs: 2 ** 50, matchers });
  const batch = new SeriesBatch();
  const found: string[][] = Array.from({ length: seriesCount }, () => []);
  for (let i = 0; i < set.count; i++) {
    set.read(i, 1, batch, scratch);
    const ids = set.labelIds.subarray(i === 0 ? 0 : set.labelEnds[i - 1], set.labelEnds[i]);
    const series = Number(querier.symbols.text(ids[3]));
    for (let k = 0; k < batch.count[0]; k++) found[series].push(sampleText(batch, k));
  }
  querier.close();
  return found;
}

function sampleText(batch: SeriesBatch, k: number): string {
  const { f64, u32 } = arena;
  const [kindsAt] = batch.kindsAt;
  const [startsAt] = batch.startsAt;
  const isHistogram = kindsAt !== 0 && ((u32[(kindsAt >>> 2) + (k >>> 5)] >>> (k & 31)) & 1) === 1;
  const at = (batch.valuesAt[0] >>> 3) + k;
  const value = isHistogram
    ? compactText(readRecord(arena, f64[at]))
    : isStaleAt(f64, at)
      ? "stale"
      : String(f64[at]);
  const start = startsAt === 0 ? 0 : f64[(startsAt >>> 3) + k];
  return `${f64[(batch.timesAt[0] >>> 3) + k] - startMs} ${start} ${value}`;
}

/** Appends one sample of a random kind; returns it as text. */
function appendOne(
  batch: Appender,
  random: SeededRandom,
  sources: readonly HistogramSource[],
  at: { readonly series: number; readonly timeMs: number; readonly startTimes: StartTimes },
): string {
  const { series, timeMs, startTimes } = at;
  const ref = batch.resolve(Labels.fromObject({ __name__: "m", series: String(series) }));
  if (series === 3 && random.below(3) === 0) {
    const value = random.below(1000);
    assert.equal(batch.append(ref, timeMs, value), AppendResult.Accepted);
    return `${timeMs - startMs} 0 ${value}`;
  }
  const h = sources[series].next();
  const began = random.below(2) === 0 ? startMs - 1000 : 0;
  assert.equal(batch.appendHistogram?.(ref, timeMs, h, began), AppendResult.Accepted);
  return `${timeMs - startMs} ${startTimes === "store" ? began : 0} ${compactText(h)}`;
}

test("histograms go through log, head and blocks as they are", async () => {
  const runs: (() => Promise<void>)[] = [];
  forSeeds(10, (random) => {
    runs.push(() => run(random));
  });
  for (const each of runs) await each();
});

async function run(random: SeededRandom): Promise<void> {
  const disk = new MemoryDisk();
  const startTimes: StartTimes = random.below(2) === 0 ? "store" : "ignore";
  const sources = Array.from({ length: seriesCount }, (_, i) => new HistogramSource(random, i % 2 === 1));
  const expected: string[][] = Array.from({ length: seriesCount }, () => []);
  let { db, reader } = open(disk, startTimes, random);
  const follow = async (): Promise<void> => db.start(async (directories) => reader.setBlocks(directories));
  await follow();
  let timeMs = startMs;
  for (let step = 0; step < 300; step++) {
    const batch = db.appender();
    timeMs += random.below(40) === 0 ? 100_000 : 1 + random.below(20_000);
    for (let series = 0; series < seriesCount; series++) {
      if (random.below(3) === 0) continue;
      expected[series].push(appendOne(batch, random, sources, { series, timeMs, startTimes }));
    }
    await batch.commit();
    if (random.below(60) === 0) await db.maintain();
    if (random.below(100) === 0) assert.deepEqual(dump(reader), expected);
    if (random.below(80) === 0) {
      await db.close();
      ({ db, reader } = open(disk, startTimes, random));
      await follow();
      assert.deepEqual([...db.replay.skippedRecords], []);
    }
  }
  assert.deepEqual(dump(reader), expected);
  await db.maintain();
  assert.deepEqual(dump(reader), expected);
  await db.close();
}
