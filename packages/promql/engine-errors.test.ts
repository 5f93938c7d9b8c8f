/** What queries fail with, and how many samples they may hold: texts and counts are the original's. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { Engine } from "./engine.ts";
import { defaultLimits } from "./limits.ts";
import { parseScript, scriptSyntax } from "./script-commands.ts";
import { load } from "./script-load.ts";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { ask, askRange, storageOf, testArena } from "./test-data.ts";

test("errors of evaluation", () => {
  const storage = storageOf(`
    m{a="1"} 1x5
    m{a="2"} 2x5
    n{a="1", b="1"} 1x5
    n{a="1", b="2"} 2x5
    x{a="1"} 1x5
    h {{count:1 sum:1 buckets:[1]}}x5
  `);
  const fails = (query: string, message: string) =>
    assert.throws(() => ask(storage, query, 1), { message }, query);
  const duplicate = (side: string, group: string, first: string, second: string) =>
    `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ` +
    `[${first}, ${second}];many-to-many matching not allowed: matching labels must be unique on one side`;
  const [one, two] = ['{__name__="n", a="1", b="1"}', '{__name__="n", a="1", b="2"}'];
  fails("m + on (a) n", duplicate("right", '{a="1"}', one, two));
  fails("n + on (a) n", duplicate("right", '{a="1"}', one, two));
  const many = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
  fails("n + on (a) x", many);
  fails(
    "n * on (a) group_left (b) x",
    "multiple matches for labels: grouping labels must ensure unique matches",
  );
  fails('label_replace(m, "a", "", "", "")', "vector cannot contain metrics with the same labelset");
  fails('label_replace(m, "a", "1", "a", ".*")', "vector cannot contain metrics with the same labelset");
  fails("-{a='1'}", "vector cannot contain metrics with the same labelset");
  fails('label_replace(m, "a", "$1", "a", "(.*")', "invalid regular expression in label_replace(): (.*");
  fails(
    'label_replace(m, "\\xff", "$1", "a", ".*")',
    "invalid destination label name in label_replace(): \udcff",
  );
  fails('label_join(m, "\\xff", "-", "a")', "invalid destination label name in label_join(): \udcff");
  fails('label_join(m, "b", "-", "\\xff")', "invalid source label name in label_join(): \udcff");
  fails('count_values("\\xff", m)', 'invalid label name "\\xff"');
  fails(
    "double_exponential_smoothing(m[3m], 1, 0.5)",
    "invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000",
  );
  fails(
    "double_exponential_smoothing(m[3m], 0.5, 0)",
    "invalid trend factor. Expected: 0 < tf < 1, got: 0.000000",
  );
  fails("topk(NaN, m)", "Parameter value is NaN");
  fails("topk(1e30, m)", "Scalar value 1e+30 overflows int64");
  const underflow = { message: "Scalar value -6e+31 underflows int64" };
  assert.throws(() => askRange(storage, "bottomk(2 - time() * 1e30, m)", [0, 1]), underflow);
  fails("limit_ratio(NaN, m)", "Ratio value is NaN");
  fails(
    "sum_over_time(m[3m] anchored)",
    "anchored modifier can only be used with: changes, delta, increase, rate, resets - " +
      "not with sum_over_time",
  );
  fails(
    "changes(m[3m] smoothed)",
    "smoothed modifier can only be used with: delta, increase, rate - not with changes",
  );
  fails("h[3m] anchored", "anchored modifier is not supported with histograms");
});

test("a range query is about numbers", () => {
  const storage = storageOf("m 1x5");
  const fails = (query: string, type: string) =>
    assert.throws(() => askRange(storage, query, [0, 1]), {
      message: `invalid expression type "${type}" for range query, must be Scalar or instant Vector`,
    });
  fails('"a"', "string");
  fails("m[1m]", "range vector");
});

/** Ten seconds apart. */
function storageForLimits(): MemoryStorage {
  const storage = new MemoryStorage();
  const step = "{{schema:1 count:10 sum:5 buckets:[1 2 3 4]}}";
  const lines = [
    "load 10s",
    "metric 1+1x100",
    'big{a="1"} 1+1x100',
    'big{a="2"} 1+1x100',
    `histogram {{schema:1 count:5 sum:20 buckets:[1 2 1 1]}}+${step}x100`,
  ];
  for (const command of parseScript(lines.join("\n"))) if (command.kind === "load") load(command, storage);
  return storage;
}

/** Asserts that a query, at a second or from one to another by steps, holds that many samples. */
function holds(
  storage: MemoryStorage,
  query: string,
  seconds: number | readonly [number, number, number],
  samples: number,
): void {
  const expr = parseQuery(query, scriptSyntax);
  const run = (maxSamples: number): number => {
    const engine = new Engine(testArena, { limits: { ...defaultLimits, maxSamples } });
    const querier = storage.querier();
    const [start, end, step] = typeof seconds === "number" ? [seconds, seconds, 0] : seconds;
    const range = { startMs: start * 1000, endMs: end * 1000, stepMs: step * 1000 };
    const result =
      step === 0 ? engine.instant(querier, expr, range.startMs) : engine.range(querier, expr, range);
    result.release();
    return result.peakSamples;
  };
  assert.equal(run(samples), samples, query);
  const message = "query processing would load too many samples into memory in query execution";
  assert.throws(() => run(samples - 1), { message }, query);
}

test("the most samples a query holds, and that one less is too few", () => {
  const storage = storageForLimits();
  holds(storage, "1", 1, 1);
  holds(storage, "metric", 1, 1);
  holds(storage, "metric[20s]", 10, 2);
  holds(storage, "metric[20s:5s]", 10, 3);
  holds(storage, "metric[20s] @ 10", 0, 2);
  holds(storage, "1", [0, 2, 1], 3);
  holds(storage, "metric", [0, 2, 1], 3);
  holds(storage, "metric", [0, 10, 5], 3);
  holds(storage, "metric @ 10", [0, 10, 5], 3);
  holds(storage, "max_over_time(histogram[61s])[20s:5s]", 201, 91);
});

test("samples that windows and subqueries hold", { todo: "they are counted otherwise so far" }, () => {
  const storage = storageForLimits();
  // The window of one series beside its result.
  holds(storage, "rate(metric[20s])", 10, 3);
  holds(storage, "rate(big[1s])", [0, 10, 5], 1);
  // A subquery of 2 × 10 samples, the window of one series, and two results.
  holds(storage, "rate(big[10s:1s] @ 10)", [0, 10, 5], 32);
  // The same, beside the two results of the other side.
  holds(storage, "rate(big[10s:1s] @ 10) + rate(big[10s:1s] @ 30)", [0, 10, 5], 34);
  holds(storage, "rate(big[10s:1s]) + rate(big[10s:1s] @ 30)", [10, 20, 5], 56);
  holds(storage, "rate(rate(big[10:1s] @ 10)[100s:25s] @ 1000)[100s:20s] @ 2000", 10, 32);
  holds(storage, "rate(rate(big[10s:1s] @ 10)[100s:25s] @ 1000)[17s:1s] @ 2000", 10, 34);
});
