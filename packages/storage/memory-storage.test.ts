/** Memory storage: it keeps the contracts that the real storages are held to. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { LabelMatcher } from "@narthex/model/label-matcher";
import { Labels } from "@narthex/model/labels";
import { isStaleAt, writeStaleMarker } from "@narthex/model/sample";
import { AppendResult } from "./append-result.ts";
import { readRecord } from "./histogram-record.ts";
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
  const into = { timesMs: new Float64Array(2), values: new Float64Array(2), records: new Uint32Array(2) };
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

test("histograms come as records, with a bitmap; stale ones as float markers", async () => {
  const storage = new MemoryStorage();
  const histogram = FloatHistogram.of({ count: 3, sum: 2, positiveSpans: [{ offset: 0, length: 1 }] });
  histogram.positiveBuckets = [3];
  const marker = new Float64Array(1);
  writeStaleMarker(marker, 0);
  const appender = storage.appender();
  const ref = appender.resolve(up("a"));
  assert.equal(appender.append(ref, 1, 7), AppendResult.Accepted);
  assert.equal(appender.appendHistogram?.(ref, 2, histogram, 1), AppendResult.Accepted);
  assert.equal(appender.appendHistogram?.(ref, 2, histogram, 1), AppendResult.Duplicate);
  assert.equal(
    appender.appendHistogram?.(ref, 3, FloatHistogram.of({ sum: marker[0] as number })),
    AppendResult.Accepted,
  );
  await appender.commit();
  storage.add(up("b"), 5, 1);
  const set = storage.querier().select({ minTimeMs: 0, maxTimeMs: 9, matchers: named });
  const arena = Arena.create();
  const batch = new SeriesBatch();
  set.read(0, 2, batch, new Scratch(arena));
  assert.deepEqual([...batch.count.subarray(0, 2)], [3, 1]);
  assert.equal(arena.u32[(batch.kindsAt[0] as number) / 4], 0b010);
  const record = arena.f64[(batch.valuesAt[0] as number) / 8 + 1] as number;
  assert.equal(readRecord(arena, record).equals(histogram), true);
  assert.equal(isStaleAt(arena.f64, (batch.valuesAt[0] as number) / 8 + 2), true);
  assert.equal(batch.staleCount[0], 1);
  const starts = (batch.startsAt[0] as number) / 8;
  assert.deepEqual([...arena.f64.subarray(starts, starts + 3)], [0, 1, 0]);
  assert.deepEqual([batch.kindsAt[1], batch.startsAt[1]], [0, 0]);
  const into = { timesMs: new Float64Array(2), values: new Float64Array(2), records: new Uint32Array(2) };
  assert.equal(set.readLatest(0, 1, 2, into), false);
  assert.equal(set.readLatest(0, 2, 9, into), true);
});
