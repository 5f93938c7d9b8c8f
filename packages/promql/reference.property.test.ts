/**
 * The engine equals the reference on random expressions over random series.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { Engine } from "./engine.ts";
import { QueryError } from "./query-errors.ts";
import { plainSeries } from "./query-result.ts";
import { randomQuery, randomSeries } from "./random-query.ts";
import { evaluateReference, type ReferenceData, type ReferenceSeries } from "./reference.ts";
import { stepsBetween } from "./steps.ts";
import { testArena } from "./test-data.ts";

const lookbackMs = 300_000;
const engine = new Engine(testArena);

function storageWith(series: readonly ReferenceSeries[]): MemoryStorage {
  const storage = new MemoryStorage();
  for (const { labels, samples } of series) {
    for (const { timeMs, value } of samples) storage.add(labels, timeMs, value);
  }
  return storage;
}

type Points = Map<string, number>;

/** Points of a range query by labels and time, or null when it failed. */
function byEngine(
  storage: MemoryStorage,
  query: string,
  range: { startMs: number; endMs: number; stepMs: number },
): Points | null {
  try {
    const result = engine.range(storage.querier(), parseQuery(query), range, { lookbackMs });
    const points: Points = new Map();
    for (const series of plainSeries(result)) {
      for (const { timeMs, value } of series.points)
        points.set(`${series.labels.toString()} @${timeMs}`, value);
    }
    result.release();
    return points;
  } catch (error) {
    if (error instanceof QueryError) return null;
    throw error;
  }
}

function byReference(data: ReferenceData, query: string, stepMs: number): Points | null {
  const expr = parseQuery(query);
  const points: Points = new Map();
  const { startMs, endMs } = data;
  const { count } = stepsBetween(startMs, endMs, stepMs);
  try {
    for (let s = 0; s < count; s++) {
      const timeMs = startMs + s * stepMs;
      const value = evaluateReference(data, expr, timeMs);
      if (typeof value === "number") points.set(`{} @${timeMs}`, value);
      else for (const element of value) points.set(`${element.labels.toString()} @${timeMs}`, element.value);
    }
  } catch (error) {
    if (error instanceof QueryError) return null;
    throw error;
  }
  return points;
}

/** Equal but for rounding. */
function close(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)) + 1e-9;
}

test("the engine equals the reference", (t) => {
  let compared = 0;
  let failed = 0;
  let points = 0;
  forSeeds(1500, (random) => {
    const series = randomSeries(random, 100);
    const storage = storageWith(series);
    const startMs = random.below(1000) * 1000;
    const stepMs = [7_000, 15_000, 60_000, 200_000][random.below(4)];
    const range = { startMs, endMs: startMs + stepMs * random.below(12), stepMs };
    const data: ReferenceData = {
      series,
      lookbackMs,
      subqueryStepMs: 60_000,
      startMs: range.startMs,
      endMs: range.startMs + Math.floor((range.endMs - range.startMs) / stepMs) * stepMs,
    };
    const query = randomQuery(random, 1 + random.below(3));
    const wanted = byReference(data, query, stepMs);
    const found = byEngine(storage, query, range);
    if (wanted === null) {
      assert.equal(found, null, `${query}: the reference fails, the engine does not`);
      failed++;
      return;
    }
    assert.ok(found !== null, `${query}: the engine fails, the reference does not`);
    assert.deepEqual([...found.keys()].toSorted(), [...wanted.keys()].toSorted(), query);
    for (const [key, value] of wanted) {
      assert.ok(close(found.get(key) as number, value), `${query} ${key}: ${found.get(key)}, want ${value}`);
    }
    compared++;
    points += wanted.size;
  });
  t.diagnostic(`${compared} compared with ${points} points, ${failed} failed alike`);
  assert.ok(compared > 1000);
});
