/**
 * XOR2 chunks: float samples with start times, bit for bit as Prometheus writes them (encoding 4). This is
 * the definition of the kernel `xor2-chunk`: plain and exact over all 64 bits, not fast.
 *
 * A chunk is its sample count (two bytes), the header of start times (start-times.ts), then bits:
 *  1. first sample: time as varint, value as its 64 bits;
 *  2. second sample: difference of times as uvarint, then the value (4);
 *  3. every other: `0` same difference, same value; `10` same difference, then a value (5); `110`, `1110`,
 *     `11110` and 13, 20, 64 bits of two's complement: the change of the difference, then the value (4);
 *     `11111` same difference, staleness marker;
 *  4. a value, XORed with the last one that was no staleness marker: `0` for the same; `10` and the changed
 *     bits within the last window; `110`, five bits of leading zeros (31 at most), six bits of width (0 means
 *     64), and as many bits: a new window; `111` a staleness marker;
 *  5. a value that is another one: as in 4, but `0` for the last window, `1` for a new one;
 *  6. after each sample its start time, as far as the header says.
 */

import { assert } from "@narthex/platform/assert";
import { BitReader } from "@narthex/bytes/bit-reader";
import { DecodeError } from "@narthex/bytes/decode-error";
import { BitOutput } from "./bit-output.ts";
import { StartTimeEncoder } from "./start-times.ts";
import type { FloatColumns } from "./xor-chunk.ts";

/** Bytes before the first sample: sample count and header of start times. */
export const xor2HeaderBytes = 3;

const staleBits = 0x7ff0000000000002n;

/** Float samples with start times (0: none). */
export interface StartedColumns extends FloatColumns {
  readonly startsMs: Float64Array;
}

/** The bits that the last written value changed; leading −1: none was written. */
interface Window {
  leading: number;
  trailing: number;
}

/** Encodes the first `count` samples; times and starts are integers below 2^52. No starts: all 0. */
export function encodeXor2Chunk(
  timesMs: Float64Array,
  values: Float64Array,
  startsMs: Float64Array | null,
  count = timesMs.length,
): Uint8Array {
  assert(count <= 65_535, "a chunk's sample count fits two bytes");
  const bits = new BigUint64Array(values.buffer, values.byteOffset, values.length);
  const out = new BitOutput(xor2HeaderBytes, 32 + count * 4);
  const starts = new StartTimeEncoder();
  const window: Window = { leading: -1, trailing: 0 };
  let [deltaMs, baseline] = [0, 0n];
  for (let i = 0; i < count; i++) {
    const timeMs = timesMs[i];
    const beforeMs = i === 0 ? 0 : timesMs[i - 1];
    if (i === 0) {
      out.varint(timeMs);
      writeBits(out, bits[0], 64);
    } else {
      const nextDeltaMs = timeMs - beforeMs;
      if (i === 1) {
        out.uvarint(nextDeltaMs);
        writeValue(out, bits[i], baseline, window);
      } else {
        writeJoint(out, nextDeltaMs - deltaMs, bits[i], baseline, window);
      }
      deltaMs = nextDeltaMs;
    }
    if (bits[i] !== staleBits) baseline = bits[i];
    starts.write(out, i, timeMs, beforeMs, startsMs === null ? 0 : startsMs[i]);
  }
  out.bytes[0] = count >>> 8;
  out.bytes[1] = count;
  return out.view().slice();
}

function writeBits(out: BitOutput, bits: bigint, count: number): void {
  out.bits64(Number(bits >> 32n), Number(bits & 0xffffffffn), count);
}

function writeJoint(out: BitOutput, change: number, value: bigint, baseline: bigint, window: Window): void {
  if (change === 0) {
    if (value === staleBits) out.bits(0b11111, 5);
    else if (value === baseline) out.bits(0, 1);
    else {
      out.bits(0b10, 2);
      writeChanged(out, value ^ baseline, window, { reuse: [0, 1], renew: [1, 1] });
    }
    return;
  }
  if (change >= -4096 && change <= 4095) {
    out.bits(0b110, 3);
    out.bits(change, 13);
  } else if (change >= -524_288 && change <= 524_287) {
    out.bits(0b1110, 4);
    out.bits(change, 20);
  } else {
    out.bits(0b11110, 5);
    out.integer(change, 64);
  }
  writeValue(out, value, baseline, window);
}

function writeValue(out: BitOutput, value: bigint, baseline: bigint, window: Window): void {
  if (value === staleBits) out.bits(0b111, 3);
  else if (value === baseline) out.bits(0, 1);
  else writeChanged(out, value ^ baseline, window, { reuse: [0b10, 2], renew: [0b110, 3] });
}

/** Prefixes (bits, count) of a value in the last window and of one with a new window. */
interface Prefixes {
  readonly reuse: readonly [number, number];
  readonly renew: readonly [number, number];
}

function writeChanged(out: BitOutput, change: bigint, window: Window, { reuse, renew }: Prefixes): void {
  const digits = change.toString(2);
  const leading = Math.min(31, 64 - digits.length);
  const trailing = digits.length - 1 - digits.lastIndexOf("1");
  const fits = window.leading >= 0 && leading >= window.leading && trailing >= window.trailing;
  out.bits(...(fits ? reuse : renew));
  if (!fits) {
    window.leading = leading;
    window.trailing = trailing;
    out.bits(leading, 5);
    out.bits((64 - leading - trailing) & 63, 6);
  }
  writeBits(out, change >> BigInt(window.trailing), 64 - window.leading - window.trailing);
}

