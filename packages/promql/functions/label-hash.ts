/**
 * The 64-bit hash of a label set, as the original computes it: XXH64 (seed 0) of the labels' texts, each with
 * its length before it. Definition of the kernel `xxhash`; `limit_ratio` chooses series by it.
 */

const mask = (1n << 64n) - 1n;
const prime1 = 0x9e3779b185ebca87n;
const prime2 = 0xc2b2ae3d27d4eb4fn;
const prime3 = 0x165667b19e3779f9n;
const prime4 = 0x85ebca77c2b2ae63n;
const prime5 = 0x27d4eb2f165667c5n;

function rotate(word: bigint, bits: bigint): bigint {
  return ((word << bits) | (word >> (64n - bits))) & mask;
}

function round(lane: bigint, word: bigint): bigint {
  return (rotate((lane + word * prime2) & mask, 31n) * prime1) & mask;
}

/** XXH64 with seed 0. */
export function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = prime5;
  let at = 0;
  if (bytes.length >= 32) {
    const lanes = [(prime1 + prime2) & mask, prime2, 0n, -prime1 & mask];
    for (; at + 32 <= bytes.length; at += 32) {
      lanes.forEach((lane, i) => (lanes[i] = round(lane, view.getBigUint64(at + 8 * i, true))));
    }
    hash = lanes.reduce((sum, lane, i) => sum + rotate(lane, [1n, 7n, 12n, 18n][i]), 0n) & mask;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * prime1 + prime4) & mask;
  }
  hash = (hash + BigInt(bytes.length)) & mask;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * prime1 + prime4) & mask;
  }
  if (at + 4 <= bytes.length) {
    hash =
      (rotate(hash ^ ((BigInt(view.getUint32(at, true)) * prime1) & mask), 23n) * prime2 + prime3) & mask;
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = (rotate(hash ^ ((BigInt(bytes[at]) * prime5) & mask), 11n) * prime1) & mask;
  }
  hash = ((hash ^ (hash >> 33n)) * prime2) & mask;
  hash = ((hash ^ (hash >> 29n)) * prime3) & mask;
  return hash ^ (hash >> 32n);
}

const encoder = new TextEncoder();

/** A text with its length before it: one byte below 255, else the byte 255 and three bytes. */
export function encodeLabelText(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  const { length } = bytes;
  const head = length < 255 ? [length] : [255, length & 255, (length >> 8) & 255, (length >> 16) & 255];
  const encoded = new Uint8Array(head.length + length);
  encoded.set(head);
  encoded.set(bytes, head.length);
  return encoded;
}

/** The hash as a share of all hashes, in [0, 1]. */
export function hashShare(hash: bigint): number {
  return Number(hash) / 2 ** 64;
}

/** Where the label set (name, value, …, by ascending name) lies among all, in [0, 1]. */
export function labelShare(pairs: readonly string[]): number {
  const parts = pairs.map(encodeLabelText);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return hashShare(xxHash64(bytes));
}
