/** Warnings and infos with their positions; texts are the original's. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { Engine, type EngineOptions } from "./engine.ts";
import { scriptSyntax } from "./script-commands.ts";
import { runScript } from "./script-test.ts";
import { storageOf, testArena } from "./test-data.ts";

/** Asserts that a query at minute 1 over these series says this. */
function says(
  series: string,
  query: string,
  notes: { readonly warnings?: readonly string[]; readonly infos?: readonly string[] },
  options: EngineOptions = {},
): void {
  const engine = new Engine(testArena, { delayedNameRemoval: true, ...options });
  const expr = parseQuery(query, scriptSyntax);
  const result = engine.instant(storageOf(series).querier(), expr, 60_000, { text: query });
  result.release();
  assert.deepEqual(result.warnings, notes.warnings ?? [], query);
  assert.deepEqual(result.infos, notes.infos ?? [], query);
}

test("rate and increase doubt that a metric is a counter", () => {
  const doubt = (position: string) =>
    "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " +
    `"series" (${position})`;
  says("series 1 2", "rate(series[1m1s])", { infos: [doubt("1:6")] });
  says('series{label="a"} 1 2 3', "rate(series[1m1s])", { infos: [doubt("1:6")] });
  says('series{label="a"} 1 2 3', "increase(series[1m1s])", { infos: [doubt("1:10")] });
  says("other 1", "rate(series[1m1s])", {});
  says("series 1 2", "rate(series[10s])", {});
  const histogram = (sum: number) => `{{schema:1 sum:${sum} count:10 buckets:[1 2 3]}}`;
  says(`series 1 ${histogram(15)}`, "rate(series[1m1s])", {
    warnings: ['PromQL warning: encountered a mix of histograms and floats for metric name "series" (1:6)'],
  });
  says(`series ${histogram(10)} ${histogram(15)}`, "rate(series[1m1s])", {});
  for (const suffix of ["total", "sum", "count", "bucket"]) {
    says(`series_${suffix} 1 2 3`, `rate(series_${suffix}[1m1s])`, {});
    says(`series_${suffix} 1 2 3`, `increase(series_${suffix}[1m1s])`, {});
  }
});

test("with type labels the label says whether it is a counter", () => {
  const typed = { typeAndUnitLabels: true };
  const doubt = (position: string) =>
    'PromQL info: metric might not be a counter, __type__ label is not set to "counter" or "histogram", ' +
    `got "": "series" (${position})`;
  says('series{label="a"} 1 2 3', "rate(series[1m1s])", { infos: [doubt("1:6")] }, typed);
  says('series{label="a"} 1 2 3', "increase(series[1m1s])", { infos: [doubt("1:10")] }, typed);
  for (const type of ["counter", "histogram"]) {
    says(`series{__type__="${type}"} 1 2 3`, "rate(series[1m1s])", {}, typed);
    says(`series{__type__="${type}"} 1 2 3`, "increase(series[1m1s])", {}, typed);
  }
});

test("parameters out of range", () => {
  says('m{le="1"} 1x2', "quantile(1.5, m)", {
    warnings: ["PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:10)"],
  });
  says("m 1x2", "quantile_over_time(-1, m[1m])", {
    warnings: ["PromQL warning: quantile value should be between 0 and 1, got -1 (1:20)"],
  });
  says("m 1x2", "limit_ratio(2, m)", {
    warnings: ["PromQL warning: ratio value should be between -1 and 1, got 2, capping to 1 (1:13)"],
  });
});

test("equal texts are one annotation", () => {
  const mixed = "PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)";
  says('m{a="1"} {{count:1}}x2\nm{a="2"} 1x2', "sum(m)", { warnings: [mixed] });
  says('m{a="1"} {{count:1}}x2\nm{a="2"} 1x2', "max(m)", {
    infos: ["PromQL info: ignored histogram in max aggregation (1:5)"],
  });
  says('m{a="1"} {{count:1}}x2\nm{a="2"} {{count:1}}x2', 'm{a="1"} + on () count(m)', {
    infos: [
      'PromQL info: incompatible sample types encountered for binary operator "+": histogram + float (1:1)',
    ],
  });
});

test("without delayed name removal names are gone when annotations are made", () => {
  const script = String.raw`
load 1m
  invalid{abe="0.1"} 2x10
  nans{case="100% NaNs"} {{schema:0 count:0 sum:0}} {{schema:0 count:3 sum:NaN}}
  nans{case="20% NaNs"} {{schema:0 count:0 sum:0}} {{schema:0 count:15 sum:NaN buckets:[12]}}
  conflict{le="0.1"} 2x10
  conflict {{sum:0}}x10
  a_bucket{le="0.1"} 0+2x10
  a_bucket{le="1"} 0+1x10
  a_bucket{le="10"} 0+5x10
  a_bucket{le="100"} 0+4x10
  a_bucket{le="1000"} 0+9x10
  a_bucket{le="+Inf"} 0+8x10

eval instant at 1m histogram_quantile(0.5, invalid)
  expect warn msg: PromQL warning: bucket label "le" is missing or has a malformed value of "" (1:25)

eval instant at 1m histogram_fraction(0.5, 1, conflict)
  expect warn msg: PromQL warning: vector contains a mix of classic and native histograms (1:28)

eval instant at 1m histogram_quantile(0.5, a_bucket)
  expect info regex: input to histogram_quantile needed to be fixed for monotonicity .*\(1:25\)
  {} 8.5

eval instant at 1m histogram_quantile(1, nans)
  expect info msg: PromQL info: input to histogram_quantile has NaN observations, result is NaN (1:23)
  {case="100% NaNs"} NaN
  {case="20% NaNs"} NaN

eval instant at 1m histogram_quantile(0.8, nans{case="20% NaNs"})
  expect info regex: ^PromQL info: .* has NaN observations, result is skewed higher \(1:25\)$
  {case="20% NaNs"} 1
  `;
  assert.deepEqual(runScript(script, { arena: testArena, engine: {} }), { passed: 5, failures: [] });
});
