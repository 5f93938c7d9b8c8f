/**
 * XOR chunks: the encoding of float samples, bit for bit as Prometheus writes it (encoding 1). This is the
 * definition of the kernels `xor-chunk` and `head-append`: plain and exact over all 64 bits, not fast.
 *
 * A chunk is its sample count (two bytes), then bits, most significant first:
 *  1. first sample: time as varint, value as its 64 bits;
 *  2. second sample: difference of times as uvarint, then the value (4);
 *  3. every other: the change of that difference, as `0` for none, or a prefix `10` `110` `1110` `1111` and
 *     14, 17, 20, 64 bits of two's complement (a width of n covers −(2^(n−1) − 1) … 2^(n−1)); then the
 *     value (4);
 *  4. a value is XORed with the one before: `0` for no change; `10` and the changed bits within the last
 *     window; `11`, five bits of leading zeros (31 at most), six bits of width (0 means 64), and as many
 *     bits: a new window.
 *
 * Values are handled as bits, never as numbers: the staleness marker and every other NaN survive.
 * Layout: docs/formats/chunks.md
 */

import { assert } from "@narthex/platform/assert";
import { BitReader } from "@narthex/bytes/bit-reader";
import { BitWriter } from "@narthex/bytes/bit-writer";
import { DecodeError } from "@narthex/bytes/decode-error";

/** Bytes before the first sample: the sample count. */
export const xorHeaderBytes = 2;
/** The most samples that a chunk's count can say. */
export const xorMaxSamples = 65_535;

/** Float samples as columns. Values may be read bit-exactly through the same buffer. */
export interface FloatColumns {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

/** Encodes the first `count` samples of the columns; times are integers, and ascend or not. */
export function encodeXorChunk(
  timesMs: Float64Array,
  values: Float64Array,
  count = timesMs.length,
): Uint8Array {
  assert(count <= xorMaxSamples, "a chunk's sample count fits two bytes");
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const out = new BitWriter(32 + count * 4);
  out.bits(count, 16);
  let time = 0n;
  let delta = 0n;
  let low = 0;
  let high = 0;
  const window: Window = { leading: -1, trailing: 0 };
  for (let i = 0; i < count; i++) {
    const nextTime = BigInt(timesMs[i]);
    const nextDelta = nextTime - time;
    const nextLow = words[2 * i];
    const nextHigh = words[2 * i + 1];
    if (i === 0) {
      writeUvarint(out, BigInt.asUintN(64, (nextTime << 1n) ^ (nextTime >> 63n)));
      out.bits64(nextHigh, nextLow, 64);
    } else {
      if (i === 1) writeUvarint(out, BigInt.asUintN(64, nextDelta));
      else writeChange(out, BigInt.asIntN(64, nextDelta - delta));
      writeValue(out, nextHigh ^ high, nextLow ^ low, window);
      delta = nextDelta;
    }
    time = nextTime;
    low = nextLow;
    high = nextHigh;
  }
  return out.take();
}

/** The bits that the last written value changed; leading −1: none was written. */
interface Window {
  leading: number;
  trailing: number;
}

function writeUvarint(out: BitWriter, value: bigint): void {
  let rest = value;
  while (rest > 127n) {
    out.bits(Number(rest & 127n) | 128, 8);
    rest >>= 7n;
  }
  out.bits(Number(rest), 8);
}

/** Prefixes and widths of the changes that are written short. */
const changeForms = [
  { prefix: 0b10, prefixBits: 2, bits: 14 },
  { prefix: 0b110, prefixBits: 3, bits: 17 },
  { prefix: 0b1110, prefixBits: 4, bits: 20 },
] as const;

function writeChange(out: BitWriter, change: bigint): void {
  if (change === 0n) {
    out.bit(0);
    return;
  }
  for (const { prefix, prefixBits, bits } of changeForms) {
    const half = 1n << BigInt(bits - 1);
    if (change < 1n - half || change > half) continue;
    out.bits(prefix, prefixBits);
    out.bits(Number(change), bits);
    return;
  }
  out.bits(0b1111, 4);
  const unsigned = BigInt.asUintN(64, change);
  out.bits64(Number(unsigned >> 32n), Number(unsigned & 0xffffffffn), 64);
}

function writeValue(out: BitWriter, high: number, low: number, window: Window): void {
  if (high === 0 && low === 0) {
    out.bit(0);
    return;
  }
  out.bit(1);
  const leading = Math.min(31, high === 0 ? 32 + Math.clz32(low) : Math.clz32(high));
  const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
  const fits = window.leading >= 0 && leading >= window.leading && trailing >= window.trailing;
  out.bit(fits ? 0 : 1);
  if (!fits) {
    window.leading = leading;
    window.trailing = trailing;
    out.bits(leading, 5);
    out.bits((64 - leading - trailing) & 63, 6);
  }
  const shifted = ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)) >> BigInt(window.trailing);
  const width = 64 - window.leading - window.trailing;
  out.bits64(Number(shifted >> 32n), Number(shifted & 0xffffffffn), width);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** The sample count that a chunk's first two bytes say. Throws `DecodeError`. */
