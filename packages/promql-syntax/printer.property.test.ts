import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import type { Expr } from "./ast.ts";
import { ParseError } from "./parse-error.ts";
import { parseQuery } from "./parser.ts";
import { printExpr } from "./printer.ts";

const everything = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

const pieces = [
  "foo",
  "bar:baz",
  '{a="b"}',
  'foo{a=~"x|y",b!=""}',
  '{"utf.8"}',
  "1",
  "-2.5",
  "0x1f",
  "1h30m",
  "inf",
  "nan",
  "+",
  "-",
  "*",
  "/",
  "%",
  "^",
  "==",
  "> bool",
  "</",
  "and",
  "or",
  "unless",
  "atan2",
  "on (a)",
  "ignoring (b)",
  "group_left (c)",
  "fill (1)",
  "(",
  ")",
  "(",
  ")",
  "rate(foo[5m])",
  "sum by (a) (",
  "topk(2, ",
  "abs(",
  "[5m]",
  "[5m:1m]",
  "[1m + step()]",
  "offset 5m",
  "offset -(1m)",
  "@ 5",
  "@ end()",
  "anchored",
  '"s"',
  ",",
  "time()",
  "é",
  "#",
];

/** Text that is often a query and often not quite. */
function text(random: SeededRandom): string {
  const count = 1 + random.below(8);
  return Array.from({ length: count }, () => pieces[random.below(pieces.length)]).join(" ");
}

/** A query that is always valid. */
function query(random: SeededRandom, depth: number): string {
  const pick = (...from: string[]): string => from[random.below(from.length)] as string;
  if (depth === 0)
    return pick("foo", "1", 'bar{a="b"}', "foo offset 5m", "foo @ start()", "vector(2)", "-3", "5m");
  const inner = (): string => query(random, depth - 1);
  switch (random.below(6)) {
    case 0:
      return `(${inner()})`;
    case 1:
      return `-${inner()}`;
    case 2:
      return `sum by (a) (vector(1) ${pick("+", "*", "^")} ${inner()})`;
    case 3:
      return `(${inner()} + foo)[${pick("5m", "1h", "90")}:${pick("", "1m", "step()")}] @ 3`;
    default:
      return `${inner()} ${pick("+", "-", "*", "/", "^", "atan2", "== bool", "> bool")} ${inner()}`;
  }
}

/** The tree without spans. */
function bare(expr: Expr): unknown {
  return JSON.parse(JSON.stringify(expr, (key, value: unknown) => (key === "span" ? undefined : value)));
}

function parsed(source: string): Expr | null {
  try {
    return parseQuery(source, everything);
  } catch (error) {
    assert.ok(error instanceof ParseError, `${source} fails with ${String(error)}`);
    const { start } = error.span;
    assert.ok(start >= 0 && start <= Buffer.byteLength(source), `${source}: the fault lies in the query`);
    return null;
  }
}

test("printing and parsing again gives the same tree, and the same text", () => {
  let valid = 0;
  forSeeds(4000, (random, seed) => {
    const source = seed % 2 === 0 ? text(random) : query(random, random.below(4));
    const expr = parsed(source);
    if (expr === null) return;
    valid++;
    const printed = printExpr(expr);
    const again = parseQuery(printed, everything);
    assert.deepEqual(bare(again), bare(expr), `${source} printed ${printed}`);
    assert.equal(printExpr(again), printed);
  });
  assert.ok(valid > 500, `enough of the texts were queries: ${valid}`);
});
