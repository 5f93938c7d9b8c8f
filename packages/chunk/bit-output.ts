/**
 * The bits of a chunk that is still growing: appended at the end, with a header at the front that is patched.
 *
 * Integers are JavaScript numbers: exact below 2^53. What Go writes as a varint or a varbit (docs/formats/
 * chunks.md) has a method each.
 */

/** Prefixes of varbits: how many bits follow after 0, 1, … 8 ones. */
export const varbitWidths: readonly number[] = [0, 3, 6, 9, 12, 18, 25, 56, 64];

/** A growing, patchable buffer of bits, most significant first. */
export class BitOutput {
  /** The buffer; zero behind the last bit. */
  bytes: Uint8Array;
  lengthBits: number;

  /** Starts with `headerBytes` zero bytes. */
  constructor(headerBytes: number, capacityBytes = 128) {
    this.bytes = new Uint8Array(Math.max(headerBytes, capacityBytes));
    this.lengthBits = headerBytes * 8;
  }

  /** Goes on behind the `lengthBits` bits of `bytes`, of which it makes a copy. */
  static after(bytes: Uint8Array, lengthBits: number): BitOutput {
    const output = new BitOutput(0, bytes.length + 64);
    output.bytes.set(bytes);
    output.lengthBits = lengthBits;
    return output;
  }

  get lengthBytes(): number {
    return (this.lengthBits + 7) >>> 3;
  }

  /** What was written, as a view that the next write may make stale. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.lengthBytes);
  }

  /** The lowest `count` (0 … 32) bits of `value`. */
  bits(value: number, count: number): void {
    if (this.lengthBits + count > this.bytes.length * 8) this.#grow();
    const { bytes } = this;
    let left = count;
    while (left > 0) {
      const free = 8 - (this.lengthBits & 7);
      const now = Math.min(free, left);
      const part = (value >>> (left - now)) & (0xff >>> (8 - now));
      bytes[this.lengthBits >>> 3] |= part << (free - now);
      this.lengthBits += now;
      left -= now;
    }
  }

  /** The lowest `count` (0 … 64) bits of the number whose halves are `high` and `low`. */
  bits64(high: number, low: number, count: number): void {
    if (count > 32) this.bits(high, count - 32);
    this.bits(low, Math.min(count, 32));
  }

  /** The lowest `count` (33 … 64) bits of an integer in two's complement. */
  integer(value: number, count: number): void {
    this.bits64(Math.floor(value / 2 ** 32), value >>> 0, count);
  }

  /** A signed integer: the shorter the closer to zero. A width of n covers -(2^(n-1) - 1) … 2^(n-1). */
  varbitInt(value: number): void {
    let form = 0;
    while (form < 8 && !fitsSigned(value, varbitWidths[form])) form++;
    this.#varbit(value, form);
  }

  /** An unsigned integer, likewise. */
  varbitUint(value: number): void {
    let form = 0;
    while (form < 8 && value >= 2 ** varbitWidths[form]) form++;
    this.#varbit(value, form);
  }

  #varbit(value: number, form: number): void {
    this.bits(prefixOf(form), Math.min(form + 1, 8));
    const width = varbitWidths[form];
    if (width > 32) this.integer(value, width);
    else this.bits(value, width);
  }

  /** A signed varint, zigzag. */
  varint(value: number): void {
    if (value >= 0) this.uvarint(value * 2);
    else this.uvarint(-value * 2 - 1);
  }

  /** A varint; a negative number as the 64 bits of its two's complement. */
  uvarint(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      this.bits(Number(rest & 127n) | 128, 8);
      rest >>= 7n;
    }
    this.bits(Number(rest), 8);
  }

  #grow(): void {
    const larger = new Uint8Array(this.bytes.length * 2 + 8);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

function fitsSigned(value: number, width: number): boolean {
  if (width === 0) return value === 0;
  const half = 2 ** (width - 1);
  return value >= 1 - half && value <= half;
}

/** `form` ones and a zero; of eight ones the zero is left out. */
function prefixOf(form: number): number {
  return form === 8 ? 0xff : (2 << form) - 2;
}
