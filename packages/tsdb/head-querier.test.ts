/**
 * Readers and the writer of the head, interleaved step by step: what a reader has begun stays as it was,
 * whatever the writer does before it goes on. The same under real threads: tests/simulation/readers.test.ts.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { enterEpoch, leaveEpoch } from "@narthex/kernel/epochs";
import { Scratch } from "@narthex/kernel/scratch";
import { LabelMatcher } from "@narthex/model/label-matcher";
import { Labels } from "@narthex/model/labels";
import { decodeXorChunk } from "@narthex/chunk/xor-chunk";
import { QuerySymbols } from "@narthex/storage/query-symbols";
import type { Querier, SeriesSet } from "@narthex/storage/querier";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { Head } from "./head.ts";
import { headBlockSource } from "./head-block-source.ts";
import { openHeadQuerier } from "./head-querier.ts";
import { HeadReader } from "./head-reader.ts";
import { truncateHead } from "./head-truncation.ts";

const startMs = 1_700_000_000_000 - (1_700_000_000_000 % 60_000);
const seriesCount = 6;

/** A head whose every commit gives all series one value, its number. */
class CountingHead {
  readonly head = new Head(Arena.create(2 * 1_048_576), { chunkRangeMs: 60_000, samplesPerChunk: 8 });
  commits = 0;

  commit(count = 1): void {
    for (const end = this.commits + count; this.commits < end; this.commits++) {
      const batch = this.head.appender();
      for (let i = 0; i < seriesCount; i++) {
        batch.append(batch.resolve(labels("m", i)), startMs + this.commits * 1_000, this.commits);
      }
      void batch.commit();
    }
  }

  /** Makes and fills so many series that retired memory would be reused, if it were free. */
  crowd(): void {
    const batch = this.head.appender();
    for (let i = 0; i < 500; i++) {
      const ref = batch.resolve(labels(`crowd${this.commits}`, i));
      for (let k = 0; k < 20; k++) batch.append(ref, startMs + this.commits * 1_000 + k, -i);
    }
    void batch.commit();
  }

  truncate(commit: number): Promise<unknown> {
    const floorMs = startMs + commit * 1_000;
    return truncateHead(
      this.head,
      floorMs,
      () => false,
      () => Promise.resolve(),
    );
  }
}

function labels(name: string, i: number): Labels {
  return Labels.fromObject({ __name__: name, i: String(i) });
}

/** A reader that is interrupted before it looks at a series for the `at`-th time. */
class InterruptedReader extends HeadReader {
  #looks = 0;
  readonly #at: number;
  readonly #interrupt: () => void;

  constructor(head: Head, at: number, interrupt: () => void) {
    super(head.arena, head.rootAt);
    this.#at = at;
    this.#interrupt = interrupt;
  }

