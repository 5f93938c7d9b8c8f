/**
 * A data directory written by our database over some hours of virtual time: blocks, a checkpoint, and a log
 * with what is newer. The samples are returned as well, so that others can be held to them.
 */

import { Arena } from "@narthex/kernel/arena";
import { Labels } from "@narthex/model/labels";
import { writeStaleMarker } from "@narthex/model/sample";
import { systemDisk } from "@narthex/platform/disk";
import { silentLogger } from "@narthex/platform/logger";
import { SeededRandom } from "@narthex/platform/random";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { Db } from "@narthex/tsdb/db";
import { inlineMaintenance } from "@narthex/tsdb/maintenance";

const hourMs = 3_600_000;
const minBlockMs = 2 * hourMs;
const intervalMs = 15_000;

/** A series with its samples: times ascend, a NaN may be a stale marker. */
export interface WrittenSeries {
  readonly labels: Labels;
  readonly samples: (readonly [timeMs: number, value: number])[];
}

/** `stale` stands for a stale marker, null for no sample. */
type ValueAt = (step: number, random: SeededRandom) => number | "stale" | null;

const special = [NaN, Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE, 0.1, 1e-7, 2 ** 53];

const shapes: readonly (readonly [Readonly<Record<string, string>>, ValueAt])[] = [
  [{ __name__: "steady_total", i: "0" }, (step) => step * 3],
  [{ __name__: "reset_total", i: "0" }, (step) => (step % 401) * 1.5],
  [{ __name__: "noise", i: "0" }, (_step, random) => random.next() * 1e6],
  [{ __name__: "constant" }, () => 42],
  [{ __name__: "special" }, (step) => special[step % special.length] as number],
  [{ __name__: "gone_and_back" }, (step) => (step % 300 < 200 ? step : step % 300 === 200 ? "stale" : null)],
  [{ __name__: "early" }, (step) => (step < 300 ? step : step === 300 ? "stale" : null)],
  [{ __name__: "late", text: 'é "q" \\ \n 日本 😀' }, (step) => (step > 1_500 ? step : null)],
  [{ __name__: "rare" }, (step) => (step % 97 === 0 ? step : null)],
  [{ __name__: "many", i: "1" }, (step) => step],
  [{ __name__: "many", i: "10" }, (step) => -step],
  [{ __name__: "many", i: "2", "with.dot": "x" }, (step) => step / 3],
];

/** Writes `hours` hours that end just before `endMs`, closes the database, and returns what was written. */
export async function writeDirectory(
  directory: string,
  endMs: number,
  hours: number,
): Promise<WrittenSeries[]> {
  const startMs = Math.floor((endMs - hours * hourMs) / intervalMs) * intervalMs;
  const clock = new VirtualClock(startMs);
  const db = openDb(directory, clock);
  await db.start(() => Promise.resolve());
  const written = shapes.map(([labels]): WrittenSeries => ({
    labels: Labels.fromObject(labels),
    samples: [],
  }));
  const random = new SeededRandom(7);
  const steps = (hours * hourMs) / intervalMs;
  for (let step = 0; step < steps; step++) {
    // Scrapes are seldom on time to the millisecond.
    await appendStep(db, written, step, startMs + step * intervalMs + (step % 7 === 3 ? 13 : 0), random);
    await clock.advance(intervalMs);
    if (step % 240 === 239) await db.maintain();
  }
  await db.close();
  return written;
}

/** A database of ours on the real disk, on a clock that the caller moves. */
export function openDb(directory: string, clock: VirtualClock): Db {
  const arena = Arena.create();
  return Db.open({
    disk: systemDisk,
    directory,
    arena,
    clock,
    logger: silentLogger,
    minBlockMs,
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
  });
}

async function appendStep(
  db: Db,
  written: readonly WrittenSeries[],
  step: number,
  timeMs: number,
  random: SeededRandom,
): Promise<void> {
  const batch = db.appender();
  const values = new Float64Array(1);
  for (const [index, { labels, samples }] of written.entries()) {
    const value = (shapes[index] as (typeof shapes)[number])[1](step, random);
    if (value === null) continue;
    if (value === "stale") writeStaleMarker(values, 0);
    else values[0] = value;
    batch.appendColumns(Uint32Array.of(batch.resolve(labels)), timeMs, values, 1, new Uint8Array(1));
    samples.push([timeMs, value === "stale" ? NaN : value]);
  }
  await batch.commit();
}
