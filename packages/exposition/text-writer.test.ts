/**
 * What the writers write, letter for letter, and that the parsers read it back.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { renderLabels, type MetricFamily } from "./metric-family.ts";
import { writeOpenMetrics } from "./openmetrics-writer.ts";
import { OpenMetricsParser } from "./openmetrics-parser.ts";
import { TextParser } from "./text-parser.ts";
import { writeText } from "./text-writer.ts";
import type { ExpositionParser } from "./exposition-parser.ts";

const families: readonly MetricFamily[] = [
  {
    name: "z_total",
    help: 'A \\ and a\nline, "quoted".',
    type: "counter",
    metrics: [
      {
        labelText: renderLabels([
          ["b", "2"],
          ["a", 'x"\\\ny'],
        ]),
        value: 1e6,
      },
      { labelText: "", value: -0, timeMs: 1500 },
    ],
  },
  {
    name: "h",
    help: "Sizes.",
    type: "histogram",
    metrics: [{ labelText: 'a="b"', bounds: [0.5, 1, 10], bucketCounts: [1, 0, 2], sum: 7.5, count: 4 }],
  },
  {
    name: "s",
    help: "",
    type: "summary",
    metrics: [{ labelText: "", quantiles: [0.5, 0.99], quantileValues: [1, NaN], sum: 0, count: 1234567 }],
  },
  { name: "empty", help: "Not written.", type: "gauge", metrics: [] },
  {
    name: "named.freely",
    help: "Dots.",
    type: "untyped",
    metrics: [{ labelText: 'a="b"', value: Infinity }],
  },
];

test("the text format", () =>
  assert.equal(
    writeText(families),
    `\
# HELP h Sizes.
# TYPE h histogram
h_bucket{a="b",le="0.5"} 1
h_bucket{a="b",le="1"} 1
h_bucket{a="b",le="10"} 3
h_bucket{a="b",le="+Inf"} 4
h_sum{a="b"} 7.5
h_count{a="b"} 4
# HELP "named.freely" Dots.
# TYPE "named.freely" untyped
{"named.freely",a="b"} +Inf
# TYPE s summary
s{quantile="0.5"} 1
s{quantile="0.99"} NaN
s_sum 0
s_count 1.234567e+06
# HELP z_total A \\\\ and a\\nline, "quoted".
# TYPE z_total counter
z_total{a="x\\"\\\\\\ny",b="2"} 1e+06
z_total 0 1500
`,
  ));

test("OpenMetrics", () =>
  assert.equal(
    writeOpenMetrics(families),
    `\
# HELP h Sizes.
# TYPE h histogram
h_bucket{a="b",le="0.5"} 1
h_bucket{a="b",le="1.0"} 1
h_bucket{a="b",le="10.0"} 3
h_bucket{a="b",le="+Inf"} 4
h_sum{a="b"} 7.5
h_count{a="b"} 4
# HELP "named.freely" Dots.
# TYPE "named.freely" unknown
{"named.freely",a="b"} +Inf
# TYPE s summary
s{quantile="0.5"} 1.0
s{quantile="0.99"} NaN
s_sum 0.0
s_count 1234567
# HELP z A \\\\ and a\\nline, \\"quoted\\".
# TYPE z counter
z_total{a="x\\"\\\\\\ny",b="2"} 1e+06
z_total 0.0 1.5
# EOF
`,
  ));

test("both formats read back as the same samples", () => {
  const samples = (parser: ExpositionParser): string[] => {
    const found: string[] = [];
    for (let entry = parser.next(); entry !== "end"; entry = parser.next()) {
      if (entry === "series") found.push(`${parser.labelPairs().join("|")} ${parser.value} ${parser.timeMs}`);
    }
    return found;
  };
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const text = samples(new TextParser(bytes(writeText(families))));
  assert.equal(text.length, 13);
  assert.deepEqual(samples(new OpenMetricsParser(bytes(writeOpenMetrics(families)))), text);
});
