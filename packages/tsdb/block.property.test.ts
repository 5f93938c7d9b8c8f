import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeXorChunk } from "@narthex/chunk/xor-chunk";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { compareLabels, Labels } from "@narthex/model/labels";
import { LabelMatcher, type MatchKind } from "@narthex/model/label-matcher";
import { forSeeds } from "@narthex/platform/for-seeds";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import type { SeededRandom } from "@narthex/platform/random";
import { QuerySymbols } from "@narthex/storage/query-symbols";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { intersect, subtract, unite } from "./block-postings.ts";
import { BlockReader } from "./block-reader.ts";
import { writeBlock, type SourceChunk } from "./block-writer.ts";

const scratch = new Scratch(Arena.create());
const names = ["__name__", "a", "é", "\u{1f600}", "job"];

function randomLabels(random: SeededRandom): Labels {
  const value = () => ["", "x", "é", "", "\u{10000}", `v${random.below(80)}`][random.below(6)];
  return Labels.from(names.map((name) => [name, value()] as const));
}

interface Series {
  readonly labels: Labels;
  readonly times: number[];
  readonly bits: BigUint64Array;
  readonly chunks: SourceChunk[];
}

/** Series with some chunks each; values are any bits, staleness markers among them. */
function randomSeries(random: SeededRandom, labels: Labels): Series {
  const times: number[] = [];
  const chunks: SourceChunk[] = [];
  const bits: bigint[] = [];
  let time = random.below(100);
  for (let i = random.below(5); i >= 0; i--) {
    const count = 1 + random.below(random.below(10) === 0 ? 2000 : 30);
    const chunkTimes = Float64Array.from({ length: count }, () => (time += 1 + random.below(20)));
    const chunkBits = BigUint64Array.from({ length: count }, () =>
      random.below(9) === 0 ? 0x7ff0000000000002n : (BigInt(random.bits()) << 32n) | BigInt(random.bits()),
    );
    times.push(...chunkTimes);
    bits.push(...chunkBits);
    const bytes = encodeXorChunk(chunkTimes, new Float64Array(chunkBits.buffer));
    chunks.push({ minTimeMs: chunkTimes[0], maxTimeMs: chunkTimes[count - 1], encoding: 1, bytes });
  }
  return { labels, times, bits: BigUint64Array.from(bits), chunks };
}

function randomMatcher(random: SeededRandom): LabelMatcher {
  const kind = (["=", "!=", "=~", "!~"] as const satisfies readonly MatchKind[])[random.below(4)];
  const values = ["", "x", "v1", "v2|x", "v.*", ".*", ".+", "é|", "(x|v[0-9])"];
  return new LabelMatcher(kind, names[random.below(names.length)], values[random.below(values.length)]);
}

test("a block finds the series and samples that a plain search finds", () =>
  forSeeds(40, (random) => {
    const byLabels = new Map<string, Labels>();
    for (let i = random.below(200); i >= 0; i--) {
      const labels = randomLabels(random);
      if (labels.size > 0) byLabels.set(labels.toString(), labels);
    }
    const all = [...byLabels.values()].toSorted(compareLabels).map((labels) => randomSeries(random, labels));
    const disk = new MemoryDisk();
    const meta = writeBlock(
      disk,
      "data",
      {
        symbols: () => all.flatMap(({ labels }) => labels.pairs),
        series: () => all,
      },
      { minTimeMs: 0, maxTimeMs: 1e9, nowMs: 1, random, segmentBytes: random.below(2) === 0 ? 5000 : 1e9 },
    );
    if (meta === null) return;
    const block = BlockReader.open(disk, `data/${meta.ulid}`);
    for (let i = 0; i < 10; i++) {
      const matchers = Array.from({ length: random.below(3) }, () => randomMatcher(random));
      const [minTimeMs, maxTimeMs] = [random.below(500), random.below(2000)];
      const expected = all.filter(
        ({ labels, chunks }) =>
          matchers.every((matcher) => matcher.matches(labels.get(matcher.name))) &&
          chunks.some((chunk) => chunk.minTimeMs <= maxTimeMs && chunk.maxTimeMs >= minTimeMs),
      );
      checkSet(block, matchers, minTimeMs, maxTimeMs, expected);
    }
    block.close();
  }));

function checkSet(
  block: BlockReader,
  matchers: readonly LabelMatcher[],
  minTimeMs: number,
  maxTimeMs: number,
  expected: readonly Series[],
): void {
  const symbols = new QuerySymbols();
  const found = block.select({ minTimeMs, maxTimeMs, matchers }, symbols);
  assert.equal(found.count, expected.length);
  const batch = new SeriesBatch();
  for (let first = 0; first < found.count;) {
    scratch.reset();
    const n = found.read(first, 100, batch, scratch);
    const { f64, u64 } = scratch.arena;
    for (let i = 0; i < n; i++) {
      const { labels, times, bits } = expected[first + i];
      const ids = found.labelIds.subarray(
        first + i === 0 ? 0 : found.labelEnds[first + i - 1],
        found.labelEnds[first + i],
      );
      assert.deepEqual(
        [...ids].map((id) => symbols.text(id)),
        labels.pairs,
      );
      const kept = [...times.keys()].filter((k) => times[k] >= minTimeMs && times[k] <= maxTimeMs);
      const [timesAt, valuesAt, count] = [batch.timesAt[i] / 8, batch.valuesAt[i] / 8, batch.count[i]];
      assert.deepEqual(
        [...f64.subarray(timesAt, timesAt + count)],
        kept.map((k) => times[k]),
      );
      assert.deepEqual(
        [...u64.subarray(valuesAt, valuesAt + count)],
        kept.map((k) => bits[k]),
      );
      assert.equal(batch.staleCount[i], kept.filter((k) => bits[k] === 0x7ff0000000000002n).length);
    }
    first += n;
  }
}

const ascending = (random: SeededRandom, limit: number) =>
  Uint32Array.from(
    new Set(Array.from({ length: random.below(limit) }, () => random.below(limit * 3))),
  ).sort();

test("set operations", () =>
  forSeeds(500, (random) => {
    const [a, b] = [
      ascending(random, [5, 300][random.below(2)]),
      ascending(random, [5, 3000][random.below(2)]),
    ];
    assert.deepEqual(
      [...intersect(a, b)],
      [...a].filter((id) => b.includes(id)),
    );
    assert.deepEqual(
      [...subtract(a, b)],
      [...a].filter((id) => !b.includes(id)),
    );
    const apart = subtract(b, a);
    assert.deepEqual(
      [...unite([a, apart])],
      [...a, ...apart].toSorted((x, y) => x - y),
    );
  }));
