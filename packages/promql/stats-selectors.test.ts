/** Which selectors need no buckets. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { statsSelectors } from "./stats-selectors.ts";
import { everySyntax } from "./test-data.ts";

/** The names of these selectors. */
function found(query: string): string {
  return [...statsSelectors(parseQuery(query, everySyntax))].map(({ name }) => name).join(" ");
}

test("count, sum and average need no buckets", () => {
  assert.equal(found("h"), "");
  assert.equal(found("histogram_count(h)"), "h");
  assert.equal(found("histogram_sum(sum(rate(h[5m])) + -i)"), "h i");
  assert.equal(found("histogram_avg(h) / j"), "h");
  assert.equal(found("topk(scalar(k), histogram_avg(h))"), "h");
});

test("what looks at buckets needs them, wherever it is", () => {
  assert.equal(found("histogram_count(histogram_quantile(0.9, h))"), "");
  assert.equal(found("histogram_quantile(0.9, histogram_count(h))"), "");
  assert.equal(found("histogram_count(h </ 1)"), "");
  assert.equal(found("histogram_count(increase(h[5m:1m]))"), "");
  assert.equal(found("max_over_time(histogram_count(h)[5m:1m])"), "");
});
