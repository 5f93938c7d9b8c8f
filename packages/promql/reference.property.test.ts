/**
 * The engine equals the reference on random expressions over random series.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { compareWithReference, storageWith } from "./compare-reference.ts";
import { Engine } from "./engine.ts";
import { randomQuery, randomSeries } from "./random-query.ts";
import type { ReferenceData } from "./reference.ts";
import { testArena } from "./test-data.ts";

const engine = new Engine(testArena);

test("the engine equals the reference", (t) => {
  let [compared, failed, points] = [0, 0, 0];
  forSeeds(1500, (random) => {
    const series = randomSeries(random, 100);
    const startMs = random.below(1000) * 1000;
    const stepMs = [7_000, 15_000, 60_000, 200_000][random.below(4)];
    const data: ReferenceData = {
      series,
      lookbackMs: 300_000,
      subqueryStepMs: 60_000,
      startMs,
      endMs: startMs + stepMs * random.below(12),
      stepMs,
      useStartTimestamps: false,
    };
    const query = randomQuery(random, 1 + random.below(3));
    const result = compareWithReference(engine, storageWith(series), data, query, {});
    assert.equal(result.difference, null, query);
    if (result.failed) failed++;
    else compared++;
    points += result.points;
  });
  t.diagnostic(`${compared} compared with ${points} points, ${failed} failed alike`);
  assert.ok(compared > 2 * failed, "most expressions have an answer");
});
