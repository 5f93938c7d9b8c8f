/** Binary operators on native histograms. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { histogramBinary, type ElementOp, type ElementValue } from "./histogram-binary.ts";

function of(buckets: number[], fields: Partial<FloatHistogram> = {}): FloatHistogram {
  const count = buckets.reduce((a, b) => a + b);
  return FloatHistogram.of({
    count,
    sum: count,
    positiveSpans: [{ offset: 0, length: buckets.length }],
    positiveBuckets: buckets,
    ...fields,
  });
}

/** The result as text; the note in its place where there is no result. */
function result(op: ElementOp, left: ElementValue, right: ElementValue): string {
  const { value, holds, note } = histogramBinary(op, left, right);
  if (value === undefined) return `! ${note}`;
  const text = typeof value === "number" ? String(value) : value.testExpression();
  return `${holds ? "" : "not "}${text}${note === null ? "" : ` ! ${note}`}`;
}

const a = of([1, 2]);
const custom = (customValues: number[], buckets: number[]) => of(buckets, { schema: -53, customValues });

test("histograms are added, subtracted, scaled and trimmed", () => {
  assert.equal(result("+", a, of([3])), "{{count:6 sum:6 buckets:[4 2]}}");
  assert.equal(result("-", a, of([1])), "{{count:2 sum:2 counter_reset_hint:gauge offset:1 buckets:[2]}}");
  assert.equal(result("*", a, 2), "{{count:6 sum:6 buckets:[2 4]}}");
  assert.equal(result("*", 2, a), "{{count:6 sum:6 buckets:[2 4]}}");
  assert.equal(result("/", a, 0.5), "{{count:6 sum:6 buckets:[2 4]}}");
  assert.equal(result(">/", of([3, 4]), 1), "{{count:4 sum:5.656854249492381 offset:1 buckets:[4]}}");
  assert.equal(result("</", of([4, 3]), 1), "{{count:4 sum:2.8284271247461903 buckets:[4]}}");
});

test("equality filters", () => {
  assert.equal(result("==", a, of([1, 2])), "{{count:3 sum:3 buckets:[1 2]}}");
  assert.equal(result("==", a, of([2, 1])), "not {{count:3 sum:3 buckets:[1 2]}}");
  assert.equal(result("!=", a, of([2, 1])), "{{count:3 sum:3 buckets:[1 2]}}");
});

test("other pairs have no result", () => {
  for (const op of ["+", "-", "%", "^", "atan2", "==", "<"] as const) {
    assert.equal(result(op, a, 1), "! types");
    assert.equal(result(op, 1, a), "! types");
  }
  assert.equal(result("*", a, a), "! types");
  assert.equal(result("/", 1, a), "! types");
  assert.equal(result("</", a, a), "! types");
  assert.equal(result("</", 1, 2), "! types");
});

test("what does not fit is told", () => {
  const [reset, same] = [CounterResetHint.Reset, CounterResetHint.NotReset];
  const [before, after] = [of([1], { counterResetHint: same }), of([1], { counterResetHint: reset })];
  assert.equal(result("+", before, after), "! addition");
  assert.equal(result("-", before, after), "! subtraction");
  assert.equal(result("+", a, custom([1], [1])), "! layout");
  const [fine, coarse] = [custom([1, 2], [1, 1]), custom([2], [3])];
  assert.equal(
    result("+", fine, coarse),
    "{{schema:-53 count:5 sum:5 custom_values:[2] buckets:[5]}} ! added",
  );
});

test("operands stay as they are", () => {
  const [left, right] = [of([1, 2]), of([5])];
  for (const op of ["+", "-", "==", "!="] as const) histogramBinary(op, left, right);
  for (const op of ["*", "/", "</", ">/"] as const) histogramBinary(op, left, -1);
  assert.equal(left.testExpression(), a.testExpression());
  assert.equal(right.testExpression(), of([5]).testExpression());
});
