/**
 * What a writer writes, the parser of its format reads: the same series with the same values, whatever the
 * format; exemplars, start times and native histograms where the format has them.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FloatHistogram } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";
import { randomFloatHistogram, randomHistogram } from "@narthex/model/random-histogram";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { createParser } from "./content-type.ts";
import type { ParserOptions } from "./exposition-parser.ts";
import { renderLabels, type FamilyExemplar, type MetricFamily } from "./metric-family.ts";
import { contentTypeOf, writeFamilies, type AnswerFormat } from "./negotiate.ts";

const texts = ["", "a", "b c", 'd"e', "f\\g", "h\ni", "ä€😀", "{},="];
const numbers = [0, 1, -1.5, 1e-9, 1e21, 123456789, Infinity, -Infinity, NaN];

// Times are multiples of half a second: others, written as seconds, may be read as the millisecond before.

function pick<T>(random: SeededRandom, list: readonly T[]): T {
  return list[random.below(list.length)];
}

function randomLabels(random: SeededRandom, row: number): string {
  const pairs: [string, string][] = [["row", String(row)]];
  if (random.below(2) === 0) pairs.push([pick(random, ["x", "my.label", "ü"]), pick(random, texts)]);
  return renderLabels(pairs);
}

function randomExemplar(random: SeededRandom): FamilyExemplar {
  const labelText = renderLabels([["trace", pick(random, ["a", "b c", "ä"])]]);
  const exemplar = { labelText, value: random.below(9) / 2 };
  return random.below(2) === 0 ? exemplar : { ...exemplar, timeMs: random.below(9) * 500 };
}

function randomFamily(random: SeededRandom, index: number): MetricFamily {
  const head = { help: pick(random, texts), unit: pick(random, ["", "s"]) };
  const rows = Array.from({ length: 1 + random.below(3) }, (_, row) => ({
    labelText: randomLabels(random, row),
    ...(random.below(3) === 0 ? { startMs: 500 * (1 + random.below(5_000)) } : {}),
    ...(random.below(4) === 0 ? { timeMs: 500 * (1 + random.below(1_000_000)) } : {}),
  }));
  const kind = random.below(5);
  const name = `m${index}${pick(random, ["", ".dot", "_s"])}`;
  if (kind === 0) {
    const metrics = rows.map((row) => ({
      ...row,
      value: pick(random, numbers),
      exemplar: randomExemplar(random),
    }));
    return { ...head, name: `${name}_total`, type: "counter", metrics };
  }
  if (kind === 1) {
    return {
      ...head,
      name,
      type: "gauge",
      metrics: rows.map((row) => ({ ...row, value: pick(random, numbers) })),
    };
  }
  if (kind === 2) {
    const summary = { quantiles: [0.5, 1], quantileValues: [pick(random, numbers), 2], sum: 3.5, count: 7 };
    return { ...head, name, type: "summary", metrics: rows.map((row) => ({ ...row, ...summary })) };
  }
  const bounds = [0.1, 1, 2.5].slice(0, random.below(4));
  const metrics = rows.map((row) => {
    const bucketCounts = bounds.map(() => random.below(5));
    const count = bucketCounts.reduce((sum, own) => sum + own, random.below(3));
    const exemplars = [...bounds, Infinity].map(() =>
      random.below(3) === 0 ? randomExemplar(random) : undefined,
    );
    return { ...row, bounds, bucketCounts, count, sum: pick(random, numbers), exemplars };
  });
  return { ...head, name, type: kind === 3 ? "histogram" : "gaugehistogram", metrics };
}

interface Read {
  readonly rows: string[];
  readonly exemplars: string[];
  readonly starts: string[];
}

function read(families: readonly MetricFamily[], format: AnswerFormat, options: ParserOptions): Read {
  const page = writeFamilies(families, format, { createdLines: options.startTimestamps === true });
  const bytes = typeof page === "string" ? new TextEncoder().encode(page) : page;
  const parser = createParser(contentTypeOf(format), bytes, options);
  const found: Read = { rows: [], exemplars: [], starts: [] };
  for (let entry = parser.next(); entry !== "end"; entry = parser.next()) {
    if (entry !== "series" && entry !== "histogram") continue;
    const pairs = parser.labelPairs();
    const labels = Array.from({ length: pairs.length / 2 }, (_, i) => `${pairs[2 * i]}=${pairs[2 * i + 1]}`);
    const key = labels.toSorted().join("|");
    const value = parser.histogram?.toString() ?? String(parser.value);
    found.rows.push(`${key} ${value} ${parser.timeMs}`);
    for (const { labelPairs, value: at, timeMs } of parser.exemplars()) {
      found.exemplars.push(`${key} # ${labelPairs.join()} ${at} ${timeMs}`);
    }
    if (parser.startTimeMs !== null) found.starts.push(`${key} ${parser.startTimeMs}`);
  }
  for (const list of Object.values(found)) list.sort();
  return found;
}

const text: AnswerFormat = { format: "text", version: "1.0.0", escaping: "allow-utf-8" };
const openMetrics: AnswerFormat = { format: "openmetrics", version: "1.0.0", escaping: "allow-utf-8" };
const protobuf: AnswerFormat = { format: "protobuf", version: "", escaping: "allow-utf-8" };

test("the formats say the same", () =>
  forSeeds(300, (random) => {
    const families = Array.from({ length: 1 + random.below(4) }, (_, i) => randomFamily(random, i));
    const asText = read(families, text, {});
    const asOpenMetrics = read(families, openMetrics, { startTimestamps: true });
    const asProtobuf = read(families, protobuf, {});
    assert.deepEqual(asOpenMetrics.rows, asProtobuf.rows);
    assert.deepEqual(asText.rows, asProtobuf.rows);
    assert.deepEqual(asOpenMetrics.exemplars, asProtobuf.exemplars);
    const total = families.reduce((sum, family) => sum + family.metrics.length, 0);
    assert.ok(asText.rows.length >= total);
  }));

test("start times of counters, histograms and summaries", () =>
  forSeeds(100, (random) => {
    const families = Array.from({ length: 2 }, (_, i) => randomFamily(random, i)).filter(
      ({ type }) => type !== "gaugehistogram" && type !== "gauge",
    );
    const asOpenMetrics = read(families, openMetrics, { startTimestamps: true });
    assert.deepEqual(asOpenMetrics.starts, read(families, protobuf, {}).starts);
  }));

test("native histograms come back as they went", () =>
  forSeeds(200, (random) => {
    const native = nativeOf(random);
    if (native === null) return;
    const metric = {
      labelText: "",
      bounds: [],
      bucketCounts: [],
      sum: native.sum,
      count: native.count,
      native,
    };
    const page = writeFamilies([{ name: "h", help: "", type: "histogram", metrics: [metric] }], protobuf);
    const parser = createParser(contentTypeOf(protobuf), page as Uint8Array);
    parser.next();
    parser.next();
    assert.equal(parser.next(), "histogram");
    assert.equal(parser.histogram?.toString(), native.copy().compact(0).toString());
    assert.equal(parser.histogram instanceof FloatHistogram, native instanceof FloatHistogram);
  }));

/** A histogram that the format can say. */
function nativeOf(random: SeededRandom): Histogram | FloatHistogram | null {
  const native = random.below(2) === 0 ? randomHistogram(random) : randomFloatHistogram(random);
  return native.usesCustomBuckets() || (native instanceof FloatHistogram && native.count === 0)
    ? null
    : native;
}
