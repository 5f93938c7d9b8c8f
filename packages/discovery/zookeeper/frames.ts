/**
 * ZooKeeper's encoding (Jute): big-endian integers, strings and buffers with their length in front, every
 * message with its length in front.
 */

/** Writes one message. */
export class FrameWriter {
  readonly #parts: number[] = [];

  int(value: number): this {
    this.#parts.push((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
    return this;
  }

  long(value: bigint): this {
    const bits = BigInt.asUintN(64, value);
    return this.int(Number(bits >> 32n)).int(Number(bits & 0xffff_ffffn));
  }

  flag(value: boolean): this {
    this.#parts.push(value ? 1 : 0);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.int(value.length);
    for (const byte of value) this.#parts.push(byte);
    return this;
  }

  text(value: string): this {
    return this.bytes(new TextEncoder().encode(value));
  }

  /** The message with its length. */
  frame(): Uint8Array {
    const body = Uint8Array.from(this.#parts);
    const frame = new Uint8Array(body.length + 4);
    new DataView(frame.buffer).setUint32(0, body.length);
    frame.set(body, 4);
    return frame;
  }
}

/** Reads one message. Throws a `RangeError` when it is too short. */
export class FrameReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  int(): number {
    const value = this.#view.getInt32(this.#at);
    this.#at += 4;
    return value;
  }

  long(): bigint {
    const value = this.#view.getBigInt64(this.#at);
    this.#at += 8;
    return value;
  }

  /** A buffer; a null one is empty. */
  bytes(): Uint8Array {
    const length = Math.max(0, this.int());
    if (this.#at + length > this.#view.byteLength) throw new RangeError("the message is too short");
    const value = new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#at, length);
    this.#at += length;
    return value;
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }
}

const maxFrameBytes = 16 * 1_048_576;

/** Cuts a stream into messages. */
export class FrameSplitter {
  #pending: Uint8Array = new Uint8Array(0);

  /** The messages that `bytes` complete. Throws when one is longer than allowed. */
  push(bytes: Uint8Array): Uint8Array[] {
    const all = new Uint8Array(this.#pending.length + bytes.length);
    all.set(this.#pending);
    all.set(bytes, this.#pending.length);
    const found: Uint8Array[] = [];
    let at = 0;
    while (at + 4 <= all.length) {
      const length = new DataView(all.buffer).getUint32(at);
      if (length > maxFrameBytes) throw new Error("a message is longer than allowed");
      if (at + 4 + length > all.length) break;
      found.push(all.slice(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#pending = all.slice(at);
    return found;
  }
}
