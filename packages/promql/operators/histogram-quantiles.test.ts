/** histogram_quantiles: several quantiles at once. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { Engine } from "../engine.ts";
import { ask, askRange, everySyntax, storageOf, testArena } from "../test-data.ts";

const storage = storageOf(`
  h_bucket{le="1"} 5x9
  h_bucket{le="2"} 10x9
  h_bucket{le="+Inf"} 10x9
`);

test("each quantile is told in the label", () => {
  const want = '{q="0.25"} 0.5\n{q="1.0"} 2';
  assert.equal(ask(storage, 'histogram_quantiles(h_bucket, "q", 0.25, 1)', 0), want);
  const delayed = ask(storage, 'histogram_quantiles(h_bucket, "q", 0.25, 1)', 0, {
    delayedNameRemoval: true,
  });
  assert.equal(delayed, want);
  assert.equal(ask(storage, 'histogram_quantiles(h_bucket, "q", NaN)', 0), '{q="NaN"} NaN');
});

test("a quantile that changes is told in several series", () => {
  assert.equal(
    askRange(storage, 'histogram_quantiles(h_bucket, "q", 0.75, time() / 120 % 1)', [0, 3]),
    '{q="0.0"} 0:0 2:0\n{q="0.5"} 1:1 3:1\n{q="0.75"} 0:1.5 1:1.5 2:1.5 3:1.5',
  );
});

test("repaired buckets are told once", () => {
  const broken = storageOf(`
    h_bucket{le="1"} 5
    h_bucket{le="2"} 3
    h_bucket{le="+Inf"} 9
  `);
  const infos = (text: string) => {
    const engine = new Engine(testArena);
    const result = engine.instant(broken.querier(), parseQuery(text, everySyntax), 0, { text });
    result.release();
    return result.infos.map((info) => /over (\d+) samples/u.exec(info)?.[1]);
  };
  assert.deepEqual(infos('histogram_quantiles(h_bucket, "q", 0.25, 0.5, 1)'), ["1"]);
  assert.deepEqual(infos('histogram_quantiles(h_bucket, "q", 7, 0.5, 1)'), ["1"]);
});

test("equal quantiles are an error", () => {
  assert.throws(() => ask(storage, 'histogram_quantiles(h_bucket, "q", 0.5, 0.5)', 0), {
    message: "vector cannot contain metrics with the same labelset",
  });
});
