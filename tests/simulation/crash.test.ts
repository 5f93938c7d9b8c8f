/**
 * The database under an end at any moment: random work on a virtual clock and a memory disk, killed at a
 * random operation of the disk, opened again, several times on one directory; and disks that run full.
 *
 * After a killed process every committed sample is there, and no other; after a lost power nothing that was
 * synced is missing, nothing is invented, and of each series the samples up to some time are there.
 *
 * `NARTHEX_CRASH_RUNS` sets the number of runs per kind (12), `NARTHEX_CRASH_SEED` the first seed (1).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@narthex/model/labels";
import { writeStaleMarker } from "@narthex/model/sample";
import { MemoryDisk, type KeptUnsynced } from "@narthex/platform/memory-disk";
import { SeededRandom } from "@narthex/platform/random";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { AppendResult } from "@narthex/storage/append-result";
import { FailingDisk } from "./failing-disk.ts";
import { SampleModel, type ModelSample } from "./sample-model.ts";
import { blockMs, openDb, readAll, type SimulatedDb } from "./simulated-db.ts";

const runs = Number(process.env["NARTHEX_CRASH_RUNS"] ?? 12);
const firstSeed = Number(process.env["NARTHEX_CRASH_SEED"] ?? 1);

const startMs = Math.floor(1_700_000_000_000 / blockMs) * blockMs;
const minuteMs = 60_000;
/** Series that a run may use; a window of them is in use at a time. */
const poolSize = 24;
/** The most bytes that are left when the disk runs full. */
const fullDiskBytes = 700;

