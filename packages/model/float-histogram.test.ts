/** Arithmetic of native histograms, fact by fact. Most facts lie in float-histogram.facts.txt. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CounterResetHint } from "./counter-reset-hint.ts";
import { FloatHistogram, isStaleHistogram, type AdditionNotes } from "./float-histogram.ts";
import { parseGoFloat } from "./go-float.ts";
import { writeStaleMarker } from "./sample.ts";

const hints = { reset: 1, not_reset: 2, gauge: 3 } as const;

/** The histogram of `{{schema:1 count:3 …}}`. */
function h(text: string): FloatHistogram {
  const fields = new Map<string, string>();
  for (const [, name, value] of text.slice(2, -2).matchAll(/(\w+):(\[[^\]]*\]|\S+)/gu))
    fields.set(name, value);
  const number = (name: string): number => parseGoFloat(fields.get(name) ?? "0");
  const list = (name: string): number[] => (fields.get(name)?.match(/[^[\]\s]+/gu) ?? []).map(Number);
  const spans = (prefix: string) =>
    list(`${prefix}buckets`).length === 0
      ? []
      : [{ offset: number(`${prefix}offset`), length: list(`${prefix}buckets`).length }];
  return FloatHistogram.of({
    counterResetHint: hints[fields.get("counter_reset_hint") as keyof typeof hints] ?? 0,
    schema: number("schema"),
    zeroThreshold: number("z_bucket_w"),
    zeroCount: number("z_bucket"),
    count: number("count"),
    sum: number("sum"),
    positiveSpans: spans(""),
    positiveBuckets: list("buckets"),
    negativeSpans: spans("n_"),
    negativeBuckets: list("n_buckets"),
    customValues: list("custom_values"),
  });
}

function notesText({ counterResetCollision, nhcbBoundsReconciled }: AdditionNotes): string {
  const texts = [counterResetCollision ? "collision" : "", nhcbBoundsReconciled ? "reconciled" : ""];
  return texts.filter((text) => text !== "").join(" ");
}

/** The result of an operation, as the facts write it. */
function resultOf(operation: string, [a, b = "", c = ""]: readonly string[]): string[] {
  const first = h(a);
  switch (operation) {
    case "add":
    case "sub": {
      const notes = notesText(first[operation](h(b)));
      return notes === "" ? [first.testExpression()] : [first.testExpression(), notes];
    }
    case "kahan": {
      const { compensation } = first.kahanAdd(h(b), null);
      first.add(first.kahanAdd(h(c), compensation).compensation);
      return [first.testExpression()];
    }
    case "reset":
      return [String(h(b).detectReset(first))];
    case "trim":
      return [first.trimBuckets(parseGoFloat(b), c === "above").testExpression()];
    case "lower":
      return [first.copyToSchema(Number(b)).testExpression()];
    default:
      return [first.toString()];
  }
}

