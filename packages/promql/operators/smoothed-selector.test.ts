/** anchored and smoothed, as whole queries. The long list of facts is in the conformance scripts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, askRange, storageOf } from "../test-data.ts";

const storage = storageOf(`
  m 0 10 _ _ 40 stale _ _ 5
  n{i="0"} 1 2 4 8 1 3
`);

test("smoothed selectors interpolate, and keep the last value for the lookback", () => {
  const is = (minute: number, result: string) => assert.equal(ask(storage, "m smoothed", minute), result);
  is(0, '{__name__="m"} 0');
  is(0.5, '{__name__="m"} 5');
  is(2, '{__name__="m"} 20');
  is(6, '{__name__="m"} 22.5'); // staleness markers do not matter
  is(12.9, '{__name__="m"} 5');
  is(13, "");
  assert.equal(ask(storage, "m smoothed", -1), "");
  assert.equal(askRange(storage, "m offset -30s smoothed", [0, 2]), '{__name__="m"} 0:5 1:15 2:25');
});

test("a smoothed selector in a call and in a subquery", () => {
  assert.equal(ask(storage, "sum_over_time((m smoothed)[2m:1m])", 2), "{} 30");
  assert.equal(ask(storage, "abs(m smoothed)", 2), "{} 20");
});

test("anchored and smoothed changes", () => {
  const is = (query: string, minute: number, result: string) =>
    assert.equal(ask(storage, query, minute), result, query);
  is("increase(n[2m] anchored)", 3, '{i="0"} 6');
  is("increase(n[2m] anchored)", 3.5, '{i="0"} 6');
  is("increase(n[2m] smoothed)", 3.5, '{i="0"} 5.5'); // 3 → 8 → reset → 0.5
  is("delta(n[2m] anchored)", 4.5, '{i="0"} -3');
  is("changes(n[2m] anchored)", 4, '{i="0"} 2');
  is("resets(n[2m] anchored)", 5, '{i="0"} 1');
  is("rate(n[1m] anchored)", 20, "");
});

test("an anchored or smoothed range vector as result has samples at its ends", () => {
  assert.equal(ask(storage, "n[2m] anchored", 3.5), '{__name__="n", i="0"} 1.5:2 2:4 3:8 3.5:8');
  assert.equal(ask(storage, "n[2m] smoothed", 3.5), '{__name__="n", i="0"} 1.5:3 2:4 3:8 3.5:4.5');
  assert.equal(ask(storage, "n[1m] anchored", 20), "");
});
