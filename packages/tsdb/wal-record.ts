/**
 * Records of the write-ahead log: what a segment's fragments carry, as values and as bytes. The definition
 * of the kernel `head-record`, and what replay and checkpoints use for everything but float samples.
 *
 * A record is its type byte, then entries until its end. Decoding throws `DecodeError`: the reader of the
 * log turns it into a `CorruptionError` that names the place.
 * Layout: docs/formats/wal.md
 */

import { ByteReader } from "@narthex/bytes/byte-reader";
import type { ByteWriter } from "@narthex/bytes/byte-writer";
import { DecodeError } from "@narthex/bytes/decode-error";
import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { Labels } from "@narthex/model/labels";

/** The types of records. */
export const RecordType = {
  Series: 1,
  Samples: 2,
  Tombstones: 3,
  Exemplars: 4,
  MappedChunkMarkers: 5,
  Metadata: 6,
  Histograms: 7,
  FloatHistograms: 8,
  CustomBucketHistograms: 9,
  CustomBucketFloatHistograms: 10,
  SamplesWithStart: 11,
  HistogramsWithStart: 12,
  FloatHistogramsWithStart: 13,
} as const;

/** What the names of record types are in reports: index is the type byte. */
const typeNames = [
  "",
  "series",
  "samples",
  "tombstones",
  "exemplars",
  "mmap markers",
  "metadata",
  "histograms",
  "float histograms",
  "custom-bucket histograms",
  "custom-bucket float histograms",
  "samples with start times",
  "histograms with start times",
  "float histograms with start times",
];

/** The name of a record type for reports; `unknown (n)` for one that means nothing yet. */
export function recordTypeName(type: number): string {
  return typeNames[type] || `unknown (${type})`;
}

/** A series that got a ref. */
export interface SeriesEntry {
  readonly ref: number;
  readonly labels: Labels;
}

/** A deleted interval of a series; milliseconds, both ends inclusive. */
export interface TombstoneEntry {
  readonly ref: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** What a target said about a metric. `type` is one of `metricTypeNames`. */
export interface MetadataEntry {
  readonly ref: number;
  readonly type: string;
  readonly unit: string;
  readonly help: string;
}

/** Types of metrics by their number in metadata records. */
export const metricTypeNames: readonly string[] = [
  "unknown",
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
];

/** Appends a series record. */
export function encodeSeries(out: ByteWriter, entries: Iterable<SeriesEntry>): void {
  out.u8(RecordType.Series);
  for (const { ref, labels } of entries) {
    out.u64(ref);
    out.uvarint(labels.size);
    for (const text of labels.pairs) out.uvarintString(text);
  }
}

/** Reads a series record. */
export function decodeSeries(record: Uint8Array): SeriesEntry[] {
  const input = entriesOf(record, RecordType.Series);
  const entries: SeriesEntry[] = [];
  while (input.remaining > 0) {
    const ref = input.u64();
    const count = input.uvarint();
    if (count > input.remaining) throw new DecodeError(`a series cannot have ${count} labels`);
    const pairs: string[] = [];
    for (let i = 0; i < count * 2; i++) pairs.push(input.uvarintString());
    entries.push({ ref, labels: labelsOf(pairs) });
  }
  return entries;
}

/** Labels as they should be; whoever wrote them in another order, or empty ones, is put right. */
function labelsOf(pairs: string[]): Labels {
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i + 1] !== "" && (i === 0 || compareUtf8(pairs[i - 2], pairs[i]) < 0)) continue;
    const entries: [string, string][] = [];
    for (let k = 0; k < pairs.length; k += 2) entries.push([pairs[k], pairs[k + 1]]);
    return Labels.from(entries);
  }
  return new Labels(pairs);
}

/** Float samples in columns that grow as records are read into them. Values are bit-exact. */
export class SampleColumns {
  /** How many rows are in it; rows beyond are left over from before. */
  count = 0;
  refs = new Float64Array(1024);
  timesMs = new Float64Array(1024);
  values = new Float64Array(1024);

  /** Makes room for `count` rows in all, keeping those there are. */
  reserve(count: number): void {
    if (count <= this.refs.length) return;
    const size = Math.max(count, this.refs.length * 2);
    this.refs = grown(this.refs, size);
    this.timesMs = grown(this.timesMs, size);
    this.values = grown(this.values, size);
  }
}

function grown(column: Float64Array<ArrayBuffer>, size: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(size);
  // As bits: copying floats may quieten a staleness marker.
  new Uint32Array(larger.buffer).set(new Uint32Array(column.buffer));
  return larger;
}

/** Appends a samples record with rows 0 … count − 1 of the columns. Values are written bit-exact. */
export function encodeSamples(
  out: ByteWriter,
  refs: ArrayLike<number>,
  timesMs: ArrayLike<number>,
  values: Float64Array,
  count: number,
): void {
  out.u8(RecordType.Samples);
  if (count === 0) return;
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const [firstRef, firstTimeMs] = [refs[0], timesMs[0]];
  out.u64(firstRef);
  out.u64(firstTimeMs);
  for (let i = 0; i < count; i++) {
    out.varint(refs[i] - firstRef);
    out.varint(timesMs[i] - firstTimeMs);
    out.f64At(words, i);
  }
}

