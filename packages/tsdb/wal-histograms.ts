/**
 * Records of histograms in the write-ahead log: integer and float ones, with custom buckets or not, with
 * start times or not. See wal-record.ts for the others.
 *
 * Without start times, custom buckets have records of their own; the refs and times of a record are relative
 * to the first histogram of the batch, whichever record that is in.
 * Layout: docs/formats/wal.md
 */

import { ByteReader } from "@narthex/bytes/byte-reader";
import type { ByteWriter } from "@narthex/bytes/byte-writer";
import { DecodeError } from "@narthex/bytes/decode-error";
import type { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram, type Span } from "@narthex/model/float-histogram";
import { Histogram } from "@narthex/model/histogram";
import { isKnownSchema, maxExponentialSchema } from "@narthex/model/histogram-schema";
import { RecordType } from "./wal-record.ts";

/** A histogram of a series at a time (milliseconds). */
export interface HistogramEntry {
  readonly ref: number;
  readonly timeMs: number;
  /** When its counter began, 0 for unknown. */
  readonly startMs: number;
  readonly histogram: Histogram | FloatHistogram;
}

/** Whether a record of this type holds histograms. */
export function isHistogramRecord(type: number): boolean {
  const { Histograms, CustomBucketFloatHistograms } = RecordType;
  const { HistogramsWithStart, FloatHistogramsWithStart } = RecordType;
  if (type === HistogramsWithStart || type === FloatHistogramsWithStart) return true;
  return type >= Histograms && type <= CustomBucketFloatHistograms;
}

function holdsFloats(type: number): boolean {
  return (
    type === RecordType.FloatHistograms ||
    type === RecordType.CustomBucketFloatHistograms ||
    type === RecordType.FloatHistogramsWithStart
  );
}

function isWithStart(type: number): boolean {
  return type === RecordType.HistogramsWithStart || type === RecordType.FloatHistogramsWithStart;
}

/**
 * Splits a batch into records: calls `log` with each, whose bytes are valid until the next. `withStart` says
 * whether start times are written.
 */
export function encodeHistograms(
  out: ByteWriter,
  entries: readonly HistogramEntry[],
  withStart: boolean,
  log: (record: Uint8Array) => void,
): void {
  const isFloat = ({ histogram }: HistogramEntry) => histogram instanceof FloatHistogram;
  const isCustom = ({ histogram }: HistogramEntry) => histogram.usesCustomBuckets();
  const write = (type: number, base: HistogramEntry | undefined, some: readonly HistogramEntry[]): void => {
    if (base === undefined || some.length === 0) return;
    out.reset();
    encodeHistogramRecord(out, type, base, some);
    log(out.view());
  };
  for (const floats of [false, true]) {
    const some = entries.filter((entry) => isFloat(entry) === floats);
    if (withStart) {
      write(floats ? RecordType.FloatHistogramsWithStart : RecordType.HistogramsWithStart, some[0], some);
      continue;
    }
    const custom = some.filter(isCustom);
    const plain = some.filter((entry) => !isCustom(entry));
    write(floats ? RecordType.FloatHistograms : RecordType.Histograms, some[0], plain);
    const customType = floats ? RecordType.CustomBucketFloatHistograms : RecordType.CustomBucketHistograms;
    write(customType, custom[0], custom);
  }
}

/** Appends one record of this type; refs and times are relative to `base`, or (with start) to the first. */
export function encodeHistogramRecord(
  out: ByteWriter,
  type: number,
  base: HistogramEntry,
  entries: readonly HistogramEntry[],
): void {
  out.u8(type);
  if (!isWithStart(type)) {
    out.u64(base.ref);
    out.u64(base.timeMs);
    for (const { ref, timeMs, histogram } of entries) {
      out.varint(ref - base.ref);
      out.varint(timeMs - base.timeMs);
      encodeHistogram(out, histogram);
    }
    return;
  }
  const [first] = entries;
  let before = first;
  for (const entry of entries) {
    if (entry === first) {
      for (const number of [entry.ref, entry.timeMs, entry.startMs]) out.varint(number);
    } else {
      out.varint(entry.ref - before.ref);
      out.varint(entry.timeMs - first.timeMs);
      writeStart(out, entry.startMs, before.startMs, first.startMs);
    }
    encodeHistogram(out, entry.histogram);
    before = entry;
  }
}

/** What a start time is, one byte; the third kind is followed by its difference to the record's first. */
const StartMarker = { None: 0, Same: 1, Explicit: 2 } as const;

