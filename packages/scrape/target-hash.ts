/**
 * FNV-64a, the hash by which targets are told apart and spread over the interval. 64 bits as two unsigned
 * halves.
 */

/** A 64-bit number. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

const offsetHigh = 0xcbf29ce4;
const offsetLow = 0x84222325;
const encoder = new TextEncoder();

/** FNV-64a of the UTF-8 bytes of `text`. */
export function fnv64a(text: string): Hash64 {
  let high = offsetHigh;
  let low = offsetLow;
  for (const byte of encoder.encode(text)) {
    low = (low ^ byte) >>> 0;
    // hash × 0x100000001b3 = hash × 0x1b3 + (low << 40)
    const lowPart = (low & 0xffff) * 0x1b3;
    const middle = (low >>> 16) * 0x1b3 + (lowPart >>> 16);
    const carry = Math.floor(middle / 0x10000);
    high = (Math.imul(high, 0x1b3) + carry + (low << 8)) >>> 0;
    low = ((middle & 0xffff) * 0x10000 + (lowPart & 0xffff)) >>> 0;
  }
  return { high, low };
}

/** 16 hexadecimal digits. */
export function hexOf({ high, low }: Hash64): string {
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

/** `(a XOR b) mod modulus`, for a modulus below 2^32. */
export function xorModulo(a: Hash64, b: Hash64, modulus: number): number {
  const high = ((a.high ^ b.high) >>> 0) % modulus;
  const low = (a.low ^ b.low) >>> 0;
  // high × 2^32 + low, reduced in two steps of 2^16 so that nothing leaves 2^53.
  const upper = (high * 0x10000 + (low >>> 16)) % modulus;
  return (upper * 0x10000 + (low & 0xffff)) % modulus;
}