/**
 * Decodes the first `limit` samples. Throws `DecodeError` when the bytes do not hold them. Times outside
 * ±2^53 are rounded.
 */
export function decodeXor2Chunk(chunk: Uint8Array, limit: number): StartedColumns {
  const timesMs = new Float64Array(limit);
  const values = new Float64Array(limit);
  const startsMs = new Float64Array(limit);
  const bits = new BigUint64Array(values.buffer);
  if (limit > 0 && chunk.length < xor2HeaderBytes) throw new DecodeError("an XOR2 chunk has three bytes");
  const input = new BitReader(chunk, Math.min(xor2HeaderBytes, chunk.length));
  const samples = new SampleReader(input, chunk[2]);
  for (let i = 0; i < limit; i++) {
    samples.read(i);
    timesMs[i] = Number(samples.time);
    bits[i] = samples.value;
    startsMs[i] = Number(samples.start);
  }
  return { timesMs, values, startsMs };
}

class SampleReader {
  time = 0n;
  value = 0n;
  start = 0n;
  readonly #input: BitReader;
  readonly #hasFirstStart: boolean;
  readonly #changeOn: number;
  #delta = 0n;
  #baseline = 0n;
  #leading = 0;
  #trailing = 0;
  #difference = 0n;

  constructor(input: BitReader, header: number) {
    this.#input = input;
    this.#hasFirstStart = (header & 0x80) !== 0;
    this.#changeOn = header & 0x7f;
  }

  /** Reads sample `i`, the one after the last. */
  read(i: number): void {
    const input = this.#input;
    const before = this.time;
    if (i === 0) {
      this.time = input.varintBig();
      this.#setValue(input.bitsBig(64));
      if (this.#hasFirstStart) this.start = BigInt.asIntN(64, this.time - input.varintBig());
      return;
    }
    if (i === 1) {
      this.#delta = input.uvarintBig();
      this.#readValue();
    } else {
      this.#readJoint();
    }
    this.time = BigInt.asIntN(64, before + this.#delta);
    if (this.#changeOn === 0 || i < this.#changeOn) return;
    const difference = readVarbit(input);
    this.#difference = i === this.#changeOn ? difference : this.#difference + difference;
    this.start = BigInt.asIntN(64, before - this.#difference);
  }

  #setValue(value: bigint): void {
    this.value = value;
    if (value !== staleBits) this.#baseline = value;
  }

  #readJoint(): void {
    const ones = readOnes(this.#input, 5);
    if (ones === 0) this.value = this.#baseline;
    else if (ones === 1) this.#readChanged(this.#input.bit() === 1);
    else if (ones === 5) this.value = staleBits;
    else {
      const width = ones === 2 ? 13 : ones === 3 ? 20 : 64;
      this.#delta += BigInt.asIntN(width, this.#input.bitsBig(width));
      this.#readValue();
    }
  }

  #readValue(): void {
    const ones = readOnes(this.#input, 3);
    if (ones === 0) this.value = this.#baseline;
    else if (ones === 3) this.value = staleBits;
    else this.#readChanged(ones === 2);
  }

  #readChanged(hasNewWindow: boolean): void {
    const input = this.#input;
    if (hasNewWindow) {
      this.#leading = input.bits(5);
      const width = input.bits(6) || 64;
      if (this.#leading + width > 64) throw new DecodeError("a value has more than 64 bits");
      this.#trailing = 64 - this.#leading - width;
    }
    const change = input.bitsBig(64 - this.#leading - this.#trailing) << BigInt(this.#trailing);
    // The original takes even a marker's bits that were written as a change for the next baseline.
    this.value = this.#baseline ^ change;
    this.#baseline = this.value;
  }
}

/** Ones before a zero; `most` of them are not followed by one. */
function readOnes(input: BitReader, most: number): number {
  let ones = 0;
  while (ones < most && input.bit() === 1) ones++;
  return ones;
}

function readVarbit(input: BitReader): bigint {
  const width = [0, 3, 6, 9, 12, 18, 25, 56, 64][readOnes(input, 8)];
  const bits = input.bitsBig(width);
  if (width === 64) return BigInt.asIntN(64, bits);
  return width > 0 && bits > 1n << BigInt(width - 1) ? bits - (1n << BigInt(width)) : bits;
}

/** Decodes only samples with minTimeMs ≤ time ≤ maxTimeMs, and counts the staleness markers among them. */
export function decodeXor2ChunkRange(
  chunk: Uint8Array,
  limit: number,
  minTimeMs: number,
  maxTimeMs: number,
): StartedColumns & { readonly staleCount: number } {
  const all = decodeXor2Chunk(chunk, limit);
  let end = all.timesMs.findIndex((time) => time > maxTimeMs);
  if (end < 0) end = limit;
  const kept = [...all.timesMs.keys()].filter((i) => i < end && all.timesMs[i] >= minTimeMs);
  const allBits = new BigUint64Array(all.values.buffer);
  const bits = BigUint64Array.from(kept, (i) => allBits[i]);
  return {
    timesMs: Float64Array.from(kept, (i) => all.timesMs[i]),
    values: new Float64Array(bits.buffer),
    startsMs: Float64Array.from(kept, (i) => all.startsMs[i]),
    staleCount: bits.filter((value) => value === staleBits).length,
  };
}
