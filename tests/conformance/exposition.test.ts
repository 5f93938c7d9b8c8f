/**
 * The parsers against recorded verdicts of real servers (`../shared/fixtures/exposition`, beside the
 * checkout): every case gives the expected verdict, samples, metadata and error text, and every page the
 * recorded counts.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createParser } from "@narthex/exposition/content-type";
import { ExpositionError, type ExpositionParser } from "@narthex/exposition/exposition-parser";
import { formatFloat, formatTextValue } from "@narthex/exposition/go-number";
import { FloatHistogram, type Span } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";

const fixtures = fileURLToPath(new URL("../../../shared/fixtures/", import.meta.url));
const skip = existsSync(`${fixtures}exposition/cases.json`) ? false : `no data in ${fixtures}exposition`;

const contentTypes: Readonly<Record<string, string>> = {
  "text-0.0.4": "text/plain; version=0.0.4; charset=utf-8",
  "openmetrics-1.0.0": "application/openmetrics-text; version=1.0.0; charset=utf-8",
  "protobuf-delimited":
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
};

interface CaseSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value?: string;
  readonly native?: Readonly<Record<string, unknown>>;
  readonly ts_ms?: number;
  readonly start_ms?: number;
  readonly exemplars?: readonly { labels: Readonly<Record<string, string>>; value: string; ts?: number }[];
}

interface Case {
  readonly name: string;
  readonly format: string;
  readonly input?: string;
  readonly input_base64?: string;
  readonly expect: "ok" | "error";
  readonly prometheus_message?: string;
  readonly samples?: readonly CaseSample[];
  readonly parsed_before_error?: readonly CaseSample[];
  readonly metadata?: readonly (readonly [string, string, string])[];
}

interface Outcome {
  readonly samples: CaseSample[];
  readonly metadata: (readonly [string, string, string])[];
  readonly types: Record<string, number>;
  readonly families: Set<string>;
  error: string | null;
}

function record(pairs: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let i = 0; i < pairs.length; i += 2) fields[pairs[i] as string] = pairs[i + 1] as string;
  return fields;
}

function spansOf(spans: readonly Span[]): number[][] {
  return spans.map(({ offset, length }) => [offset, length]);
}

function nativeOf(h: Histogram | FloatHistogram): Record<string, unknown> {
  const { schema, count, zeroCount, positiveBuckets, negativeBuckets } = h;
  const isFloat = h instanceof FloatHistogram;
  const counts = isFloat ? "counts" : "deltas";
  return {
    kind: isFloat ? "float" : "int",
    schema,
    count,
    zero_count: zeroCount,
    sum: formatFloat(h.sum),
    zero_threshold: formatTextValue(h.zeroThreshold),
    positive_spans: spansOf(h.positiveSpans),
    negative_spans: spansOf(h.negativeSpans),
    [`positive_${counts}`]: positiveBuckets,
    [`negative_${counts}`]: negativeBuckets,
  };
}

function sampleOf(parser: ExpositionParser): CaseSample {
  const { __name__: name = "", ...labels } = record(parser.labelPairs());
  const exemplars = parser.exemplars().map(({ labelPairs, value, timeMs }) => ({
    labels: record(labelPairs),
    value: formatFloat(value),
    ...(timeMs === null ? {} : { ts: timeMs }),
  }));
  return {
    name,
    labels,
    ...(parser.histogram === null
      ? { value: formatFloat(parser.value) }
      : { native: nativeOf(parser.histogram) }),
    ...(parser.timeMs === null ? {} : { ts_ms: parser.timeMs }),
    ...(parser.startTimeMs === null ? {} : { start_ms: parser.startTimeMs }),
    ...(exemplars.length === 0 ? {} : { exemplars }),
  };
}

/**
 * What the server refuses after parsing: label names that are not unique, a series without a name, and a
 * histogram that is none.
 */
function refusal(pairs: readonly string[], histogram: Histogram | FloatHistogram | null): string | null {
  try {
    histogram?.validate();
  } catch (cause) {
    return (cause as Error).message;
  }
  const names = pairs.filter((_, i) => i % 2 === 0);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return `label name "${twice}" is not unique: invalid sample`;
  return pairs[1] === "" ? "missing metric name (__name__ label)" : null;
}

