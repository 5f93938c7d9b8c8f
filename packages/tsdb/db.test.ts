import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { test, type TestContext } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { LabelMatcher } from "@narthex/model/label-matcher";
import { Labels } from "@narthex/model/labels";
import { systemDisk } from "@narthex/platform/disk";
import { silentLogger } from "@narthex/platform/logger";
import { SeededRandom } from "@narthex/platform/random";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { DbReader } from "./db-reader.ts";
import { Db, type DbOptions } from "./db.ts";
import { DirectoryLockedError } from "./directory-lock.ts";
import { inlineMaintenance } from "./maintenance.ts";

const hourMs = 3_600_000;
const startMs = Math.floor(1_700_000_000_000 / (2 * hourMs)) * 2 * hourMs;

function temporary(t: TestContext): string {
  const directory = mkdtempSync(`${tmpdir()}/narthex-db-`);
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function open(directory: string, change: Partial<DbOptions> = {}): { db: Db; reader: DbReader } {
  const arena = Arena.create();
  const db = Db.open({
    disk: systemDisk,
    directory,
    arena,
    clock: new VirtualClock(startMs),
    logger: silentLogger,
    minBlockMs: 2 * hourMs,
    maxBlockMs: 0,
    retentionMs: 15 * 24 * hourMs,
    retentionBytes: 0,
    samplesPerChunk: 120,
    compressWal: true,
    walSegmentBytes: 0,
    useLock: true,
    maintenance: (headRootAt) =>
      inlineMaintenance({
        arena,
        headRootAt,
        slot: 1,
        disk: systemDisk,
        directory,
        random: new SeededRandom(1),
      }),
    ...change,
  });
  return { db, reader: new DbReader(arena, db.head.rootAt, 0, systemDisk) };
}

/** One sample each of `count` series every minute for `hours` from `fromMs`; the value is the minute. */
async function fill(db: Db, fromMs: number, hours: number, count: number): Promise<void> {
  for (let minute = 0; minute < hours * 60; minute++) {
    const batch = db.appender();
    for (let i = 0; i < count; i++) {
      const ref = batch.resolve(Labels.fromObject({ __name__: "m", i: String(i) }));
      batch.append(ref, fromMs + minute * 60_000, minute);
    }
    await batch.commit();
  }
}

/** Times of the samples per series. */
function times(reader: DbReader, fromMs = 0, toMs = 2 ** 50): number[][] {
  const scratch = new Scratch(reader.head.arena);
  const querier = reader.querier(fromMs, toMs);
  const set = querier.select({
    minTimeMs: fromMs,
    maxTimeMs: toMs,
    matchers: [new LabelMatcher("=", "__name__", "m")],
  });
  const batch = new SeriesBatch();
  const found: number[][] = [];
  for (let first = 0; first < set.count;) {
    const got = set.read(first, set.count, batch, scratch);
    for (let i = 0; i < got; i++) {
      const at = batch.timesAt[i] >>> 3;
      found.push([...reader.head.arena.f64.subarray(at, at + batch.count[i])]);
    }
    first += got;
  }
  querier.close();
  return found;
}

function everyMinute(fromMs: number, hours: number): number[] {
  return Array.from({ length: hours * 60 }, (_, minute) => fromMs + minute * 60_000);
}

test("what was committed is there after a restart, with and without a clean end", async (t) => {
  const directory = temporary(t);
  const first = open(directory);
  assert.equal(first.db.wasClean, true);
  await fill(first.db, startMs, 1, 3);
  // No close: as after a kill. The lock names this process, so it can be taken again.
  const second = open(directory);
  assert.equal(second.db.wasClean, false);
  assert.deepEqual(
    times(second.reader),
    Array.from({ length: 3 }, () => everyMinute(startMs, 1)),
  );
  await fill(second.db, startMs + hourMs, 1, 3);
  await second.db.close();
  const third = open(directory);
  assert.equal(third.db.wasClean, true);
  assert.equal(third.db.head.seriesCount, 3);
  assert.deepEqual(
    times(third.reader),
    Array.from({ length: 3 }, () => everyMinute(startMs, 2)),
  );
  await third.db.close();
});

test("the head is cut into blocks, truncated, and all stays readable", async (t) => {
  const directory = temporary(t);
  const { db, reader } = open(directory);
  await db.start((directories) => {
    reader.setBlocks(directories);
    return Promise.resolve();
  });
  await fill(db, startMs, 7, 3);
  await db.maintain();
  assert.deepEqual(
    db.blocks.map(({ meta }) => [(meta.minTime - startMs) / hourMs, (meta.maxTime - startMs) / hourMs]),
    [
      [0, 2],
      [2, 4],
    ],
  );
  assert.equal(db.blocks[0]?.meta.stats.numSamples, 360);
  assert.equal(db.head.minTimeMs, startMs + 4 * hourMs);
  assert.deepEqual(
    times(reader),
    Array.from({ length: 3 }, () => everyMinute(startMs, 7)),
  );
  assert.deepEqual(
    times(reader, startMs + hourMs, startMs + 5 * hourMs - 60_000),
    Array.from({ length: 3 }, () => everyMinute(startMs + hourMs, 4)),
  );
  await db.close();
  reader.close();
  const again = open(directory);
  again.reader.setBlocks(again.db.blocks.map((block) => block.directory));
  assert.deepEqual(
    times(again.reader),
    Array.from({ length: 3 }, () => everyMinute(startMs, 7)),
  );
  assert.equal(again.db.head.minTimeMs, startMs + 4 * hourMs);
  await again.db.close();
});

test("blocks are compacted by level, the log is condensed, old blocks go", async (t) => {
  const directory = temporary(t);
  const { db, reader } = open(directory, { retentionMs: 40 * hourMs, maxBlockMs: 18 * hourMs });
  await db.start((directories) => {
    reader.setBlocks(directories);
    return Promise.resolve();
  });
  for (let hour = 0; hour < 72; hour += 3) {
    await fill(db, startMs + hour * hourMs, 3, 2);
    await db.maintain();
  }
  assert.ok(
    db.blocks.some(({ meta }) => meta.compaction.level >= 2),
    "a compacted block",
  );
  assert.ok(db.counts.checkpoints > 0);
  assert.ok(db.counts.timeRetentions > 0);
  const newest = Math.max(...db.blocks.map(({ meta }) => meta.maxTime));
  assert.ok(db.blocks.every(({ meta }) => newest - meta.maxTime < 40 * hourMs));
  const oldest = Math.min(...db.blocks.map(({ meta }) => meta.minTime));
  const [series] = times(reader);
  assert.deepEqual(
    series,
    everyMinute(startMs, 72).filter((timeMs) => timeMs >= oldest),
  );
  await db.close();
});

test("a directory has one owner", async (t) => {
  const directory = temporary(t);
  systemDisk.writeFile(`${directory}/lock`, new TextEncoder().encode(`${process.ppid}\n`));
  assert.throws(() => open(directory), DirectoryLockedError);
  const { db } = open(directory, { useLock: false });
  await db.close();
});
