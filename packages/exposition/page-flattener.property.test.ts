/**
 * A flattened page says what its parser says, in lines that read back as the same labels; and bytes of any
 * kind are refused with an error of the format, never otherwise.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { parserFor } from "./content-type.ts";
import { ExpositionError, type ParserOptions } from "./exposition-parser.ts";
import { renderLabels, type MetricFamily } from "./metric-family.ts";
import { writeOpenMetrics } from "./openmetrics-writer.ts";
import { PageFlattener } from "./page-flattener.ts";
import { writeProtobuf } from "./protobuf-writer.ts";
import { TextParser } from "./text-parser.ts";

function randomFamilies(random: SeededRandom): MetricFamily[] {
  return Array.from({ length: random.below(4) }, (_, i): MetricFamily => {
    const labelText = renderLabels([
      ["a", ["", "x", 'y"\\\n', "ä\0"][random.below(4)] ?? ""],
      [["b", "b.c"][random.below(2)] ?? "", "z"],
    ]);
    const value = random.below(1_000) / 8;
    if (random.below(2) === 0) {
      return { name: `m${i}.x`, help: "h", type: "gauge", metrics: [{ labelText, value, timeMs: 500 }] };
    }
    const counts = { bounds: [1, 2], bucketCounts: [random.below(3), random.below(3)], count: 9, sum: value };
    return {
      name: `m${i}`,
      help: "",
      type: "histogram",
      metrics: [{ labelText, ...counts, startMs: 1_500 }],
    };
  });
}

function randomOptions(random: SeededRandom): ParserOptions {
  const flip = (): boolean => random.below(2) === 0;
  return {
    startTimestamps: flip(),
    typeAndUnitLabels: flip(),
    ignoresNative: flip(),
    classicToNhcb: flip(),
    keepsClassic: flip(),
  };
}

/** What the flattener has of a page: labels from its lines, the rest from its columns. */
function flattened(flattener: PageFlattener): unknown[] {
  const lines = new TextParser(flattener.lines);
  const rows: unknown[] = [];
  for (let entry = lines.next(); entry !== "end"; entry = lines.next()) {
    const row = rows.length;
    const timeMs = flattener.times[row];
    rows.push([
      lines.labelPairs(),
      flattener.histograms.find((one) => one.row === row)?.histogram.toString() ?? flattener.values[row],
      Number.isNaN(timeMs) ? null : timeMs,
      flattener.starts[row] === 0 ? null : flattener.starts[row],
    ]);
  }
  assert.equal(rows.length, flattener.sampleCount);
  return rows;
}

test("rows of a flattened page are those of the parser", () =>
  forSeeds(300, (random) => {
    const families = randomFamilies(random);
    const options = randomOptions(random);
    const isProtobuf = random.below(2) === 0;
    const format = isProtobuf ? "protobuf" : "openmetrics";
    const page = isProtobuf
      ? writeProtobuf(families)
      : new TextEncoder().encode(writeOpenMetrics(families, { createdLines: true }));
    const flattener = new PageFlattener();
    flattener.read(parserFor(format, page, options));
    const rows: unknown[] = [];
    const parser = parserFor(format, page, options);
    for (let entry = parser.next(); entry !== "end"; entry = parser.next()) {
      if (entry !== "series" && entry !== "histogram") continue;
      const value = parser.histogram?.toString() ?? parser.value;
      rows.push([parser.labelPairs(), value, parser.timeMs, parser.startTimeMs]);
    }
    assert.deepEqual(flattened(flattener), rows);
  }));

test("a zero byte in a name, which no line can hold, is refused", () => {
  const page = writeProtobuf([
    { name: "a\0b", help: "", type: "gauge", metrics: [{ labelText: "", value: 1 }] },
  ]);
  assert.throws(() => new PageFlattener().read(parserFor("protobuf", page)), ExpositionError);
});

test("damaged pages are read or refused", () =>
  forSeeds(1_500, (random) => {
    const whole = writeProtobuf(randomFamilies(random));
    const page = whole.slice(0, random.below(3) === 0 ? random.below(whole.length + 1) : whole.length);
    for (let i = random.below(4); i > 0 && page.length > 0; i--)
      page[random.below(page.length)] = random.below(256);
    const flattener = new PageFlattener();
    try {
      flattener.read(parserFor("protobuf", page, randomOptions(random)));
    } catch (error) {
      assert.ok(error instanceof ExpositionError, String(error));
    }
  }));

test("lengths that promise more than the page has cost nothing", () => {
  const page = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0x0a, 0x01, 0x61);
  assert.throws(
    () => parserFor("protobuf", page).next(),
    new ExpositionError(
      "clientpb: insufficient length of buffer, expected at least 4294967300 bytes, got 8 bytes",
    ),
  );
});

test("a line of 8 MB and a series of 100,000 labels", () => {
  const long = `a{b="${"x".repeat(8_000_000)}"} 1\n`;
  const parser = parserFor("text", new TextEncoder().encode(long));
  assert.equal(parser.next(), "series");
  assert.equal(parser.labelPairs()[3]?.length, 8_000_000);
  const labels = Array.from({ length: 100_000 }, (_, i) => `l${i}="v"`).join();
  const many = parserFor("openmetrics", new TextEncoder().encode(`a{${labels}} 1\n# EOF\n`));
  assert.equal(many.next(), "series");
  assert.equal(many.labelPairs().length, 200_002);
});
