/**
 * The kernels `range-windows` and `over-time` equal the definitions of the functions they compute.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadKernels } from "@narthex/kernel/load";
import { isStaleAt, writeStaleMarker } from "@narthex/model/sample";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { testArena as arena } from "../test-data.ts";
import { rangeFunctions, type RangeFunction } from "./range-functions.ts";
import { firstAfter, Window } from "./window.ts";

const kernels = loadKernels(arena);
const most = 400;
const [timesAt, valuesAt, boundsAt, termsAt, outAt] = [8, 8, 8, 32, 8].map((size) =>
  arena.allocatePages(most * size),
);
const [presenceAt, memoryAt] = [arena.allocatePages(most), arena.allocatePages(most * 32)];

interface Trial {
  readonly count: number;
  readonly steps: number;
  readonly firstEnd: number;
  readonly step: number;
  readonly range: number;
}

/** How values are made: hostile ones hold NaN, infinities, huge and tiny numbers. */
const kinds: readonly ((random: SeededRandom) => () => number)[] = [
  (random) => {
    let value = 0;
    return () => (value = random.below(20) === 0 ? random.below(9) : value + random.below(50));
  },
  (random) => () => random.below(1000) / 7 - 50,
  (random) => () => [NaN, Infinity, -Infinity, 0, -0, 1e308, -1e308, 5e-324, 1, -1][random.below(10)],
  (random) => () => (random.next() - 0.5) * 10 ** (random.below(40) - 20),
  (random) => () => (random.below(30) === 0 ? 1e300 : random.below(10)),
];

function fill(random: SeededRandom): Trial {
  const count = random.below(most);
  const next = kinds[random.below(kinds.length)](random);
  let time = random.below(1000) * 1000;
  for (let i = 0; i < count; i++) {
    arena.f64[timesAt / 8 + i] = time;
    arena.f64[valuesAt / 8 + i] = next();
    time += 1 + random.below(random.below(10) === 0 ? 200_000 : 15_000);
  }
  const steps = 1 + random.below(most - 1);
  return {
    count,
    steps,
    firstEnd: random.below(1_500_000),
    step: 1 + random.below(60_000),
    range: 1 + random.below(400_000),
  };
}

function windowAt({ count, firstEnd, step, range }: Trial, s: number): Window {
  const window = new Window();
  window.times = arena.f64.subarray(timesAt / 8, timesAt / 8 + count);
  window.values = arena.f64.subarray(valuesAt / 8, valuesAt / 8 + count);
  window.endMs = firstEnd + s * step;
  window.startMs = window.endMs - range;
  window.timeMs = window.endMs;
  window.low = firstAfter(window.times, count, window.startMs);
  window.high = firstAfter(window.times, count, window.endMs);
  return window;
}

function runKernel({ kernel }: RangeFunction, { count, steps, firstEnd, step, range }: Trial): number {
  const perSeconds = kernel === "rate" ? range / 1000 : 1;
  if (kernel === "rate" || kernel === "increase" || kernel === "delta") {
    kernels.rateTerms(timesAt, boundsAt, firstEnd, step, steps, range, perSeconds, termsAt);
  }
  switch (kernel) {
    case "rate":
    case "increase":
      return kernels.counterRow(
        valuesAt,
        count,
        boundsAt,
        steps,
        termsAt,
        perSeconds,
        memoryAt,
        outAt,
        presenceAt,
      );
    case "delta":
      return kernels.deltaRow(valuesAt, boundsAt, steps, termsAt, outAt, presenceAt);
    case "sum":
    case "mean": {
      const finite = kernels.sumPrefix(valuesAt, count, memoryAt);
      return kernels.sumRow(
        valuesAt,
        boundsAt,
        steps,
        memoryAt,
        finite,
        kernel === "mean" ? 1 : 0,
        outAt,
        presenceAt,
      );
    }
    case "max":
      return kernels.extremeRow(valuesAt, boundsAt, steps, 1, memoryAt, outAt, presenceAt);
    case "min":
      return kernels.extremeRow(valuesAt, boundsAt, steps, -1, memoryAt, outAt, presenceAt);
    case "last":
      return kernels.lastRow(valuesAt, boundsAt, steps, outAt, presenceAt);
    default:
      return kernels.edgeRow(
        valuesAt,
        boundsAt,
        steps,
        ["count", "last", "first", "present"].indexOf(kernel as string),
        outAt,
        presenceAt,
      );
  }
}

