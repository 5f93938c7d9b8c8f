/**
 * Reads the bits of a chunk. Every read checks its bounds and throws `DecodeError`.
 *
 * Integers are JavaScript numbers: those beyond ±2^53 are rounded. Made once, opened for many chunks.
 */

import { DecodeError } from "@narthex/bytes/decode-error";
import { varbitWidths } from "./bit-output.ts";

const none = new Uint8Array(0);

/** A position in bits, moved on by reads. */
export class BitInput {
  #bytes: Uint8Array = none;
  /** Where it starts; positions count from there, so that they stay below 2^32 anywhere in the arena. */
  #base = 0;
  #position = 0;
  #end = 0;

  /** Reads `bytes` from byte `start` to byte `end` (exclusive) from now on. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#base = start;
    this.#position = 0;
    this.#end = (end - start) * 8;
  }

  /** Bits read so far. */
  get positionBits(): number {
    return this.#position;
  }

  get remainingBits(): number {
    return this.#end - this.#position;
  }

  bit(): number {
    const at = this.#position;
    if (at >= this.#end) throw tooShort();
    this.#position = at + 1;
    return (this.#bytes[this.#base + (at >>> 3)] >>> (7 - (at & 7))) & 1;
  }

  /** The next `count` (0 … 32) bits as an unsigned number. */
  bits(count: number): number {
    const position = this.#position;
    if (position + count > this.#end) throw tooShort();
    this.#position = position + count;
    if (count === 0) return 0;
    const bytes = this.#bytes;
    const at = this.#base + (position >>> 3);
    const shift = position & 7;
    const word = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    const high = (word << shift) | (shift === 0 ? 0 : bytes[at + 4] >>> (8 - shift));
    return high >>> (32 - count);
  }

  /** A signed integer, as `BitOutput.varbitInt` writes it. */
  varbitInt(): number {
    const form = this.#varbitForm();
    const width = varbitWidths[form];
    if (width <= 25) {
      if (width === 0) return 0;
      const bits = this.bits(width);
      return bits > 2 ** (width - 1) ? bits - 2 ** width : bits;
    }
    const high = this.bits(width - 32);
    const low = this.bits(32);
    const half = width === 64 ? 2 ** 31 : 2 ** 23;
    // In 64 bits the half itself is negative, in 56 bits it is the greatest number.
    const isNegative = high > half || (high === half && (width === 64 || low > 0));
    return (isNegative ? high - 2 * half : high) * 2 ** 32 + low;
  }

  /** An unsigned integer, as `BitOutput.varbitUint` writes it. */
  varbitUint(): number {
    const width = varbitWidths[this.#varbitForm()];
    if (width <= 25) return this.bits(width);
    const high = this.bits(width - 32);
    return high * 2 ** 32 + this.bits(32);
  }

  /** Reads ones up to a zero, eight at most; returns how many. */
  #varbitForm(): number {
    const position = this.#position;
    const at = this.#base + (position >>> 3);
    const two = (this.#bytes[at] << 24) | (this.#bytes[at + 1] << 16);
    const ones = Math.min(8, Math.clz32(~(two << (position & 7))));
    this.#position = position + Math.min(8, ones + 1);
    if (this.#position > this.#end) throw tooShort();
    return ones;
  }

  /** A signed varint, zigzag, its bytes at any bit position. */
  varint(): number {
    const zigzag = this.#uvarintBig();
    return Number((zigzag >> 1n) ^ -(zigzag & 1n));
  }

  #uvarintBig(): bigint {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = this.bits(8);
      if (i === 9 && byte > 1) break;
      value |= BigInt(byte & 127) << BigInt(7 * i);
      if (byte < 128) return value;
    }
    throw new DecodeError("a varint has more than 64 bits");
  }
}

function tooShort(): DecodeError {
  return new DecodeError("the bits end early");
}
