/** Laws of histogram chunks: what goes in comes out; hostile bytes are refused or read, never more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { chunkSampleCount, type ChunkEncoding } from "./chunk-encoding.ts";
import { HistogramAppender } from "./histogram-appender.ts";
import { HistogramReader } from "./histogram-reader.ts";
import { compactText, HistogramSource } from "./test-histograms.ts";

const encodings: readonly ChunkEncoding[] = [2, 3, 5, 6];

interface Sample {
  readonly timeMs: number;
  readonly startMs: number;
  readonly h: Histogram | FloatHistogram;
}

function samplesOf(random: SeededRandom, encoding: ChunkEncoding): Sample[] {
  const source = new HistogramSource(random, encoding === 3 || encoding === 6);
  let timeMs = random.below(2) === 0 ? 1_700_000_000_000 : 0;
  let startMs = 0;
  return Array.from({ length: 1 + random.below(150) }, () => {
    timeMs += random.below(5) === 0 ? 1 + random.below(1e6) : 15_000;
    if (random.below(20) === 0) startMs = Math.max(0, timeMs - random.below(1e5));
    return { timeMs, startMs: encoding >= 5 ? startMs : 0, h: source.next() };
  });
}

function chunksOf(encoding: ChunkEncoding, samples: readonly Sample[]): Uint8Array[] {
  let appender = HistogramAppender.create(encoding);
  const chunks = [appender];
  for (const { startMs, timeMs, h } of samples) {
    const next = appender.append(null, startMs, timeMs, h);
    if (next === null) continue;
    ({ appender } = next);
    if (next.isRecoded) chunks[chunks.length - 1] = appender;
    else chunks.push(appender);
  }
  return chunks.map((chunk) => chunk.view().slice());
}

function read(encoding: ChunkEncoding, chunk: Uint8Array, limit: number): Sample[] {
  const reader = new HistogramReader();
  reader.open(encoding, chunk, limit);
  const samples: Sample[] = [];
  while (reader.next()) {
    const h = encoding === 3 || encoding === 6 ? reader.floatHistogram() : reader.histogram();
    samples.push({ timeMs: reader.timeMs, startMs: reader.startMs, h });
  }
  return samples;
}

test("histograms come out as they went in, whatever chunks they need", () =>
  forSeeds(400, (random) => {
    const encoding = encodings[random.below(4)];
    const samples = samplesOf(random, encoding);
    const got = chunksOf(encoding, samples).flatMap((chunk) =>
      read(encoding, chunk, chunkSampleCount(encoding, chunk)),
    );
    assert.deepEqual(
      got.map(({ timeMs, startMs }) => [timeMs, startMs]),
      samples.map(({ timeMs, startMs }) => [timeMs, startMs]),
    );
    assert.deepEqual(
      got.map(({ h }) => compactText(h)),
      samples.map(({ h }) => compactText(h)),
    );
  }));

test("a chunk that is gone on with from its bytes gets the same bytes", () =>
  forSeeds(200, (random) => {
    const encoding = encodings[random.below(4)];
    const samples = samplesOf(random, encoding);
    let whole = HistogramAppender.create(encoding);
    let resumed = HistogramAppender.create(encoding);
    for (const { startMs, timeMs, h } of samples) {
      whole = whole.append(null, startMs, timeMs, h)?.appender ?? whole;
      resumed = HistogramAppender.resume(encoding, resumed.view());
      resumed = resumed.append(null, startMs, timeMs, h)?.appender ?? resumed;
      assert.deepEqual(resumed.view(), whole.view());
    }
  }));

test("hostile bytes are refused with DecodeError, or read as as many samples as were asked for", () =>
  forSeeds(3000, (random) => {
    const encoding = encodings[random.below(4)];
    let [chunk] = chunksOf(encoding, samplesOf(random, encoding));
    const limit = chunkSampleCount(encoding, chunk) + random.below(2);
    const kind = random.below(3);
    if (kind === 0) chunk = chunk.slice(0, random.below(chunk.length + 1));
    if (kind === 1) chunk[random.below(chunk.length)] ^= 1 << random.below(8);
    if (kind === 2) chunk = Uint8Array.from({ length: random.below(80) }, () => random.below(256));
    try {
      assert.equal(read(encoding, chunk, limit).length, limit);
    } catch (error) {
      const name = (error as Error).name;
      assert.ok(name === "DecodeError" || name === "InvalidHistogramError", String(error));
    }
  }));
