/**
 * How samples are counted: per step in total, and read. Facts recorded from Prometheus 3.14 (its own tests of
 * query statistics). `one` has a sample every 10 seconds, `three` are three such series, `hist` has native
 * histograms that weigh 13 samples each.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { Labels } from "@narthex/model/labels";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { Engine } from "./engine.ts";
import { everySyntax, testArena } from "./test-data.ts";

/** Four buckets in one span. */
function histogram(i: number): FloatHistogram {
  return FloatHistogram.of({
    schema: 1,
    count: 5 + 10 * i,
    sum: 20 + 5 * i,
    positiveSpans: [{ offset: 0, length: 4 }],
    positiveBuckets: [1 + i, 2 + 2 * i, 1 + 3 * i, 1 + 4 * i],
  });
}

const storage = new MemoryStorage();
for (let i = 0; i <= 100; i++) {
  const add = (labels: Readonly<Record<string, string>>): void =>
    storage.add(Labels.fromObject(labels), i * 10_000, i + 1);
  add({ __name__: "one" });
  add({ __name__: "three", a: "1", b: "1" });
  add({ __name__: "three", a: "2", b: "2" });
  add({ __name__: "three", a: "3", b: "2" });
  storage.add(Labels.fromObject({ __name__: "hist" }), i * 10_000, histogram(i));
}

/**
 * What is counted at `when` (seconds, or `start-end/step`): per step in total, and per step read.
 */
function counts(query: string, when: string, total: string, read: string): void {
  const [span = "", step = ""] = when.split("/");
  const [start = 0, end = 0] = span.split("-").map((seconds) => Number(seconds) * 1000);
  const engine = new Engine(testArena);
  const expr = parseQuery(query, everySyntax);
  const querier = storage.querier();
  for (const perStepStatistics of [true, false]) {
    const options = { text: query, perStepStatistics };
    const result =
      step === ""
        ? engine.instant(querier, expr, start, options)
        : engine.range(querier, expr, { startMs: start, endMs: end, stepMs: Number(step) * 1000 }, options);
    const { samples } = result.statistics;
    result.release();
    const sum = (text: string): number => text.split(" ").reduce((all, count) => all + Number(count), 0);
    assert.equal(samples.total, sum(total), `${query} at ${when}: total`);
    assert.equal(samples.read, sum(read), `${query} at ${when}: read`);
    if (!perStepStatistics) continue;
    assert.equal(samples.totalPerStep?.join(" "), total, `${query} at ${when}: total per step`);
    assert.equal(samples.readPerStep?.join(" "), read, `${query} at ${when}: read per step`);
  }
}

test("samples of instant queries", () => {
  counts('"literal string"', "21", "0", "0");
  counts("1", "21", "0", "0");
  counts("one", "21", "1", "1");
  counts("timestamp(one)", "21", "1", "1");
  counts("one", "22", "1", "1");
  counts("one offset 10s", "21", "1", "1");
  counts("one @ 15", "21", "1", "1");
  counts('three{a="1"}', "21", "1", "1");
  counts('three{a="1"} @ 19', "21", "1", "1");
  counts('three{a="1"}[20s] @ 19', "21", "2", "2");
  counts("three", "21", "3", "3");
  counts("one[60s]", "201", "6", "6");
  counts("max_over_time(one[60s])[20s:5s]", "201", "24", "8");
  counts("max_over_time(one[61s])[20s:5s]", "201", "26", "8");
  counts("one[60s] @ 30", "201", "4", "4");
  counts("sum(max_over_time(three[60s] @ 30))", "201", "12", "12");
  counts("sum by (b) (max_over_time(three[60s] @ 30))", "201", "12", "12");
  counts("one[60s] offset 10s", "201", "6", "6");
  counts("three[60s]", "201", "18", "18");
  counts("max_over_time(one[60s])", "201", "6", "6");
  counts("absent_over_time(one[60s])", "201", "6", "6");
  counts("max_over_time(three[60s])", "201", "18", "18");
  counts("one[60s:5s]", "201", "12", "12");
  counts("one[60s:5s] offset 10s", "201", "12", "12");
  counts("max_over_time(three[60s:5s])", "201", "36", "36");
  counts("sum(max_over_time(three[60s:5s])) + sum(max_over_time(three[60s:5s]))", "201", "72", "72");
  counts("max_over_time(one[20s:10s])", "201", "2", "2");
  counts("sum_over_time(one[30s:30s])", "90", "1", "1");
  counts("max_over_time(one[30s:2m])", "240", "1", "1");
  counts("sum_over_time(three[20s:10s] @ 200)", "250", "6", "6");
  counts("sum_over_time(one[20s:10s] offset 1m)", "240", "2", "2");
  counts("sum_over_time(three[1m:10s] @ 200 offset 1m)", "300", "18", "18");
  counts("sum_over_time(max_over_time(three[60s] @ 300)[5m:1m] @ 600)[10m:2m]", "800", "75", "18");
  counts("rate(sum_over_time(one[30s])[1m:30s])", "240", "2", "6");
});