export function xorSampleCount(chunk: Uint8Array): number {
  if (chunk.length < xorHeaderBytes) throw new DecodeError("a chunk has at least two bytes");
  return chunk[0] * 256 + chunk[1];
}

/**
 * Decodes the first `limit` samples (all that the count says, when absent). Throws `DecodeError` when the
 * bytes do not hold them. Times outside ±2^53 are rounded.
 */
export function decodeXorChunk(chunk: Uint8Array, limit = xorSampleCount(chunk)): FloatColumns {
  const timesMs = new Float64Array(limit);
  const values = new Float64Array(limit);
  const bits = new BigUint64Array(values.buffer);
  const input = new BitReader(chunk, Math.min(xorHeaderBytes, chunk.length));
  let time = 0n;
  let delta = 0n;
  let value = 0n;
  const window: Window = { leading: 0, trailing: 0 };
  for (let i = 0; i < limit; i++) {
    if (i === 0) {
      time = input.varintBig();
      value = input.bitsBig(64);
    } else {
      delta = i === 1 ? input.uvarintBig() : delta + readChange(input);
      time = BigInt.asIntN(64, time + delta);
      value ^= readValueChange(input, window);
    }
    timesMs[i] = Number(time);
    bits[i] = value;
  }
  return { timesMs, values };
}

function readChange(input: BitReader): bigint {
  if (input.bit() === 0) return 0n;
  for (const { bits } of changeForms) {
    if (input.bit() === 1) continue;
    const change = input.bits(bits);
    return BigInt(change > 2 ** (bits - 1) ? change - 2 ** bits : change);
  }
  return BigInt.asIntN(64, input.bitsBig(64));
}

function readValueChange(input: BitReader, window: Window): bigint {
  if (input.bit() === 0) return 0n;
  if (input.bit() === 1) {
    window.leading = input.bits(5);
    const width = input.bits(6) || 64;
    if (window.leading + width > 64) throw new DecodeError("a value has more than 64 bits");
    window.trailing = 64 - window.leading - width;
  }
  return input.bitsBig(64 - window.leading - window.trailing) << BigInt(window.trailing);
}

/** Decodes only samples with minTimeMs ≤ time ≤ maxTimeMs, and counts the staleness markers among them. */
export function decodeXorChunkRange(
  chunk: Uint8Array,
  limit: number,
  minTimeMs: number,
  maxTimeMs: number,
): FloatColumns & { readonly staleCount: number } {
  const all = decodeXorChunk(chunk, limit);
  let end = all.timesMs.findIndex((time) => time > maxTimeMs);
  if (end < 0) end = limit;
  const kept = [...all.timesMs.keys()].filter((i) => i < end && all.timesMs[i] >= minTimeMs);
  const allBits = new BigUint64Array(all.values.buffer);
  const bits = BigUint64Array.from(kept, (i) => allBits[i]);
  return {
    timesMs: Float64Array.from(kept, (i) => all.timesMs[i]),
    values: new Float64Array(bits.buffer),
    staleCount: bits.filter((value) => value === 0x7ff0000000000002n).length,
  };
}
