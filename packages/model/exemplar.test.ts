import assert from "node:assert/strict";
import { test } from "node:test";
import { compareExemplars, exemplarLength, sameExemplar, type Exemplar } from "./exemplar.ts";
import { Labels } from "./labels.ts";

const of = (timeMs: number, value: number, ...pairs: string[]): Exemplar => ({
  labels: new Labels(pairs),
  value,
  timeMs,
});

test("compareExemplars: time, then value, then labels", () => {
  const before = (a: Exemplar, b: Exemplar) => {
    assert.equal(Math.sign(compareExemplars(a, b)), -1);
    assert.equal(Math.sign(compareExemplars(b, a)), 1);
  };
  before(of(1, 9), of(2, 0));
  before(of(1, 1), of(1, 2));
  before(of(1, NaN), of(1, -Infinity));
  before(of(1, 1), of(1, 1, "a", "b"));
  before(of(1, 1, "a", "a"), of(1, 1, "a", "b"));
  assert.equal(compareExemplars(of(1, NaN, "a", "b"), of(1, NaN, "a", "b")), 0);
});

test("sameExemplar", () => {
  assert.equal(sameExemplar(of(1, NaN, "a", "b"), of(1, NaN, "a", "b")), true);
  assert.equal(sameExemplar(of(1, 1, "a", "b"), of(1, 1, "a", "c")), false);
});

test("exemplarLength counts characters, not bytes", () => {
  assert.equal(exemplarLength(of(1, 1, "trace_id", "äöü😀")), 12);
});