/** Equal to 1e-12 of what was added up: cancellation may lose more of the result itself. */
function close(a: number, b: number, { values, low, high }: Window): boolean {
  if (Object.is(a, b)) return true;
  let scale = 0;
  for (let i = low; i < high; i++) scale += Math.abs(values[i]);
  return Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b)) || Math.abs(a - b) <= 1e-15 * scale;
}

for (const [name, definition] of rangeFunctions) {
  if (definition.kernel === null) continue;
  test(`${name} equals its definition`, () =>
    forSeeds(150, (random) => {
      const trial = fill(random);
      const { steps } = trial;
      kernels.windowBounds(timesAt, trial.count, trial.firstEnd, trial.step, steps, trial.range, boundsAt);
      const present = runKernel(definition, trial);
      let wanted = 0;
      for (let s = 0; s < steps; s++) {
        const window = windowAt(trial, s);
        const result = window.count === 0 ? undefined : definition.define(window);
        const bit = (arena.u32[presenceAt / 4 + (s >> 5)] >>> (s & 31)) & 1;
        assert.equal(bit, result === undefined ? 0 : 1, `presence at step ${s}`);
        if (result === undefined) continue;
        wanted++;
        const found = arena.f64[outAt / 8 + s];
        assert.ok(close(found, result, window), `step ${s}: ${found}, want ${result}`);
      }
      assert.equal(present, wanted);
      const lastWord = arena.u32[presenceAt / 4 + ((steps - 1) >> 5)];
      assert.equal(steps % 32 === 0 ? 0 : lastWord >>> (steps % 32), 0, "bits after the last step are 0");
    }));
}

test("windowBounds equals the definition", () =>
  forSeeds(200, (random) => {
    const trial = fill(random);
    const filled = kernels.windowBounds(
      timesAt,
      trial.count,
      trial.firstEnd,
      trial.step,
      trial.steps,
      trial.range,
      boundsAt,
    );
    let wanted = 0;
    for (let s = 0; s < trial.steps; s++) {
      const { low, high } = windowAt(trial, s);
      assert.equal(arena.u32[boundsAt / 4 + 2 * s], low);
      assert.equal(arena.u32[boundsAt / 4 + 2 * s + 1], high);
      if (high > low) wanted++;
    }
    assert.equal(filled, wanted);
  }));

test("selectRow and dropStale know staleness markers by their bits", () =>
  forSeeds(200, (random) => {
    const { count, steps, firstEnd, step, range } = fill(random);
    for (let i = 0; i < count; i++) {
      if (random.below(4) === 0) writeStaleMarker(arena.f64, valuesAt / 8 + i);
    }
    const times = arena.f64.slice(timesAt / 8, timesAt / 8 + count);
    const asTime = random.below(2);
    kernels.selectRow(timesAt, valuesAt, count, 1, firstEnd, step, steps, range, asTime, outAt, presenceAt);
    for (let s = 0; s < steps; s++) {
      const time = firstEnd + s * step;
      const newest = firstAfter(times, count, time) - 1;
      const present =
        newest >= 0 && times[newest] > time - range && !isStaleAt(arena.f64, valuesAt / 8 + newest);
      assert.equal((arena.u32[presenceAt / 4 + (s >> 5)] >>> (s & 31)) & 1, Number(present));
      if (!present) continue;
      const wanted = asTime === 1 ? times[newest] / 1000 : arena.f64[valuesAt / 8 + newest];
      assert.ok(Object.is(arena.f64[outAt / 8 + s], wanted));
    }
    const kept = kernels.dropStale(timesAt, valuesAt, count, memoryAt, memoryAt + 8 * most);
    const wanted = Array.from(times.keys()).filter((i) => !isStaleAt(arena.f64, valuesAt / 8 + i));
    assert.deepEqual(
      Array.from(arena.f64.subarray(memoryAt / 8, memoryAt / 8 + kept)),
      wanted.map((i) => times[i]),
    );
    assert.deepEqual(
      Array.from(arena.f64.subarray(memoryAt / 8 + most, memoryAt / 8 + most + kept)),
      wanted.map((i) => arena.f64[valuesAt / 8 + i]),
    );
  }));

test("sameColumn compares bits", () => {
  for (let i = 0; i < 9; i++) {
    arena.f64[timesAt / 8 + i] = i;
    arena.f64[valuesAt / 8 + i] = i;
  }
  for (let count = 0; count <= 9; count++) assert.equal(kernels.sameColumn(timesAt, valuesAt, count), 1);
  arena.f64[valuesAt / 8 + 4] = 4.5;
  for (let count = 0; count <= 9; count++)
    assert.equal(kernels.sameColumn(timesAt, valuesAt, count), count > 4 ? 0 : 1);
});
