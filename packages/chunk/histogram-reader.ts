/**
 * Reads histogram chunks, sample by sample: the inverse of histogram-writer.ts.
 *
 * One reader serves many chunks: `open`, then `next` until it says false; after each `next` the sample can be
 * taken as a whole (`histogram`, `floatHistogram`) or piece by piece from `state`.
 *
 * Invariants
 *  - Bytes that do not hold the samples are refused (`DecodeError`), never read past; nothing is allocated
 *    that the bytes could not fill.
 */

import { DecodeError } from "@narthex/bytes/decode-error";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { Histogram } from "@narthex/model/histogram";
import { maxExponentialSchema } from "@narthex/model/histogram-schema";
import { BitInput } from "./bit-input.ts";
import { BitOutput } from "./bit-output.ts";
import type { ChunkEncoding } from "./chunk-encoding.ts";
import { bucketsIn, readLayout } from "./histogram-layout.ts";
import {
  histogramHeaderBytes,
  histogramsHaveStarts,
  HistogramState,
  holdsFloatHistograms,
  resetHeaderOf,
  ResetHeader,
  xorSlot,
} from "./histogram-state.ts";
import { HistogramWriter } from "./histogram-writer.ts";
import { StartTimeDecoder } from "./start-times.ts";

const empty = { schema: 0, zeroThreshold: 0, positiveSpans: [], negativeSpans: [], customValues: [] };

/** A position in a histogram chunk. */
export class HistogramReader {
  /** The last sample read. */
  state = new HistogramState(empty, false);
  /** Samples read so far. */
  samples = 0;
  #encoding: ChunkEncoding = 2;
  #hasStarts = false;
  #isFloat = false;
  #isGauge = false;
  #limit = 0;
  readonly #input = new BitInput();
  readonly #starts = new StartTimeDecoder();

