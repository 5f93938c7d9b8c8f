/**
 * Writes the wire format of protocol buffers. A nested message is written in place: its length is put before
 * it when it is closed.
 *
 *   const label = writer.open(1);
 *   writer.string(1, "job");
 *   writer.close(label);
 */

const encoder = new TextEncoder();
const scratchFloat = new Float64Array(1);
const scratchBytes = new Uint8Array(scratchFloat.buffer);

/** A growing buffer of messages. */
export class ProtobufWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** What was written, without a copy; valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets all bytes. */
  reset(): void {
    this.#length = 0;
  }

  /** A varint; `value` is an integer in 0 … 2^64, exact below 2^53. */
  varint(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** An unsigned number. */
  uint(field: number, value: number): void {
    this.varint(field * 8);
    this.varint(value);
  }

  /** A signed number in two's complement (int64). */
  int64(field: number, value: number): void {
    this.varint(field * 8);
    if (value >= 0) this.varint(value);
    else this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
  }

  /** A signed number in zigzag form. */
  sint(field: number, value: number): void {
    this.varint(field * 8);
    if (Math.abs(value) < 2 ** 52) this.varint(value < 0 ? -2 * value - 1 : 2 * value);
    else this.#bigVarint(BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)));
  }

  /** A float64. */
  double(field: number, value: number): void {
    this.varint(field * 8 + 1);
    this.#room(8);
    scratchFloat[0] = value;
    this.#bytes.set(scratchBytes, this.#length);
    this.#length += 8;
  }

  /** A text. */
  string(field: number, text: string): void {
    const start = this.open(field);
    this.#room(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    this.close(start);
  }

  /** Begins a nested message; give the result to `close`. */
  open(field: number): number {
    this.varint(field * 8 + 2);
    return this.#length;
  }

  /** Begins a message with only its length before it. */
  openDelimited(): number {
    return this.#length;
  }

  /** Ends a nested message: moves it up to make room for its length. */
  close(start: number): void {
    const size = this.#length - start;
    let lengthBytes = 1;
    for (let rest = size; rest > 127; rest = Math.floor(rest / 128)) lengthBytes++;
    this.#room(lengthBytes);
    this.#bytes.copyWithin(start + lengthBytes, start, this.#length);
    this.#length = start;
    this.varint(size);
    this.#length = start + lengthBytes + size;
  }

  #bigVarint(value: bigint): void {
    this.#room(10);
    let rest = value;
    while (rest > 127n) {
      this.#bytes[this.#length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #room(count: number): void {
    const need = this.#length + count;
    if (need <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(need, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
