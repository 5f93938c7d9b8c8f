import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeXorChunk } from "@narthex/chunk/xor-chunk";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { Labels } from "@narthex/model/labels";
import { LabelMatcher, type MatchKind } from "@narthex/model/label-matcher";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import { SeededRandom } from "@narthex/platform/random";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { QuerySymbols } from "@narthex/storage/query-symbols";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { BlockReader } from "./block-reader.ts";
import { writeBlock, type SourceSeries } from "./block-writer.ts";
import { formatMeta, parseMeta } from "./meta.ts";
import { Tombstones, writeTombstones } from "./tombstones.ts";
import { isUlid, makeUlid, ulidTimeMs } from "./ulid.ts";

const random = new SeededRandom(7);
const scratch = new Scratch(Arena.create());

/** A series whose samples are written `time=value`, chunks apart by `|`. */
function series(labels: Record<string, string>, samples: string): SourceSeries {
  const chunks = samples.split("|").map((chunk) => {
    const pairs = chunk
      .trim()
      .split(/\s+/u)
      .map((pair) => pair.split("=").map(Number));
    const times = Float64Array.from(pairs, ([time]) => time);
    return {
      minTimeMs: times[0],
      maxTimeMs: times[times.length - 1],
      encoding: 1,
      bytes: encodeXorChunk(
        times,
        Float64Array.from(pairs, ([, value]) => value),
      ),
    };
  });
  return { labels: Labels.fromObject(labels), chunks };
}

function blockOf(disk: MemoryDisk, all: readonly SourceSeries[]): BlockReader {
  const meta = writeBlock(
    disk,
    "data",
    {
      symbols: () => all.flatMap(({ labels }) => [...labels.pairs]),
      series: () => all,
    },
    { minTimeMs: 0, maxTimeMs: 1000, nowMs: 1_700_000_000_000, random },
  );
  assert.ok(meta !== null);
  return BlockReader.open(disk, `data/${meta.ulid}`);
}

/** What a selection finds, one `labels: time=value …` a line. */
function select(
  block: BlockReader,
  matchers: readonly [string, MatchKind, string][],
  from = 0,
  to = 1000,
): string[] {
  const symbols = new QuerySymbols();
  const found = block.select(
    {
      minTimeMs: from,
      maxTimeMs: to,
      matchers: matchers.map(([name, kind, value]) => new LabelMatcher(kind, name, value)),
    },
    symbols,
  );
  const batch = new SeriesBatch();
  const lines: string[] = [];
  for (let first = 0; first < found.count;) {
    scratch.reset();
    const n = found.read(first, 3, batch, scratch);
    for (let i = 0; i < n; i++) {
      const start = first + i === 0 ? 0 : found.labelEnds[first + i - 1];
      const ids = [...found.labelIds.subarray(start, found.labelEnds[first + i])].map((id) =>
        symbols.text(id),
      );
      const { f64 } = scratch.arena;
      const samples = Array.from(
        { length: batch.count[i] },
        (_, k) => `${f64[batch.timesAt[i] / 8 + k]}=${f64[batch.valuesAt[i] / 8 + k]}`,
      );
      lines.push(`${ids.join(",")}: ${samples.join(" ")}`);
    }
    first += n;
  }
  return lines;
}

const four = [
  series({ a: "1", job: "x" }, "10=1 20=2 | 30=3"),
  series({ a: "2", job: "x" }, "10=5"),
  series({ a: "3", job: "y" }, "500=1 600=2"),
  series({ b: "1" }, "10=7 900=8"),
];

test("a block answers selectors", () => {
  const block = blockOf(new MemoryDisk(), four);
  const finds = (matchers: [string, MatchKind, string][], ...expected: string[]) =>
    assert.deepEqual(
      select(block, matchers).map((line) => line.split(":")[0]),
      expected,
    );
  const [first, second, third, fourth] = ["a,1,job,x", "a,2,job,x", "a,3,job,y", "b,1"];
  finds([], first, second, third, fourth);
  finds([["job", "=", "x"]], first, second);
  finds([["job", "!=", "x"]], third, fourth);
  finds([["job", "=", ""]], fourth);
  finds([["job", "!=", ""]], first, second, third);
  finds(
    [
      ["job", "=~", "x|y"],
      ["a", "!=", "2"],
    ],
    first,
    third,
  );
  finds([["job", "=~", ".*"]], first, second, third, fourth);
  finds([["job", "=~", ".+"]], first, second, third);
  finds([["job", "!~", "x|z"]], third, fourth);
  finds([["job", "!~", ".+"]], fourth);
  finds(
    [
      ["a", "=~", "[12]"],
      ["job", "=", "x"],
    ],
    first,
    second,
  );
  finds([["nothing", "=", "x"]]);
  finds(
    [
      ["nothing", "!=", "x"],
      ["b", "=", "1"],
    ],
    fourth,
  );
});

