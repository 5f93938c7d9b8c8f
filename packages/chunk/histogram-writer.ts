/**
 * Writes histograms of one layout as bits: the definition of encodings 2, 3, 5 and 6. Which histograms a
 * chunk takes is decided by histogram-appender.ts.
 *
 *  1. the first sample: the layout, the time as varbit, counts (varbits, or 64 bits each in a float
 *     histogram), the sum's 64 bits, the buckets;
 *  2. every other: the change of the time's difference as varbit; the count, the zero count and (after the
 *     sum, as XORed value) the buckets likewise, those of float histograms as XORed values;
 *  3. with start times, these after each sample (start-times.ts).
 *
 * A histogram that marks its series as stale has no buckets.
 */

import { isStaleMarker } from "@narthex/model/float-histogram";
import { BitOutput } from "./bit-output.ts";
import type { ChunkEncoding } from "./chunk-encoding.ts";
import type { HistogramLayout } from "./histogram-layout.ts";
import { writeLayout } from "./histogram-layout.ts";
import {
  histogramHeaderBytes,
  histogramsHaveStarts,
  HistogramState,
  holdsFloatHistograms,
  xorSlot,
  type ResetHeader,
} from "./histogram-state.ts";
import { StartTimeEncoder } from "./start-times.ts";

/** What a sample consists of. Buckets are differences in an integer histogram, absolute in a float one. */
export interface HistogramSample extends HistogramLayout {
  readonly count: number;
  readonly zeroCount: number;
  readonly sum: number;
  readonly positiveBuckets: readonly number[];
  readonly negativeBuckets: readonly number[];
}

const nothing = {
  schema: 0,
  zeroThreshold: 0,
  count: 0,
  zeroCount: 0,
  positiveSpans: [],
  negativeSpans: [],
  positiveBuckets: [],
  negativeBuckets: [],
  customValues: [],
} as const;

/** The bits of one chunk. */
export class HistogramWriter {
  readonly encoding: ChunkEncoding;
  readonly output: BitOutput;
  readonly hasStarts: boolean;
  /** Null before the first sample. */
  state: HistogramState | null = null;
  samples = 0;
  readonly starts = new StartTimeEncoder();

  constructor(encoding: ChunkEncoding, output = new BitOutput(histogramHeaderBytes)) {
    this.encoding = encoding;
    this.output = output;
    this.hasStarts = histogramsHaveStarts(encoding);
  }

  get resetHeader(): ResetHeader {
    return (this.output.bytes[this.hasStarts ? 0 : 2] & 0xc0) as ResetHeader;
  }

  set resetHeader(header: ResetHeader) {
    const { bytes } = this.output;
    const at = this.hasStarts ? 0 : 2;
    bytes[at] = (bytes[at] & 0x3f) | header;
  }

  /** Adds a sample whose layout, unless it marks staleness, is that of the chunk. */
  write(startMs: number, timeMs: number, given: HistogramSample): void {
    const h = isStaleMarker(given.sum) ? { ...nothing, sum: given.sum } : given;
    const beforeMs = this.state?.timeMs ?? 0;
    if (this.state === null) this.#writeFirst(timeMs, h);
    else this.#writeNext(this.state, timeMs, h);
    if (this.hasStarts) this.starts.write(this.output, this.samples, timeMs, beforeMs, startMs);
    this.samples++;
    const { bytes } = this.output;
    bytes[0] = (this.hasStarts ? bytes[0] & 0xc0 : 0) | (this.samples >>> 8);
    bytes[1] = this.samples;
  }

  #writeFirst(timeMs: number, h: HistogramSample): void {
    const { output } = this;
    const { schema, zeroThreshold } = h;
    const layout = {
      schema,
      zeroThreshold,
      positiveSpans: h.positiveSpans.map((span) => ({ ...span })),
      negativeSpans: h.negativeSpans.map((span) => ({ ...span })),
      customValues: h.customValues,
    };
    const state = new HistogramState(layout, holdsFloatHistograms(this.encoding));
    this.state = state;
    state.timeMs = timeMs;
    writeLayout(output, layout);
    output.varbitInt(timeMs);
    if (state.isFloat) {
      state.xor.writeFirst(output, xorSlot.count, h.count);
      state.xor.writeFirst(output, xorSlot.zeroCount, h.zeroCount);
      state.xor.writeFirst(output, xorSlot.sum, h.sum);
      for (let i = 0; i < state.bucketCount; i++) {
        state.xor.writeFirst(output, xorSlot.buckets + i, bucketOf(h, i));
      }
      return;
    }
    state.count = h.count;
    state.zeroCount = h.zeroCount;
    output.varbitUint(h.count);
    output.varbitUint(h.zeroCount);
    state.xor.writeFirst(output, xorSlot.sum, h.sum);
    for (let i = 0; i < state.bucketCount; i++) {
      const bucket = bucketOf(h, i);
      state.buckets[i] = bucket;
      output.varbitInt(bucket);
    }
  }

  #writeNext(state: HistogramState, timeMs: number, h: HistogramSample): void {
    const { output } = this;
    const deltaMs = timeMs - state.timeMs;
    output.varbitInt(deltaMs - state.deltaMs);
    state.timeMs = timeMs;
    state.deltaMs = deltaMs;
    // A stale histogram has no buckets to write.
    const buckets = h.positiveBuckets.length + h.negativeBuckets.length;
    if (state.isFloat) {
      state.xor.write(output, xorSlot.count, h.count);
      state.xor.write(output, xorSlot.zeroCount, h.zeroCount);
      state.xor.write(output, xorSlot.sum, h.sum);
      for (let i = 0; i < buckets; i++) state.xor.write(output, xorSlot.buckets + i, bucketOf(h, i));
      return;
    }
    this.#writeCounts(state, h);
    state.xor.write(output, xorSlot.sum, h.sum);
    for (let i = 0; i < buckets; i++) {
      const bucket = bucketOf(h, i);
      const change = bucket - state.buckets[i];
      output.varbitInt(change - state.bucketChanges[i]);
      state.buckets[i] = bucket;
      state.bucketChanges[i] = change;
    }
  }

  #writeCounts(state: HistogramState, h: HistogramSample): void {
    const isStale = isStaleMarker(h.sum);
    const countDelta = h.count - state.count;
    const zeroCountDelta = h.zeroCount - state.zeroCount;
    this.output.varbitInt(isStale ? 0 : countDelta - state.countDelta);
    this.output.varbitInt(isStale ? 0 : zeroCountDelta - state.zeroCountDelta);
    state.count = h.count;
    state.zeroCount = h.zeroCount;
    state.countDelta = countDelta;
    state.zeroCountDelta = zeroCountDelta;
  }
}

function bucketOf({ positiveBuckets, negativeBuckets }: HistogramSample, i: number): number {
  const positive = positiveBuckets.length;
  return i < positive ? positiveBuckets[i] : negativeBuckets[i - positive];
}
