/**
 * The publication protocol (kernel/arena.ts) under real threads: two readers ask without pause while the main
 * thread commits, seals chunks, truncates, makes and removes series, and grows the memory. What they check is
 * in reader-thread.ts. Interleavings that can be arranged step by step are in
 * packages/tsdb/head-querier.test.ts.
 *
 * `NARTHEX_READER_COMMITS` sets the number of commits (20,000).
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { Labels } from "@narthex/model/labels";
import { startWorker } from "@narthex/platform/worker";
import { Head } from "@narthex/tsdb/head";
import { truncateHead } from "@narthex/tsdb/head-truncation";
import { readerName, textOf, type ReaderReport, type ReaderSetup } from "./reader-thread.ts";

const commits = Number(process.env["NARTHEX_READER_COMMITS"] ?? 20_000);
const startMs = 1_700_000_000_000;
const steadyCount = 40;
/** A block range of a minute is 60 commits: chunks are sealed all the time. */
const rangeMs = 60_000;
/** Readers work at least so often. */
const leastRounds = 200;

/** A reader and, later, what it reports. */
function startReader(setup: ReaderSetup): Promise<ReaderReport> {
  const url = new URL("./reader-thread.ts", import.meta.url).href;
  return new Promise((resolve, reject) => {
    const handle = startWorker(url, readerName, setup);
    handle.onMessage((message) => resolve(message as ReaderReport));
    handle.onEnd((error) => {
      if (error !== null) Atomics.store(setup.words, 0, 1);
      reject(error ?? new Error("a reader was stopped"));
    });
  });
}

/** The main thread's part. */
class Writer {
  readonly arena = Arena.create(2 * 1_048_576);
  readonly head = new Head(this.arena, { chunkRangeMs: rangeMs, samplesPerChunk: 20 });
  removed = 0;
  #commit = 0;
  #steady: Uint32Array | null = null;

  get commit(): number {
    return this.#commit;
  }

  /** All steady series get the number of the commit; now and then a series of one sample comes. */
  commitOne(): void {
    const batch = this.head.appender();
    this.#steady ??= Uint32Array.from({ length: steadyCount }, (_, i) =>
      batch.resolve(Labels.fromObject({ __name__: "steady", i: String(i) })),
    );
    const timeMs = startMs + this.#commit * 1_000;
    const values = new Float64Array(steadyCount).fill(this.#commit);
    const results = new Uint8Array(steadyCount);
    batch.appendColumns(this.#steady, timeMs, values, steadyCount, results);
    if (this.#commit % 3 === 0) {
      const n = this.#commit;
      const ref = batch.resolve(Labels.fromObject({ __name__: "churn", n: String(n), text: textOf(n) }));
      batch.append(ref, timeMs, n);
    }
    void batch.commit();
    this.#commit++;
  }

  /** Forgets all but the last ten ranges, in slices. */
  async truncate(): Promise<void> {
    const floorMs = startMs + Math.max(0, this.#commit - 600) * 1_000;
    let looks = 0;
    const result = await truncateHead(
      this.head,
      floorMs,
      () => ++looks % 4 === 0,
      async () => {
        this.commitOne();
        await new Promise((resolve) => setImmediate(resolve));
      },
    );
    this.removed += result.seriesRemoved;
  }
}

test("readers see each commit whole or not at all, and every sample as it was written", async () => {
  const writer = new Writer();
  const words = new Int32Array(new SharedArrayBuffer(64));
  const setup = { memory: writer.arena.memory, headRootAt: writer.head.rootAt, steadyCount, startMs, words };
  const reports = [1, 2].map((slot) => startReader({ ...setup, slot }));
  const sizeAtStart = writer.arena.sizeBytes;
  const isDone = (): boolean =>
    writer.commit >= commits && [1, 2].every((slot) => Atomics.load(words, slot) >= leastRounds);
  while (!isDone() && Atomics.load(words, 0) === 0) {
    for (let i = 0; i < 200; i++) writer.commitOne();
    // The memory grows under the readers.
    writer.arena.allocatePages(2 * 1_048_576);
    await writer.truncate();
  }
  Atomics.store(words, 0, 1);
  const ended = await Promise.all(reports);
  assert.deepEqual(
    ended.map(({ problem }) => problem),
    [null, null],
  );
  for (const report of ended) {
    assert.ok(report.filled > leastRounds / 2 && report.churnSeen > 0, JSON.stringify(report));
  }
  assert.ok(writer.removed > 0, "series were removed");
  assert.ok(writer.arena.sizeBytes > sizeAtStart, "the memory has grown");
});
