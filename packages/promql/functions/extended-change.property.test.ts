/** The kernel `extended-windows` equals the definitions, bit by bit; and facts about these. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { extendedFlags } from "@narthex/kernel/extended-windows";
import { loadKernels } from "@narthex/kernel/load";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";

import { extendedChange, smoothedValue } from "./extended-change.ts";
import { firstAfter, Window } from "./window.ts";

const arena = Arena.create();
const kernels = loadKernels(arena);
const most = 300;
const [timesAt, valuesAt, boundsAt, outAt] = [8, 8, 8, 8].map((size) => arena.allocatePages(most * size));
const [presenceAt, fallsAt] = [arena.allocatePages(most), arena.allocatePages(most * 4)];

const kinds: readonly ((random: SeededRandom) => () => number)[] = [
  (random) => {
    let value = 0;
    return () => (value = random.below(9) === 0 ? random.below(9) : value + random.below(50));
  },
  (random) => () => random.below(1000) / 7 - 50,
  (random) => () => [NaN, Infinity, -Infinity, 0, -0, 1e308, -1e308, 5e-324, 1, -1][random.below(10)],
];

function fill(random: SeededRandom): number {
  const count = random.below(most);
  const next = kinds[random.below(kinds.length)](random);
  let time = random.below(1000) * 1000;
  for (let i = 0; i < count; i++) {
    arena.f64[timesAt / 8 + i] = time;
    arena.f64[valuesAt / 8 + i] = next();
    time += random.below(2) === 0 ? 10_000 : 1 + random.below(random.below(10) === 0 ? 200_000 : 15_000);
  }
  return count;
}

function columns(count: number): [Float64Array, Float64Array] {
  const from = (at: number): Float64Array => arena.f64.subarray(at / 8, at / 8 + count);
  return [from(timesAt), from(valuesAt)];
}

/** Compares a row with the definition at each step. */
function check(steps: number, present: number, define: (s: number) => number | undefined): void {
  let wanted = 0;
  for (let s = 0; s < steps; s++) {
    const result = define(s);
    const bit = (arena.u32[presenceAt / 4 + (s >> 5)] >>> (s & 31)) & 1;
    assert.equal(bit, result === undefined ? 0 : 1, `presence at step ${s}`);
    if (result === undefined) continue;
    wanted++;
    assert.ok(
      Object.is(arena.f64[outAt / 8 + s], result),
      `step ${s}: ${arena.f64[outAt / 8 + s]}, ${result}`,
    );
  }
  assert.equal(present, wanted);
  const lastWord = arena.u32[presenceAt / 4 + ((steps - 1) >> 5)];
  assert.equal(steps % 32 === 0 ? 0 : lastWord >>> (steps % 32), 0, "bits after the last step are 0");
}

test("extendedRow equals the definition", () =>
  forSeeds(600, (random) => {
    const count = fill(random);
    const steps = 1 + random.below(most - 1);
    const firstEnd = random.below(150) * 10_000 + random.below(2) * random.below(9999);
    const step = random.below(2) === 0 ? 10_000 : random.below(60_000);
    const [range, lookback] = [1 + random.below(400_000), 1 + random.below(300_000)];
    const smoothed = random.below(2) === 0;
    const isCounter = random.below(3) > 0;
    const perSeconds = random.below(2) === 0 ? 1 : range / 1000;
    const ahead = smoothed ? lookback : 0;
    const width = range + lookback + ahead;
    kernels.windowBounds(timesAt, count, firstEnd + ahead, step, steps, width, boundsAt);
    const flags = (smoothed ? extendedFlags.smoothed : 0) | (isCounter ? extendedFlags.counter : 0);
    const present = kernels.extendedRow(
      timesAt,
      valuesAt,
      count,
      boundsAt,
      firstEnd,
      step,
      steps,
      range,
      flags,
      perSeconds,
      fallsAt,
      outAt,
      presenceAt,
    );
    const window = new Window();
    [window.times, window.values] = columns(count);
    check(steps, present, (s) => {
      window.endMs = firstEnd + s * step;
      window.startMs = window.endMs - range;
      window.low = firstAfter(window.times, count, window.startMs - lookback);
      window.high = firstAfter(window.times, count, window.endMs + ahead);
      return window.count === 0 ? undefined : extendedChange(window, smoothed, isCounter, perSeconds);
    });
  }));

test("smoothedRow equals the definition", () =>
  forSeeds(300, (random) => {
    const count = fill(random);
    const steps = 1 + random.below(most - 1);
    const first = random.below(150) * 10_000;
    const step = random.below(2) === 0 ? 10_000 : random.below(60_000);
    const lookback = 1 + random.below(300_000);
    kernels.windowBounds(timesAt, count, first + lookback, step, steps, 2 * lookback, boundsAt);
    const present = kernels.smoothedRow(timesAt, valuesAt, boundsAt, first, step, steps, outAt, presenceAt);
    const [times, values] = columns(count);
    check(steps, present, (s) => {
      const timeMs = first + s * step;
      const low = firstAfter(times, count, timeMs - lookback);
      return smoothedValue(times, values, low, firstAfter(times, count, timeMs + lookback), timeMs);
    });
  }));
