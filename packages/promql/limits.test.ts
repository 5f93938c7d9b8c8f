/** The account of one query. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { QueryBudget } from "./limits.ts";
import { QueryCanceledError, QueryTimeoutError, TooManySamplesError } from "./query-errors.ts";

test("samples in memory", () => {
  const budget = new QueryBudget(new VirtualClock(), { maxSamples: 10, timeoutMs: 1000 });
  budget.add(7);
  budget.returnTo(2);
  budget.add(8);
  assert.equal(budget.samples, 10);
  assert.equal(budget.peakSamples, 10);
  assert.throws(() => budget.add(1), TooManySamplesError);
});

test("time and cancelling are seen at the next check, in slow work now and then", async () => {
  const clock = new VirtualClock();
  const cancel = { words: new Int32Array(new SharedArrayBuffer(8)), index: 1 };
  const budget = new QueryBudget(clock, { maxSamples: 10, timeoutMs: 1000 }, cancel);
  budget.check();
  Atomics.store(cancel.words, 1, 1);
  assert.throws(() => budget.check(), QueryCanceledError);
  Atomics.store(cancel.words, 1, 0);
  await clock.advance(1000);
  assert.throws(() => budget.check(), QueryTimeoutError);
  budget.work(1000);
  assert.throws(() => budget.work(1_000_000), QueryTimeoutError);
});
