/** What start timestamps mean. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { extrapolatedChange, instantChange } from "./rate.ts";
import { hasOverlap, isStartReset, overlapsPrevious } from "./start-timestamps.ts";
import { Window } from "./window.ts";

test("resets", () => {
  const is = (previous: [number, number], sample: [number, number], want: boolean) =>
    assert.equal(isStartReset(...previous, ...sample), want, [...previous, ...sample].join());
  is([0, 60], [0, 120], false); // nobody says
  is([10, 60], [10, 120], false); // the same counter goes on
  is([10, 60], [70, 120], true);
  is([10, 60], [60, 120], true); // each sample counts on its own
  is([0, 60], [60, 120], false); // true start unknown
  is([60, 60], [60, 120], false);
  is([99, 60], [60, 120], false); // a start after its sample is invalid
  is([10, 60], [120, 120], false);
  is([10, 60], [130, 120], false);
});

test("overlaps", () => {
  const is = (previous: [number, number], start: number, want: boolean) =>
    assert.equal(overlapsPrevious(...previous, start), want);
  is([10, 60], 10, false);
  is([10, 60], 60, false);
  is([10, 60], 30, true);
  is([10, 60], 0, false);
});

function windowOf(samples: readonly (readonly [number, number, number])[], startMs: number, endMs: number) {
  const window = new Window();
  window.starts = Float64Array.from(samples, ([start]) => start * 1000);
  window.times = Float64Array.from(samples, ([, time]) => time * 1000);
  window.values = Float64Array.from(samples, ([, , value]) => value);
  return Object.assign(window, { high: samples.length, startMs: startMs * 1000, endMs: endMs * 1000 });
}

test("rates that know starts", () => {
  const increase = (samples: [number, number, number][], startMs = 0, endMs = 300) =>
    extrapolatedChange(windowOf(samples, startMs, endMs), true, 1);
  assert.equal(increase([[30, 60, 5]], 0, 60), 5); // one sample whose start is inside
  assert.equal(increase([[0, 60, 5]], 0, 60), undefined);
  assert.equal(increase([[60, 60, 5]], 0, 60), undefined);
  // From zero at 30 s to 300 s; a reset at 200 s that the values do not show.
  assert.equal(
    increase([
      [30, 150, 5],
      [200, 300, 7],
    ]),
    12,
  );
  const window = windowOf(
    [
      [30, 150, 5],
      [200, 300, 7],
    ],
    0,
    300,
  );
  assert.equal(instantChange(window, true), 7 / 150);
  assert.equal(hasOverlap(window), false);
  assert.equal(
    hasOverlap(
      windowOf(
        [
          [30, 150, 5],
          [100, 300, 7],
        ],
        0,
        300,
      ),
    ),
    true,
  );
});
