/**
 * What the trees look like. Their faults are in parse-error.test.ts, their texts in printer.test.ts.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Expr } from "./ast.ts";
import { ParseError } from "./parse-error.ts";
import { maxQueryBytes, parseQuery, parseSelector } from "./parser.ts";
import { maxDepth, maxNesting } from "./token-stream.ts";
import { typeOf } from "./type-check.ts";

const everything = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

/** Parentheses where the tree has levels. */
function shape(expr: Expr): string {
  switch (expr.kind) {
    case "binary":
      return `(${shape(expr.left)} ${expr.op} ${shape(expr.right)})`;
    case "unary":
      return `(${expr.op}${shape(expr.expr)})`;
    case "vector selector":
      return expr.name;
    case "number":
      return String(expr.value);
    case "paren":
      return shape(expr.expr);
    default:
      return expr.kind;
  }
}

test("precedence and associativity", () => {
  const is = (query: string, tree: string) => assert.equal(shape(parseQuery(query)), tree, query);
  is("a + b * c ^ d", "(a + (b * (c ^ d)))");
  is("a - b - c", "((a - b) - c)");
  is("a ^ b ^ c", "(a ^ (b ^ c))");
  is("a / b % c * d", "(((a / b) % c) * d)");
  is("a atan2 b + c", "((a atan2 b) + c)");
  is("a == b > c", "((a == b) > c)");
  is("a </ b + c", "(a </ (b + c))");
  is("a + b == c and d or e unless f", "((((a + b) == c) and d) or (e unless f))");
  is("a or b and c or d", "((a or (b and c)) or d)");
  is("-a ^ b", "(-(a ^ b))");
  is("-a * b", "((-a) * b)");
  is("a ^ -b * c", "((a ^ (-b)) * c)");
  is("-1 ^ 2", "(-(1 ^ 2))");
  is("-1 + 2", "(-1 + 2)");
  is("- - a", "(-(-a))");
  is("a + b offset 5m", "(a + b)");
});

/** The parts of a query that its nodes span, outermost first. */
function spans(query: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if ("span" in node && "kind" in node) {
      const { start, end } = node.span as { start: number; end: number };
      found.push(query.slice(start, end));
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseQuery(query, everything));
  return found;
}

test("spans", () => {
  const is = (query: string, ...parts: string[]) => assert.deepEqual(spans(query), parts, query);
  is("  foo ", "foo");
  is("a + on (b) c", "a + on (b) c", "a", "c");
  is('foo{a="b"}[5m] offset 1m', 'foo{a="b"}[5m] offset 1m', 'foo{a="b"}');
  is("sum by (a) (b) ", "sum by (a) (b)", "b");
  is("sum(b) ", "sum(b)", "b");
  is("(sum(b))", "(sum(b))", "sum(b)", "b");
  is("rate(a[5m:1m] @ 3)", "rate(a[5m:1m] @ 3)", "a[5m:1m] @ 3", "a");
  is("-a", "-a", "a");
  is("- 1", "- 1");
  is("a[step() * 2]", "a[step() * 2]", "a", "step() * 2", "step()");
});

test("spans count bytes", () => {
  const expr = parseQuery('foo{a="é😀"} + bar');
  assert.deepEqual(expr.span, { start: 0, end: 21 });
});

test("offsets, ranges and times in milliseconds", () => {
  const subquery = parseQuery("foo[1h:30s] offset -0.5 @ 1.5");
  assert.ok(subquery.kind === "subquery");
  const { range, step, offset, at } = subquery;
  assert.deepEqual(range, { kind: "duration", ms: 3_600_000 });
  assert.deepEqual(step, { kind: "duration", ms: 30_000 });
  assert.deepEqual(offset, { kind: "duration", ms: -500 });
  assert.deepEqual(at, { kind: "time", timeMs: 1500 });
});

test("duration expressions keep numbers without a unit", () => {
  const expr = parseQuery("foo[5m * 2]", everything) as Extract<Expr, { kind: "matrix selector" }>;
  assert.deepEqual(expr.range, {
    kind: "duration expression",
    op: "*",
    span: { start: 4, end: 10 },
    operands: [
      { kind: "duration", ms: 300_000 },
      { kind: "duration", ms: 2000, seconds: 2 },
    ],
  });
});

