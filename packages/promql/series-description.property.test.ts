/** Laws of the series notation over seeds: what is written is read back, all else is a ParseError. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatGoG } from "@narthex/model/go-float";
import { randomFloatHistogram } from "@narthex/model/random-histogram";
import { forSeeds } from "@narthex/platform/for-seeds";
import { ParseError } from "@narthex/promql-syntax/parse-error";
import { parseSeriesDescription } from "./series-description.ts";

test("histograms are read back from their notation", () => {
  forSeeds(1_000, (random) => {
    const histogram = randomFloatHistogram(random, { hasFractions: random.below(2) === 0 });
    const text = histogram.testExpression();
    // A list of no bounds is written, but not read.
    const { values } = parseSeriesDescription(`m ${text.replace(" custom_values:[]", "")}`);
    const [value] = values;
    assert.ok(typeof value === "object");
    assert.equal(value.histogram.testExpression(), text);
    assert.equal(value.histogram.equals(histogram.copy().compact(Number.MAX_SAFE_INTEGER)), true);
  });
});

test("numbers are read back", () => {
  forSeeds(1_000, (random) => {
    const numbers = Array.from({ length: 1 + random.below(5) }, () => {
      const number = (random.next() - 0.5) * 10 ** (random.below(40) - 20);
      return random.below(4) === 0 ? random.below(1000) : number;
    });
    const text = numbers.map((number) => formatGoG(number)).join(" ");
    assert.deepEqual(parseSeriesDescription(`m ${text}`).values, numbers);
  });
});

const pieces = [
  "m",
  "{",
  "}",
  "{{",
  "}}",
  "a",
  "=",
  '"b"',
  ",",
  " ",
  "1",
  "x",
  "_",
  "+",
  "-",
  ".",
  "e5",
].concat(["sum:", "buckets:[", "]", "schema:", "stale", "é", "\\", '"']);

test("whatever stands there, it is read or refused in words", () => {
  forSeeds(5_000, (random) => {
    const text = Array.from({ length: random.below(12) }, () => pieces[random.below(pieces.length)]).join("");
    try {
      parseSeriesDescription(text);
    } catch (error) {
      assert.ok(error instanceof ParseError, `${text}: ${String(error)}`);
      assert.match(error.message, /^(?:\d+:\d+|unknown position): parse error: /u, text);
    }
  });
});
