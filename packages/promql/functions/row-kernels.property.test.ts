/**
 * The kernels `rows` and `row-aggregate` equal the definitions, step by step.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadKernels } from "@narthex/kernel/load";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { testArena as arena } from "../test-data.ts";
import { arithmetic, compares, type ArithmeticOp, type CompareOp } from "./arithmetic.ts";
import { extremeOf, meanOf, sumOf } from "./over-time.ts";

const kernels = loadKernels(arena);
const mostSteps = 130;
const mostRows = 12;
const rowBytes = 8 * 160;
const rowsAt = arena.allocatePages(mostRows * rowBytes);
const bitmapsAt = arena.allocatePages(mostRows * 32);
const [sumsAt, lostAt, countsAt] = [0, 1, 2].map(() => arena.allocatePages(rowBytes));
const seenAt = arena.allocatePages(64);

const values: readonly ((random: SeededRandom) => number)[] = [
  (random) => random.below(1000) - 500,
  (random) => (random.next() - 0.5) * 10 ** (random.below(30) - 15),
  (random) => [NaN, Infinity, -Infinity, 0, -0, 1.7e308, -1.7e308, 1][random.below(8)],
  () => 1.7e308,
];

function hasBit(at: number, s: number): boolean {
  return ((arena.u32[at / 4 + (s >> 5)] >>> (s & 31)) & 1) === 1;
}

/** Random rows; full ones are frequent, for the wide path. Returns rows and steps. */
function fill(random: SeededRandom): { rows: number; steps: number } {
  const steps = 1 + random.below(mostSteps);
  const rows = 1 + random.below(mostRows);
  const next = values[random.below(values.length)];
  const sparse = random.below(2) === 0;
  arena.u32.fill(0, bitmapsAt / 4, bitmapsAt / 4 + mostRows * 8);
  for (let row = 0; row < rows; row++) {
    for (let s = 0; s < steps; s++) {
      arena.f64[(rowsAt + row * rowBytes) / 8 + s] = next(random);
      if (!sparse || random.below(3) > 0) arena.u32[bitmapsAt / 4 + row * 8 + (s >> 5)] |= 1 << (s & 31);
    }
  }
  arena.u32.fill(0, seenAt / 4, seenAt / 4 + 16);
  return { rows, steps };
}

/** The present values of one step, in the order of the rows. */
function column(rows: number, s: number): Float64Array {
  const present: number[] = [];
  for (let row = 0; row < rows; row++) {
    if (hasBit(bitmapsAt + row * 32, s)) present.push(arena.f64[(rowsAt + row * rowBytes) / 8 + s]);
  }
  return Float64Array.from(present);
}

function aggregates(
  add: (values: number, presence: number, steps: number) => void,
  finish: (steps: number) => void,
  define: (values: Float64Array) => number,
): void {
  forSeeds(300, (random) => {
    const { rows, steps } = fill(random);
    for (let row = 0; row < rows; row++) add(rowsAt + row * rowBytes, bitmapsAt + row * 32, steps);
    finish(steps);
    for (let s = 0; s < steps; s++) {
      const present = column(rows, s);
      assert.equal(hasBit(seenAt, s), present.length > 0);
      if (present.length > 0) assert.ok(Object.is(arena.f64[sumsAt / 8 + s], define(present)), `step ${s}`);
    }
  });
}

test("rowAdd", () =>
  aggregates(
    (row, presence, steps) => kernels.rowAdd(row, presence, steps, sumsAt, lostAt, seenAt),
    (steps) => kernels.rowSumFinish(sumsAt, lostAt, steps),
    (present) => {
      const sum = sumOf(present, 1, 1) + present[0];
      return present.length === 1 ? sum : sumFrom(present);
    },
  ));

/** The sum as the aggregation starts it: with the first value, so that -0 stays. */
function sumFrom(present: Float64Array): number {
  let [sum, lost] = [present[0], 0];
  for (const value of present.subarray(1)) {
    const total = sum + value;
    if (Math.abs(total) === Infinity) lost = 0;
    else lost += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
    sum = total;
  }
  return sum + lost;
}

test("rowMean", () =>
  aggregates(
    (row, presence, steps) => kernels.rowMean(row, presence, steps, sumsAt, lostAt, countsAt, seenAt),
    (steps) => kernels.rowMeanFinish(sumsAt, lostAt, countsAt, steps),
    (present) => meanOf(present, 0, present.length),
  ));

for (const sign of [1, -1] as const) {
  test(`rowExtreme ${sign}`, () =>
    aggregates(
      (row, presence, steps) => kernels.rowExtreme(row, presence, steps, sign, sumsAt, seenAt),
      () => {},
      (present) => extremeOf(present, 0, present.length, sign),
    ));
}

test("rowCount", () =>
  aggregates(
    (_, presence, steps) => kernels.rowCount(presence, steps, sumsAt, seenAt),
    () => {},
    (present) => present.length,
  ));

test("rowArithmetic and rowCompare", () =>
  forSeeds(200, (random) => {
    const { steps } = fill(random);
    const [left, right] = [rowsAt, rowsAt + rowBytes];
    const at = (row: number, s: number): number => arena.f64[row / 8 + s];
    (["+", "-", "*", "/"] as const satisfies readonly ArithmeticOp[]).forEach((op, number) => {
      kernels.rowArithmetic(number, left, right, steps, sumsAt);
      for (let s = 0; s < steps; s++)
        assert.ok(Object.is(at(sumsAt, s), arithmetic(op, at(left, s), at(right, s))));
    });
    (["==", "!=", "<", ">", "<=", ">="] as const satisfies readonly CompareOp[]).forEach((op, number) => {
      kernels.rowCompare(number, left, right, steps, seenAt);
      for (let s = 0; s < steps; s++)
        assert.equal(hasBit(seenAt, s), compares(op, at(left, s), at(right, s)), op);
    });
  }));

test("rowFill and rowSamples", () =>
  forSeeds(100, (random) => {
    const { steps } = fill(random);
    const count = kernels.rowSamples(rowsAt, bitmapsAt, steps, 1000, 15, sumsAt, lostAt);
    let found = 0;
    for (let s = 0; s < steps; s++) {
      if (!hasBit(bitmapsAt, s)) continue;
      assert.equal(arena.f64[sumsAt / 8 + found], 1000 + s * 15);
      assert.ok(Object.is(arena.f64[lostAt / 8 + found], arena.f64[rowsAt / 8 + s]));
      found++;
    }
    assert.equal(count, found);
    kernels.rowFill(sumsAt, steps, 7.5);
    assert.ok(arena.f64.subarray(sumsAt / 8, sumsAt / 8 + steps).every((value) => value === 7.5));
  }));