test("the metric's own matcher comes last; a name in braces is a matcher alone", () => {
  const matchers = (query: string) => {
    const expr = parseQuery(query) as Extract<Expr, { kind: "vector selector" }>;
    return [expr.name, ...expr.matchers.map(String)];
  };
  assert.deepEqual(matchers('foo{a="b"}'), ["foo", 'a="b"', '__name__="foo"']);
  assert.deepEqual(matchers('{"foo.bar",a!~"b"}'), ["", '__name__="foo.bar"', 'a!~"b"']);
});

test("vector matching", () => {
  const matching = (query: string) =>
    (parseQuery(query, everything) as Extract<Expr, { kind: "binary" }>).matching;
  const plain = { card: "one-to-one", labels: [], on: false, include: [], fillLeft: null, fillRight: null };
  assert.deepEqual(matching("a + b"), plain);
  assert.deepEqual(matching("a + on (x, y) b"), { ...plain, on: true, labels: ["x", "y"] });
  assert.deepEqual(matching("a + ignoring (x) group_left (y) b"), {
    ...plain,
    card: "many-to-one",
    labels: ["x"],
    include: ["y"],
  });
  assert.deepEqual(matching("a + on () group_right b"), { ...plain, card: "one-to-many", on: true });
  assert.deepEqual(matching("a and b"), { ...plain, card: "many-to-many" });
  assert.deepEqual(matching("a + fill (1) b"), { ...plain, fillLeft: 1, fillRight: 1 });
  assert.deepEqual(matching("a + fill_right (-2) b"), { ...plain, fillRight: -2 });
  assert.equal(matching("a + 1"), null);
  assert.equal(matching("1 + 1"), null);
});

test("typeOf", () => {
  const is = (query: string, type: string) => assert.equal(typeOf(parseQuery(query)), type, query);
  is("1 + 1", "scalar");
  is("1 + a", "instant vector");
  is("-(1)", "scalar");
  is('"s"', "string");
  is("a[5m]", "range vector");
  is("a[5m:]", "range vector");
  is("scalar(a)", "scalar");
  is("sum(a)", "instant vector");
});

test("escapes give characters, or bytes that pass for no valid text", () => {
  const is = (query: string, value: string) =>
    assert.equal((parseQuery(query) as Extract<Expr, { kind: "string" }>).value, value, query);
  is('"\\a\\b\\f\\n\\r\\t\\v\\\\\\""', '\u0007\b\f\n\r\t\v\\"');
  is("'\\''", "'");
  is("`\\n`", "\\n");
  is('"\\u65e5\\U0001F600"', "日😀");
  is('"\\xe6\\x97\\xa5"', "日");
  is('"a\\xc5z\\377"', "a\udcc5z\udcff");
  is('"日"', "日");
});

test("parseSelector gives the matchers of match[] parameters", () => {
  assert.deepEqual(parseSelector('foo{a="b"}').map(String), ['a="b"', '__name__="foo"']);
  assert.deepEqual(parseSelector("{}"), []);
  const fails = (text: string, message: string) =>
    assert.throws(() => parseSelector(text), { name: "ParseError", message }, text);
  fails("foo[5m]", '1:4: parse error: unexpected "["');
  fails("1", '1:1: parse error: unexpected number "1"');
  fails("", "unknown position: parse error: unexpected end of input");
  fails("foo + bar", "1:5: parse error: unexpected <op:+>");
});

test("deep and long queries are refused, not crashed on", () => {
  const refused = (query: string, about: string) =>
    assert.throws(() => parseQuery(query, everything), ParseError, about);
  const many = 100_000;
  refused("(".repeat(many), "parentheses");
  refused(`${"(".repeat(many)}1${")".repeat(many)}`, "closed parentheses");
  refused(Array(many).fill("a").join(" + "), "a chain");
  refused(Array(many).fill("a").join(" ^ "), "a chain to the right");
  refused(`${"-".repeat(many)}a`, "signs");
  refused(`${"abs(".repeat(many)}a${")".repeat(many)}`, "calls");
  refused(`a[${"(".repeat(many)}1${")".repeat(many)}]`, "a duration in parentheses");
  refused(`a[${Array(many).fill("1").join("+")}]`, "a duration in parts");
  refused(`a${"[1m:]".repeat(many)}`, "subqueries");
  refused("a".repeat(maxQueryBytes + 1), "a long name");
});

test("what the limits allow works", () => {
  const works = (query: string) => assert.ok(parseQuery(query));
  works(`${"sum(".repeat(maxNesting - 1)}a${")".repeat(maxNesting - 1)}`);
  works(
    Array(maxDepth - 1)
      .fill("a")
      .join(" + "),
  );
});
