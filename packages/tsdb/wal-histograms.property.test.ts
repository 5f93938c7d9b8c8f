/** Laws of histogram records in the log. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "@narthex/bytes/byte-writer";
import { HistogramSource } from "@narthex/chunk/test-histograms";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { decodeHistograms, encodeHistograms, type HistogramEntry } from "./wal-histograms.ts";

function entries(random: SeededRandom): HistogramEntry[] {
  const sources = Array.from({ length: 4 }, (_, i) => new HistogramSource(random, i % 2 === 1));
  return Array.from({ length: 1 + random.below(12) }, (_, i) => ({
    ref: 1 + random.below(1e6),
    timeMs: 1_700_000_000_000 + random.below(1e5),
    startMs: random.below(3) === 0 ? 0 : 1_699_999_000_000 + random.below(3),
    histogram: sources[i % 4].next(),
  }));
}

function records(given: readonly HistogramEntry[], withStart: boolean): Uint8Array[] {
  const all: Uint8Array[] = [];
  encodeHistograms(new ByteWriter(), given, withStart, (record) => all.push(record.slice()));
  return all;
}

/** What an entry says, in an order of its own: records are sorted by kind. */
function texts(some: readonly HistogramEntry[], withStart: boolean): string[] {
  return some
    .map(({ ref, timeMs, startMs, histogram }) => {
      const kind = histogram instanceof FloatHistogram ? "float" : "integer";
      const { positiveSpans, positiveBuckets, negativeBuckets, customValues, sum, counterResetHint } =
        histogram;
      const buckets = [positiveSpans, positiveBuckets, negativeBuckets, customValues, counterResetHint];
      return JSON.stringify([ref, timeMs, withStart ? startMs : 0, kind, String(sum), buckets]);
    })
    .toSorted();
}

test("histograms come out of their records as they went in", () =>
  forSeeds(500, (random) => {
    const given = entries(random);
    const withStart = random.below(2) === 0;
    const got = records(given, withStart).flatMap((record) => decodeHistograms(record));
    assert.deepEqual(texts(got, withStart), texts(given, withStart));
  }));

test("hostile records decode or are refused with DecodeError", () =>
  forSeeds(2000, (random) => {
    const [record] = records(entries(random), random.below(2) === 0);
    const cut = record.slice(0, 1 + random.below(record.length));
    if (random.below(2) === 0) cut[random.below(cut.length)] ^= 1 << random.below(8);
    try {
      assert.ok(Array.isArray(decodeHistograms(cut)));
    } catch (error) {
      assert.match((error as Error).name, /^(?:Decode|InvalidHistogram)Error$/u);
    }
  }));
