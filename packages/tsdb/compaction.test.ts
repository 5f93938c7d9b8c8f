import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeXorChunk } from "@narthex/chunk/xor-chunk";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { Labels } from "@narthex/model/labels";
import { forSeeds } from "@narthex/platform/for-seeds";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import { SeededRandom, type Random } from "@narthex/platform/random";
import { QuerySymbols } from "@narthex/storage/query-symbols";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { BlockReader } from "./block-reader.ts";
import { listBlocks, removeBlock, removeUnfinishedBlocks, supersededBlocks } from "./block-set.ts";
import { writeBlock, type SourceChunk } from "./block-writer.ts";
import { compactBlocks } from "./compaction.ts";
import { compactionRanges, largestBlockMs, planCompaction } from "./compaction-plan.ts";
import type { BlockMeta } from "./meta.ts";
import { blocksBeyondSize, blocksBeyondTime } from "./retention.ts";
import { Tombstones, writeTombstones } from "./tombstones.ts";

const arena = Arena.create();
const scratch = new Scratch(arena);

/** A block of the range `[from, to)`; the name shows the range. */
function block(
  from: number,
  to: number,
  more: Partial<BlockMeta["compaction"]> = {},
  tombstones = 0,
): BlockMeta {
  return {
    ulid: `${from}-${to}`,
    minTime: from,
    maxTime: to,
    stats: {
      numSamples: 1,
      numFloatSamples: 1,
      numHistogramSamples: 0,
      numSeries: 10,
      numChunks: 1,
      numTombstones: tombstones,
    },
    compaction: { level: 1, sources: [], deletable: false, parents: [], failed: false, hints: [], ...more },
  };
}

test("which blocks are merged", () => {
  const plan = (blocks: BlockMeta[], ...expected: string[]) =>
    assert.deepEqual(
      planCompaction(blocks, [20, 60, 180, 540]).map(({ ulid }) => ulid),
      expected,
    );
  plan([]);
  plan([block(0, 20)]);
  plan([block(0, 20), block(20, 40), block(40, 60)]);
  plan([block(0, 20), block(20, 40), block(40, 60), block(60, 80)], "0-20", "20-40", "40-60");
  plan([block(0, 20), block(20, 40), block(60, 80), block(80, 100)], "0-20", "20-40");
  plan([block(0, 20), block(20, 40), block(40, 60, { failed: true }), block(60, 80)]);
  plan([block(0, 60), block(60, 120), block(120, 180), block(180, 200)], "0-60", "60-120", "120-180");
  plan([block(0, 20), block(10, 30), block(40, 60), block(50, 70)], "0-20", "10-30");
  plan([block(0, 540, {}, 1), block(540, 560)], "0-540");
  plan([block(0, 540), block(540, 560)]);
  plan([block(0, 20, {}, 10), block(20, 40)], "0-20");
  const stale = { hints: ["from-stale-series"] };
  plan([block(0, 20, stale), block(10, 30), block(40, 60)]);
  plan([block(0, 20, stale), block(10, 30, stale), block(40, 60)], "0-20", "10-30");
});

test("ranges of the levels", () => {
  assert.deepEqual(compactionRanges(2, 100), [2, 6, 18, 54]);
  assert.equal(largestBlockMs(15 * 86_400_000, 7_200_000), 129_600_000);
  assert.equal(largestBlockMs(0, 7_200_000), 31 * 86_400_000);
});

test("retention", () => {
  const sized = [block(0, 20), block(20, 40), block(40, 60)].map((meta) => ({ meta, sizeBytes: 100 }));
  const names = (blocks: typeof sized) => blocks.map(({ meta }) => meta.ulid);
  assert.deepEqual(names(blocksBeyondTime(sized, 20)), ["20-40", "0-20"]);
  assert.deepEqual(names(blocksBeyondTime(sized, 21)), ["0-20"]);
  assert.deepEqual(names(blocksBeyondTime(sized, 0)), []);
  assert.deepEqual(names(blocksBeyondSize(sized, 250, 0)), ["0-20"]);
  assert.deepEqual(names(blocksBeyondSize(sized, 250, 100)), ["20-40", "0-20"]);
  assert.deepEqual(names(blocksBeyondSize(sized, 0, 100)), []);
});

test("blocks of a directory", () => {
  const disk = new MemoryDisk();
  const ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  for (const name of [ulid, `${ulid}.tmp-for-creation`, "wal", `${ulid}.tmp`, "notes.tmp"]) {
    disk.makeDirectory(`data/${name}`);
  }
  assert.deepEqual(removeUnfinishedBlocks(disk, "data"), [`${ulid}.tmp`, `${ulid}.tmp-for-creation`]);
  const { blocks, unreadable } = listBlocks(disk, "data");
  assert.equal(blocks.length, 0);
  assert.deepEqual(
    unreadable.map(({ directory }) => directory),
    [`data/${ulid}`],
  );
  assert.deepEqual(disk.list("data"), [ulid, "notes.tmp", "wal"]);
  removeBlock(disk, `data/${ulid}`);
  assert.deepEqual(disk.list("data"), ["notes.tmp", "wal"]);
});

