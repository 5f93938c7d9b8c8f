/** Native histograms in whole queries: what the scripts of the original do not look at. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { Engine } from "./engine.ts";
import { resultJson } from "./result-json.ts";
import { ask, askRange, everySyntax, storageOf, testArena } from "./test-data.ts";

const h = "{{schema:0 count:4 sum:5 z_bucket:1 z_bucket_w:0.001 buckets:[1 2]}}";
const storage = storageOf(`
  h{i="0"}  ${h}x10
  h{i="1"}  ${h}x4 7x5
  g{i="0"}  3x10
  s{i="0"}  ${h} ${h} stale ${h} _ ${h}
`);

/** The histogram as it comes from storage behind another one. */
const stored = h.replace("schema:0 ", "").replace("buckets", "counter_reset_hint:not_reset buckets");

/** The data of the HTTP API. */
function json(query: string, minutes: readonly [number, number] | number): string {
  const engine = new Engine(testArena);
  const expr = parseQuery(query, everySyntax);
  const result =
    typeof minutes === "number"
      ? engine.instant(storage.querier(), expr, minutes * 60_000)
      : engine.range(storage.querier(), expr, {
          startMs: minutes[0] * 60_000,
          endMs: minutes[1] * 60_000,
          stepMs: 60_000,
        });
  let text = "";
  for (const { address, sizeBytes } of resultJson(result, { chunkBytes: 4096 })) {
    text += testArena.text(address, sizeBytes);
  }
  result.release();
  return text;
}

const shownJson =
  '{"count":"4","sum":"5","buckets":[[3,"-0.001","0.001","1"],[0,"0.5","1","1"],[0,"1","2","2"]]}';

test("a vector shows histograms beside floats", () => {
  assert.equal(
    json("h", 9),
    '{"resultType":"vector","result":[' +
      `{"metric":{"__name__":"h","i":"0"},"histogram":[540,${shownJson}]},` +
      '{"metric":{"__name__":"h","i":"1"},"value":[540,"7"]}]}',
  );
});

test("a matrix shows the floats of a series before its histograms", () => {
  assert.equal(
    json('h{i="1"}', [4, 5]),
    '{"resultType":"matrix","result":[{"metric":{"__name__":"h","i":"1"},' +
      `"values":[[300,"7"]],"histograms":[[240,${shownJson}]]}]}`,
  );
});

test("a range vector shows its samples", () => {
  assert.equal(
    json('h{i="1"}[2m]', 5),
    '{"resultType":"matrix","result":[{"metric":{"__name__":"h","i":"1"},' +
      `"values":[[300,"7"]],"histograms":[[240,${shownJson}]]}]}`,
  );
  assert.ok(json('h{i="0"}[3m]', 5).includes(`"histograms":[[180,${shownJson}],[240,`));
});

test("buckets that are empty are not shown", () => {
  assert.equal(json("h * 0", 1).split('"buckets"').length, 1);
});

test("markers end a series of histograms", () => {
  assert.equal(ask(storage, "s", 1), `{__name__="s", i="0"} ${stored}`);
  assert.equal(ask(storage, "s", 2), "");
  assert.equal(ask(storage, "count_over_time(s[6m])", 5), '{i="0"} 4');
});

test("steps without a value stay without", () => {
  assert.equal(askRange(storage, "histogram_count(s)", [0, 6]), '{i="0"} 0:4 1:4 3:4 4:4 5:4 6:4');
});

test("histograms pass through labels, set operators and subqueries", () => {
  const labels = '{__name__="h", i="0", j="0"}';
  assert.equal(ask(storage, 'label_replace(h{i="0"}, "j", "$1", "i", "(.*)")', 9), `${labels} ${stored}`);
  assert.equal(ask(storage, "h and on (i) g", 9), `{__name__="h", i="0"} ${stored}`);
  assert.equal(ask(storage, "count_over_time((h or g)[3m:1m])", 9).split("\n").length, 2);
  assert.equal(ask(storage, "histogram_count(last_over_time(h[3m:1m]))", 9), '{i="0"} 4');
  assert.equal(askRange(storage, 'h{i="0"} @ 60', [3, 4]), `{__name__="h", i="0"} 3:${stored} 4:${stored}`);
});

test("a histogram counts as the samples that take its room", () => {
  const engine = new Engine(testArena, { limits: { maxSamples: 13, timeoutMs: 60_000 } });
  const peak = (query: string): number => {
    const result = engine.instant(storage.querier(), parseQuery(query), 60_000);
    result.release();
    return result.peakSamples;
  };
  // 168 bytes, one span, two buckets, and 8 bytes of time: 200 bytes of 16 each.
  assert.equal(peak('h{i="0"}'), 12);
  assert.throws(() => peak("h"), { message: /too many samples/u });
});

test("memory of histograms is used again", () => {
  const engine = new Engine(testArena);
  const size = (): number => {
    for (const query of ["sum(h)", "rate(h[5m])", "h + h", "sum_over_time(h[4m:1m])"]) {
      engine
        .range(storage.querier(), parseQuery(query), { startMs: 0, endMs: 600_000, stepMs: 1000 })
        .release();
    }
    return testArena.sizeBytes;
  };
  assert.equal(size(), size());
});