function parsePage(contentType: string, page: Uint8Array, startTimestamps: boolean): Outcome {
  const outcome: Outcome = { samples: [], metadata: [], types: {}, families: new Set(), error: null };
  const parser = createParser(contentType, page, { startTimestamps });
  try {
    for (let entry = parser.next(); entry !== "end"; entry = parser.next()) {
      if (entry === "series" || entry === "histogram") {
        outcome.samples.push(sampleOf(parser));
        outcome.error ??= refusal(parser.labelPairs(), parser.histogram);
      } else if (entry !== "comment") {
        const text = entry === "type" ? parser.metricType : parser.text;
        outcome.metadata.push([entry.toUpperCase(), parser.family, text]);
        outcome.families.add(parser.family);
        if (entry === "type") outcome.types[text] = (outcome.types[text] ?? 0) + 1;
      }
    }
  } catch (cause) {
    if (!(cause instanceof ExpositionError)) throw cause;
    outcome.error = cause.message;
  }
  return outcome;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(`${fixtures}exposition/${file}`, "utf8"));
}

test("cases: verdict, samples, metadata and error text", { skip }, async (t) => {
  const { cases } = readJson("cases.json") as { readonly cases: readonly Case[] };
  for (const one of cases) {
    const contentType = contentTypes[one.format];
    assert.notEqual(contentType, undefined, `a format that is read: ${one.format}`);
    await t.test(one.name, () => {
      const page =
        one.input_base64 === undefined
          ? Buffer.from(one.input ?? "")
          : Buffer.from(one.input_base64, "base64");
      const outcome = parsePage(contentType as string, page, true);
      if (one.name === "om_empty") {
        assert.equal(outcome.error, one.prometheus_message); // the server never parses an empty body
        return;
      }
      assert.equal(outcome.error === null ? "ok" : "error", one.expect, outcome.error ?? "");
      if (one.expect === "error") {
        assert.equal(outcome.error, one.prometheus_message);
        assert.deepEqual(outcome.samples, one.parsed_before_error ?? []);
      } else {
        assert.deepEqual(outcome.samples, one.samples);
        assert.deepEqual(outcome.metadata, one.metadata);
      }
    });
  }
});

interface IndexFile {
  readonly file: string;
  readonly format: string;
  readonly families: number;
  readonly types: Readonly<Record<string, number>>;
  readonly samples: number;
  /** The parser's error, for a page that is refused. */
  readonly error?: string;
}

test("pages: counts of samples, families and types", { skip }, async (t) => {
  const { files } = readJson("index.json") as { readonly files: readonly IndexFile[] };
  for (const { file, format, families, types, samples, error } of files) {
    const contentType = contentTypes[format];
    assert.notEqual(contentType, undefined, `a format that is read: ${format}`);
    await t.test(file, () => {
      const outcome = parsePage(contentType as string, readFileSync(`${fixtures}${file}`), true);
      assert.equal(outcome.error, error ?? null);
      if (error !== undefined) return; // nothing is kept of a refused page, so nothing is counted
      assert.equal(outcome.samples.length, samples);
      assert.equal(outcome.families.size, families);
      assert.deepEqual(outcome.types, types);
    });
  }
});

interface StrictCase {
  readonly name: string;
  readonly input: string;
  readonly prometheus_main_parser: "ok" | "error";
}

test("the OpenMetrics project's own cases: the server's verdict", { skip }, async (t) => {
  const { cases } = readJson("openmetrics-testdata.json") as { readonly cases: readonly StrictCase[] };
  const contentType = contentTypes["openmetrics-1.0.0"] as string;
  for (const { name, input, prometheus_main_parser: verdict } of cases) {
    await t.test(name, () => {
      const { error } = parsePage(contentType, Buffer.from(input), false);
      assert.equal(error === null || isAfterParsing(error) ? "ok" : "error", verdict, error ?? "");
    });
  }
});

/** Whether a page was read whole, and only then refused. */
function isAfterParsing(error: string): boolean {
  return /is not unique: invalid sample$|^missing metric name/u.test(error);
}
