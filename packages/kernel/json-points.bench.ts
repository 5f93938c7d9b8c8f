/**
 * Cost of a point in JSON, by kind of number: rows of 1000 steps.
 */

import { Arena } from "./arena.ts";
import { jsonPointBytes, powersOfTen } from "./json-points.ts";
import { loadKernels } from "./load.ts";

const steps = 1000;
const arena = Arena.create();
const kernels = loadKernels(arena);
const powers = powersOfTen(arena);
const prefixes = arena.allocatePages(steps * 32);
const presence = arena.allocatePages(steps);
const out = arena.allocatePages(steps * jsonPointBytes);
arena.u32.fill(0xffffffff, presence / 4, presence / 4 + 32);
kernels.jsonPrefixes(1_700_000_000_000, 15_000, steps, prefixes);

function rowOf(make: (i: number) => number): number {
  const row = arena.allocatePages(steps * 8);
  for (let i = 0; i < steps; i++) arena.f64[row / 8 + i] = make(i);
  return row;
}

function writing(row: number) {
  return { operations: steps, run: () => kernels.jsonRow(row, presence, 0, steps, prefixes, powers, 1, out) };
}

/** Points of one row. */
export const cases = {
  "integer point": writing(rowOf((i) => i * 7919)),
  "two-decimal point": writing(rowOf((i) => Math.round(i * 791.9) / 100)),
  "17-digit point": writing(rowOf((i) => (i + 0.5) / 3.7)),
};