type Model = Map<string, Map<number, number>>;

/** Writes a block with samples of some series in [from, to) and tells the model. */
function randomBlock(
  disk: MemoryDisk,
  random: Random,
  from: number,
  to: number,
): { meta: BlockMeta; model: Model } {
  const model: Model = new Map();
  const all = ["a", "b", "c", "d"]
    .filter(() => random.below(3) > 0)
    .map((name) => {
      const samples = new Map<number, number>();
      for (let time = from; time < to; time++)
        if (random.below(2) === 0) samples.set(time, random.below(100));
      if (samples.size === 0) samples.set(from, 1);
      model.set(name, samples);
      const times: number[] = [...samples.keys()];
      const chunks: SourceChunk[] = [];
      for (let first = 0; first < times.length;) {
        const part: number[] = times.slice(first, first + 1 + random.below(40));
        first += part.length;
        chunks.push({
          minTimeMs: part[0],
          maxTimeMs: part.at(-1) as number,
          encoding: 1,
          bytes: encodeXorChunk(
            Float64Array.from(part),
            Float64Array.from(part, (time) => samples.get(time) as number),
          ),
        });
      }
      return { labels: Labels.fromObject({ name }), chunks };
    });
  const source = { symbols: () => ["name", ...model.keys()], series: () => all };
  const meta = writeBlock(disk, "data", source, { minTimeMs: from, maxTimeMs: to, nowMs: 5, random });
  return { meta: meta as BlockMeta, model };
}

function contentOf(reader: BlockReader): Model {
  const symbols = new QuerySymbols();
  const found = reader.select({ minTimeMs: -1e9, maxTimeMs: 1e9, matchers: [] }, symbols);
  const batch = new SeriesBatch();
  scratch.reset();
  const model: Model = new Map();
  if (found.count === 0) return model;
  found.read(0, found.count, batch, scratch);
  for (let i = 0; i < found.count; i++) {
    const samples = new Map<number, number>();
    for (let k = 0; k < batch.count[i]; k++) {
      samples.set(arena.f64[batch.timesAt[i] / 8 + k], arena.f64[batch.valuesAt[i] / 8 + k]);
    }
    model.set(symbols.text(found.labelIds[2 * i + 1]), samples);
  }
  return model;
}

test("merged blocks hold the union of their samples", () =>
  forSeeds(60, (random) => {
    const disk = new MemoryDisk();
    disk.makeDirectory("data");
    const parts: { meta: BlockMeta; model: Model }[] = [];
    for (let i = 0; i < 3; i++) {
      const from = random.below(2) === 0 ? i * 200 : random.below(300);
      const part = randomBlock(disk, random, from, from + 200);
      if (part.meta === null) return;
      parts.push(part);
    }
    if (random.below(2) === 0) {
      const { meta, model } = parts[0];
      const reader = BlockReader.open(disk, `data/${meta.ulid}`);
      const tombstones = new Tombstones();
      const interval = { minTimeMs: meta.minTime + 50, maxTimeMs: meta.minTime + 50 + random.below(200) };
      for (const id of reader.index.allSeries()) tombstones.add(id, interval);
      reader.close();
      writeTombstones(disk, `data/${meta.ulid}`, tombstones);
      for (const samples of model.values()) {
        for (const time of samples.keys()) {
          if (time >= interval.minTimeMs && time <= interval.maxTimeMs) samples.delete(time);
        }
      }
    }
    parts.sort((a, b) => a.meta.minTime - b.meta.minTime);
    const merged = compactBlocks(
      disk,
      "data",
      parts.map(({ meta }) => meta),
      { arena, nowMs: 9, random },
    );
    assert.ok(merged !== null);
    const got = contentOf(BlockReader.open(disk, `data/${merged.ulid}`));
    for (const name of ["a", "b", "c", "d"]) {
      const times = new Set(parts.flatMap(({ model }) => [...(model.get(name)?.keys() ?? [])]));
      assert.deepEqual(
        [...(got.get(name)?.keys() ?? [])],
        [...times].toSorted((a, b) => a - b),
        name,
      );
      for (const [time, value] of got.get(name) ?? []) {
        assert.ok(parts.some(({ model }) => model.get(name)?.get(time) === value));
      }
    }
    assert.equal(merged.compaction.level, 2);
    assert.equal(supersededBlocks(listBlocks(disk, "data").blocks).length, 3);
  }));

test("a broken source fails the compaction and is marked", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("data");
  const random = new SeededRandom(3);
  const { meta } = randomBlock(disk, random, 0, 100);
  const path = `data/${meta.ulid}/chunks/000001`;
  const bytes = disk.readFile(path);
  bytes[20] ^= 1;
  disk.writeFile(path, bytes);
  assert.throws(() => compactBlocks(disk, "data", [meta], { arena, nowMs: 9, random }), /checksum/u);
  const { blocks } = listBlocks(disk, "data");
  assert.deepEqual(
    blocks.map((each) => each.meta.compaction.failed),
    [true],
  );
  assert.deepEqual(disk.list("data"), [meta.ulid]);
});
