/**
 * The messages inside a metric family of protobuf's format: one metric with its counter, gauge, summary,
 * untyped value or histogram, read into one object that serves all metrics of a page.
 *
 * Repeated numbers are read packed and unpacked. Texts of errors name fields as the original's decoder does.
 */

import { ProtobufReader } from "@narthex/bytes/protobuf-reader";
import { DecodeError } from "@narthex/bytes/decode-error";
import type { Span } from "@narthex/model/float-histogram";
import type { PageExemplar } from "./exposition-parser.ts";
import { decodeText, isUtf8 } from "./page-text.ts";

/** A bucket of a classic histogram: cumulative counts. */
export interface ProtobufBucket {
  count: number;
  floatCount: number;
  bound: number;
  exemplar: PageExemplar | null;
}

/** A quantile of a summary. */
export interface ProtobufQuantile {
  quantile: number;
  value: number;
}

/** A histogram, classic or native or both. */
export class ProtobufHistogram {
  count = 0;
  floatCount = 0;
  sum = 0;
  startMs = 0;
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  zeroFloatCount = 0;
  buckets: ProtobufBucket[] = [];
  exemplars: PageExemplar[] = [];
  positiveSpans: Span[] = [];
  negativeSpans: Span[] = [];
  positiveDeltas: number[] = [];
  negativeDeltas: number[] = [];
  positiveCounts: number[] = [];
  negativeCounts: number[] = [];

  /**
   * Whether it has native parts. An empty native histogram shows itself by a span without buckets, or a
   * threshold.
   */
  get isNative(): boolean {
    return (
      this.positiveSpans.length > 0 ||
      this.negativeSpans.length > 0 ||
      this.zeroThreshold > 0 ||
      this.zeroCount > 0
    );
  }

  /** Whether the native parts count in floats. */
  get isFloat(): boolean {
    return this.floatCount > 0 || this.zeroFloatCount > 0;
  }

  /** All observations, whichever field says it. */
  get anyCount(): number {
    return this.floatCount === 0 ? this.count : this.floatCount;
  }
}

const noHistogram = new ProtobufHistogram();

/** One metric. A part that the message lacks is 0 or empty. */
export class ProtobufMetric {
  /** Milliseconds; 0 for none. */
  timeMs = 0;
  /** name, value, …; set by `readLabels`. */
  labelPairs: string[] = [];
  gauge = 0;
  untyped = 0;
  counter = 0;
  counterStartMs = 0;
  counterExemplar: PageExemplar | null = null;
  summaryCount = 0;
  summarySum = 0;
  summaryStartMs = 0;
  quantiles: ProtobufQuantile[] = [];
  histogram = noHistogram;
  readonly #reader = new ProtobufReader();
  readonly #page: Uint8Array;
  #labelSpans: number[] = [];

  constructor(page: Uint8Array) {
    this.#page = page;
  }

  /** Reads the metric in the page's bytes [start, end), but for its labels. Throws `DecodeError`. */
  read(start: number, end: number): void {
    this.#clear();
    const reader = this.#reader;
    reader.assign(this.#page, start, end);
    while (reader.next("Metric")) {
      switch (reader.field) {
        case 1: {
          const labelEnd = reader.bytesEnd("Label");
          this.#labelSpans.push(reader.at, labelEnd);
          reader.at = labelEnd;
          break;
        }
        case 2:
          this.gauge = this.#value("Gauge", this.gauge);
          break;
        case 3:
          this.#counter();
          break;
        case 4:
          this.#summary();
          break;
        case 5:
          this.untyped = this.#value("Untyped", this.untyped);
          break;
        case 6:
          this.timeMs = reader.int64("TimestampMs");
          break;
        case 7:
          if (this.histogram === noHistogram) this.histogram = new ProtobufHistogram();
          this.#histogram(this.histogram);
          break;
        default:
          reader.skip();
      }
    }
  }

  /** Reads and checks the labels. Throws `DecodeError`. */
  readLabels(): void {
    this.labelPairs = [];
    for (let i = 0; i < this.#labelSpans.length; i += 2) {
      this.#reader.assign(this.#page, this.#labelSpans[i], this.#labelSpans[i + 1]);
      this.#label(this.labelPairs, true);
    }
  }

  #clear(): void {
    this.timeMs = this.gauge = this.untyped = this.counter = this.counterStartMs = 0;
    this.summaryCount = this.summarySum = this.summaryStartMs = 0;
    this.counterExemplar = null;
    this.histogram = noHistogram;
    if (this.quantiles.length > 0) this.quantiles = [];
    this.#labelSpans.length = 0;
  }

