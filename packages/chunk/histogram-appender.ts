/**
 * Appends histograms to chunks: decides whether one fits the open chunk, whether the chunk must be recoded
 * for buckets it does not have yet, or a new chunk begins.
 *
 *  - Counters and gauges do not share a chunk, nor do different schemas, zero thresholds or custom bounds.
 *  - A counter that was reset begins a chunk, whose header says so. What came after a staleness marker
 *    begins one too.
 *  - Buckets that are new are put into all samples of the chunk; buckets that a counter no longer shows, and
 *    that were empty, are put into the new sample. A gauge gets the buckets of both.
 *
 * Given histograms are not changed. Results equal the original's byte for byte.
 */

import { assert } from "@narthex/platform/assert";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { isStaleMarker } from "@narthex/model/float-histogram";
import { isCustomBucketsSchema } from "@narthex/model/histogram-schema";
import {
  absoluteCounts,
  deltasOf,
  insertEmpty,
  isAnyBucketLower,
  layoutChange,
  type Insert,
  type LayoutChange,
} from "./bucket-layout.ts";
import { chunkSampleCount, type ChunkEncoding } from "./chunk-encoding.ts";
import { HistogramReader } from "./histogram-reader.ts";
import { holdsFloatHistograms, ResetHeader, type HistogramState } from "./histogram-state.ts";
import { HistogramWriter, type HistogramSample } from "./histogram-writer.ts";

/** A histogram to append: of the kind that the encoding holds. */
export interface GivenHistogram extends HistogramSample {
  readonly counterResetHint: CounterResetHint;
}

/** Where appending goes on. */
export interface Continuation {
  readonly appender: HistogramAppender;
  /** Whether its chunk takes the place of the one before; otherwise it comes after that one. */
  readonly isRecoded: boolean;
}

/** Buckets to put in on both sides. */
interface Changes {
  readonly positive: LayoutChange;
  readonly negative: LayoutChange;
}

const noInserts: readonly Insert[] = [];

/** The open histogram chunk of a series. */
export class HistogramAppender {
  readonly encoding: ChunkEncoding;
  readonly isFloat: boolean;
  readonly #writer: HistogramWriter;

  private constructor(writer: HistogramWriter) {
    this.encoding = writer.encoding;
    this.isFloat = holdsFloatHistograms(writer.encoding);
    this.#writer = writer;
  }

  /** An empty chunk. */
  static create(encoding: ChunkEncoding): HistogramAppender {
    return new HistogramAppender(new HistogramWriter(encoding));
  }

  /** Goes on with a chunk. Throws `DecodeError`. */
  static resume(encoding: ChunkEncoding, chunk: Uint8Array): HistogramAppender {
    const reader = new HistogramReader();
    reader.open(encoding, chunk, chunkSampleCount(encoding, chunk));
    while (reader.next());
    return new HistogramAppender(reader.writer(chunk));
  }

  get samples(): number {
    return this.#writer.samples;
  }

  /** Bits of the chunk so far. */
  get lengthBits(): number {
    return this.#writer.output.lengthBits;
  }

  get resetHeader(): ResetHeader {
    return this.#writer.resetHeader;
  }

  /** Time of the last sample. */
  get lastTimeMs(): number {
    return this.#writer.state?.timeMs ?? -Infinity;
  }

  /** The chunk, as a view that the next append may make stale. */
  view(): Uint8Array {
    return this.#writer.output.view();
  }

  /**
   * Appends a histogram that is newer than the last one. Null when it went into this chunk; otherwise where
   * appending goes on, this one is to be left alone then. `previous` is the chunk before this one, if known:
   * it tells the first sample of a new chunk whether there was a reset.
   */
  append(
    previous: HistogramAppender | null,
    startMs: number,
    timeMs: number,
    h: GivenHistogram,
  ): Continuation | null {
    const isGauge = h.counterResetHint === CounterResetHint.Gauge;
    if (this.samples === 0) {
      this.#writer.write(startMs, timeMs, h);
      this.#writer.resetHeader = this.#firstHeader(previous, h);
      return null;
    }
    const verdict = isGauge ? this.#fitGauge(h) : this.#fitCounter(h);
    if (typeof verdict === "number") return this.#cut(verdict, startMs, timeMs, h);
    const sample = this.#withBuckets(h, verdict, isGauge);
    const { positive, negative } = verdict;
    if (positive.intoOld.length === 0 && negative.intoOld.length === 0) {
      this.#writer.write(startMs, timeMs, sample);
      return null;
    }
    const appender = this.#recode(verdict, sample);
    appender.#writer.write(startMs, timeMs, sample);
    return { appender, isRecoded: true };
  }

