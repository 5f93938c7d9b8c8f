/**
 * Snappy's block format: the definition of the kernel `snappy`, and what decodes where no arena is at hand.
 *
 * A block is the uvarint of the plain size, then elements. The low two bits of an element's first byte say
 * what it is: 0 a literal (length − 1 in the upper six bits; 60 … 63: in the next 1 … 4 bytes), 1 a copy of
 * 4 … 11 bytes from up to 2 KiB back, 2 a copy of 1 … 64 bytes from up to 64 KiB back, 3 the same with a
 * four-byte distance.
 *
 * The encoder works on pieces of 64 KiB. It looks each position's four bytes up in a table of earlier
 * positions, one candidate per hash, and looks ever less often while it finds nothing: every 32 misses the
 * stride grows by one.
 */

import { DecodeError } from "./decode-error.ts";

/** The most bytes that encoding `sizeBytes` plain bytes can give. */
export function snappyBoundBytes(sizeBytes: number): number {
  return 32 + sizeBytes + Math.floor(sizeBytes / 6);
}

/** Entries (u16) of the encoder's table. */
export const snappyTableEntries = 16_384;
const pieceBytes = 65_536;
/** Nothing is searched in the last bytes of a piece: reading four bytes ahead stays inside. */
const marginBytes = 15;

const table = new Uint16Array(snappyTableEntries);

/** Encodes a block. */
export function snappyEncode(plain: Uint8Array): Uint8Array {
  const out = new Uint8Array(snappyBoundBytes(plain.length));
  let at = 0;
  let size = plain.length;
  while (size > 127) {
    out[at++] = (size % 128) | 128;
    size = Math.floor(size / 128);
  }
  out[at++] = size;
  for (let start = 0; start < plain.length; start += pieceBytes) {
    at = encodePiece(plain, start, Math.min(start + pieceBytes, plain.length), out, at);
  }
  return out.subarray(0, at);
}

function encodePiece(plain: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  table.fill(0);
  let literal = start;
  let position = start + 1;
  let misses = 32;
  const limit = end - marginBytes;
  while (position < limit) {
    const word = wordAt(plain, position);
    const slot = Math.imul(word, 0x1e35a7bd) >>> 18;
    const candidate = start + table[slot];
    table[slot] = position - start;
    if (wordAt(plain, candidate) !== word) {
      position += misses++ >>> 5;
      continue;
    }
    misses = 32;
    at = writeLiteral(plain, literal, position, out, at);
    const distance = position - candidate;
    let length = 4;
    while (position + length < end && plain[position + length] === plain[candidate + length]) length++;
    at = writeCopy(distance, length, out, at);
    position += length;
    literal = position;
  }
  return writeLiteral(plain, literal, end, out, at);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function writeLiteral(plain: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
  if (from === to) return at;
  const length = to - from - 1;
  if (length < 60) {
    out[at++] = length << 2;
  } else if (length < 256) {
    out[at++] = 60 << 2;
    out[at++] = length;
  } else {
    out[at++] = 61 << 2;
    out[at++] = length;
    out[at++] = length >>> 8;
  }
  out.set(plain.subarray(from, to), at);
  return at + to - from;
}

function writeCopy(distance: number, length: number, out: Uint8Array, at: number): number {
  // 68 and more: 64 now, so that at least 4 stay; 65 … 67: 60 now, for the same reason.
  while (length > 64) {
    const now = length >= 68 ? 64 : 60;
    at = writeLongCopy(distance, now, out, at);
    length -= now;
  }
  if (length >= 12 || distance >= 2048) return writeLongCopy(distance, length, out, at);
  out[at++] = ((distance >>> 8) << 5) | ((length - 4) << 2) | 1;
  out[at++] = distance;
  return at;
}

function writeLongCopy(distance: number, length: number, out: Uint8Array, at: number): number {
  out[at] = ((length - 1) << 2) | 2;
  out[at + 1] = distance;
  out[at + 2] = distance >>> 8;
  return at + 3;
}

/** The plain size that a block announces. Throws `DecodeError`. */
export function snappyPlainBytes(block: Uint8Array): number {
  return readHeader(block)[0];
}

function readHeader(block: Uint8Array): readonly [size: number, headerBytes: number] {
  let size = 0;
  for (let i = 0; i < 5; i++) {
    if (i >= block.length) break;
    size += (block[i] & 127) * 2 ** (7 * i);
    if (block[i] < 128) {
      if (size > 0xffffffff) break;
      return [size, i + 1];
    }
  }
  throw new DecodeError("snappy: the plain size is not readable");
}

/** Decodes a block. Throws `DecodeError` when it is not valid, or announces more than `limitBytes`. */
export function snappyDecode(block: Uint8Array, limitBytes = 0xffffffff): Uint8Array {
  const [size, headerBytes] = readHeader(block);
  // No element gives more than 64 bytes for 2 of its own: a larger announcement is a lie, and allocates
  // nothing.
  if (size > limitBytes || size > block.length * 64)
    throw new DecodeError(`snappy: plain size ${size} is too large`);
  const out = new Uint8Array(size);
  let at = 0;
  let position = headerBytes;
  while (position < block.length) {
    const tag = block[position++];
    if ((tag & 3) === 0) {
      let length = (tag >>> 2) + 1;
      if (length > 60) {
        const extra = length - 60;
        length = littleEndian(block, position, extra) + 1;
        position += extra;
      }
      if (length > block.length - position || length > size - at)
        throw new DecodeError("snappy: a literal is cut");
      out.set(block.subarray(position, position + length), at);
      position += length;
      at += length;
      continue;
    }
    const extra = (tag & 3) === 3 ? 4 : tag & 3;
    let distance = littleEndian(block, position, extra);
    let length = (tag >>> 2) + 1;
    if (extra === 1) {
      distance += (tag >>> 5) << 8;
      length = ((tag >>> 2) & 7) + 4;
    }
    position += extra;
    if (distance === 0 || distance > at || length > size - at)
      throw new DecodeError("snappy: a copy is out of range");
    for (const end = at + length; at < end; at++) out[at] = out[at - distance];
  }
  if (at !== size) throw new DecodeError(`snappy: want ${size} plain bytes, got ${at}`);
  return out;
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.length) throw new DecodeError("snappy: the block is cut");
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
  return value;
}
