/**
 * The kernel's numbers and points equal their definition, `String(value)` in Go's spelling.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { Arena } from "./arena.ts";
import { jsonPointBytes, powersOfTen } from "./json-points.ts";
import { loadKernels } from "./load.ts";

const arena = Arena.create();
const kernels = loadKernels(arena);
const powers = powersOfTen(arena);
const out = arena.allocatePages(65_536);

/** Shortest digits; exponents of at least two digits, from 1e21 and below 1e-6 (as JavaScript has it). */
function define(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value).replace(/e([+-])(\d)$/u, "e$10$2");
}

/** Seconds with all three decimals, or none. */
function seconds(timeMs: number): string {
  return timeMs % 1000 === 0 ? String(timeMs / 1000) : (timeMs / 1000).toFixed(3);
}

function written(end: number): string {
  return new TextDecoder().decode(arena.u8.slice(out, end >>> 0));
}

function check(value: number): void {
  assert.equal(written(kernels.jsonNumber(value, powers, out)), define(value));
}

const words = new Uint32Array(2);
const double = new Float64Array(words.buffer);

function anyDouble(random: SeededRandom): number {
  words[0] = random.bits();
  words[1] = random.bits();
  return double[0];
}

test("special numbers and the borders of notations", () => {
  for (const value of [
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    1,
    -1,
    9,
    10,
    99_999_999,
    100_000_000,
    1e15,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 53 + 2,
    1e20,
    123456789012345680000,
    999999999999999900000,
    1e21,
    1e22,
    1e23,
    1e-6,
    9.99e-7,
    1e-7,
    0.001,
    0.000999,
    1e11,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    0.1,
    0.3,
    0.1 + 0.2,
    1 / 3,
    4.35,
    0.00001234,
    1.0001,
    12345.6789,
    99999999999.9999,
  ]) {
    check(value);
    check(-value);
  }
});

test("powers of two and ten, and their neighbours", () => {
  for (let exponent = -1074; exponent <= 1023; exponent++) {
    check(2 ** exponent);
    check(2 ** exponent * (1 + 2 ** -52));
    check(2 ** exponent * (1 - 2 ** -53));
  }
  for (let exponent = -323; exponent <= 308; exponent++) {
    for (const digits of ["1", "9.999999999999999", "1.2345678901234567"])
      check(Number(`${digits}e${exponent}`));
  }
});

test("numbers of all kinds", () =>
  forSeeds(300, (random) => {
    for (let i = 0; i < 200; i++) {
      check(anyDouble(random));
      check(random.next() * 10 ** (random.below(30) - 10));
      check(random.below(10 ** random.below(16)));
      check(random.below(10 ** random.below(10)) / 10 ** random.below(8));
      check(Math.floor(random.next() * 2 ** random.below(70)));
    }
  }));

test("rows are points of the present steps", () =>
  forSeeds(100, (random) => {
    const steps = 1 + random.below(80);
    const firstTime =
      random.below(2_000_000_000) * 1000 + random.below(3) * random.below(1000) - 1e9 * random.below(3000);
    const step = 1 + random.below(100_000);
    const row = arena.allocatePages(steps * 8);
    const presence = arena.allocatePages(64);
    const prefixes = arena.allocatePages(steps * 32);
    const points: string[] = [];
    const { f64, u32 } = arena;
    for (let s = 0; s < steps; s++) {
      f64[row / 8 + s] = random.below(3) === 0 ? anyDouble(random) : random.below(1000) / 8;
      if (random.below(3) === 0) continue;
      u32[presence / 4 + (s >> 5)] |= 1 << (s & 31);
      points.push(`[${seconds(firstTime + s * step)},"${define(f64[row / 8 + s])}"]`);
    }
    kernels.jsonPrefixes(firstTime, step, steps, prefixes);
    assert.ok(steps * jsonPointBytes < 65_536);
    assert.equal(
      written(kernels.jsonRow(row, presence, 0, steps, prefixes, powers, 1, out)),
      points.join(","),
    );
    const times = arena.allocatePages(steps * 8);
    for (let s = 0; s < steps; s++) arena.f64[times / 8 + s] = firstTime + s * step;
    const all = Array.from(
      { length: steps },
      (_, s) => `,[${seconds(firstTime + s * step)},"${define(arena.f64[row / 8 + s])}"]`,
    );
    assert.equal(written(kernels.jsonSamples(times, row, 0, steps, powers, 0, out)), all.join(""));
  }));
