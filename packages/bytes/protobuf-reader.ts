/**
 * Reads the wire format of protocol buffers: tags, varints, fixed numbers, nested messages.
 *
 *   const end = reader.enter("Label");          // behind the tag of a nested message
 *   while (reader.next("LabelPair")) {
 *     if (reader.field === 1) nameEnd = reader.bytesEnd("Name"); else reader.skip();
 *   }
 *   reader.leave(end);
 *
 * Accepts and refuses what gogo/protobuf's generated Go code does, with its texts (as `DecodeError`).
 *
 * Invariant: 0 ≤ at ≤ end ≤ bytes.length; nothing behind `end`, the end of the innermost message, is read.
 */

import { DecodeError } from "./decode-error.ts";

/** Wire types. */
export const WireType = { Varint: 0, Fixed64: 1, Bytes: 2, GroupStart: 3, GroupEnd: 4, Fixed32: 5 } as const;

const endsEarly = "unexpected EOF";
const overflows = "proto: integer overflow";
const negativeLength = "proto: negative length found during unmarshaling";

const scratchBytes = new Uint8Array(8);
const scratchFloat = new Float64Array(scratchBytes.buffer);

/** A cursor over messages. */
export class ProtobufReader {
  /** Number of the current field. */
  field = 0;
  /** Wire type of the current field. */
  wire = 0;
  /** Where the next read starts. */
  at = 0;
  /** End of the innermost message, exclusive. */
  end = 0;
  source: Uint8Array = scratchBytes;
  #tagAt = 0;
  /** Halves of the last varint. */
  #low = 0;
  #high = 0;

  /** Starts anew on one message, `source[start, end)`. */
  assign(source: Uint8Array, start = 0, end = source.length): void {
    this.source = source;
    this.at = start;
    this.end = end;
  }

  /** Goes to the next field; false at the end of the message, whose name is for error texts. */
  next(message: string): boolean {
    if (this.at >= this.end) return false;
    this.#tagAt = this.at;
    this.#varint();
    this.wire = this.#low & 7;
    this.field = (this.#low >>> 3) | (this.#high << 29);
    if (this.wire === WireType.GroupEnd) {
      throw new DecodeError(`proto: ${message}: wiretype end group for non-group`);
    }
    if (this.field <= 0) {
      const tag = this.#high * 4294967296 + this.#low;
      throw new DecodeError(`proto: ${message}: illegal tag ${this.field} (wire type ${tag})`);
    }
    return true;
  }

  /** Enters the nested message of the current field; give the result to `leave`. */
  enter(name: string): number {
    const outer = this.end;
    this.end = this.#length(name);
    return outer;
  }

  /** Back to the message around, behind the nested one. */
  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  /** The end of the current field's bytes, which start at `at`; move `at` there when they are read. */
  bytesEnd(name: string): number {
    return this.#length(name);
  }

  /** An unsigned varint; above 2^53 it is rounded. */
  uint(name: string): number {
    this.#expect(WireType.Varint, name);
    this.#varint();
    return this.#high * 4294967296 + this.#low;
  }

  /** A signed varint in two's complement (int64); outside ±2^53 it is rounded. */
  int64(name: string): number {
    this.#expect(WireType.Varint, name);
    this.#varint();
    return (this.#high | 0) * 4294967296 + this.#low;
  }

  /** The low 32 bits of a varint, signed (int32, enum). */
  int32(name: string): number {
    this.#expect(WireType.Varint, name);
    this.#varint();
    return this.#low | 0;
  }

  /** A zigzag varint of 32 bits. */
  sint32(name: string): number {
    this.#expect(WireType.Varint, name);
    this.#varint();
    return (this.#low >>> 1) ^ -(this.#low & 1);
  }

  /** A float64. */
  double(name: string): number {
    this.#expect(WireType.Fixed64, name);
    return this.#fixed64();
  }

  /** Appends the zigzag varints of a repeated field, packed or not. */
  sint64s(name: string, into: number[]): void {
    if (this.wire === WireType.Varint) {
      into.push(this.#zigzag());
      return;
    }
    const end = this.#length(name);
    while (this.at < end) into.push(this.#zigzag());
  }

  /** Appends the float64s of a repeated field, packed or not. */
  doubles(name: string, into: number[]): void {
    if (this.wire === WireType.Fixed64) {
      into.push(this.#fixed64());
      return;
    }
    const end = this.#length(name);
    while (this.at < end) into.push(this.#fixed64());
  }

  /** Passes over a field that is not known, groups included. */
  skip(): void {
    this.at = this.#tagAt;
    let depth = 0;
    do {
      if (this.at >= this.end) throw new DecodeError(endsEarly);
      this.#varint();
      depth += this.#skipValue(this.#low & 7, depth);
    } while (depth > 0);
    if (this.at > this.end) throw new DecodeError(endsEarly);
  }

  /** Passes over one value; returns by how much the depth of groups changes. */
  #skipValue(wire: number, depth: number): number {
    switch (wire) {
      case WireType.Varint:
        this.#varint();
        return 0;
      case WireType.Fixed64:
        this.at += 8;
        return 0;
      case WireType.Bytes:
        this.#varint();
        if ((this.#high | 0) < 0) throw new DecodeError(negativeLength);
        this.at += Math.min(this.#high * 4294967296 + this.#low, this.end + 1);
        return 0;
      case WireType.GroupStart:
        return 1;
      case WireType.GroupEnd:
        if (depth === 0) throw new DecodeError("proto: unexpected end of group");
        return -1;
      case WireType.Fixed32:
        this.at += 4;
        return 0;
      default:
        throw new DecodeError(`proto: illegal wireType ${wire}`);
    }
  }

  #expect(wire: number, name: string): void {
    if (this.wire !== wire) throw new DecodeError(`proto: wrong wireType = ${this.wire} for field ${name}`);
  }

  /** Reads a length; returns where what it measures ends. */
  #length(name: string): number {
    this.#expect(WireType.Bytes, name);
    this.#varint();
    if ((this.#high | 0) < 0) throw new DecodeError(negativeLength);
    const end = this.at + this.#high * 4294967296 + this.#low;
    if (end > this.end) throw new DecodeError(endsEarly);
    return end;
  }

  #zigzag(): number {
    this.#varint();
    const half = this.#high * 2147483648 + (this.#low >>> 1);
    return (this.#low & 1) === 0 ? half : -half - 1;
  }

  #fixed64(): number {
    const { source, at } = this;
    if (at + 8 > this.end) throw new DecodeError(endsEarly);
    for (let i = 0; i < 8; i++) scratchBytes[i] = source[at + i];
    this.at = at + 8;
    return scratchFloat[0];
  }

  #varint(): void {
    const { source, end } = this;
    let { at } = this;
    if (at >= end) throw new DecodeError(endsEarly);
    let byte = source[at++];
    this.#high = 0;
    this.#low = byte & 127;
    let shift = 7;
    while (byte >= 128) {
      if (shift >= 64) throw new DecodeError(overflows);
      if (at >= end) throw new DecodeError(endsEarly);
      byte = source[at++];
      const bits = byte & 127;
      if (shift < 32) this.#low = (this.#low | (bits << shift)) >>> 0;
      if (shift >= 32) this.#high = (this.#high | (bits << (shift - 32))) >>> 0;
      else if (shift === 28) this.#high = bits >>> 4;
      shift += 7;
    }
    this.at = at;
  }
}