const argumentCounts: Record<string, number> = {
  add: 2,
  sub: 2,
  kahan: 3,
  reset: 2,
  trim: 3,
  lower: 2,
  text: 1,
};
const facts = readFileSync(new URL("float-histogram.facts.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

test("facts", () => {
  assert.equal(facts.length, 78);
  for (const fact of facts) {
    const [operation, ...rest] = fact.split(" ; ");
    const count = argumentCounts[operation];
    assert.deepEqual(resultOf(operation, rest), rest.slice(count), fact);
  }
});

test("compact: gaps that are small enough become empty buckets", () => {
  const compact = (text: string, maxEmpty: number, spans: string, counts: string) => {
    const histogram = h(text).compact(maxEmpty);
    const found = histogram.positiveSpans.map(({ offset, length }) => `${offset}+${length}`).join(" ");
    assert.equal(found, spans, text);
    assert.equal(histogram.positiveBuckets.join(" "), counts, text);
  };
  compact("{{buckets:[0 0 1 0 0 2 0]}}", 0, "2+1 2+1", "1 2");
  compact("{{buckets:[0 0 1 0 0 2 0]}}", 1, "2+1 2+1", "1 2");
  compact("{{buckets:[0 0 1 0 0 2 0]}}", 2, "2+4", "1 0 0 2");
  compact("{{offset:-3 buckets:[1 1]}}", 0, "-3+2", "1 1");
  compact("{{buckets:[0 0]}}", 0, "", "");
});

test("validate", () => {
  const fails = (histogram: FloatHistogram, text: string) =>
    assert.throws(() => histogram.validate(), { name: "InvalidHistogramError", message: text });
  const exponential =
    "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets";
  fails(h("{{schema:9}}"), `${exponential}, or -53 for custom buckets, got schema 9`);
  const short = h("{{buckets:[1 2]}}");
  short.positiveBuckets.pop();
  fails(
    short,
    "positive side: spans need 2 buckets, have 1 buckets: " +
      "histogram spans specify different number of buckets than provided",
  );
  const negative = "histogram has a bucket whose observation count is negative";
  fails(h("{{n_buckets:[1 -2]}}"), `negative side: bucket number 2 has observation count of -2: ${negative}`);
  fails(h("{{z_bucket:-1}}"), `zero bucket has observation count of -1: ${negative}`);
  fails(h("{{count:-1}}"), "observation count is  -1: histogram's observation count is negative");
  fails(h("{{custom_values:[1]}}"), "histogram with exponential schema must not have custom bounds");
  const custom = (rest: string) => h(`{{schema:-53 ${rest}}}`);
  fails(custom("z_bucket:1"), "custom buckets: must have zero count of 0");
  fails(custom("z_bucket_w:1"), "custom buckets: must have zero threshold of 0");
  fails(custom("n_buckets:[1]"), "custom buckets: must not have negative spans");
  fails(
    custom("custom_values:[2 1]"),
    "custom buckets: previous bound is 2.000000 and current is 1.000000: " +
      "histogram custom bounds must be in strictly increasing order",
  );
  fails(
    custom("custom_values:[1] buckets:[1 1 1]"),
    "custom buckets: only 1 custom bounds defined which is insufficient to cover total span length of 3: " +
      "histogram custom bounds are too few",
  );
  fails(
    custom("custom_values:[1 Infinity]"),
    "custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite",
  );
  const jump = FloatHistogram.of({
    positiveSpans: [
      { offset: 1, length: 0 },
      { offset: -1, length: 0 },
    ],
  });
  fails(jump, "positive side: span number 2 with offset -1: histogram has a span whose offset is negative");
  h("{{schema:2 count:3 buckets:[1 2]}}").validate();
  custom("count:3 custom_values:[1 2] buckets:[1 2]").validate();
});

test("buckets go over all of them in both directions, cut at the zero bucket", () => {
  const texts = (buckets: Iterable<{ lower: number; upper: number; count: number; index: number }>) =>
    [...buckets].map(({ lower, upper, count, index }) => `${lower}..${upper} ${count} #${index}`);
  const both = h("{{z_bucket:1 z_bucket_w:0.75 buckets:[2 3] n_buckets:[4 0 5]}}");
  const ascending = ["-4..-2 5 #2", "-2..-1 0 #1", "-1..-0.75 4 #0", "-0.75..0.75 1 #0", "0.75..1 2 #0"];
  assert.deepEqual(texts(both.allBucketIterator()), [...ascending, "1..2 3 #1"]);
  assert.deepEqual(texts(both.allReverseBucketIterator()), ["1..2 3 #1", ...ascending.toReversed()]);
  assert.deepEqual(texts(both.positiveReverseBucketIterator()), ["1..2 3 #1", "0.5..1 2 #0"]);
  assert.deepEqual(texts(both.floatBucketIterator(true, 1, 0)), ["1..2 3 #1"]);
  assert.deepEqual(texts(both.floatBucketIterator(false, 0, -1)), ["-1..-0.25 4 #0", "-4..-1 5 #1"]);
  const custom = h("{{schema:-53 custom_values:[1 2] buckets:[3 0 4]}}");
  assert.deepEqual(texts(custom.allBucketIterator()), ["-Infinity..1 3 #0", "1..2 0 #1", "2..Infinity 4 #2"]);
});

test("dividing by zero leaves no bucket, negative factors make a gauge", () => {
  assert.equal(
    h("{{count:2 sum:1 z_bucket:1 buckets:[1]}}").div(0).toString(),
    "{count:+Inf, sum:+Inf, [-0,0]:+Inf}",
  );
  assert.equal(h("{{count:2 sum:1 buckets:[2]}}").mul(-1).counterResetHint, CounterResetHint.Gauge);
  assert.equal(h("{{count:2 sum:1 buckets:[2]}}").div(2).testExpression(), "{{count:1 sum:0.5 buckets:[1]}}");
});

test("kinds of histograms do not mix", () => {
  const custom = h("{{schema:-53 custom_values:[1]}}");
  const why = {
    name: "IncompatibleHistogramsError",
    message: "cannot apply this operation on histograms with a mix of exponential and custom bucket schemas",
  };
  assert.throws(() => h("{{}}").add(custom), why);
  assert.throws(() => custom.sub(h("{{}}")), why);
  assert.throws(() => custom.kahanAdd(h("{{}}"), null), why);
  const lowered = { message: "cannot reduce resolution when there are custom buckets" };
  assert.throws(() => custom.reduceResolution(-4), lowered);
  const raised = { message: "cannot reduce resolution from schema 0 to 0" };
  assert.throws(() => h("{{}}").reduceResolution(0), raised);
});

test("the staleness marker survives in the sum, and is no other NaN", () => {
  const marker = new Float64Array(1);
  writeStaleMarker(marker, 0);
  const stale = FloatHistogram.of({ sum: marker[0] });
  assert.equal(isStaleHistogram(stale), true);
  assert.equal(isStaleHistogram(stale.copy()), true);
  assert.equal(isStaleHistogram(FloatHistogram.of({ sum: NaN })), false);
  assert.equal(stale.equals(stale.copy()), true);
  assert.equal(stale.equals(FloatHistogram.of({ sum: NaN })), false);
});

test("size and overflow", () => {
  assert.equal(new FloatHistogram().size(), 168);
  assert.equal(h("{{buckets:[1 2] n_buckets:[1]}}").size(), 168 + 5 * 8);
  assert.equal(h("{{buckets:[1 Infinity]}}").hasOverflow(), true);
  assert.equal(h("{{buckets:[1 2]}}").hasOverflow(), false);
});
