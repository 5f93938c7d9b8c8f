/**
 * The engine equals the reference on random queries over native histograms, alone and among floats.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { compareLabels } from "@narthex/model/labels";
import { forSeeds } from "@narthex/platform/for-seeds";
import { compareWithReference, storageWith } from "./compare-reference.ts";
import { Engine } from "./engine.ts";
import { randomHistogramSeries } from "./random-histograms.ts";
import { randomHistogramQuery, randomSeries } from "./random-query.ts";
import type { ReferenceData } from "./reference.ts";
import { everySyntax, testArena } from "./test-data.ts";

const engine = new Engine(testArena);

test("the engine equals the reference on histograms", (t) => {
  let [compared, failed, points] = [0, 0, 0];
  forSeeds(1500, (random) => {
    const series = [...randomHistogramSeries(random, 60), ...randomSeries(random, 60)];
    series.sort((a, b) => compareLabels(a.labels, b.labels));
    const startMs = random.below(700) * 1000;
    const stepMs = [7_000, 15_000, 60_000, 200_000][random.below(4)];
    const data: ReferenceData = {
      series,
      lookbackMs: 300_000,
      subqueryStepMs: 60_000,
      startMs,
      endMs: startMs + random.below(8 * stepMs),
      stepMs,
      useStartTimestamps: false,
    };
    const query = randomHistogramQuery(random, 1 + random.below(3));
    const result = compareWithReference(engine, storageWith(series), data, query, everySyntax);
    assert.equal(result.difference, null, query);
    if (result.failed) failed++;
    else compared++;
    points += result.points;
  });
  t.diagnostic(`${compared} compared with ${points} points, ${failed} failed alike`);
  assert.ok(compared > 2 * failed, "most expressions have an answer");
});
