/**
 * Law of series with several kinds of samples: chunks that overlap, in part deleted, are read
 * (mixed-columns.ts) and merged (merged-chunks.ts) to the union of their samples; of two at one time the
 * first chunk's stays.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { chunkSampleCount, holdsHistograms, type ChunkEncoding } from "@narthex/chunk/chunk-encoding";
import { HistogramAppender } from "@narthex/chunk/histogram-appender";
import { compactText, HistogramSource } from "@narthex/chunk/test-histograms";
import { encodeXorChunk } from "@narthex/chunk/xor-chunk";
import { encodeXor2Chunk } from "@narthex/chunk/xor2-chunk";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { isStaleAt } from "@narthex/model/sample";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { readRecord } from "@narthex/storage/histogram-record";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { mergeChunks, type ChunkToMerge } from "./merged-chunks.ts";
import { MixedColumns } from "./mixed-columns.ts";

const arena = Arena.create();
const scratch = new Scratch(arena);
const intervals = [{ minTimeMs: 40_000, maxTimeMs: 90_000 }];

/** Chunks of a stretch of time, with the text of each sample by its time. */
interface Stretch {
  readonly chunks: ChunkToMerge[];
  readonly texts: Map<number, string>;
}

/** A stretch of one kind, with start times or not. */
function stretch(random: SeededRandom, deleted: ChunkToMerge["intervals"]): Stretch {
  const times: number[] = [];
  for (let time = random.below(60) * 1000; times.length < 1 + random.below(40);) {
    times.push((time += 1000 * (1 + random.below(5))));
  }
  const startMs = 7;
  const encoding = (1 + random.below(6)) as ChunkEncoding;
  const texts = new Map<number, string>();
  const of = (bytes: Uint8Array): ChunkToMerge => ({ encoding, bytes, intervals: deleted });
  if (!holdsHistograms(encoding)) {
    const values = Float64Array.from(times, () => random.below(100));
    times.forEach((time, i) => texts.set(time, `${encoding === 4 ? startMs : 0} ${values[i]}`));
    const column = Float64Array.from(times);
    if (encoding === 1) return { chunks: [of(encodeXorChunk(column, values))], texts };
    return {
      chunks: [
        of(
          encodeXor2Chunk(
            column,
            values,
            column.map(() => startMs),
          ),
        ),
      ],
      texts,
    };
  }
  const source = new HistogramSource(random, encoding === 3 || encoding === 6);
  let appender = HistogramAppender.create(encoding);
  const chunks: ChunkToMerge[] = [];
  for (const time of times) {
    const h = source.next();
    texts.set(time, `${encoding >= 5 ? startMs : 0} ${compactText(h)}`);
    const next = appender.append(null, startMs, time, h);
    if (next !== null && !next.isRecoded) chunks.push(of(appender.view().slice()));
    appender = next?.appender ?? appender;
  }
  chunks.push(of(appender.view().slice()));
  return { chunks, texts };
}

/** What the columns of these chunks hold. */
function read(chunks: readonly { encoding: number; bytes: Uint8Array }[], deleted: boolean): string[] {
  scratch.reset();
  const placed = chunks.map(({ encoding, bytes }) => {
    const at = scratch.take(bytes.length);
    arena.u8.set(bytes, at);
    return { encoding, at, sizeBytes: bytes.length, samples: chunkSampleCount(encoding, bytes) };
  });
  const mixed = new MixedColumns();
  const encodings = chunks.map(({ encoding }) => encoding);
  mixed.begin(
    scratch,
    placed.reduce((sum, { samples }) => sum + samples, 0),
    encodings,
  );
  for (const each of placed) assert.ok(mixed.add(each, -Infinity, Infinity));
  mixed.sort();
  if (deleted) mixed.dropDeleted(intervals);
  const batch = new SeriesBatch();
  mixed.putInto(batch, 0);
  const texts = Array.from({ length: batch.count[0] }, (_, k) => sampleText(batch, k));
  assert.equal(batch.staleCount[0], texts.filter((text) => text.endsWith("stale")).length);
  return texts;
}

function sampleText(batch: SeriesBatch, k: number): string {
  const { f64, u32 } = arena;
  const [kindsAt] = batch.kindsAt;
  const [startsAt] = batch.startsAt;
  const isHistogram = kindsAt !== 0 && ((u32[(kindsAt >>> 2) + (k >>> 5)] >>> (k & 31)) & 1) === 1;
  const at = (batch.valuesAt[0] >>> 3) + k;
  const record = isHistogram ? readRecord(arena, f64[at], new FloatHistogram()) : null;
  const value = record === null ? (isStaleAt(f64, at) ? "stale" : `${f64[at]}`) : compactText(record);
  const start = startsAt === 0 ? 0 : f64[(startsAt >>> 3) + k];
  return `${f64[(batch.timesAt[0] >>> 3) + k]} ${start} ${value}`;
}

test("overlapping chunks of all kinds are read and merged to their union", () =>
  forSeeds(500, (random) => {
    const deleted = random.below(3) === 0 ? intervals : [];
    const stretches = Array.from({ length: 1 + random.below(3) }, () => stretch(random, deleted));
    const union = new Map<number, string>();
    for (const { texts } of stretches.toReversed()) for (const [time, text] of texts) union.set(time, text);
    const expected = [...union]
      .filter(([time]) => deleted.every(({ minTimeMs, maxTimeMs }) => time < minTimeMs || time > maxTimeMs))
      .toSorted((a, b) => a[0] - b[0])
      .map(([time, text]) => `${time} ${text}`);
    const chunks = stretches.flatMap((each) => each.chunks);
    assert.deepEqual(read(chunks, deleted.length > 0), expected);
    const merged = [...mergeChunks(chunks)].map(({ encoding, bytes, minTimeMs, maxTimeMs }) => ({
      encoding,
      bytes: bytes.slice(),
      minTimeMs,
      maxTimeMs,
    }));
    assert.deepEqual(read(merged, false), expected);
    merged.forEach(({ minTimeMs, maxTimeMs }, i) => {
      assert.ok(minTimeMs <= maxTimeMs && (i === 0 || merged[i - 1].maxTimeMs < minTimeMs));
    });
  }));