function writeStart(out: ByteWriter, startMs: number, beforeMs: number, firstMs: number): void {
  if (startMs === 0) out.u8(StartMarker.None);
  else if (startMs === beforeMs) out.u8(StartMarker.Same);
  else {
    out.u8(StartMarker.Explicit);
    out.varint(startMs - firstMs);
  }
}

/** Reads what `writeStart` writes. */
export function readStart(input: ByteReader, beforeMs: number, firstMs: number): number {
  const marker = input.u8();
  if (marker === StartMarker.None) return 0;
  return marker === StartMarker.Same ? beforeMs : firstMs + input.varint();
}

function encodeHistogram(out: ByteWriter, h: Histogram | FloatHistogram): void {
  const isFloat = h instanceof FloatHistogram;
  out.u8(h.counterResetHint);
  out.varint(h.schema);
  writeFloat(out, h.zeroThreshold);
  for (const count of [h.zeroCount, h.count]) {
    if (isFloat) writeFloat(out, count);
    else out.uvarint(count);
  }
  writeFloat(out, h.sum);
  for (const spans of [h.positiveSpans, h.negativeSpans]) {
    out.uvarint(spans.length);
    for (const { offset, length } of spans) {
      out.varint(offset);
      out.uvarint(length);
    }
  }
  for (const buckets of [h.positiveBuckets, h.negativeBuckets]) {
    out.uvarint(buckets.length);
    for (const bucket of buckets) {
      if (isFloat) writeFloat(out, bucket);
      else out.varint(bucket);
    }
  }
  if (!h.usesCustomBuckets()) return;
  out.uvarint(h.customValues.length);
  for (const bound of h.customValues) writeFloat(out, bound);
}

const float = new Float64Array(1);
const floatWords = new Uint32Array(float.buffer);

function writeFloat(out: ByteWriter, value: number): void {
  float[0] = value;
  out.f64At(floatWords, 0);
}

function readFloat(input: ByteReader): number {
  input.f64To(floatWords, 0);
  return float[0];
}

/** Reads a record; histograms of schemas that nobody knows are left out, too fine ones are reduced. */
export function decodeHistograms(record: Uint8Array): HistogramEntry[] {
  const input = new ByteReader(record);
  const type = input.u8();
  if (!isHistogramRecord(type)) throw new DecodeError(`want a histograms record, got type ${type}`);
  const entries: HistogramEntry[] = [];
  if (input.remaining === 0) return entries;
  const hasStart = isWithStart(type);
  let ref = hasStart ? input.varint() : input.u64();
  const baseRef = ref;
  const firstMs = hasStart ? input.varint() : input.i64();
  const firstStartMs = hasStart ? input.varint() : 0;
  let startMs = firstStartMs;
  let timeMs = firstMs;
  for (let isFirst = true; input.remaining > 0; isFirst = false) {
    if (!hasStart || !isFirst) {
      ref = (hasStart ? ref : baseRef) + input.varint();
      timeMs = firstMs + input.varint();
    }
    if (hasStart && !isFirst) startMs = readStart(input, startMs, firstStartMs);
    const histogram = decodeHistogram(input, holdsFloats(type));
    if (!isKnownSchema(histogram.schema)) continue;
    if (histogram.schema > maxExponentialSchema) histogram.reduceResolution(maxExponentialSchema);
    entries.push({ ref, timeMs, startMs, histogram });
  }
  return entries;
}

function decodeHistogram(input: ByteReader, isFloat: boolean): Histogram | FloatHistogram {
  const h = isFloat ? new FloatHistogram() : new Histogram();
  const readCount = (): number => (isFloat ? readFloat(input) : Number(input.uvarintBig()));
  h.counterResetHint = (input.u8() & 3) as CounterResetHint;
  h.schema = input.varint();
  h.zeroThreshold = readFloat(input);
  h.zeroCount = readCount();
  h.count = readCount();
  h.sum = readFloat(input);
  h.positiveSpans = readSpans(input);
  h.negativeSpans = readSpans(input);
  const readBucket = (): number => (isFloat ? readFloat(input) : Number(input.varintBig()));
  h.positiveBuckets = readList(input, readBucket);
  h.negativeBuckets = readList(input, readBucket);
  if (h.usesCustomBuckets()) h.customValues = readList(input, () => readFloat(input));
  return h;
}

function readSpans(input: ByteReader): Span[] {
  return readList(input, () => ({ offset: input.varint(), length: input.uvarint() }));
}

/** A count, then as many items; each is at least one byte long. */
function readList<T>(input: ByteReader, read: () => T): T[] {
  const count = input.uvarint();
  if (count > input.remaining) throw new DecodeError(`a list cannot have ${count} items`);
  return Array.from({ length: count }, read);
}
