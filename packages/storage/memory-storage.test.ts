/** Memory storage: it keeps the contracts that the real storages are held to. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { LabelMatcher } from "@narthex/model/label-matcher";
import { Labels } from "@narthex/model/labels";
import { isStaleAt } from "@narthex/model/sample";
import { AppendResult } from "./append-result.ts";
import { MemoryStorage } from "./memory-storage.ts";
import { SeriesBatch } from "./series-batch.ts";

const up = (job: string) => Labels.fromObject({ __name__: "up", job });
const named = [new LabelMatcher("=", "__name__", "up")];

test("a batch is stored by commit and refuses what is not newer", async () => {
  const storage = new MemoryStorage();
  const appender = storage.appender();
  const ref = appender.resolve(up("a"));
  assert.equal(appender.append(ref, 1000, 1), AppendResult.Accepted);
  assert.equal(appender.append(ref, 1000, 2), AppendResult.Duplicate);
  assert.equal(appender.append(ref, 999, 2), AppendResult.OutOfOrder);
  assert.equal(appender.append(77, 1000, 2), AppendResult.UnknownSeries);
  assert.equal(storage.querier().select({ minTimeMs: 0, maxTimeMs: 2000, matchers: named }).count, 0);
  await appender.commit();
  assert.equal(storage.querier().select({ minTimeMs: 0, maxTimeMs: 2000, matchers: named }).count, 1);
});

test("series come in label order with their columns, markers counted", () => {
  const storage = new MemoryStorage();
  storage.add(up("b"), 5, 1);
  storage.add(up("a"), 1, 1);
  storage.add(up("a"), 2, null);
  storage.add(up("a"), 9, 3);
  const querier = storage.querier();
  const set = querier.select({ minTimeMs: 1, maxTimeMs: 5, matchers: named });
  assert.deepEqual(
    [...set.labelIds].map((id) => querier.symbols.text(id)),
    ["__name__", "up", "job", "a", "__name__", "up", "job", "b"],
  );
  assert.deepEqual([...set.labelEnds], [4, 8]);
  const arena = Arena.create();
  const batch = new SeriesBatch();
  assert.equal(set.read(0, 2, batch, new Scratch(arena)), 2);
  assert.deepEqual([...batch.count.subarray(0, 2)], [2, 1]);
  assert.deepEqual([...batch.staleCount.subarray(0, 2)], [1, 0]);
  assert.equal(arena.f64[(batch.timesAt[0] as number) / 8 + 1], 2);
  assert.equal(isStaleAt(arena.f64, (batch.valuesAt[0] as number) / 8 + 1), true);
});

test("the newest sample of each series", () => {
  const storage = new MemoryStorage();
  storage.add(up("a"), 10, 4);
  storage.add(up("a"), 20, 5);
  storage.add(up("b"), 30, 6);
  const set = storage.querier().select({ minTimeMs: 0, maxTimeMs: 100, matchers: named });
  const into = { timesMs: new Float64Array(2), values: new Float64Array(2) };
  assert.equal(set.readLatest(0, 2, 25, into), true);
  assert.deepEqual([...into.timesMs], [20, Number.NaN]);
  assert.equal(into.values[0], 5);
});

test("label names and values", () => {
  const storage = new MemoryStorage();
  storage.add(up("b"), 5, 1);
  storage.add(up("a"), 5, 1);
  const querier = storage.querier();
  assert.deepEqual(querier.labelNames([], 0).strings, ["__name__", "job"]);
  assert.deepEqual(querier.labelValues("job", named, 1).strings, ["a"]);
});
