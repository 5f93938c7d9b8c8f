import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { mergeSeriesSets } from "./merge.ts";
import type { SeriesSet } from "./querier.ts";
import { kindsBytes, SeriesBatch } from "./series-batch.ts";

/** A sample: its value (of a histogram, an address that nobody follows), kind and start timestamp. */
interface Sample {
  readonly value: number;
  readonly isHistogram: boolean;
  readonly startMs: number;
}
type Content = ReadonlyMap<number, ReadonlyMap<number, Sample>>;

/** A set whose series have one label, with plain columns. */
function setOf(content: Content): SeriesSet {
  const keys = [...content.keys()];
  return {
    count: keys.length,
    labelIds: Uint32Array.from(keys.flatMap((key) => [1, key])),
    labelEnds: Uint32Array.from(keys.map((_, i) => i * 2 + 2)),
    warnings: [],
    read: (first, count, batch, scratch) => {
      const got = Math.min(count, 3, keys.length - first);
      for (let i = 0; i < got; i++) {
        fill(batch, i, [...(content.get(keys[first + i] as number) as ReadonlyMap<number, Sample>)], scratch);
      }
      batch.seriesCount = got;
      return got;
    },
    readLatest: () => false,
  };
}

/** Columns of one series; kinds and starts only where a sample needs them. */
function fill(batch: SeriesBatch, i: number, samples: readonly [number, Sample][], scratch: Scratch): void {
  const { arena } = scratch;
  batch.timesAt[i] = scratch.take(samples.length * 8);
  batch.valuesAt[i] = scratch.take(samples.length * 8);
  batch.count[i] = samples.length;
  batch.staleCount[i] = 0;
  const hasStarts = samples.some(([, { startMs }]) => startMs !== 0);
  const hasKinds = samples.some(([, { isHistogram }]) => isHistogram);
  batch.startsAt[i] = hasStarts ? scratch.take(samples.length * 8) : 0;
  batch.kindsAt[i] = hasKinds ? scratch.take(kindsBytes(samples.length)) : 0;
  const kinds = batch.kindsAt[i] >>> 2;
  if (hasKinds) arena.u32.fill(0, kinds, kinds + kindsBytes(samples.length) / 4);
  samples.forEach(([time, { value, isHistogram, startMs }], k) => {
    arena.f64[((batch.timesAt[i] as number) >>> 3) + k] = time;
    arena.f64[((batch.valuesAt[i] as number) >>> 3) + k] = value;
    if (hasStarts) arena.f64[((batch.startsAt[i] as number) >>> 3) + k] = startMs;
    if (isHistogram) (arena.u32[kinds + (k >>> 5)] as number) |= 1 << (k & 31);
  });
}

/** Sample `k` of series `i`. */
function sampleOf(arena: Arena, batch: SeriesBatch, i: number, k: number): [number, Sample] {
  const at = (address: number): number => arena.f64[(address >>> 3) + k] as number;
  const kinds = batch.kindsAt[i] as number;
  const startsAt = batch.startsAt[i] as number;
  const word = kinds === 0 ? 0 : (arena.u32[(kinds >>> 2) + (k >>> 5)] as number);
  const sample = {
    value: at(batch.valuesAt[i] as number),
    isHistogram: ((word >>> (k & 31)) & 1) === 1,
    startMs: startsAt === 0 ? 0 : at(startsAt),
  };
  return [at(batch.timesAt[i] as number), sample];
}

function someContent(random: SeededRandom, fromMs: number): Content {
  const content = new Map<number, Map<number, Sample>>();
  const [histograms, starts] = [random.below(3) === 0, random.below(3) === 0];
  for (let key = 2; key < 12; key++) {
    if (random.below(3) === 0) continue;
    const samples = new Map<number, Sample>();
    for (
      let time = fromMs + random.below(5), n = random.below(random.below(5) === 0 ? 80 : 8);
      samples.size < n;
      time += 1 + random.below(4)
    ) {
      const isHistogram = histograms && random.below(2) === 0;
      const startMs = starts && random.below(2) === 0 ? 1 + random.below(9) : 0;
      samples.set(time, { value: random.below(1_000), isHistogram, startMs });
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
    const expected = new Map<number, Map<number, Sample>>();
    for (const content of contents) {
      for (const [key, samples] of content) {
        const all = expected.get(key) ?? new Map<number, Sample>();
        for (const [time, value] of samples) if (!all.has(time)) all.set(time, value);
        expected.set(key, all);
      }
    }
    const merged = mergeSeriesSets(contents.map(setOf));
    const found = new Map<number, Map<number, Sample>>();
    const batch = new SeriesBatch();
    for (let first = 0; first < merged.count;) {
      const got = merged.read(first, merged.count, batch, scratch);
      for (let i = 0; i < got; i++) {
        const samples = new Map<number, Sample>();
        for (let k = 0; k < (batch.count[i] as number); k++) {
          samples.set(...sampleOf(arena, batch, i, k));
        }
        found.set(merged.labelIds[(merged.labelEnds[first + i] as number) - 1] as number, samples);
      }
      first += got;
    }
    const sorted = (content: Map<number, Map<number, Sample>>): [number, [number, Sample][]][] =>
      [...content]
        .map(([key, samples]): [number, [number, Sample][]] => [
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