/**
 * Reads a samples record (start times, if it has them, are left out) into `into`, replacing what was there.
 */
export function decodeSamples(record: Uint8Array, into: SampleColumns): void {
  into.count = 0;
  const input = new ByteReader(record);
  const type = input.u8();
  if (type === RecordType.SamplesWithStart) return decodeSamplesWithStart(input, into);
  if (type !== RecordType.Samples) throw new DecodeError(`want a samples record, got type ${type}`);
  if (input.remaining === 0) return;
  const firstRef = input.u64();
  const firstTimeMs = input.i64();
  into.reserve(Math.ceil(input.remaining / 10));
  const words = new Uint32Array(into.values.buffer);
  let count = 0;
  while (input.remaining > 0) {
    into.refs[count] = firstRef + input.varint();
    into.timesMs[count] = firstTimeMs + input.varint();
    input.f64To(words, count);
    count++;
  }
  into.count = count;
}

/** First sample whole, then refs relative to the one before, times relative to the first. */
function decodeSamplesWithStart(input: ByteReader, into: SampleColumns): void {
  into.reserve(Math.ceil(input.remaining / 10) + 1);
  const words = new Uint32Array(into.values.buffer);
  let [ref, firstTimeMs, count] = [0, 0, 0];
  while (input.remaining > 0) {
    ref += input.varint();
    const timeMs = input.varint();
    if (count === 0) {
      firstTimeMs = timeMs;
      input.varintBig();
    } else if (input.u8() > 1) {
      input.varintBig();
    }
    into.refs[count] = ref;
    into.timesMs[count] = count === 0 ? timeMs : firstTimeMs + timeMs;
    input.f64To(words, count);
    count++;
  }
  into.count = count;
}

/** Appends a tombstones record. */
export function encodeTombstones(out: ByteWriter, entries: Iterable<TombstoneEntry>): void {
  out.u8(RecordType.Tombstones);
  for (const { ref, minTimeMs, maxTimeMs } of entries) {
    out.u64(ref);
    out.varint(minTimeMs);
    out.varint(maxTimeMs);
  }
}

/** Reads a tombstones record. Times beyond ±2^53 ("since ever", "for ever") become that bound. */
export function decodeTombstones(record: Uint8Array): TombstoneEntry[] {
  const input = entriesOf(record, RecordType.Tombstones);
  const entries: TombstoneEntry[] = [];
  while (input.remaining > 0) {
    entries.push({ ref: input.u64(), minTimeMs: clampedTime(input), maxTimeMs: clampedTime(input) });
  }
  return entries;
}

/** A 64-bit varint as a time within ±2^53 ms. */
export function clampedTime(input: ByteReader): number {
  return Math.max(-(2 ** 53), Math.min(2 ** 53, Number(input.varintBig())));
}

/** Appends a metadata record. */
export function encodeMetadata(out: ByteWriter, entries: Iterable<MetadataEntry>): void {
  out.u8(RecordType.Metadata);
  for (const { ref, type, unit, help } of entries) {
    out.uvarint(ref);
    out.u8(Math.max(0, metricTypeNames.indexOf(type)));
    out.uvarint(2);
    for (const text of ["UNIT", unit, "HELP", help]) out.uvarintString(text);
  }
}

/** Reads a metadata record; fields of other names than UNIT and HELP are skipped. */
export function decodeMetadata(record: Uint8Array): MetadataEntry[] {
  const input = entriesOf(record, RecordType.Metadata);
  const entries: MetadataEntry[] = [];
  while (input.remaining > 0) {
    const ref = input.uvarint();
    const type = metricTypeNames[input.u8()] ?? "unknown";
    let [unit, help] = ["", ""];
    for (let fields = input.uvarint(); fields > 0; fields--) {
      const name = input.uvarintString();
      const value = input.uvarintString();
      if (name === "UNIT") unit = value;
      else if (name === "HELP") help = value;
    }
    entries.push({ ref, type, unit, help });
  }
  return entries;
}

function entriesOf(record: Uint8Array, type: number): ByteReader {
  const input = new ByteReader(record);
  const got = input.u8();
  if (got !== type) throw new DecodeError(`want a ${recordTypeName(type)} record, got type ${got}`);
  return input;
}

/**
 * The time of the first sample of a record whose samples are not decoded (exemplars, histograms), so that a
 * checkpoint can judge its age. Null for records that carry no samples, and for unknown types.
 */
export function firstSampleTime(record: Uint8Array): number | null {
  const input = new ByteReader(record);
  const type = input.u8();
  if (type === RecordType.HistogramsWithStart || type === RecordType.FloatHistogramsWithStart) {
    input.varint();
    return input.varint();
  }
  const based =
    type === RecordType.Exemplars ||
    (type >= RecordType.Histograms && type <= RecordType.CustomBucketFloatHistograms);
  if (!based || input.remaining === 0) return null;
  input.skip(8);
  return input.i64();
}