test("a block's samples, clipped to the request", () => {
  const block = blockOf(new MemoryDisk(), four);
  assert.deepEqual(select(block, [["job", "=", "x"]]), ["a,1,job,x: 10=1 20=2 30=3", "a,2,job,x: 10=5"]);
  assert.deepEqual(select(block, [], 20, 500), ["a,1,job,x: 20=2 30=3", "a,3,job,y: 500=1", "b,1: "]);
  assert.deepEqual(select(block, [], 950, 999), []);
});

test("names and values", () => {
  const block = blockOf(new MemoryDisk(), four);
  const { querier } = { querier: block.querier(new QuerySymbols()) };
  assert.deepEqual(querier.labelNames([], 0), { strings: ["a", "b", "job"], warnings: [] });
  assert.deepEqual(querier.labelValues("a", [], 0), { strings: ["1", "2", "3"], warnings: [] });
  assert.deepEqual(querier.labelValues("a", [], 2), {
    strings: ["1", "2"],
    warnings: ["results truncated due to limit"],
  });
  const onlyX = [new LabelMatcher("=", "job", "x")];
  assert.deepEqual(querier.labelValues("a", onlyX, 0).strings, ["1", "2"]);
  assert.deepEqual(querier.labelNames(onlyX, 0).strings, ["a", "job"]);
});

test("tombstones hide samples", () => {
  const disk = new MemoryDisk();
  const block = blockOf(disk, four);
  const [first, second] = block.index.allSeries();
  const tombstones = new Tombstones();
  tombstones.add(first, { minTimeMs: 15, maxTimeMs: 25 });
  tombstones.add(second, { minTimeMs: 0, maxTimeMs: 1000 });
  writeTombstones(disk, block.directory, tombstones);
  const reopened = BlockReader.open(disk, block.directory);
  assert.deepEqual(select(reopened, [["job", "=", "x"]]), ["a,1,job,x: 10=1 30=3"]);
});

test("tombstone intervals join", () => {
  const tombstones = new Tombstones();
  for (const [minTimeMs, maxTimeMs] of [
    [10, 20],
    [30, 40],
    [21, 25],
    [0, 5],
    [26, 29],
  ]) {
    tombstones.add(1, { minTimeMs, maxTimeMs });
  }
  assert.deepEqual(tombstones.of(1), [
    { minTimeMs: 0, maxTimeMs: 5 },
    { minTimeMs: 10, maxTimeMs: 40 },
  ]);
});

test("a flipped byte anywhere in a block is found", () => {
  const disk = new MemoryDisk();
  const { directory } = blockOf(disk, four);
  for (const file of ["index", "chunks/000001", "tombstones"]) {
    const path = `${directory}/${file}`;
    const good = disk.readFile(path);
    const expected = select(BlockReader.open(disk, directory), []);
    for (let i = 0; i < good.length; i++) {
      const bad = good.slice();
      bad[i] ^= 0x10;
      disk.writeFile(path, bad);
      try {
        assert.deepEqual(select(BlockReader.open(disk, directory), []), expected, `${file} ${i}`);
      } catch (error) {
        assert.ok(error instanceof CorruptionError, `${file} ${i}: ${String(error)}`);
        assert.equal(error.file, path);
      }
    }
    disk.writeFile(path, good);
  }
});

test("no samples, no block", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("data");
  const source = { symbols: () => [], series: () => [] };
  assert.equal(writeBlock(disk, "data", source, { minTimeMs: 0, maxTimeMs: 1, nowMs: 0, random }), null);
  assert.deepEqual(disk.list("data"), []);
});

test("meta.json as Go prints it", () => {
  const ulid = makeUlid(1_700_000_000_000, random);
  assert.ok(isUlid(ulid));
  assert.equal(ulidTimeMs(ulid), 1_700_000_000_000);
  const text = `{
	"ulid": "${ulid}",
	"minTime": 0,
	"maxTime": 7200000,
	"stats": {
		"numSamples": 5,
		"numSeries": 2
	},
	"compaction": {
		"level": 1,
		"sources": [
			"${ulid}"
		]
	},
	"version": 1
}`;
  assert.equal(formatMeta(parseMeta(text)), text);
  assert.throws(() => parseMeta('{"version": 2}'), /unexpected meta file version 2/u);
});
