/**
 * Reads single bits, most significant first. Every read checks its bounds and throws `DecodeError`.
 */

import { DecodeError } from "./decode-error.ts";

/** A position in bits, moved on by reads. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position: number;
  readonly #end: number;

  /** Reads `bytes` from byte `start` to byte `end` (exclusive). */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#position = start * 8;
    this.#end = end * 8;
  }

  /** Bits read so far, counted from the beginning of the bytes. */
  get positionBits(): number {
    return this.#position;
  }

  get remainingBits(): number {
    return this.#end - this.#position;
  }

  bit(): number {
    if (this.#position >= this.#end) throw new DecodeError("the bits end early");
    const byte = this.#bytes[this.#position >>> 3];
    const bit = (byte >>> (7 - (this.#position & 7))) & 1;
    this.#position++;
    return bit;
  }

  /** The next `count` (0 … 32) bits as an unsigned number. */
  bits(count: number): number {
    if (count > this.#end - this.#position) throw new DecodeError("the bits end early");
    let value = 0;
    let left = count;
    while (left > 0) {
      const available = 8 - (this.#position & 7);
      const now = Math.min(available, left);
      const part = (this.#bytes[this.#position >>> 3] >>> (available - now)) & (0xff >>> (8 - now));
      value = value * 2 ** now + part;
      this.#position += now;
      left -= now;
    }
    return value;
  }

  /** The next `count` (0 … 64) bits as an unsigned BigInt. */
  bitsBig(count: number): bigint {
    if (count <= 32) return BigInt(this.bits(count));
    const high = this.bits(count - 32);
    return (BigInt(high) << 32n) | BigInt(this.bits(32));
  }

  /** An unsigned varint of up to 64 bits, its bytes at any bit position. */
  uvarintBig(): bigint {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = this.bits(8);
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
}