/** One directory through several lives of the database. */
class Simulation {
  readonly clock = new VirtualClock(startMs);
  readonly model = new SampleModel();
  readonly retentionMs: number;
  readonly #random: SeededRandom;
  readonly #seed: number;
  #disk: FailingDisk;
  #last: SimulatedDb | null = null;
  /** The batch whose commit has begun and not ended. */
  #inFlight: ModelSample[] = [];
  #segment = -1;
  /** First series in use. */
  #window = 0;
  /** Series made that never come again. */
  #uniques = 0;
  /** What happened, to see that the runs reach what they are for. */
  readonly seen = {
    blocks: 0,
    checkpoints: 0,
    compactions: 0,
    retentions: 0,
    repairs: 0,
    refused: 0,
    removed: 0,
  };

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.retentionMs = this.#random.below(2) === 0 ? 0 : 5 * 60 * minuteMs;
    const below = new MemoryDisk({ nowMs: () => this.clock.nowMs() });
    this.#disk = new FailingDisk(below, this.#random);
  }

  /** Opens, works until the end at a random moment or for `hours`, ends. */
  async live(hours: number, keep: KeptUnsynced): Promise<void> {
    const atMaintenance = this.#random.below(2) === 0;
    if (!atMaintenance) this.#disk.killAfter(this.#random.below(hours * 200));
    let maintenances = 1 + this.#random.below(hours * 2);
    const died = await this.#attempt(async () => {
      await this.#start();
      for (let minute = 0; minute < hours * 60; minute++) {
        if (atMaintenance && this.#isDue() && maintenances-- === 0)
          this.#disk.killAfter(this.#random.below(90));
        await this.#step();
      }
    });
    if (!died && this.#random.below(3) === 0) await this.#close();
    this.#count();
    await this.#reopen(keep);
  }

  /** Runs `work`; true when the disk has died in it, and then what it threw does not matter. */
  async #attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
    } catch (error) {
      if (!this.#disk.isDead) throw error;
    }
    return this.#disk.isDead;
  }

  get #open(): SimulatedDb {
    if (this.#last === null) throw new Error("the database is not open");
    return this.#last;
  }

  async #start(): Promise<void> {
    this.#last = null;
    this.#last = await openDb(this.#disk, this.clock, this.#random, this.retentionMs);
    this.#segment = this.#open.db.walSegment;
  }

  #isDue(): boolean {
    const { minTimeMs, maxTimeMs } = this.#open.db.head;
    return maxTimeMs - minTimeMs > blockMs * 1.5;
  }

  /** A minute passes: a batch or two, and what the clock brings. */
  async #step(): Promise<void> {
    for (let i = this.#random.below(3); i >= 1; i--) await this.commitOne();
    // Series stay away long enough to be removed, and come back.
    if (this.#random.below(30) === 0) this.#window = this.#random.below(poolSize / 8) * 8;
    await this.clock.advance(minuteMs);
    this.#noteSegment();
    if (this.#disk.isDead) throw new Error("the disk has died under maintenance");
  }

  /** What was committed before a new segment was begun is synced. */
  #noteSegment(): void {
    if (this.#open.db.walSegment === this.#segment) return;
    this.#segment = this.#open.db.walSegment;
    this.model.sync();
  }

  /** Appends a random batch; mirrors what was accepted. Returns whether it was committed. */
  async commitOne(): Promise<boolean> {
    const appender = this.#open.db.appender();
    const accepted: ModelSample[] = [];
    const append = (series: number, timeMs: number, value: number | "stale"): void => {
      const values = new Float64Array([0]);
      if (value === "stale") writeStaleMarker(values, 0);
      else values[0] = value;
      const ref = appender.resolve(Labels.fromObject({ __name__: "m", i: String(series) }));
      const results = new Uint8Array(1);
      appender.appendColumns(Uint32Array.of(ref), timeMs, values, 1, results);
      const bits = new BigUint64Array(values.buffer)[0] as bigint;
      if (results[0] === AppendResult.Accepted) accepted.push({ series: String(series), timeMs, bits });
      else this.seen.refused++;
    };
    this.#fill(append);
    if (this.#random.below(20) === 0) {
      appender.rollback();
      return false;
    }
    this.#inFlight = accepted;
    try {
      await appender.commit();
    } catch (error) {
      if (!this.#disk.isDead) this.#inFlight = [];
      throw error;
    }
    // The segment is cut before a batch, never within.
    this.#noteSegment();
    this.model.commit(accepted);
    this.#inFlight = [];
    return true;
  }

  /** A scrape of the series in use; and what programs do wrong. */
  #fill(append: (series: number, timeMs: number, value: number | "stale") => void): void {
    const random = this.#random;
    const nowMs = this.clock.nowMs();
    const count = 1 + random.below(8);
    if (random.below(20) === 0) append(poolSize + this.#uniques++, nowMs, this.#uniques);
    for (let i = 0; i < count; i++) {
      const series = this.#window + i;
      const value = random.below(4) === 0 ? random.next() * 1e6 : Math.floor(nowMs / minuteMs);
      append(series, nowMs + random.below(1_000), random.below(30) === 0 ? "stale" : value);
      if (random.below(15) === 0) append(series, nowMs - random.below(blockMs), 1);
      if (random.below(15) === 0) append(series, this.model.newestOf(String(series)), 2);
      if (random.below(15) === 0) append(series, nowMs + 1_000 + random.below(5_000), 3);
    }
  }

  async #close(): Promise<void> {
    await this.#attempt(async () => {
      await this.#open.db.close();
      this.model.sync();
    });
  }

  #count(): void {
    if (this.#last === null) return;
    const { counts, replay, blocks } = this.#last.db;
    this.seen.blocks += blocks.length;
    this.seen.checkpoints += counts.checkpoints;
    this.seen.compactions += counts.compactions;
    this.seen.retentions += counts.timeRetentions;
    this.seen.removed += counts.seriesRemoved;
    this.seen.repairs += replay.repair === null ? 0 : 1;
  }

  /** Ends here, opens what is left, and judges it. */
  async #reopen(keep: KeptUnsynced): Promise<void> {
    this.#disk.kill();
    const found = this.#disk.below.crash({ random: this.#random, keepUnsynced: keep });
    this.#disk = new FailingDisk(found, this.#random);
    await this.#start();
    this.#checkRepair();
    const samples = readAll(this.#open.reader);
    if (keep === "all") this.model.checkAll(samples, this.retentionMs, this.#inFlight);
    else this.model.checkSynced(samples, this.retentionMs, this.#inFlight);
    this.#inFlight = [];
    this.model.restart(samples);
    // It goes on: a batch is taken, and seen.
    await this.clock.advance(minuteMs);
    while (!(await this.commitOne()));
    this.model.checkAll(readAll(this.#open.reader), this.retentionMs);
    await this.#close();
  }

  /** What was cut off the log is kept aside. */
  #checkRepair(): void {
    const { repair } = this.#open.db.replay;
    if (repair === null) return;
    this.seen.repairs++;
    const sizes = repair.setAside.map((path) => this.#disk.stat(path)?.sizeBytes ?? NaN);
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      repair.setAsideBytes,
      "what was set aside is there",
    );
  }

  /** Works on while the disk is full now and then; what is refused stays unseen. */
  async liveWithFullDisk(hours: number): Promise<number> {
    await this.#start();
    const { below } = this.#disk;
    let failures = 0;
    for (let minute = 0; minute < hours * 60; minute++) {
      const isFull = this.#random.below(8) === 0;
      below.budgetBytes = isFull ? below.usedBytes + this.#random.below(fullDiskBytes) : Infinity;
      try {
        await this.#step();
      } catch (error) {
        assert.equal((error as { code?: string }).code, "ENOSPC");
        failures++;
        this.model.checkAll(readAll(this.#open.reader), this.retentionMs);
        await this.clock.advance(minuteMs);
        this.#noteSegment();
      }
    }
    below.budgetBytes = Infinity;
    this.#count();
    await this.#reopen("all");
    return failures;
  }

  /** Runs `work` and puts the seed before what it throws. */
  async named(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      throw new Error(`seed ${this.#seed}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  }
}

type Seen = Simulation["seen"];

/** Sums up what `count` simulations have seen. */
async function simulate(count: number, work: (simulation: Simulation) => Promise<void>): Promise<Seen> {
  const total: Seen = {
    blocks: 0,
    checkpoints: 0,
    compactions: 0,
    retentions: 0,
    repairs: 0,
    refused: 0,
    removed: 0,
  };
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const simulation = new Simulation(seed);
    await simulation.named(() => work(simulation));
    for (const key of Object.keys(total) as (keyof Seen)[]) total[key] += simulation.seen[key];
  }
  return total;
}

for (const keep of ["all", "none", "torn"] as const) {
  const kind = keep === "all" ? "a killed process" : `a lost power (unsynced writes: ${keep})`;
  test(`${kind}, four times on one directory, loses and invents nothing`, async () => {
    const seen = await simulate(runs, async (simulation) => {
      for (let life = 0; life < 4; life++) await simulation.live(4, keep);
    });
    // The runs are worth their time only if they reach all this.
    assert.ok(seen.blocks > 0 && seen.checkpoints > 0 && seen.compactions > 0, JSON.stringify(seen));
    assert.ok(seen.removed > 0 && seen.refused > 0, JSON.stringify(seen));
    if (keep === "torn") assert.ok(seen.repairs > 0, JSON.stringify(seen));
  });
}

test("ends of all kinds in a row", async () => {
  const kinds = ["all", "torn", "none"] as const;
  const seen = await simulate(runs, async (simulation) => {
    for (let life = 0; life < 6; life++) await simulation.live(3, kinds[life % 3] as KeptUnsynced);
  });
  assert.ok(seen.retentions > 0, JSON.stringify(seen));
});

test("a full disk refuses batches whole, and takes the next ones when there is room", async () => {
  let failures = 0;
  await simulate(runs, async (simulation) => {
    failures += await simulation.liveWithFullDisk(5);
  });
  assert.ok(failures > runs, `${failures} commits failed`);
});
