/**
 * Reads what `ByteWriter` writes: fixed-size integers big-endian, Go's varints, strings. Every read checks
 * its bounds and throws `DecodeError`; a number that does not fit ±(2^53 − 1) exactly throws too, unless
 * its BigInt variant is used.
 *
 * Lifetime: `bytes()` returns a view into the source, valid as long as that.
 */

import { DecodeError } from "./decode-error.ts";

// A byte order mark is text like any other here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A position in bytes, moved on by typed reads. */
export class ByteReader {
  #bytes: Uint8Array;
  #position: number;
  #end: number;

  /** Reads `bytes` from `start` to `end` (exclusive). */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** Starts anew on other bytes, so that one reader serves many records. */
  assign(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** Where the next read starts, counted from the beginning of the bytes. */
  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  skip(count: number): void {
    this.#need(count);
    this.#position += count;
  }

  u8(): number {
    this.#need(1);
    return this.#bytes[this.#position++];
  }

  u16(): number {
    return this.u8() * 256 + this.u8();
  }

  u32(): number {
    this.#need(4);
    const at = this.#position;
    const bytes = this.#bytes;
    this.#position = at + 4;
    return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
  }

  /** Eight bytes as an unsigned integer below 2^53. */
  u64(): number {
    const high = this.u32();
    const low = this.u32();
    if (high > 0x1fffff) throw new DecodeError("a 64-bit number is above 2^53");
    return high * 4294967296 + low;
  }

  /** Eight bytes as a signed integer within ±2^53. */
  i64(): number {
    const high = this.u32() | 0;
    const low = this.u32();
    if (high > 0x1fffff || high < -0x200000) throw new DecodeError("a 64-bit number is outside ±2^53");
    return high * 4294967296 + low;
  }

  /** Eight bytes, unsigned. */
  u64Big(): bigint {
    const high = this.u32();
    return (BigInt(high) << 32n) | BigInt(this.u32());
  }

  /** Copies the bits of a float64 to `words[2 × index]` (low half) and the next: bit-exact. */
  f64To(words: Uint32Array, index: number): void {
    words[2 * index + 1] = this.u32();
    words[2 * index] = this.u32();
  }

  /** A float64; a NaN may lose its exact bits. */
  f64(): number {
    this.f64To(scratchWords, 0);
    return scratchFloat[0];
  }

  /** An unsigned varint below 2^53. */
  uvarint(): number {
    const low = this.#low28();
    if (low < 0x10000000) return low;
    const high = this.#high();
    if (high > 0x1ffffff) throw new DecodeError("a varint is above 2^53");
    return high * 268435456 + (low - 0x10000000);
  }

  /** A signed varint (zigzag) within ±2^53. */
  varint(): number {
    let low = this.#low28();
    if (low < 0x10000000) return (low >>> 1) ^ -(low & 1);
    low -= 0x10000000;
    const half = this.#high() * 134217728 + (low >>> 1);
    if (half > 9007199254740992) throw new DecodeError("a varint is outside ±2^53");
    return (low & 1) === 0 ? half : -half - 1;
  }

  /** An unsigned varint of up to 64 bits. */
  uvarintBig(): bigint {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = this.u8();
      if (i === 9 && byte > 1) break;
      value |= BigInt(byte & 127) << BigInt(7 * i);
      if (byte < 128) return value;
    }
    throw new DecodeError("a varint has more than 64 bits");
  }

  /** A signed varint (zigzag) of up to 64 bits. */
  varintBig(): bigint {
    const zigzag = this.uvarintBig();
    return (zigzag >> 1n) ^ -(zigzag & 1n);
  }

  /** The next `count` bytes, without a copy. */
  bytes(count: number): Uint8Array {
    this.#need(count);
    this.#position += count;
    return this.#bytes.subarray(this.#position - count, this.#position);
  }

  /** The next `count` bytes as UTF-8 text. */
  utf8(count: number): string {
    this.#need(count);
    const start = this.#position;
    this.#position += count;
    return decodeUtf8(this.#bytes, start, this.#position);
  }

  /** A uvarint byte length and that many bytes of UTF-8. */
  uvarintString(): string {
    return this.utf8(this.uvarint());
  }

  /** The first four bytes of a varint; 2^28 is added when more follow. */
  #low28(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    return value + 0x10000000;
  }

  /** The bytes of a varint after the fourth, up to 36 bits. */
  #high(): number {
    let value = 0;
    let factor = 1;
    for (let i = 4; i < 10; i++) {
      const byte = this.u8();
      if (i === 9 && byte > 1) break;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    throw new DecodeError("a varint has more than 64 bits");
  }

  #need(count: number): void {
    if (count > this.#end - this.#position) {
      throw new DecodeError(`want ${count} bytes at ${this.#position}, have ${this.#end - this.#position}`);
    }
  }
}

const scratchWords = new Uint32Array(2);
const scratchFloat = new Float64Array(scratchWords.buffer);

/**
 * The text of the UTF-8 bytes from `start` to `end`; bad sequences become U+FFFD. Bytes may be shared memory.
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < 32) {
    let text = "";
    for (let i = start; i < end; i++) {
      const byte = bytes[i];
      if (byte > 127) return decoder.decode(bytes.slice(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decoder.decode(bytes.slice(start, end));
}
