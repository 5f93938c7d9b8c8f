/**
 * Overlapping or partly deleted chunks of any encoding, decoded and encoded anew: the slow way of compaction
 * for series that have more than plain floats.
 *
 * Samples come in the order of their times; of several at one time the one of the first chunk stays. A chunk
 * ends after 120 samples, where the kind of sample changes, and where histograms want a new one
 * (chunk/histogram-appender.ts). Start times are kept when one of the chunks had them.
 *
 * What a histogram said about resets since the one before is taken over only where that one is still before
 * it.
 */

import { ChunkEncoding, chunkSampleCount, holdsHistograms } from "@narthex/chunk/chunk-encoding";
import { HistogramAppender } from "@narthex/chunk/histogram-appender";
import { HistogramReader } from "@narthex/chunk/histogram-reader";
import { holdsFloatHistograms } from "@narthex/chunk/histogram-state";
import { decodeXorChunk, encodeXorChunk } from "@narthex/chunk/xor-chunk";
import { decodeXor2Chunk, encodeXor2Chunk } from "@narthex/chunk/xor2-chunk";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";
import type { SourceChunk } from "./block-writer.ts";
import type { Interval } from "./tombstones.ts";

const samplesPerChunk = 120;

/** A chunk's bytes, without encoding byte, and what was deleted of its series. */
export interface ChunkToMerge {
  readonly encoding: number;
  readonly bytes: Uint8Array;
  readonly intervals: readonly Interval[];
}

/** A decoded sample; a float's value as its bits. */
interface Sample {
  readonly timeMs: number;
  readonly startMs: number;
  readonly bits: bigint;
  readonly histogram: Histogram | FloatHistogram | null;
  readonly isFloatHistogram: boolean;
  /** The sample decoded before it from the same chunk. */
  readonly before: Sample | null;
}

/** Whether plain float kernels do not suffice for these chunks. */
export function needsSlowMerge(encodings: readonly number[]): boolean {
  return encodings.some((encoding) => encoding !== ChunkEncoding.Xor);
}

/** Merges the chunks of one series, earlier ones first. Throws `DecodeError`. */
export function* mergeChunks(chunks: readonly ChunkToMerge[]): Generator<SourceChunk> {
  const samples = chunks.flatMap((chunk) => decode(chunk)).sort((a, b) => a.timeMs - b.timeMs);
  const withStarts = chunks.some(({ encoding }) => encoding >= ChunkEncoding.Xor2);
  const kept = samples.filter((sample, i) => i === 0 || samples[i - 1].timeMs !== sample.timeMs);
  for (let from = 0; from < kept.length;) {
    const first = kept[from];
    let to = from + 1;
    while (to < kept.length && to - from < samplesPerChunk && isSameKind(first, kept[to])) to++;
    if (first.histogram === null) yield floatChunk(kept.slice(from, to), withStarts);
    else yield* histogramChunks(kept, from, to, withStarts);
    from = to;
  }
}

function isSameKind(a: Sample, b: Sample): boolean {
  return (a.histogram === null) === (b.histogram === null) && a.isFloatHistogram === b.isFloatHistogram;
}

/** Samples of a chunk that are not deleted. */
function decode({ encoding, bytes, intervals }: ChunkToMerge): Sample[] {
  const all = holdsHistograms(encoding)
    ? decodeHistogramSamples(encoding as ChunkEncoding, bytes)
    : decodeFloatSamples(encoding, bytes);
  return all.filter(
    ({ timeMs }) => !intervals.some(({ minTimeMs, maxTimeMs }) => minTimeMs <= timeMs && timeMs <= maxTimeMs),
  );
}

function decodeFloatSamples(encoding: number, bytes: Uint8Array): Sample[] {
  const limit = chunkSampleCount(encoding, bytes);
  const isXor = encoding === ChunkEncoding.Xor;
  const started = isXor ? null : decodeXor2Chunk(bytes, limit);
  const { timesMs, values } = started ?? decodeXorChunk(bytes, limit);
  const bits = new BigUint64Array(values.buffer);
  return Array.from(bits, (value, i) => ({
    timeMs: timesMs[i],
    startMs: started === null ? 0 : started.startsMs[i],
    bits: value,
    histogram: null,
    isFloatHistogram: false,
    before: null,
  }));
}

function decodeHistogramSamples(encoding: ChunkEncoding, bytes: Uint8Array): Sample[] {
  const reader = new HistogramReader();
  reader.open(encoding, bytes, chunkSampleCount(encoding, bytes));
  const isFloatHistogram = holdsFloatHistograms(encoding);
  const samples: Sample[] = [];
  while (reader.next()) {
    const { timeMs, startMs } = reader;
    const histogram = isFloatHistogram ? reader.floatHistogram() : reader.histogram();
    samples.push({ timeMs, startMs, bits: 0n, histogram, isFloatHistogram, before: samples.at(-1) ?? null });
  }
  return samples;
}

function floatChunk(samples: readonly Sample[], withStarts: boolean): SourceChunk {
  const times = Float64Array.from(samples, ({ timeMs }) => timeMs);
  const values = new Float64Array(BigUint64Array.from(samples, ({ bits }) => bits).buffer);
  const starts = Float64Array.from(samples, ({ startMs }) => startMs);
  return {
    minTimeMs: times[0],
    maxTimeMs: times[times.length - 1],
    encoding: withStarts ? ChunkEncoding.Xor2 : ChunkEncoding.Xor,
    bytes: withStarts ? encodeXor2Chunk(times, values, starts) : encodeXorChunk(times, values),
  };
}

/** Chunks of samples `from` … `to` - 1, all of one kind. */
function* histogramChunks(
  samples: readonly Sample[],
  from: number,
  to: number,
  withStarts: boolean,
): Generator<SourceChunk> {
  const plain = samples[from].isFloatHistogram ? ChunkEncoding.FloatHistogram : ChunkEncoding.Histogram;
  const encoding = (withStarts ? plain + 3 : plain) as ChunkEncoding;
  let appender = HistogramAppender.create(encoding);
  let first = from;
  const chunk = (end: number): SourceChunk => ({
    minTimeMs: samples[first].timeMs,
    maxTimeMs: samples[end - 1].timeMs,
    encoding,
    bytes: appender.view(),
  });
  for (let i = from; i < to; i++) {
    const { timeMs, startMs, histogram, before } = samples[i];
    const h = histogram as Histogram | FloatHistogram;
    const isAsBefore = i > 0 && before === samples[i - 1];
    if (!isAsBefore && h.counterResetHint === CounterResetHint.NotReset) {
      h.counterResetHint = CounterResetHint.Unknown;
    }
    const next = appender.append(null, startMs, timeMs, h);
    if (next === null) continue;
    if (!next.isRecoded) {
      yield chunk(i);
      first = i;
    }
    ({ appender } = next);
  }
  yield chunk(to);
}
