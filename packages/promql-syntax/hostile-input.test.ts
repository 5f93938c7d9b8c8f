/**
 * Queries that nobody writes by hand: they are answered or refused, and the parser neither runs out of stack
 * nor takes more than linear time.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { astJson } from "./ast-json.ts";
import { ParseError } from "./parse-error.ts";
import { maxQueryBytes, parseQuery } from "./parser.ts";
import { prettyPrint } from "./pretty-printer.ts";

const everything = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};
const deep = 100_000;
const megabyte = 1024 * 1024;

function fails(what: string, query: string, reason: RegExp): void {
  assert.throws(
    () => parseQuery(query, everything),
    (error) => {
      assert.ok(error instanceof ParseError, `${what}: ${String(error)}`);
      assert.match(error.reason, reason, what);
      return true;
    },
    what,
  );
}

test("deep nesting is refused", () => {
  const tooDeep = /^query is nested too deeply, at most \d+ levels are allowed$/u;
  fails("parentheses", "(".repeat(deep) + "1" + ")".repeat(deep), tooDeep);
  fails("open parentheses", "(".repeat(deep), tooDeep);
  fails("signs", "-".repeat(deep) + "foo", tooDeep);
  fails("calls", "abs(".repeat(deep) + "foo" + ")".repeat(deep), tooDeep);
  fails("aggregations", "sum by (a) (".repeat(deep) + "foo", tooDeep);
  fails("right sides", "1 ^ ".repeat(deep) + "1", tooDeep);
  fails("left sides", "foo + ".repeat(deep) + "foo", tooDeep);
  fails("subqueries", "foo" + "[5m:1m]".repeat(deep), tooDeep);
  fails("durations", `foo[${"(".repeat(deep)}5m${")".repeat(deep)}]`, tooDeep);
  fails("signs of durations", `foo[${"-".repeat(deep)}5m]`, tooDeep);
  fails("offsets", `foo offset ${"-".repeat(deep)}5m`, tooDeep);
  fails("chains of durations", `foo[5m${" + 1".repeat(deep)}]`, tooDeep);
});

test("nesting that people write is fine", () => {
  for (const query of [
    "(".repeat(300) + "foo" + ")".repeat(300),
    "abs(".repeat(300) + "foo" + ")".repeat(300),
    Array.from({ length: 1500 }, (_, i) => `metric_${i}`).join(" or "),
  ]) {
    const expr = parseQuery(query);
    assert.equal(typeof prettyPrint(expr), "string");
    assert.equal(typeof JSON.stringify(astJson(expr)), "string");
  }
});

test("a megabyte of anything", () => {
  const matchers = Array.from({ length: megabyte / 10 }, (_, i) => `l${i}="v"`).join(",");
  assert.equal(parseQuery(`foo{${matchers}}`).kind, "vector selector");
  const labels = Array.from({ length: megabyte / 8 }, (_, i) => `l${i}`).join(",");
  assert.equal(parseQuery(`sum by (${labels}) (foo)`).kind, "aggregation");
  assert.equal(parseQuery(`"${"x".repeat(megabyte)}"`).kind, "string");
  assert.equal(parseQuery(`"${"é\\n".repeat(megabyte / 4)}"`).kind, "string");
  assert.equal(parseQuery("x".repeat(megabyte)).kind, "vector selector");
  assert.equal(parseQuery(`${" ".repeat(megabyte)}foo`).kind, "vector selector");
  assert.equal(parseQuery(`#${"x".repeat(megabyte)}\nfoo`).kind, "vector selector");
  assert.equal(parseQuery("#\n".repeat(megabyte / 2) + "foo").kind, "vector selector");
  assert.equal(parseQuery(`foo{a=~"${"x|".repeat(megabyte / 2)}"}`).kind, "vector selector");
  fails("words", "fill ".repeat(megabyte / 5), /^unexpected identifier "fill"$/u);
  fails("strings", '"a"'.repeat(megabyte / 3), /^unexpected string /u);
  fails("an open string", `"${"x".repeat(megabyte)}`, /^unterminated quoted string$/u);
  fails("arguments", `abs(${"1,".repeat(megabyte / 2)}1)`, /^expected 1 argument\(s\) in call to "abs"/u);
  fails("spaces inside", `foo fill${" ".repeat(megabyte)}`, /^unexpected identifier "fill"$/u);
});

test("huge numbers", () => {
  assert.deepEqual(parseQuery("1".repeat(300)).kind, "number");
  assert.equal(parseQuery(`0.${"1".repeat(megabyte)}`).kind, "number");
  assert.equal(parseQuery(`1${"_1".repeat(megabyte / 2)}e-${megabyte / 2}`).kind, "number");
  fails("digits", "1".repeat(megabyte), /value out of range$/u);
  fails("octal digits", `0${"7".repeat(megabyte)}`, /value out of range$/u);
  fails("hexadecimal digits", `0x${"f".repeat(megabyte)}`, /invalid syntax$/u);
  fails("an exponent", `1e${"9".repeat(megabyte)}`, /value out of range$/u);
  fails("a duration", `${"9".repeat(megabyte)}s`, /^not a valid duration string/u);
  fails("a range", "foo[1e300]", /^duration out of range$/u);
  fails("a time", "foo @ 1e300", /^timestamp out of bounds for @ modifier: 1\d{300}\.000000$/u);
});

test("a query has a greatest length", () => {
  fails("a long query", " ".repeat(maxQueryBytes + 1), /^query is longer than \d+ bytes$/u);
  fails(
    "a long query that is no ASCII",
    "é".repeat(maxQueryBytes / 2 + 1),
    /^query is longer than \d+ bytes$/u,
  );
});
