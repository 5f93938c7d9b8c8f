/**
 * Kernel `number-parse`: decimal text to float64, exactly as the definition (`parseGoFloat` of
 * @narthex/exposition/go-number) gives it.
 */

import type { Arena } from "./arena.ts";
import type { SharedMemory } from "./web-assembly.ts";

/** Functions of assembly/number-parse.ts. */
export interface NumberParseKernel {
  /**
   * Reads the number at address `at`, stores it at `out` (f64) and returns the address behind it; 0 when the
   * text is none of those read here (more than 19 significant digits, out of range, rare spellings, no
   * number at all). `powers` comes from `powersOfTen`. A byte that belongs to no number (a line feed) and 8
   * readable bytes follow the text. NaN is stored as 0x7ff8000000000001.
   */
  numberParse(at: number, powers: number, out: number): number;
}

const firstExponent = -342;
const lastExponent = 308;
const largestTen = 22;
const wholeTens = 8;

const tables = new WeakMap<SharedMemory, number>();

/**
 * The address of the table of powers that `numberParse` needs; made once per memory and never freed (11 kB).
 */
export function powersOfTen(arena: Arena): number {
  let address = tables.get(arena.memory);
  if (address !== undefined) return address;
  const count = lastExponent - firstExponent + 1;
  address = arena.allocatePages(count * 16 + (largestTen + 1 + wholeTens) * 8);
  const words = arena.u64;
  for (let i = 0; i < count; i++) {
    const power = normalisedPowerOfFive(firstExponent + i);
    words[address / 8 + 2 * i] = power >> 64n;
    words[address / 8 + 2 * i + 1] = power & 0xffffffffffffffffn;
  }
  for (let i = 0; i <= largestTen; i++) arena.f64[address / 8 + 2 * count + i] = Number(`1e${i}`);
  for (let i = 0; i < wholeTens; i++) words[address / 8 + 2 * count + largestTen + 1 + i] = 10n ** BigInt(i);
  tables.set(arena.memory, address);
  return address;
}

/**
 * The leading 128 bits of 5^exponent, the first of them set; rounded up for negative exponents, else
 * truncated.
 */
function normalisedPowerOfFive(exponent: number): bigint {
  if (exponent >= 0) return leading128(5n ** BigInt(exponent));
  const divisor = 5n ** BigInt(-exponent);
  const bits = BigInt(bitLength(divisor - 1n));
  const shift = exponent >= -27 ? bits + 127n : 2n * bits + 128n;
  return leading128((1n << shift) / divisor + 1n);
}

function leading128(value: bigint): bigint {
  const extra = bitLength(value) - 128;
  return extra > 0 ? value >> BigInt(extra) : value << BigInt(-extra);
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
