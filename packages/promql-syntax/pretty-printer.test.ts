/**
 * Long queries on several lines. Facts recorded from Prometheus 3.14; `L` stands for a long name.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "./parser.ts";
import { prettyPrint } from "./pretty-printer.ts";

const everything = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

const longName = "a_metric_with_a_name_that_takes_a_third_of_a_line";

/** The lines of `query`; every `L` is the long name. */
function pretty(query: string, lines: readonly string[]): void {
  const full = (text: string): string => text.replaceAll("L", longName);
  const printed = prettyPrint(parseQuery(full(query), everything));
  assert.deepEqual(printed.split("\n"), lines.map(full), query);
}

test("pretty: what is short stays on its line", () => {
  pretty("foo#comment\n +bar", ["foo + bar"]);
  pretty("sum(foo)by(a)", ["sum by (a) (foo)"]);
  pretty("L", ["L"]);
});

test("pretty: long queries", () => {
  pretty("foo # a comment\n + bar", ["foo + bar"]);
  pretty("L", ["L"]);
  pretty("L + L", ["  L", "+", "  L"]);
  pretty("L + L + x", ["    L", "  +", "    L", "+", "  x"]);
  pretty("-(L + L + x)", ["-(", "      L", "    +", "      L", "  +", "    x", ")"]);
  pretty("(L + (L + x))", ["(", "    L", "  +", "    (L + x)", ")"]);
  pretty('sum by (job, "my.label") (L + L + x)', [
    'sum by (job, "my.label") (',
    "      L",
    "    +",
    "      L",
    "  +",
    "    x",
    ")",
  ]);
  pretty('sum without (job) (rate(L{job="x",instance=~"y.*"}[5m] offset 1h) / rate(L[5m]))', [
    "sum without (job) (",
    '    rate(L{instance=~"y.*",job="x"}[5m] offset 1h)',
    "  /",
    "    rate(L[5m])",
    ")",
  ]);
  pretty("topk(3, L * on (a) group_left (b) L + x)", [
    "topk(",
    "  3,",
    "      L",
    "    * on (a) group_left (b)",
    "      L",
    "  +",
    "    x",
    ")",
  ]);
  pretty("L == bool on (job) L unless ignoring (le) (x)", [
    "    L",
    "  == bool on (job)",
    "    L",
    "unless ignoring (le)",
    "  (x)",
  ]);
});

test("pretty: calls, subqueries, literals", () => {
  pretty('label_replace(L, "destination", "$1", "L", "(.*)")', [
    "label_replace(",
    "  L,",
    '  "destination",',
    '  "$1",',
    '  "L",',
    '  "(.*)"',
    ")",
  ]);
  pretty("max_over_time((L + L + x)[5m:1m] @ end() offset 2m)", [
    "max_over_time(",
    "  (",
    "        L",
    "      +",
    "        L",
    "    +",
    "      x",
    "  )[5m:1m] @ end() offset 2m",
    ")",
  ]);
  pretty("max_over_time(rate(x[5m])[1h:]) + L + L", ["  max_over_time(rate(x[5m])[1h:]) + L", "+", "  L"]);
  pretty('L{a="L",b="L"}', ['L{a="L",b="L"}']);
  pretty('"LLL"', ['"LLL"']);
  pretty("abs(-sum(L ^ L ^ x))", ["abs(", "  -sum(", "      L", "    ^", "      L ^ x", "  )", ")"]);
  pretty("L + on (a) group_right (b) fill (1) L", ["  L", "+ on (a) group_right (b) fill (1)", "  L"]);
  pretty('histogram_quantile(0.9, sum by (le) (rate(L_bucket{job="api"}[5m]))) > 0.5 and on (job) up == 1', [
    "    histogram_quantile(",
    "      0.9,",
    '      sum by (le) (rate(L_bucket{job="api"}[5m]))',
    "    )",
    "  >",
    "    0.5",
    "and on (job)",
    "  up == 1",
  ]);
  pretty("rate(L[5m] anchored) + rate(L[max_of(1m, step() * 2)] smoothed)", [
    "  rate(L[5m] anchored)",
    "+",
    "  rate(L[max_of(1m, step() * 2)] smoothed)",
  ]);
  pretty(`"${"é".repeat(49)}"`, [`"${"é".repeat(49)}"`]);
  pretty("L or L # end", ["  L", "or", "  L"]);
});

test("pretty: a chain of a thousand operands: 25 fit on the innermost line", () => {
  const lines = prettyPrint(parseQuery(Array.from({ length: 1000 }, () => "L").join("+"))).split("\n");
  assert.equal(lines.length, 1951);
  assert.equal(lines.at(-1), "  L");
  assert.equal(lines.at(-2), "+");
});
