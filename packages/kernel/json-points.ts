/**
 * Kernel `json-points`: numbers and points of a response, as the HTTP API writes them.
 *
 * Definition: `formatFloat` of `@narthex/model/go-float`; points as in `@narthex/promql`
 * result-json.property.test.ts. Tricks: integers and numbers of few decimal places need no search for the
 * shortest form (two decimals of at most 15 digits never share a double); otherwise Schubfach with a table
 * of 128-bit powers; digits come eight at a time from one register; what a point starts with is made once
 * per query and copied as 32 bytes.
 */

import type { Arena } from "./arena.ts";
import type { SharedMemory } from "./web-assembly.ts";

/**
 * Functions of assembly/json-points.ts. Output needs 64 writable bytes beyond what is written. Ends may be
 * above 2^31.
 */
export interface JsonPointsKernel {
  /** Writes a number; returns the end. `powers`: from `powersOfTen`. */
  jsonNumber(value: number, powers: number, out: number): number;
  /** Writes `,[seconds,"` of each step, 32 bytes each. */
  jsonPrefixes(firstTime: number, step: number, steps: number, out: number): void;
  /**
   * Writes the present steps `from` … `until` - 1 as `,[seconds,"value"]`, the first without comma if
   * `isFirst`.
   */
  jsonRow(
    values: number,
    presence: number,
    from: number,
    until: number,
    prefixes: number,
    powers: number,
    isFirst: number,
    out: number,
  ): number;
  /** The same for columns of times (ms) and values. */
  jsonSamples(
    times: number,
    values: number,
    from: number,
    until: number,
    powers: number,
    isFirst: number,
    out: number,
  ): number;
}

/** The most bytes one point takes, and what must be writable beyond it. */
export const jsonPointBytes = 64;

const lowestPower = -292;
const highestPower = 324;
const tables = new WeakMap<SharedMemory, number>();

/** The address of this thread's table of powers of ten, made at the first call (about 10 kB). */
export function powersOfTen(arena: Arena): number {
  const known = tables.get(arena.memory);
  if (known !== undefined) return known;
  const at = arena.allocatePages((highestPower - lowestPower + 1) * 16);
  const { u64 } = arena;
  for (let power = lowestPower; power <= highestPower; power++) {
    const value = power128(power);
    const index = at / 8 + (power - lowestPower) * 2;
    u64[index] = BigInt.asUintN(64, value);
    u64[index + 1] = value >> 64n;
  }
  tables.set(arena.memory, at);
  return at;
}

/** 10^power scaled to 128 bits with the highest bit set, rounded up. */
function power128(power: number): bigint {
  const shift = BigInt(127 - Math.floor((power * 1741647) / 524288));
  if (power >= 0) {
    const value = 10n ** BigInt(power);
    return shift >= 0n ? value << shift : ceilDivide(value, 1n << -shift);
  }
  return ceilDivide(1n << shift, 10n ** BigInt(-power));
}

function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