test("samples of range queries", () => {
  counts('three{a="1"}', "201-220/5", "1 1 1 1", "1 1 1 1");
  counts('three{a="1"}', "204-223/5", "1 1 1 1", "1 1 1 1");
  counts("timestamp(one)", "201-220/5", "1 1 1 1", "1 1 1 1");
  counts('max_over_time(three{a="1"}[10s])', "991-1021/10", "1 1 0 0", "1 1 0 0");
  counts('three{a="1"} offset 10s', "201-220/5", "1 1 1 1", "1 1 1 1");
  counts("max_over_time(three[60s] @ 30)", "201-220/5", "12 12 12 12", "12 0 0 0");
  counts("three", "201-220/5", "3 3 3 3", "3 3 3 3");
  counts("max_over_time(three[60s])", "201-220/5", "18 18 18 18", "18 0 3 0");
  counts("max_over_time(three[60s:5s])", "201-216/5", "36 36 36 36", "36 3 3 3");
  counts("max_over_time(three[60s:5s])", "201-220/5", "36 36 36 36", "36 3 3 3");
  counts("max_over_time(one[60s:5s])", "201-220/5", "12 12 12 12", "12 1 1 1");
  counts("sum by (b) (max_over_time(one[60s:5s]))", "201-220/5", "12 12 12 12", "12 1 1 1");
  counts(
    "sum(max_over_time(three[60s:5s])) + sum(max_over_time(three[60s:5s]))",
    "201-220/5",
    "72 72 72 72",
    "72 6 6 6",
  );
  counts(
    "sum(max_over_time(three[60s:5s])) + sum(max_over_time(one[60s:5s]))",
    "201-216/5",
    "48 48 48 48",
    "48 4 4 4",
  );
  counts(
    "sum(max_over_time(three[60s:5s])) + sum(max_over_time(one[60s:5s]))",
    "201-220/5",
    "48 48 48 48",
    "48 4 4 4",
  );
  counts("max_over_time(one[30s:10s])", "201-231/30", "3 3", "3 3");
  counts("max_over_time(one[20s:10s])", "201-261/10", "2 2 2 2 2 2 2", "2 1 1 1 1 1 1");
  counts("max_over_time(one[30s:10s])", "201-261/60", "3 3", "3 3");
  counts("max_over_time(three[60s:10s])", "200-400/30", "18 18 18 18 18 18 18", "18 9 9 9 9 9 9");
  counts("predict_linear(one[60s] @ 100, 60)", "100-300/100", "6 6 6", "6 0 0");
});

test("samples of histograms", () => {
  counts("hist", "21", "13", "13");
  counts("timestamp(hist)", "21", "1", "1");
  counts("hist[60s]", "201", "78", "78");
  counts("max_over_time(hist[60s])[20s:5s]", "201", "312", "104");
  counts("hist[60s] @ 30", "201", "52", "52");
  counts("hist", "204-223/5", "13 13 13 13", "13 13 13 13");
  counts("timestamp(hist)", "201-220/5", "1 1 1 1", "1 1 1 1");
  counts("histogram_count(max_over_time(hist[20s:10s]))", "201", "26", "26");
  counts("avg_over_time(hist[2m:1m])", "120-240/60", "26 26 26", "26 13 13");
});