  /**
   * Begins with the first `limit` samples of the chunk in `bytes` from `start` to `end` (exclusive), without
   * the encoding byte. Throws `DecodeError`.
   */
  open(
    encoding: ChunkEncoding,
    bytes: Uint8Array,
    limit: number,
    start = 0,
    end: number = bytes.length,
  ): void {
    if (end - start < histogramHeaderBytes)
      throw new DecodeError("a histogram chunk has three bytes at least");
    this.#encoding = encoding;
    this.#hasStarts = histogramsHaveStarts(encoding);
    this.#isFloat = holdsFloatHistograms(encoding);
    this.#isGauge = resetHeaderOf(encoding, bytes, start) === ResetHeader.Gauge;
    this.#limit = limit;
    this.samples = 0;
    this.#input.open(bytes, start + histogramHeaderBytes, end);
    if (this.#hasStarts) this.#starts.open(bytes[start + 2]);
  }

  get timeMs(): number {
    return this.state.timeMs;
  }

  /** When the sample's counter began, 0 for unknown. */
  get startMs(): number {
    return this.#hasStarts ? this.#starts.startMs : 0;
  }

  /** What the sample says about resets: nothing for the first one of a chunk. */
  get hint(): CounterResetHint {
    if (this.#isGauge) return CounterResetHint.Gauge;
    return this.samples > 1 ? CounterResetHint.NotReset : CounterResetHint.Unknown;
  }

  /** Whether the schema is one that must be reduced before use. */
  get isTooFine(): boolean {
    return this.state.layout.schema > maxExponentialSchema;
  }

  /** Reads the next sample; false behind the last one. Throws `DecodeError`. */
  next(): boolean {
    if (this.samples === this.#limit) return false;
    const beforeMs = this.state.timeMs;
    if (this.samples === 0) this.#readFirst();
    else this.#readNext();
    if (this.#hasStarts) this.#starts.read(this.#input, this.samples, this.state.timeMs, beforeMs);
    this.samples++;
    return true;
  }

  #readFirst(): void {
    const input = this.#input;
    const layout = readLayout(input);
    const buckets = bucketsIn(layout.positiveSpans) + bucketsIn(layout.negativeSpans);
    if (buckets * (this.#isFloat ? 64 : 1) > input.remainingBits) throw new DecodeError("the bits end early");
    const state = new HistogramState(layout, this.#isFloat);
    this.state = state;
    state.timeMs = input.varbitInt();
    if (state.isFloat) {
      state.xor.readFirst(input, xorSlot.count);
      state.xor.readFirst(input, xorSlot.zeroCount);
      state.xor.readFirst(input, xorSlot.sum);
      for (let i = 0; i < buckets; i++) state.xor.readFirst(input, xorSlot.buckets + i);
      return;
    }
    state.count = input.varbitUint();
    state.zeroCount = input.varbitUint();
    state.xor.readFirst(input, xorSlot.sum);
    for (let i = 0; i < buckets; i++) state.buckets[i] = input.varbitInt();
  }

  #readNext(): void {
    const input = this.#input;
    const { state } = this;
    state.deltaMs += input.varbitInt();
    state.timeMs += state.deltaMs;
    if (state.isFloat) {
      state.xor.read(input, xorSlot.count);
      state.xor.read(input, xorSlot.zeroCount);
      state.xor.read(input, xorSlot.sum);
      if (state.isStale) return;
      for (let i = 0; i < state.bucketCount; i++) state.xor.read(input, xorSlot.buckets + i);
      return;
    }
    state.countDelta += input.varbitInt();
    state.count += state.countDelta;
    state.zeroCountDelta += input.varbitInt();
    state.zeroCount += state.zeroCountDelta;
    state.xor.read(input, xorSlot.sum);
    if (state.isStale) return;
    const { buckets, bucketChanges } = state;
    for (let i = 0; i < buckets.length; i++) {
      bucketChanges[i] += input.varbitInt();
      buckets[i] += bucketChanges[i];
    }
  }

  /** The sample of an integer histogram chunk; one with nothing but the sum when it marks staleness. */
  histogram(): Histogram {
    const { state } = this;
    if (state.isStale) return Histogram.of({ sum: state.sum });
    const { positiveCount, buckets } = state;
    const h = Histogram.of({
      ...this.#commonFields(),
      positiveBuckets: Array.from(buckets.subarray(0, positiveCount)),
      negativeBuckets: Array.from(buckets.subarray(positiveCount)),
    });
    return this.isTooFine ? h.reduceResolution(maxExponentialSchema) : h;
  }

  /** The sample with float counts, of any histogram chunk. */
  floatHistogram(): FloatHistogram {
    const { state } = this;
    if (state.isStale) return FloatHistogram.of({ sum: state.sum });
    const counts = new Float64Array(state.bucketCount);
    state.writeCounts(counts, 0);
    const h = FloatHistogram.of({
      ...this.#commonFields(),
      positiveBuckets: Array.from(counts.subarray(0, state.positiveCount)),
      negativeBuckets: Array.from(counts.subarray(state.positiveCount)),
    });
    return this.isTooFine ? h.reduceResolution(maxExponentialSchema) : h;
  }

  #commonFields(): Partial<FloatHistogram> {
    const { state } = this;
    const { schema, zeroThreshold, positiveSpans, negativeSpans, customValues } = state.layout;
    return {
      counterResetHint: this.hint,
      schema,
      zeroThreshold,
      zeroCount: state.zeroObservations,
      count: state.observations,
      sum: state.sum,
      positiveSpans: positiveSpans.map((span) => ({ ...span })),
      negativeSpans: negativeSpans.map((span) => ({ ...span })),
      customValues,
    };
  }

  /**
   * A writer that goes on behind the samples read so far of the chunk, which is all of `bytes`. It takes the
   * state over:
   * open the reader anew afterwards.
   */
  writer(bytes: Uint8Array): HistogramWriter {
    const writer = new HistogramWriter(
      this.#encoding,
      BitOutput.after(bytes, histogramHeaderBytes * 8 + this.#input.positionBits),
    );
    if (this.samples > 0) writer.state = this.state;
    this.state = new HistogramState(empty, false);
    writer.samples = this.samples;
    if (this.#hasStarts) {
      writer.starts.startMs = this.#starts.startMs;
      writer.starts.differenceMs = this.#starts.differenceMs;
      writer.starts.changeOn = this.#starts.changeOn;
    }
    return writer;
  }
}