  #firstHeader(previous: HistogramAppender | null, h: GivenHistogram): ResetHeader {
    if (h.counterResetHint === CounterResetHint.Gauge) return ResetHeader.Gauge;
    if (h.counterResetHint === CounterResetHint.Reset) return ResetHeader.Reset;
    if (previous === null || previous.isFloat !== this.isFloat) return ResetHeader.Unknown;
    const verdict = previous.#fitCounter(h);
    if (typeof verdict !== "number") return ResetHeader.NotReset;
    return this.isFloat && verdict !== ResetHeader.Reset ? ResetHeader.NotReset : verdict;
  }

  #cut(header: ResetHeader, startMs: number, timeMs: number, h: GivenHistogram): Continuation {
    const appender = HistogramAppender.create(this.encoding);
    appender.#writer.write(startMs, timeMs, h);
    // Float histograms keep only what is certain.
    const isKept = !this.isFloat || header === ResetHeader.Reset || header === ResetHeader.Gauge;
    appender.#writer.resetHeader = isKept ? header : ResetHeader.Unknown;
    return { appender, isRecoded: false };
  }

  /** How a counter fits; the header of the new chunk when it does not. */
  #fitCounter(h: GivenHistogram): Changes | ResetHeader {
    const state = this.#writer.state as HistogramState;
    if (this.resetHeader === ResetHeader.Gauge) return ResetHeader.NotReset;
    if (h.counterResetHint === CounterResetHint.Reset) return ResetHeader.Reset;
    if (isStaleMarker(h.sum)) return unchanged;
    if (state.isStale) return ResetHeader.Unknown;
    if (h.count < state.observations) return ResetHeader.Reset;
    if (!this.#hasSameSchema(h)) return ResetHeader.Unknown;
    if (!this.#hasSameBounds(h)) return ResetHeader.Reset;
    if (h.zeroCount < state.zeroObservations) return ResetHeader.Reset;
    if (this.#isAnyBucketLower(h, true) || this.#isAnyBucketLower(h, false)) return ResetHeader.Reset;
    return this.#changes(h, false);
  }

  /** How a gauge fits; the header of the new chunk when it does not. */
  #fitGauge(h: GivenHistogram): Changes | ResetHeader {
    const state = this.#writer.state as HistogramState;
    if (this.resetHeader !== ResetHeader.Gauge) return ResetHeader.Gauge;
    if (isStaleMarker(h.sum)) return unchanged;
    if (state.isStale || !this.#hasSameSchema(h) || !this.#hasSameBounds(h)) return ResetHeader.Gauge;
    return this.#changes(h, true);
  }

  #hasSameSchema(h: GivenHistogram): boolean {
    const { layout } = this.#writer.state as HistogramState;
    return h.schema === layout.schema && h.zeroThreshold === layout.zeroThreshold;
  }

  #hasSameBounds({ schema, customValues }: GivenHistogram): boolean {
    if (!isCustomBucketsSchema(schema)) return true;
    const known = (this.#writer.state as HistogramState).layout.customValues;
    if (known === customValues) return true;
    return known.length === customValues.length && known.every((bound, i) => bound === customValues[i]);
  }

  #isAnyBucketLower(h: GivenHistogram, isPositive: boolean): boolean {
    const state = this.#writer.state as HistogramState;
    const counts: number[] = [];
    state.writeCounts(counts, 0);
    const { positiveCount, layout } = state;
    const before = isPositive ? counts.slice(0, positiveCount) : counts.slice(positiveCount);
    const given = isPositive ? h.positiveBuckets : h.negativeBuckets;
    return isAnyBucketLower(
      isPositive ? layout.positiveSpans : layout.negativeSpans,
      before,
      isPositive ? h.positiveSpans : h.negativeSpans,
      this.isFloat ? given : absoluteCounts(given),
    );
  }

  #changes(h: GivenHistogram, isGauge: boolean): Changes {
    const { layout } = this.#writer.state as HistogramState;
    return {
      positive: layoutChange(layout.positiveSpans, h.positiveSpans, isGauge),
      negative: layoutChange(layout.negativeSpans, h.negativeSpans, isGauge),
    };
  }

  /** The histogram with the empty buckets that it lacks. */
  #withBuckets(h: GivenHistogram, { positive, negative }: Changes, isGauge: boolean): HistogramSample {
    if (positive.intoNew.length === 0 && negative.intoNew.length === 0) return h;
    const { layout } = this.#writer.state as HistogramState;
    const isOldLayout = !isGauge && positive.intoOld.length === 0 && negative.intoOld.length === 0;
    const spans = ({ intoNew, spans: all }: LayoutChange, given: HistogramSample["positiveSpans"]) =>
      isGauge || intoNew.length > 0 ? all : given;
    return {
      ...h,
      positiveSpans: isOldLayout ? layout.positiveSpans : spans(positive, h.positiveSpans),
      negativeSpans: isOldLayout ? layout.negativeSpans : spans(negative, h.negativeSpans),
      positiveBuckets: this.#filled(h.positiveBuckets, positive.intoNew),
      negativeBuckets: this.#filled(h.negativeBuckets, negative.intoNew),
    };
  }

  #filled(buckets: readonly number[], inserts: readonly Insert[]): readonly number[] {
    if (inserts.length === 0) return buckets;
    if (this.isFloat) return insertEmpty(buckets, inserts);
    return deltasOf(insertEmpty(absoluteCounts(buckets), inserts));
  }

  /** This chunk's samples with the buckets that it lacks, in the spans of `sample`. */
  #recode(
    { positive, negative }: Changes,
    { positiveSpans, negativeSpans }: HistogramSample,
  ): HistogramAppender {
    const appender = HistogramAppender.create(this.encoding);
    const reader = new HistogramReader();
    reader.open(this.encoding, this.view(), this.samples);
    while (reader.next()) {
      const h = this.isFloat ? reader.floatHistogram() : reader.histogram();
      appender.#writer.write(reader.startMs, reader.timeMs, {
        ...h,
        positiveSpans,
        negativeSpans,
        positiveBuckets: this.#filled(h.positiveBuckets, positive.intoOld),
        negativeBuckets: this.#filled(h.negativeBuckets, negative.intoOld),
      });
    }
    appender.#writer.resetHeader = this.resetHeader;
    assert(appender.samples === this.samples, "recoding keeps all samples");
    return appender;
  }
}

const unchanged: Changes = {
  positive: { intoOld: noInserts, intoNew: noInserts, spans: [] },
  negative: { intoOld: noInserts, intoNew: noInserts, spans: [] },
};
