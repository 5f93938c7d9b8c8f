import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { mergeSeriesSets } from "./merge.ts";
import type { SeriesSet } from "./querier.ts";
import { SeriesBatch } from "./series-batch.ts";

type Content = ReadonlyMap<number, ReadonlyMap<number, number>>;

/** A set whose series have one label, with plain columns. */
function setOf(content: Content, arena: Arena): SeriesSet {
  const keys = [...content.keys()];
  return {
    count: keys.length,
    labelIds: Uint32Array.from(keys.flatMap((key) => [1, key])),
    labelEnds: Uint32Array.from(keys.map((_, i) => i * 2 + 2)),
    warnings: [],
    read: (first, count, batch, scratch) => {
      const got = Math.min(count, 3, keys.length - first);
      for (let i = 0; i < got; i++) {
        const samples = [...(content.get(keys[first + i] as number) as ReadonlyMap<number, number>)];
        batch.timesAt[i] = scratch.take(samples.length * 8);
        batch.valuesAt[i] = scratch.take(samples.length * 8);
        batch.count[i] = samples.length;
        batch.staleCount[i] = 0;
        samples.forEach(([time, value], k) => {
          arena.f64[((batch.timesAt[i] as number) >>> 3) + k] = time;
          arena.f64[((batch.valuesAt[i] as number) >>> 3) + k] = value;
        });
      }
      batch.seriesCount = got;
      return got;
    },
    readLatest: () => false,
  };
}

function someContent(random: SeededRandom, fromMs: number): Content {
  const content = new Map<number, Map<number, number>>();
  for (let key = 2; key < 12; key++) {
    if (random.below(3) === 0) continue;
    const samples = new Map<number, number>();
    for (
      let time = fromMs + random.below(5), n = random.below(8);
      samples.size < n;
      time += 1 + random.below(4)
    ) {
      samples.set(time, random.below(1_000));
    }
    content.set(key, samples);
  }
  return content;
}

test("a merged set has every series once, with the samples of all", () => {
  const arena = Arena.create();
  const scratch = new Scratch(arena);
  forSeeds(500, (random) => {
    scratch.reset();
    const overlaps = random.below(2) === 0;
    const contents = Array.from({ length: 1 + random.below(4) }, (_, i) =>
      someContent(random, overlaps ? 0 : i * 100),
    );
    const expected = new Map<number, Map<number, number>>();
    for (const content of contents) {
      for (const [key, samples] of content) {
        const all = expected.get(key) ?? new Map<number, number>();
        for (const [time, value] of samples) if (!all.has(time)) all.set(time, value);
        expected.set(key, all);
      }
    }
    const merged = mergeSeriesSets(contents.map((content) => setOf(content, arena)));
    const found = new Map<number, Map<number, number>>();
    const batch = new SeriesBatch();
    for (let first = 0; first < merged.count;) {
      const got = merged.read(first, merged.count, batch, scratch);
      for (let i = 0; i < got; i++) {
        const samples = new Map<number, number>();
        for (let k = 0; k < (batch.count[i] as number); k++) {
          samples.set(
            arena.f64[((batch.timesAt[i] as number) >>> 3) + k] as number,
            arena.f64[((batch.valuesAt[i] as number) >>> 3) + k] as number,
          );
        }
        found.set(merged.labelIds[(merged.labelEnds[first + i] as number) - 1] as number, samples);
      }
      first += got;
    }
    const sorted = (content: Map<number, Map<number, number>>): [number, [number, number][]][] =>
      [...content]
        .map(([key, samples]): [number, [number, number][]] => [
          key,
          [...samples].toSorted((a, b) => a[0] - b[0]),
        ])
        .toSorted((a, b) => a[0] - b[0]);
    assert.deepEqual(sorted(found), sorted(expected));
    for (const samples of found.values()) {
      const times = [...samples.keys()];
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
        "times ascend",
      );
    }
  });
});
