/**
 * What the samples of a histogram chunk have in common, at its front: zero threshold, schema, spans, custom
 * bounds.
 */

import { DecodeError } from "@narthex/bytes/decode-error";
import type { Span } from "@narthex/model/float-histogram";
import { isCustomBucketsSchema, isKnownSchema } from "@narthex/model/histogram-schema";
import type { BitInput } from "./bit-input.ts";
import type { BitOutput } from "./bit-output.ts";

/** Which buckets there are. */
export interface HistogramLayout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly customValues: readonly number[];
}

/** Buckets of the spans. */
export function bucketsIn(spans: readonly Span[]): number {
  let count = 0;
  for (const { length } of spans) count += length;
  return count;
}

/** Writes a layout. */
export function writeLayout(output: BitOutput, layout: HistogramLayout): void {
  writeZeroThreshold(output, layout.zeroThreshold);
  output.varbitInt(layout.schema);
  writeSpans(output, layout.positiveSpans);
  writeSpans(output, layout.negativeSpans);
  if (!isCustomBucketsSchema(layout.schema)) return;
  output.varbitUint(layout.customValues.length);
  for (const bound of layout.customValues) writeBound(output, bound);
}

/** Reads a layout. Throws `DecodeError`. */
export function readLayout(input: BitInput): HistogramLayout {
  const zeroThreshold = readZeroThreshold(input);
  const schema = input.varbitInt();
  const positiveSpans = readSpans(input);
  const negativeSpans = readSpans(input);
  const customValues: number[] = [];
  if (isCustomBucketsSchema(schema)) {
    for (let left = input.varbitUint(); left > 0; left--) customValues.push(readBound(input));
  }
  if (!isKnownSchema(schema)) throw new DecodeError(`unknown histogram schema ${schema}`);
  return { schema, zeroThreshold, positiveSpans, negativeSpans, customValues };
}

function writeSpans(output: BitOutput, spans: readonly Span[]): void {
  output.varbitUint(spans.length);
  for (const { offset, length } of spans) {
    output.varbitUint(length);
    output.varbitInt(offset);
  }
}

function readSpans(input: BitInput): Span[] {
  const spans: Span[] = [];
  for (let left = input.varbitUint(); left > 0; left--) {
    const length = input.varbitUint();
    const offset = input.varbitInt();
    if (length > 0xffffffff || (offset | 0) !== offset) throw new DecodeError("a span is out of range");
    spans.push({ offset, length });
  }
  return spans;
}

const float = new DataView(new ArrayBuffer(8));

function writeFloat(output: BitOutput, value: number): void {
  float.setFloat64(0, value);
  output.bits64(float.getUint32(0), float.getUint32(4), 64);
}

function readFloat(input: BitInput): number {
  float.setUint32(0, input.bits(32));
  float.setUint32(4, input.bits(32));
  return float.getFloat64(0);
}

/** Powers of two from 2^-243 to 2^10 are a byte, 1 to 254. */
const smallestPower = -243;

function writeZeroThreshold(output: BitOutput, threshold: number): void {
  if (threshold === 0) {
    output.bits(0, 8);
    return;
  }
  float.setFloat64(0, threshold);
  const isPower = (float.getUint32(0) & 0x800fffff) === 0 && float.getUint32(4) === 0;
  const power = ((float.getUint32(0) >>> 20) & 0x7ff) - 1023;
  if (isPower && power >= smallestPower && power <= smallestPower + 253) {
    output.bits(power - smallestPower + 1, 8);
    return;
  }
  output.bits(255, 8);
  writeFloat(output, threshold);
}

function readZeroThreshold(input: BitInput): number {
  const byte = input.bits(8);
  if (byte === 0) return 0;
  return byte === 255 ? readFloat(input) : 2 ** (byte - 1 + smallestPower);
}

/** Bounds that are thousandths are written as their number of thousandths, plus one. */
const mostThousandths = 33_554_430;

function writeBound(output: BitOutput, bound: number): void {
  const thousandths = bound * 1000;
  // Half away from zero; none of these is negative.
  const whole = Math.floor(thousandths) + (thousandths - Math.floor(thousandths) >= 0.5 ? 1 : 0);
  if (thousandths >= 0 && thousandths <= mostThousandths && whole / 1000 === bound) {
    output.varbitUint(whole + 1);
    return;
  }
  output.bits(0, 1);
  writeFloat(output, bound);
}

function readBound(input: BitInput): number {
  const thousandths = input.varbitUint();
  return thousandths === 0 ? readFloat(input) : (thousandths - 1) / 1000;
}
