/**
 * The engine equals the reference on random queries of the experimental parts of the language.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { compareWithReference, storageWith } from "./compare-reference.ts";
import { Engine } from "./engine.ts";
import { randomExperimentalQuery, randomExperimentalSeries } from "./random-experimental.ts";
import type { ReferenceData } from "./reference.ts";
import { everySyntax, testArena } from "./test-data.ts";

test("the engine equals the reference on experimental queries", (t) => {
  let [compared, failed, points] = [0, 0, 0];
  const engines = [false, true].map((useStartTimestamps) => new Engine(testArena, { useStartTimestamps }));
  forSeeds(1500, (random) => {
    const series = randomExperimentalSeries(random, 80);
    const startMs = random.below(900) * 1000;
    const stepMs = [7_000, 15_000, 60_000, 200_000][random.below(4)];
    const useStartTimestamps = random.below(2) === 0;
    const data: ReferenceData = {
      series,
      lookbackMs: 300_000,
      subqueryStepMs: 60_000,
      startMs,
      endMs: startMs + random.below(12 * stepMs),
      stepMs,
      useStartTimestamps,
    };
    const engine = engines[Number(useStartTimestamps)];
    const query = randomExperimentalQuery(random);
    const result = compareWithReference(engine, storageWith(series), data, query, everySyntax);
    assert.equal(result.difference, null, query);
    if (result.failed) failed++;
    else compared++;
    points += result.points;
  });
  t.diagnostic(`${compared} compared with ${points} points, ${failed} failed alike`);
  assert.ok(compared > 2 * failed, "most expressions have an answer");
});