  /** Reads a message that has only a value. */
  #value(name: string, before: number): number {
    const reader = this.#reader;
    let value = before;
    const end = reader.enter(name);
    while (reader.next(name)) {
      if (reader.field === 1) value = reader.double("Value");
      else reader.skip();
    }
    reader.leave(end);
    return value;
  }

  #counter(): void {
    const reader = this.#reader;
    const end = reader.enter("Counter");
    while (reader.next("Counter")) {
      if (reader.field === 1) this.counter = reader.double("Value");
      else if (reader.field === 2) this.counterExemplar = this.#exemplar("Exemplar");
      else if (reader.field === 3) this.counterStartMs = this.#timestamp("StartTimestamp");
      else reader.skip();
    }
    reader.leave(end);
  }

  #summary(): void {
    const reader = this.#reader;
    const end = reader.enter("Summary");
    while (reader.next("Summary")) {
      if (reader.field === 1) this.summaryCount = reader.uint("SampleCount");
      else if (reader.field === 2) this.summarySum = reader.double("SampleSum");
      else if (reader.field === 3) this.quantiles.push(this.#quantile());
      else if (reader.field === 4) this.summaryStartMs = this.#timestamp("StartTimestamp");
      else reader.skip();
    }
    reader.leave(end);
  }

  #quantile(): ProtobufQuantile {
    const reader = this.#reader;
    const read: ProtobufQuantile = { quantile: 0, value: 0 };
    const end = reader.enter("Quantile");
    while (reader.next("Quantile")) {
      if (reader.field === 1) read.quantile = reader.double("Quantile");
      else if (reader.field === 2) read.value = reader.double("Value");
      else reader.skip();
    }
    reader.leave(end);
    return read;
  }

  #histogram(into: ProtobufHistogram): void {
    const reader = this.#reader;
    const end = reader.enter("Histogram");
    while (reader.next("Histogram")) {
      if (reader.field <= 8) this.#histogramScalar(into);
      else this.#histogramSide(into);
    }
    reader.leave(end);
  }

  #histogramScalar(into: ProtobufHistogram): void {
    const reader = this.#reader;
    switch (reader.field) {
      case 1:
        into.count = reader.uint("SampleCount");
        break;
      case 2:
        into.sum = reader.double("SampleSum");
        break;
      case 3:
        into.buckets.push(this.#bucket());
        break;
      case 4:
        into.floatCount = reader.double("SampleCountFloat");
        break;
      case 5:
        into.schema = reader.sint32("Schema");
        break;
      case 6:
        into.zeroThreshold = reader.double("ZeroThreshold");
        break;
      case 7:
        into.zeroCount = reader.uint("ZeroCount");
        break;
      default:
        into.zeroFloatCount = reader.double("ZeroCountFloat");
    }
  }

  #histogramSide(into: ProtobufHistogram): void {
    const reader = this.#reader;
    switch (reader.field) {
      case 9:
        into.negativeSpans.push(this.#span("NegativeSpan"));
        break;
      case 10:
        reader.sint64s("NegativeDelta", into.negativeDeltas);
        break;
      case 11:
        reader.doubles("NegativeCount", into.negativeCounts);
        break;
      case 12:
        into.positiveSpans.push(this.#span("PositiveSpan"));
        break;
      case 13:
        reader.sint64s("PositiveDelta", into.positiveDeltas);
        break;
      case 14:
        reader.doubles("PositiveCount", into.positiveCounts);
        break;
      case 15:
        into.startMs = this.#timestamp("StartTimestamp");
        break;
      case 16:
        into.exemplars.push(this.#exemplar("Exemplars"));
        break;
      default:
        reader.skip();
    }
  }

  #bucket(): ProtobufBucket {
    const reader = this.#reader;
    const read: ProtobufBucket = { count: 0, floatCount: 0, bound: 0, exemplar: null };
    const end = reader.enter("Bucket");
    while (reader.next("Bucket")) {
      if (reader.field === 1) read.count = reader.uint("CumulativeCount");
      else if (reader.field === 2) read.bound = reader.double("UpperBound");
      else if (reader.field === 3) read.exemplar = this.#exemplar("Exemplar");
      else if (reader.field === 4) read.floatCount = reader.double("CumulativeCountFloat");
      else reader.skip();
    }
    reader.leave(end);
    return read;
  }

  #span(name: string): Span {
    const reader = this.#reader;
    const read = { offset: 0, length: 0 };
    const end = reader.enter(name);
    while (reader.next("BucketSpan")) {
      if (reader.field === 1) read.offset = reader.sint32("Offset");
      else if (reader.field === 2) read.length = reader.int32("Length") >>> 0;
      else reader.skip();
    }
    reader.leave(end);
    return read;
  }

  #exemplar(name: string): PageExemplar {
    const reader = this.#reader;
    const labelPairs: string[] = [];
    let value = 0;
    let timeMs: number | null = null;
    const end = reader.enter(name);
    while (reader.next("Exemplar")) {
      if (reader.field === 1) {
        const labelEnd = reader.enter("Label");
        this.#label(labelPairs, false);
        reader.leave(labelEnd);
      } else if (reader.field === 2) value = reader.double("Value");
      else if (reader.field === 3) timeMs = this.#timestamp("Timestamp");
      else reader.skip();
    }
    reader.leave(end);
    return { labelPairs, value, timeMs };
  }

  /** A google.protobuf.Timestamp in milliseconds. */
  #timestamp(name: string): number {
    const reader = this.#reader;
    let seconds = 0;
    let nanos = 0;
    const end = reader.enter(name);
    while (reader.next("Timestamp")) {
      if (reader.field === 1) seconds = reader.int64("Seconds");
      else if (reader.field === 2) nanos = reader.int32("Nanos");
      else reader.skip();
    }
    reader.leave(end);
    return seconds * 1000 + Math.trunc(nanos / 1_000_000);
  }

  /** The label pair that the reader has entered. */
  #label(pairs: string[], checked: boolean): void {
    const reader = this.#reader;
    let name = "";
    let value = "";
    while (reader.next("LabelPair")) {
      if (reader.field === 1) {
        const end = reader.bytesEnd("Name");
        name = decodeText(this.#page, reader.at, end);
        if (checked && (name === "" || !isUtf8(this.#page, reader.at, end))) {
          throw new DecodeError(`invalid label name: ${name}`);
        }
        reader.at = end;
      } else if (reader.field === 2) {
        const end = reader.bytesEnd("Value");
        value = decodeText(this.#page, reader.at, end);
        if (checked && !isUtf8(this.#page, reader.at, end)) {
          throw new DecodeError(`invalid label value: ${value}`);
        }
        reader.at = end;
      } else {
        reader.skip();
      }
    }
    pairs.push(name, value);
  }
}
