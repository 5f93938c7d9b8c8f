/**
 * The database on a virtual clock and a memory disk, maintained in place, and all that it shows.
 */

import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { LabelMatcher } from "@narthex/model/label-matcher";
import type { Disk } from "@narthex/platform/disk";
import { silentLogger } from "@narthex/platform/logger";
import type { Random } from "@narthex/platform/random";
import type { VirtualClock } from "@narthex/platform/virtual-clock";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { DbReader } from "@narthex/tsdb/db-reader";
import { Db } from "@narthex/tsdb/db";
import { inlineMaintenance } from "@narthex/tsdb/maintenance";
import type { SampleMap } from "./sample-model.ts";

/** Where the database lives. */
export const directory = "/data";

/** Width of a block: short, so that an hour makes several. */
export const blockMs = 30 * 60_000;

/** An open database with its reader. */
export interface SimulatedDb {
  readonly db: Db;
  readonly reader: DbReader;
}

/** Opens what is on `disk`. */
export async function openDb(
  disk: Disk,
  clock: VirtualClock,
  random: Random,
  retentionMs: number,
): Promise<SimulatedDb> {
  const arena = Arena.create(2 * 1_048_576);
  const db = Db.open({
    disk,
    directory,
    arena,
    clock,
    logger: silentLogger,
    minBlockMs: blockMs,
    maxBlockMs: 9 * blockMs,
    retentionMs,
    retentionBytes: 0,
    samplesPerChunk: 20,
    compressWal: true,
    walSegmentBytes: 2 * 32_768,
    useLock: true,
    maintenance: (headRootAt) => inlineMaintenance({ arena, headRootAt, slot: 1, disk, directory, random }),
  });
  const reader = new DbReader(arena, db.head.rootAt, 0, disk);
  await db.start((directories) => {
    reader.setBlocks(directories);
    return Promise.resolve();
  });
  return { db, reader };
}

/** All samples of the series named "m", by their label "i". */
export function readAll(reader: DbReader): SampleMap {
  const [fromMs, toMs] = [-(2 ** 52), 2 ** 52];
  const { arena } = reader.head;
  const scratch = new Scratch(arena);
  const querier = reader.querier(fromMs, toMs);
  const matchers = [new LabelMatcher("=", "__name__", "m")];
  const set = querier.select({ minTimeMs: fromMs, maxTimeMs: toMs, matchers });
  const batch = new SeriesBatch();
  const found: SampleMap = new Map();
  for (let first = 0; first < set.count;) {
    const got = set.read(first, set.count, batch, scratch);
    for (let slot = 0; slot < got; slot++) {
      const [timesAt, valuesAt] = [(batch.timesAt[slot] ?? 0) >>> 3, (batch.valuesAt[slot] ?? 0) >>> 3];
      const samples = new Map<number, bigint>();
      for (let i = 0; i < (batch.count[slot] ?? 0); i++) {
        samples.set(arena.f64[timesAt + i] as number, arena.u64[valuesAt + i] as bigint);
      }
      // Labels of a series: name "__name__", its value, name "i", its value.
      const value = set.labelIds[(set.labelEnds[first + slot] as number) - 1] as number;
      if (samples.size > 0) found.set(querier.symbols.text(value), samples);
    }
    first += got;
  }
  querier.close();
  return found;
}
