/** Anchored and smoothed windows of native histograms. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { Annotations } from "../annotations.ts";
import { extendedHistogramChange, smoothedHistogram, type HistogramSample } from "./extended-histograms.ts";

const span = { start: 0, end: 1 };

function histogram(count: number, hint: number = CounterResetHint.Unknown, custom: number[] = []) {
  return Object.assign(new FloatHistogram(), {
    counterResetHint: hint,
    schema: custom.length > 0 ? -53 : 0,
    customValues: custom,
    count,
    sum: 2 * count,
    positiveSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: [count],
  });
}

/** One histogram every ten seconds; a text is a count with `r` after a reset, `g` for a gauge. */
function samplesOf(...texts: string[]): HistogramSample[] {
  const hints = { r: CounterResetHint.Reset, g: CounterResetHint.Gauge } as const;
  return texts.map((text, i) => ({
    timeMs: i * 10_000,
    histogram: histogram(parseFloat(text), hints[text.at(-1) as "r" | "g"]),
  }));
}

function notes() {
  const annotations = new Annotations();
  return { annotations, metricName: "h", span };
}

test("changes", () => {
  const is = (samples: HistogramSample[], seconds: [number, number], smoothed: boolean, want: number) => {
    const [startMs, endMs] = [seconds[0] * 1000, seconds[1] * 1000];
    const question = { startMs, endMs, smoothed, isCounter: true, perSeconds: 1 };
    const result = extendedHistogramChange(samples, question, notes());
    assert.equal(result?.count, want);
    assert.equal(result?.sum, 2 * want);
    assert.equal(result?.counterResetHint, CounterResetHint.Gauge);
  };
  const rising = samplesOf("1", "2", "4", "8");
  is(rising.slice(0, 3), [5, 25], false, 3); // from 1, the newest up to the start, to 4
  is(rising, [5, 25], true, 4.5); // from 1.5 to 6
  is(rising, [10, 30], true, 6);
  is(rising, [-5, 5], true, 0.5);
  const reset = samplesOf("5", "10", "3r", "4");
  is(reset.slice(0, 3), [5, 25], false, 8); // 10 - 5 + 3
  is(reset, [15, 25], true, 2); // both ends after the reset: 1.5 and 3.5
  is(reset, [5, 15], true, 4); // 7.5 → 10, then 1.5
});

test("what cannot be told", () => {
  const question = { startMs: 5_000, endMs: 25_000, smoothed: false, isCounter: true, perSeconds: 1 };
  const none = (samples: HistogramSample[], changes = {}) => {
    const given = notes();
    assert.equal(extendedHistogramChange(samples, { ...question, ...changes }, given), undefined);
    return given.annotations.texts("warning", "");
  };
  assert.deepEqual(none(samplesOf("1"), { startMs: 0 }), []);
  assert.deepEqual(none(samplesOf("1", "2"), { startMs: -30_000, endMs: -20_000, smoothed: true }), []);
  const mixed = [...samplesOf("1", "2"), { timeMs: 20_000, histogram: histogram(3, 0, [1]) }];
  assert.match(none(mixed)[0] ?? "", /exponential and custom buckets schemas for metric name "h"/u);
});

test("gauges and counters in the wrong place are told", () => {
  const warnings = (isCounter: boolean, ...texts: string[]) => {
    const question = { startMs: 5_000, endMs: 25_000, smoothed: false, isCounter, perSeconds: 1 };
    const given = notes();
    assert.ok(extendedHistogramChange(samplesOf(...texts), question, given));
    return given.annotations.texts("warning", "").map((text) => / is not a \w+/u.exec(text)?.[0]);
  };
  assert.deepEqual(warnings(true, "1", "2g", "3"), [" is not a counter"]);
  assert.deepEqual(warnings(false, "1g", "2", "3"), [" is not a gauge"]);
  assert.deepEqual(warnings(false, "1g", "2", "3g"), []);
  assert.deepEqual(warnings(true, "1", "2", "3"), []);
});

test("smoothed histograms", () => {
  const at = (samples: HistogramSample[], seconds: number) =>
    smoothedHistogram(samples, seconds * 1000, notes());
  const samples = samplesOf("2", "4", "3r");
  assert.equal(at(samples, -1), undefined);
  assert.equal(at(samples, 10)?.count, 4);
  assert.equal(at(samples, 5)?.count, 3);
  assert.equal(at(samples, 15)?.count, 1.5, "after a reset from zero");
  assert.equal(at(samples, 25)?.count, 3);
  assert.equal(at(samples, 25)?.counterResetHint, CounterResetHint.Unknown);
  assert.equal(at(samplesOf("4g", "2g"), 5)?.count, 3, "gauges fall");
});
