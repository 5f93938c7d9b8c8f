/**
 * Whole queries over small storages. The long list of facts is tests/conformance/promql-scripts.test.ts.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { VirtualClock } from "@narthex/platform/virtual-clock";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { Engine } from "./engine.ts";
import { QueryError } from "./query-errors.ts";
import { ask, askRange, shown, storageOf, testArena } from "./test-data.ts";

const counters = storageOf(`
  c_total{job="a", i="0"} 0+60x20
  c_total{job="a", i="1"} 0+120x20
  c_total{job="b", i="0"} 0+30x5 0+30x10
`);
const gauges = storageOf(`
  up{job="a"} 1 1 0 _ stale _ 1
  up{job="b"} NaN 2 3
  other{job="a"} 5x9
`);

test("instant selectors look back five minutes, and stop at staleness markers", () => {
  const is = (minute: number, result: string) => assert.equal(ask(gauges, 'up{job="a"}', minute), result);
  is(0, '{__name__="up", job="a"} 1');
  is(3, '{__name__="up", job="a"} 0');
  is(4, "");
  is(5, "");
  is(6, '{__name__="up", job="a"} 1');
  is(10.99, '{__name__="up", job="a"} 1');
  is(11, ""); // left-open
});

test("a range query gives a matrix sorted by labels, with gaps", () => {
  assert.equal(
    askRange(gauges, "up", [0, 7]),
    [
      '{__name__="up", job="a"} 0:1 1:1 2:0 3:0 6:1 7:1',
      '{__name__="up", job="b"} 0:NaN 1:2 2:3 3:3 4:3 5:3 6:3',
    ].join("\n"),
  );
  assert.equal(askRange(gauges, "1 + 1", [0, 2], 2), "{} 0:2 2:2");
});

test("rates", () => {
  const is = (query: string, result: string) => assert.equal(ask(counters, query, 10), result, query);
  is('increase(c_total{job="a", i="0"}[5m])', '{i="0", job="a"} 300');
  is('rate(c_total{job="a", i="0"}[5m])', '{i="0", job="a"} 1');
  is('delta(c_total{job="a", i="1"}[5m])', '{i="1", job="a"} 600');
  is('irate(c_total{job="a", i="1"}[5m])', '{i="1", job="a"} 2');
  is('increase(c_total{job="b"}[9m])', '{i="0", job="b"} 236.25'); // 60 … 150, 0 … 120: 210 × 9 / 8
  is('resets(c_total{job="b"}[10m])', '{i="0", job="b"} 1');
  is("rate(c_total[30s])", "");
});

test("aggregations", () => {
  const is = (query: string, result: string) => assert.equal(ask(counters, query, 10), result, query);
  is("sum(c_total)", "{} 1920");
  is("sum by (job) (c_total)", '{job="a"} 1800\n{job="b"} 120');
  is("sum without (job, i) (c_total)", "{} 1920");
  is("count by (i) (c_total)", '{i="0"} 2\n{i="1"} 1');
  is("max(c_total) - min(c_total)", "{} 1080");
  is("topk(1, c_total)", '{__name__="c_total", i="1", job="a"} 1200');
  is(
    "bottomk(2, c_total)",
    '{__name__="c_total", i="0", job="b"} 120\n{__name__="c_total", i="0", job="a"} 600',
  );
  is("quantile(0.5, c_total)", "{} 600");
  is('count_values("v", c_total > 200)', '{v="600"} 1\n{v="1200"} 1');
});

test("binary operators", () => {
  const is = (query: string, result: string) => assert.equal(ask(counters, query, 10), result, query);
  is("c_total / on (job, i) c_total", '{i="0", job="a"} 1\n{i="0", job="b"} 1\n{i="1", job="a"} 1');
  is(
    'c_total{job="a"} / on (job) group_left sum by (job) (c_total)',
    '{i="0", job="a"} 0.3333333333333333\n{i="1", job="a"} 0.6666666666666666',
  );
  is("c_total > 500", '{__name__="c_total", i="0", job="a"} 600\n{__name__="c_total", i="1", job="a"} 1200');
  is("c_total > bool 500", '{i="0", job="a"} 1\n{i="0", job="b"} 0\n{i="1", job="a"} 1');
  is('c_total and c_total{job="b"}', '{__name__="c_total", i="0", job="b"} 120');
  is('c_total unless c_total{job="a"}', '{__name__="c_total", i="0", job="b"} 120');
  is("-2 ^ 2", "-4");
});

test("errors as the original's", () => {
  const fails = (query: string, message: string) =>
    assert.throws(
      () => ask(counters, query, 10),
      (error) => error instanceof QueryError && error.errorType === "execution" && error.message === message,
      query,
    );
  fails(
    "c_total * on (job) c_total",
    'found duplicate series for the match group {job="a"} on the right hand-side of the operation: ' +
      '[{__name__="c_total", i="0", job="a"}, {__name__="c_total", i="1", job="a"}];' +
      "many-to-many matching not allowed: matching labels must be unique on one side",
  );
  fails(
    "c_total * on (job) sum by (job) (c_total)",
    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
  );
  fails('label_replace(c_total, "i", "x", "", "")', "vector cannot contain metrics with the same labelset");
  fails('label_replace(c_total, "x", "x", "x", "(")', "invalid regular expression in label_replace(): (");
  fails("topk(NaN, c_total)", "Parameter value is NaN");
});

test("annotations", () => {
  const engine = new Engine(testArena);
  const notes = (text: string) => {
    const result = engine.instant(gauges.querier(), parseQuery(text), 60_000, { text });
    result.release();
    return [...result.warnings, ...result.infos];
  };
  assert.deepEqual(notes("rate(up[5m])"), [
    'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up" (1:6)',
  ]);
  assert.deepEqual(notes("quantile(2, up)"), [
    "PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)",
  ]);
});

test("limits: samples, time, cancelling", () => {
  const clock = new VirtualClock(0);
  const run = (maxSamples: number, timeoutMs: number, cancelled: number) => {
    const engine = new Engine(testArena, { limits: { maxSamples, timeoutMs }, clock });
    const cancel = { words: new Int32Array(new SharedArrayBuffer(4)).fill(cancelled), index: 0 };
    return () =>
      engine
        .range(
          counters.querier(),
          parseQuery("c_total"),
          { startMs: 0, endMs: 600_000, stepMs: 60_000 },
          { cancel },
        )
        .release();
  };
  assert.doesNotThrow(run(100, 1000, 0));
  assert.throws(run(20, 1000, 0), {
    errorType: "execution",
    message: /too many samples into memory in query exec/u,
  });
  assert.throws(run(100, 0, 0), {
    errorType: "timeout",
    message: "query timed out in expression evaluation",
  });
  assert.throws(run(100, 1000, 1), {
    errorType: "canceled",
    message: "query was canceled in expression evaluation",
  });
});

test("memory of released results serves the next query", () => {
  const engine = new Engine(testArena);
  const once = () => {
    const result = engine.range(counters.querier(), parseQuery("c_total"), {
      startMs: 0,
      endMs: 60_000,
      stepMs: 1000,
    });
    const at = result.kind === "matrix" ? result.valuesAt[0] : 0;
    result.release();
    return at;
  };
  assert.equal(once(), once());
});

test("memory may grow in the middle of any operator", () => {
  const roomy = new Engine(testArena);
  const range = { startMs: 0, endMs: 600_000, stepMs: 100 };
  for (const query of [
    "c_total",
    "c_total / c_total",
    "c_total and c_total",
    'c_total{job="a"} or c_total',
    "c_total * on (job, i) group_left () c_total",
    "sum by (job) (rate(c_total[5m]))",
    "topk(2, c_total)",
    "quantile by (job) (0.5, c_total)",
    'count_values("v", c_total)',
    "absent(c_total)",
    "max_over_time(c_total[5m:1s])",
    '-{__name__=~"c_total|up"}',
    'label_replace(c_total, "x", "y", "", "")',
    "scalar(sum(c_total)) + time()",
    "histogram_quantile(0.9, c_total)",
  ]) {
    const ask = (engine: Engine) => shown(engine.range(counters.querier(), parseQuery(query), range));
    assert.equal(ask(new Engine(Arena.create(1))), ask(roomy), query);
  }
});

test("a storage whose bytes are broken fails the query, with the original's words", () => {
  const querier = counters.querier();
  const broken = {
    ...querier,
    symbols: querier.symbols,
    select: () => {
      throw new CorruptionError("chunks/000001", 8, "want 10 bytes, got 3");
    },
  };
  assert.throws(() => new Engine(testArena).instant(broken, parseQuery("c_total"), 0), {
    errorType: "execution",
    message: "expanding series: chunks/000001 at offset 8: want 10 bytes, got 3",
  });
});
