/**
 * Writes single bits, most significant first: the order inside chunks. The last byte is padded with zero
 * bits.
 */

/** A growing buffer of bits. */
export class BitWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacityBytes = 64) {
    this.#bytes = new Uint8Array(capacityBytes);
  }

  /** How many bits were written. */
  get lengthBits(): number {
    return this.#length;
  }

  /** A copy of the bytes, the last one padded with zero bits. */
  take(): Uint8Array {
    return this.#bytes.slice(0, (this.#length + 7) >>> 3);
  }

  bit(value: 0 | 1): void {
    this.bits(value, 1);
  }

  /** The lowest `count` (0 … 32) bits of `value`, most significant first. */
  bits(value: number, count: number): void {
    this.#room(count);
    let left = count;
    while (left > 0) {
      const free = 8 - (this.#length & 7);
      const now = Math.min(free, left);
      const part = (value >>> (left - now)) & (0xff >>> (8 - now));
      this.#bytes[this.#length >>> 3] |= part << (free - now);
      this.#length += now;
      left -= now;
    }
  }

  /** The lowest `count` (0 … 64) bits of the number whose halves are `high` and `low`. */
  bits64(high: number, low: number, count: number): void {
    if (count > 32) this.bits(high, count - 32);
    this.bits(low, Math.min(count, 32));
  }

  /** Whole bytes, at any bit position. */
  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.bits(byte, 8);
  }

  #room(bits: number): void {
    const need = (this.#length + bits + 7) >>> 3;
    if (need <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(need, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
