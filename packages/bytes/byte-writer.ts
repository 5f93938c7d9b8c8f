/**
 * Writes numbers and strings into a growing byte buffer, in the forms that the storage formats and Go's
 * encoding/binary use: fixed-size integers big-endian, varints little-endian base 128, signed ones zigzag.
 *
 * Invariants
 *  - Bytes below `length` are final until `reset` or `truncate`.
 *  - Integers are exact: those given as number lie within ±(2^53 − 1); the BigInt variants cover 64 bits.
 *
 * Lifetime: `view()` looks into the buffer and is valid until the next write; `take()` is a copy to keep.
 */

const encoder = new TextEncoder();

/** A growing buffer with typed writes at its end. */
export class ByteWriter {
  #bytes: Uint8Array;
  #data: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#data = new DataView(this.#bytes.buffer);
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** Forgets all bytes; the capacity stays. */
  reset(): void {
    this.#length = 0;
  }

  /** Forgets the bytes from `length` on. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** What was written from `start` on, without a copy; valid until the next write. */
  view(start = 0): Uint8Array {
    return this.#bytes.subarray(start, this.#length);
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  u8(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  u16(value: number): void {
    this.#room(2);
    this.#data.setUint16(this.#length, value);
    this.#length += 2;
  }

  u32(value: number): void {
    this.#room(4);
    this.#data.setUint32(this.#length, value);
    this.#length += 4;
  }

  /** Eight bytes; `value` is an integer within ±(2^53 − 1), negative ones as two's complement. */
  u64(value: number): void {
    this.#room(8);
    this.#data.setUint32(this.#length, Math.floor(value / 4294967296));
    this.#data.setUint32(this.#length + 4, value);
    this.#length += 8;
  }

  /** Eight bytes, modulo 2^64. */
  u64Big(value: bigint): void {
    this.#room(8);
    this.#data.setBigUint64(this.#length, BigInt.asUintN(64, value));
    this.#length += 8;
  }

  /** A float64. A NaN loses its exact bits here: write samples with `f64At`. */
  f64(value: number): void {
    this.#room(8);
    this.#data.setFloat64(this.#length, value);
    this.#length += 8;
  }

  /**
   * The float64 whose little-endian halves are `words[2 × index]` and the next: bit-exact, staleness marker
   * too.
   */
  f64At(words: Uint32Array, index: number): void {
    this.#room(8);
    this.#data.setUint32(this.#length, words[2 * index + 1]);
    this.#data.setUint32(this.#length + 4, words[2 * index]);
    this.#length += 8;
  }

  /** An unsigned varint; `value` is an integer in 0 … 2^53 − 1. */
  uvarint(value: number): void {
    this.#room(8);
    const bytes = this.#bytes;
    let at = this.#length;
    while (value > 0x7fffffff) {
      bytes[at++] = (value % 128) | 128;
      value = Math.floor(value / 128);
    }
    while (value > 127) {
      bytes[at++] = (value & 127) | 128;
      value >>>= 7;
    }
    bytes[at++] = value;
    this.#length = at;
  }

  /** A signed varint (zigzag); `value` is an integer within ±(2^53 − 1). */
  varint(value: number): void {
    const sign = value < 0 ? 1 : 0;
    const half = sign === 1 ? -value - 1 : value;
    if (half < 64) {
      this.u8(half * 2 + sign);
      return;
    }
    this.u8(128 | ((half % 64) * 2) | sign);
    this.uvarint(Math.floor(half / 64));
  }

  /** An unsigned varint of up to 64 bits. */
  uvarintBig(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      this.u8(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.u8(Number(rest));
  }

  /** A signed varint (zigzag) of up to 64 bits. */
  varintBig(value: bigint): void {
    const signed = BigInt.asIntN(64, value);
    this.uvarintBig((signed << 1n) ^ (signed >> 63n));
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** `count` zero bytes. */
  zeros(count: number): void {
    this.#room(count);
    this.#bytes.fill(0, this.#length, this.#length + count);
    this.#length += count;
  }

  /** The UTF-8 bytes of `text`, nothing before them. */
  utf8(text: string): void {
    this.#room(text.length * 3);
    this.#length += this.#utf8At(this.#length, text);
  }

  /** A uvarint byte length, then the UTF-8 bytes of `text`. */
  uvarintString(text: string): void {
    this.#room(text.length * 3 + 5);
    // A short text has a one-byte length: write it behind that byte, then fill the byte in.
    const size = this.#utf8At(this.#length + 1, text);
    if (size < 128) {
      this.#bytes[this.#length] = size;
      this.#length += 1 + size;
      return;
    }
    this.uvarint(size);
    this.#room(size * 3);
    this.#length += this.#utf8At(this.#length, text);
  }

  /** Overwrites four bytes at `position`, which were written before. */
  u32At(position: number, value: number): void {
    this.#data.setUint32(position, value);
  }

  #utf8At(at: number, text: string): number {
    const bytes = this.#bytes;
    if (text.length < 48) {
      let i = 0;
      for (; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 127) break;
        bytes[at + i] = unit;
      }
      if (i === text.length) return i;
    }
    return encoder.encodeInto(text, bytes.subarray(at)).written;
  }

  #room(count: number): void {
    const need = this.#length + count;
    if (need <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(need, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#data = new DataView(larger.buffer);
  }
}
