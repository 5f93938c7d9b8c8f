/** Texts, positions and merging of annotations. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Annotations, warnOfQuantile } from "./annotations.ts";
import { suspectNonCounterName, suspectNonCounterType, warnOfStartOverlap } from "./sample-annotations.ts";
import { warnOfSorting, warnOfRatio } from "./sample-annotations.ts";
import { tellOfIncompatibleTypes, tellOfNaNQuantile, warnOfMixedRange } from "./histogram-annotations.ts";

const span = { start: 4, end: 9 };

function texts(add: (annotations: Annotations) => void, query = ""): string[] {
  const annotations = new Annotations();
  add(annotations);
  return [...annotations.texts("warning", query), ...annotations.texts("info", query)];
}

test("texts", () => {
  const is = (add: (annotations: Annotations) => void, want: string) => assert.deepEqual(texts(add), [want]);
  is(
    (a) => warnOfRatio(a, 1.1, 1, span),
    "PromQL warning: ratio value should be between -1 and 1, got 1.1, capping to 1",
  );
  is(
    (a) => warnOfQuantile(a, NaN, span),
    "PromQL warning: quantile value should be between 0 and 1, got NaN",
  );
  is(
    (a) => warnOfSorting(a, span),
    "PromQL warning: sort is ineffective for range queries since results are always ordered by labels",
  );
  is(
    (a) => suspectNonCounterType(a, "m", "", span),
    'PromQL info: metric might not be a counter, __type__ label is not set to "counter" or "histogram", ' +
      'got "": "m"',
  );
  is(
    (a) => suspectNonCounterName(a, "m", span),
    'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "m"',
  );
  is(
    (a) => warnOfMixedRange(a, "", span),
    'PromQL warning: encountered a mix of histograms and floats for metric name ""',
  );
  is(
    (a) => tellOfIncompatibleTypes(a, "float", "</", "histogram", span),
    'PromQL info: incompatible sample types encountered for binary operator "</": float </ histogram',
  );
  is(
    (a) => tellOfNaNQuantile(a, "", span),
    "PromQL info: input to histogram_quantile has NaN observations, result is NaN",
  );
});

test("what is right is not told", () => {
  const none = (add: (annotations: Annotations) => void) => assert.deepEqual(texts(add), []);
  none((a) => suspectNonCounterName(a, "m_total", span));
  none((a) => suspectNonCounterType(a, "m", "histogram", span));
  none((a) => warnOfQuantile(a, 1, span));
});

test("positions are line and byte column", () => {
  const at = (query: string, start: number) =>
    /\((.*)\)$/u.exec(texts((a) => warnOfSorting(a, { start, end: start }), query)[0] ?? "")?.[1];
  assert.equal(at("abcdef", 0), "1:1");
  assert.equal(at("abcdef", 6), "1:7");
  assert.equal(at("a\nbc", 3), "2:2");
  assert.equal(at("é m", 3), "1:4");
  assert.equal(at("abc", 9), "invalid position");
});

test("equal texts are one: the last position wins, with details the first", () => {
  const twice = (add: (annotations: Annotations, at: number) => void) =>
    texts((a) => {
      add(a, 1);
      add(a, 2);
    }, "query");
  assert.match(twice((a, start) => warnOfSorting(a, { start, end: 9 }))[0] ?? "", /\(1:3\)$/u);
  assert.match(
    twice((a, start) => warnOfStartOverlap(a, "m", { start, end: 9 }))[0] ?? "",
    /for metric "m" \(2 occurrences\) \(1:2\)$/u,
  );
});

test("differences of repaired histograms have two digits, half to even", () => {
  const is = (maxDifference: number, want: string) => {
    const repair = { minTimeMs: 0, maxTimeMs: 0, minBucket: 1, maxBucket: 1, maxDifference, count: 1 };
    const [text] = texts((a) => a.addRepair(repair, "", span), "0123456");
    assert.equal(/diff of (.*), over/u.exec(text ?? "")?.[1], want);
  };
  is(105, "1e+02");
  is(115, "1.2e+02");
  is(105.00001, "1.1e+02");
  is(0.00125, "0.0013"); // not exactly in the middle
  is(2.5, "2.5");
  is(0.125, "0.12");
  is(99.6, "1e+02");
  is(0, "0");
});

test("repairs of histograms are merged", () => {
  const repair = (timeMs: number, minBucket: number, maxBucket: number, maxDifference: number) => ({
    minTimeMs: timeMs,
    maxTimeMs: timeMs,
    minBucket,
    maxBucket,
    maxDifference,
    count: 1,
  });
  const found = texts((a) => {
    a.addRepair(repair(86_400_000, 2.5, 10, 0.00123), "m", span);
    a.addRepair(repair(0, 5, 100, 10), "m", span);
  }, "0123456");
  assert.deepEqual(found, [
    "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see " +
      "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric " +
      'name "m", from buckets 2.5 to 100, with a max diff of 10, over 2 samples from ' +
      "1970-01-01T00:00:00Z to 1970-01-02T00:00:00Z (1:5)",
  ]);
});
