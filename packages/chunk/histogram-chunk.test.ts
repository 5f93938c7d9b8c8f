/** Histogram chunks as Prometheus 3.14 writes them, byte for byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { Histogram } from "@narthex/model/histogram";
import type { ChunkEncoding } from "./chunk-encoding.ts";
import { HistogramAppender, type GivenHistogram } from "./histogram-appender.ts";
import { encodeXor2Chunk } from "./xor2-chunk.ts";

const stale = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer)[0];

/** Chunks of samples: time, start time, histogram; in hexadecimal. */
function chunks(encoding: ChunkEncoding, samples: readonly [number, number, GivenHistogram][]): string[] {
  let appender = HistogramAppender.create(encoding);
  const all = [appender];
  for (const [timeMs, startMs, h] of samples) {
    const next = appender.append(null, startMs, timeMs, h);
    if (next === null) continue;
    ({ appender } = next);
    if (next.isRecoded) all[all.length - 1] = appender;
    else all.push(appender);
  }
  return all.map((chunk) => Buffer.from(chunk.view()).toString("hex"));
}

const span = (offset: number, length: number) => ({ offset, length });

test("integer histogram: recoded for a new bucket, then stale", () => {
  const common = { schema: 1, zeroThreshold: 2 ** -128, zeroCount: 1 };
  const first = { count: 5, sum: 12.5, positiveSpans: [span(0, 2), span(1, 1)], positiveBuckets: [1, 1, -1] };
  const second = {
    count: 8,
    sum: 16,
    positiveSpans: [span(0, 3), span(0, 1)],
    positiveBuckets: [2, 0, -1, 1],
  };
  assert.deepEqual(
    chunks(2, [
      [1000, 0, Histogram.of({ ...common, ...first })],
      [16_000, 0, Histogram.of({ ...common, ...second })],
      [31_000, 0, Histogram.of({ sum: stale })],
    ]),
    ["000300748ca689e3e8ac500a400000000000231b47e0ea626d62e6378862f7fc00000000000020"],
  );
});

test("float gauge histogram with start times", () => {
  const h = (count: number, zeroCount: number, sum: number) =>
    FloatHistogram.of({
      counterResetHint: 3,
      zeroThreshold: 0.001,
      zeroCount,
      count,
      sum,
      positiveSpans: [span(-2, 1)],
      negativeSpans: [span(0, 1)],
      positiveBuckets: [1],
      negativeBuckets: [1],
    });
  assert.deepEqual(
    chunks(6, [
      [1000, 400, h(2.5, 0.5, 12.5)],
      [16_000, 400, h(2.25, 0.25, 16)],
      [31_000, 30_000, h(2.25, 0.25, 16)],
    ]),
    [
      "c00382ff3f50624dd2f1a9fc46368c5e3e840040000000000003fe00000000000004029" +
        "0000000000003ff00000000000003ff0000000000000b009f83a98da17a82f58b900fbc9500",
    ],
  );
});

test("custom buckets: a reset begins a chunk whose header says so", () => {
  const h = (count: number, length: number, positiveBuckets: number[]) =>
    Histogram.of({
      schema: -53,
      count,
      sum: 3,
      positiveSpans: [span(0, length)],
      positiveBuckets,
      customValues: [0.005, 2.5, 1e9],
    });
  assert.deepEqual(
    chunks(2, [
      [1000, 0, h(3, 3, [1, 0, 0])],
      [2000, 0, h(2, 2, [1, 0])],
    ]),
    [
      "00010000ee5c664ede9c520e6e6b28000000078fa264008000000000000880",
      "00018000ee5c644ede9c520e6e6b28000000079f4244008000000000000880",
    ],
  );
});

test("floats with start times", () => {
  const times = Float64Array.of(1000, 16_000, 31_000, 46_001, 61_002);
  const starts = Float64Array.of(400, 400, 400, 45_000, 45_000);
  assert.equal(
    Buffer.from(encodeXor2Chunk(times, Float64Array.of(1, 1, 2, stale, 2), starts)).toString("hex"),
    "000583d00f3ff0000000000000b00998755097fff0007fde4a83e0ea64",
  );
});
