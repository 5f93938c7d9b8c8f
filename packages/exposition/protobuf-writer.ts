/**
 * Writes delimited protobuf, `io.prometheus.client.MetricFamily` messages, as the Go client library does:
 * fields in ascending order, zeros included where that library sets them.
 */

import { ProtobufWriter } from "@narthex/bytes/protobuf-writer";
import { FloatHistogram, type Span } from "@narthex/model/float-histogram";
import {
  labelPairsOf,
  sortedFamilies,
  type FamilyExemplar,
  type HistogramMetric,
  type MetricFamily,
  type SummaryMetric,
} from "./metric-family.ts";

/** Content type of the format. */
export const protobufContentType =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; " +
  "escaping=underscores";

const typeNumbers: Readonly<Record<MetricFamily["type"], number>> = {
  counter: 0,
  gauge: 1,
  summary: 2,
  untyped: 3,
  histogram: 4,
  gaugehistogram: 5,
};

/** The page for `families`, in any order. */
export function writeProtobuf(families: readonly MetricFamily[]): Uint8Array {
  const writer = new ProtobufWriter();
  for (const family of sortedFamilies(families)) writeFamily(writer, family);
  return writer.view().slice();
}

function writeFamily(writer: ProtobufWriter, family: MetricFamily): void {
  const start = writer.openDelimited();
  writer.string(1, family.name);
  if (family.help !== "") writer.string(2, family.help);
  writer.uint(3, typeNumbers[family.type]);
  for (const metric of family.metrics) {
    const at = writer.open(4);
    writeLabels(writer, metric.labelText);
    if ("bucketCounts" in metric) {
      if (metric.timeMs !== undefined) writer.int64(6, metric.timeMs);
      writeHistogram(writer, metric);
    } else {
      if ("quantiles" in metric) writeSummary(writer, metric);
      else writeValue(writer, family.type, metric);
      if (metric.timeMs !== undefined) writer.int64(6, metric.timeMs);
    }
    writer.close(at);
  }
  if (family.unit !== undefined && family.unit !== "") writer.string(5, family.unit);
  writer.close(start);
}

function writeLabels(writer: ProtobufWriter, rendered: string): void {
  const pairs = labelPairsOf(rendered);
  for (let i = 0; i < pairs.length; i += 2) {
    const label = writer.open(1);
    writer.string(1, pairs[i]);
    writer.string(2, pairs[i + 1]);
    writer.close(label);
  }
}

function writeValue(
  writer: ProtobufWriter,
  type: MetricFamily["type"],
  metric: { readonly value: number; readonly exemplar?: FamilyExemplar; readonly startMs?: number },
): void {
  const at = writer.open(type === "counter" ? 3 : type === "gauge" ? 2 : 5);
  writer.double(1, metric.value);
  if (type === "counter") {
    if (metric.exemplar !== undefined) writeExemplar(writer, 2, metric.exemplar);
    if (metric.startMs !== undefined) writeTimestamp(writer, 3, metric.startMs);
  }
  writer.close(at);
}

function writeSummary(writer: ProtobufWriter, metric: SummaryMetric): void {
  const at = writer.open(4);
  writer.uint(1, metric.count);
  writer.double(2, metric.sum);
  for (let i = 0; i < metric.quantiles.length; i++) {
    const quantile = writer.open(3);
    writer.double(1, metric.quantiles[i]);
    writer.double(2, metric.quantileValues[i]);
    writer.close(quantile);
  }
  if (metric.startMs !== undefined) writeTimestamp(writer, 4, metric.startMs);
  writer.close(at);
}

function writeHistogram(writer: ProtobufWriter, metric: HistogramMetric): void {
  const { bounds, bucketCounts, exemplars = [], native, nativeExemplars = [] } = metric;
  const at = writer.open(7);
  const isFloat = native instanceof FloatHistogram;
  if (!isFloat) writer.uint(1, metric.count);
  writer.double(2, metric.sum);
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    below += bucketCounts[i];
    writeBucket(writer, bounds[i], below, exemplars[i]);
  }
  const last = exemplars[bounds.length];
  if (last !== undefined) writeBucket(writer, Infinity, metric.count, last);
  if (native !== undefined) writeNative(writer, native);
  if (metric.startMs !== undefined) writeTimestamp(writer, 15, metric.startMs);
  for (const exemplar of nativeExemplars) writeExemplar(writer, 16, exemplar);
  writer.close(at);
}

function writeBucket(writer: ProtobufWriter, bound: number, count: number, exemplar?: FamilyExemplar): void {
  const at = writer.open(3);
  writer.uint(1, count);
  writer.double(2, bound);
  if (exemplar !== undefined) writeExemplar(writer, 3, exemplar);
  writer.close(at);
}

function writeNative(writer: ProtobufWriter, h: NonNullable<HistogramMetric["native"]>): void {
  const isFloat = h instanceof FloatHistogram;
  if (isFloat) writer.double(4, h.count);
  writer.sint(5, h.schema);
  writer.double(6, h.zeroThreshold);
  if (isFloat) writer.double(8, h.zeroCount);
  else writer.uint(7, h.zeroCount);
  writeSpans(writer, 9, h.negativeSpans);
  writeCounts(writer, isFloat ? 11 : 10, h.negativeBuckets, isFloat);
  // A span of nothing says that an empty histogram is native.
  const isEmpty = h.positiveSpans.length + h.negativeSpans.length === 0;
  const noSpan = isEmpty && h.zeroThreshold === 0 && h.zeroCount === 0;
  writeSpans(writer, 12, noSpan ? [{ offset: 0, length: 0 }] : h.positiveSpans);
  writeCounts(writer, isFloat ? 14 : 13, h.positiveBuckets, isFloat);
}

function writeCounts(
  writer: ProtobufWriter,
  field: number,
  counts: readonly number[],
  isFloat: boolean,
): void {
  for (const count of counts) {
    if (isFloat) writer.double(field, count);
    else writer.sint(field, count);
  }
}

function writeSpans(writer: ProtobufWriter, field: number, spans: readonly Span[]): void {
  for (const { offset, length } of spans) {
    const at = writer.open(field);
    writer.sint(1, offset);
    writer.uint(2, length);
    writer.close(at);
  }
}

function writeExemplar(writer: ProtobufWriter, field: number, exemplar: FamilyExemplar): void {
  const at = writer.open(field);
  writeLabels(writer, exemplar.labelText);
  writer.double(2, exemplar.value);
  if (exemplar.timeMs !== undefined) writeTimestamp(writer, 3, exemplar.timeMs);
  writer.close(at);
}

/** A google.protobuf.Timestamp. */
function writeTimestamp(writer: ProtobufWriter, field: number, timeMs: number): void {
  const at = writer.open(field);
  const seconds = Math.floor(timeMs / 1000);
  if (seconds !== 0) writer.int64(1, seconds);
  const nanos = Math.round((timeMs - seconds * 1000) * 1_000_000);
  if (nanos !== 0) writer.int64(2, nanos);
  writer.close(at);
}