  override recordOf(ref: number): number {
    if (this.#looks++ === this.#at) this.#interrupt();
    return super.recordOf(ref);
  }
}

function query(reader: HeadReader): Querier {
  return openHeadQuerier(reader, 5, new QuerySymbols());
}

function select(querier: Querier): SeriesSet {
  const matchers = [new LabelMatcher("=", "__name__", "m")];
  return querier.select({ minTimeMs: 0, maxTimeMs: 2 ** 50, matchers });
}

/** Values of all series. */
function valuesOf(arena: Arena, set: SeriesSet): number[][] {
  const batch = new SeriesBatch();
  const got = set.count === 0 ? 0 : set.read(0, set.count, batch, new Scratch(arena));
  assert.equal(got, set.count);
  return Array.from({ length: got }, (_, i) => {
    const first = batch.valuesAt[i] >>> 3;
    return [...arena.f64.subarray(first, first + batch.count[i])];
  });
}

/** What all series show when the commits `first` … `end` - 1 are seen. */
function commitsFrom(first: number, end: number): number[][] {
  const values = Array.from({ length: end - first }, (_, i) => first + i);
  return Array.from({ length: seriesCount }, () => values);
}

test("what was selected is read as it was, however far the writer has gone", async () => {
  const counting = new CountingHead();
  const { head } = counting;
  counting.commit(50);
  const querier = query(new HeadReader(head.arena, head.rootAt));
  const set = select(querier);
  // Seals, moves, retires, removes and would reuse all that the set holds addresses of.
  for (let round = 0; round < 5; round++) {
    counting.commit(40);
    counting.crowd();
  }
  await counting.truncate(200);
  for (let round = 0; round < 5; round++) {
    counting.commit(3);
    counting.crowd();
  }
  for (const values of valuesOf(head.arena, set)) {
    // Older chunks were unlinked by the truncation: a block has them. What is shown is bit-exact and ends
    // alike.
    assert.equal(values.at(-1), 49);
    for (let i = 1; i < values.length; i++) assert.equal(values[i], values[i - 1] + 1);
  }
  querier.close();
});

test("a removed series is readable to those who had found it", async () => {
  const counting = new CountingHead();
  const { head } = counting;
  counting.commit(5);
  const querier = query(new HeadReader(head.arena, head.rootAt));
  const set = select(querier);
  await counting.truncate(1_000);
  assert.equal(head.seriesCount, 0);
  for (let round = 0; round < 5; round++) {
    counting.commits += 2_000;
    counting.crowd();
  }
  assert.deepEqual(valuesOf(head.arena, set), commitsFrom(0, 5));
  assert.equal(querier.symbols.text(set.labelIds[1]), "m");
  querier.close();
  const fresh = query(new HeadReader(head.arena, head.rootAt));
  assert.equal(select(fresh).count, 0);
  fresh.close();
});

// Chunks of 8 samples and ranges of 60 commits: some of these commits seal, some do not.
for (const before of [1, 3, 7, 8, 9, 59, 60, 61]) {
  for (const during of [1, 2, 3, 20]) {
    test(`${during} commits within a snapshot after ${before}: all series show one moment`, () => {
      for (let at = 0; at <= seriesCount; at++) {
        const counting = new CountingHead();
        const { head } = counting;
        counting.commit(before);
        const querier = query(new InterruptedReader(head, at, () => counting.commit(during)));
        const values = valuesOf(head.arena, select(querier));
        // One later commit is told apart; after more the snapshot is taken anew.
        const seen = values[0]?.length ?? 0;
        assert.ok(seen === before || seen === before + during, `${seen} commits`);
        assert.deepEqual(values, commitsFrom(0, seen), `interrupted before series ${at}`);
        querier.close();
      }
    });
  }
}

test("a batch with several samples of a series is seen whole or not at all", () => {
  for (let at = 0; at <= seriesCount; at++) {
    const counting = new CountingHead();
    const { head } = counting;
    counting.commit(5);
    const several = (): void => {
      const batch = head.appender();
      for (let k = 0; k < 30; k++) {
        for (let i = 0; i < seriesCount; i++) {
          batch.append(batch.resolve(labels("m", i)), startMs + (5 + k) * 1_000, 5 + k);
        }
      }
      void batch.commit();
    };
    const querier = query(new InterruptedReader(head, at, several));
    assert.deepEqual(valuesOf(head.arena, select(querier)), commitsFrom(0, 5));
    querier.close();
  }
});

test("series that come within a snapshot are not seen", () => {
  for (let at = 0; at < 3; at++) {
    const { head } = new CountingHead();
    const commitOf = (first: number, end: number): void => {
      const batch = head.appender();
      for (let i = first; i < end; i++) batch.append(batch.resolve(labels("m", i)), startMs, 1);
      void batch.commit();
    };
    commitOf(0, 3);
    const reader = new InterruptedReader(head, at, () => commitOf(3, 9));
    const querier = query(reader);
    assert.equal(select(querier).count, 3);
    // Found after the querier was opened: its commit does not cover them.
    assert.equal(select(querier).count, 3);
    querier.close();
  }
});

test("a chunk that is sealed while a block is written is in the block", () => {
  const counting = new CountingHead();
  const { head } = counting;
  counting.commit(30);
  enterEpoch(head.arena, 5);
  const source = headBlockSource(new HeadReader(head.arena, head.rootAt), startMs, startMs + 60_000);
  const found: number[][] = [];
  for (const { chunks } of source.series()) {
    const values: number[] = [];
    let isFirst = true;
    for (const { bytes } of chunks) {
      values.push(...decodeXorChunk(bytes.slice()).values);
      // Between two chunks of a series the writer goes on to the next range, and seals the open chunk.
      if (isFirst) {
        counting.commits = Math.max(60, counting.commits);
        counting.commit();
      }
      isFirst = false;
    }
    found.push(values);
  }
  leaveEpoch(head.arena, 5);
  assert.deepEqual(found, commitsFrom(0, 30));
});
