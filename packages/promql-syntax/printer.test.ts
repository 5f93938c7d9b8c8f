/**
 * Queries and their canonical text. Facts recorded from Prometheus 3.14.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "./parser.ts";
import { printExpr } from "./printer.ts";

const everything = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

/** The canonical text of `query` is `text`. */
function prints(query: string, text: string): void {
  const expr = parseQuery(query, everything);
  assert.equal(printExpr(expr), text, query);
}

/** The query is its own canonical text. */
function same(query: string): void {
  prints(query, query);
}

test("prints: numbers", () => {
  same("1");
  prints("+1", "1");
  same("-1");
  prints(".5", "0.5");
  prints("5.", "5");
  same("123.4567");
  prints("5e-3", "0.005");
  prints("5e3", "5000");
  prints("0xc", "12");
  prints("0755", "493");
  prints("08", "8");
  prints("+5.5e-3", "0.0055");
  prints("-0755", "-493");
  prints("1_2_3_4_5_6.7_8", "123456.78");
  prints("0x1_2_3", "291");
  prints("0X_1F", "31");
  prints("inf", "+Inf");
  same("+Inf");
  prints("-iNf", "-Inf");
  same("NaN");
  same("1h30m");
  same("-5m");
  prints("1y2w3d4h5m6s7ms", "382d4h5m6s7ms");
  prints("3d4h5m6s7ms", "3d4h5m6s6ms");
});

test("prints: operators", () => {
  same("1 + 1");
  same("1 - 1");
  same("1 * 1");
  same("1 % 1");
  same("1 / 1");
  same("1 ^ 1");
  same("1 == bool 1");
  same("1 != bool 1");
  same("1 > bool 1");
  same("1 >= bool 1");
  same("1 < bool 1");
  same("1 <= bool 1");
  same("2 atan2 3");
  prints("-1^2", "-1 ^ 2");
  prints("-1*2", "-1 * 2");
  prints("-1+2", "-1 + 2");
  prints("-1^-2", "-1 ^ -2");
  prints("2^3^2", "2 ^ 3 ^ 2");
  prints("2^-3^2", "2 ^ -3 ^ 2");
  same("1 + 2 * 3 ^ 4");
  prints("1 + 2/(3*1)", "1 + 2 / (3 * 1)");
  same("1 - 2 - 3");
  same("a * b + c");
  same("a + b * c");
  same("a and b or c unless d");
  same("a or b and c");
  same("a == b > c");
  same("-foo");
  same("+foo");
  prints("- - foo", "--foo");
  same("-(foo)");
  same("-foo offset 5m");
  same("foo </ 0.5");
  same("foo >/ bar");
});

test("prints: strings", () => {
  prints("'single-quoted string \\' with escaped quote'", '"single-quoted string \' with escaped quote"');
  prints("`backtick-quoted \n string`", '"backtick-quoted \\n string"');
  prints('"\\u00e9 \\x41 \\101 \\U0001F600"', '"é A A 😀"');
  prints("'a \"quoted\" word'", '"a \\"quoted\\" word"');
  same('"日本語"');
});

test("prints: selectors", () => {
  same("foo");
  same("FOO:bar:baz");
  same(":rule");
  prints("foo{}", "foo");
  same('foo{a="b"}');
  prints('foo{a="b",}', 'foo{a="b"}');
  same('{a="b"}');
  prints('{"foo"}', '{__name__="foo"}');
  prints('{"foo",a="b"}', '{__name__="foo",a="b"}');
  prints('{\'foo.bar\',"my.label"!="v"}', '{"my.label"!="v",__name__="foo.bar"}');
  prints("{`foo`}", '{__name__="foo"}');
  same('{__name__="foo"}');
  same('{__name__=~"foo|bar",job!~"x"}');
  prints('foo{NaN="inf", sum=\'x\', by=`y`, on=""}', 'foo{NaN="inf",by="y",on="",sum="x"}');
  same('foo{a!="",b=~".*",c!~"d"}');
  same('{a="",b=~".+"}');
  prints("foo # comment", "foo");
  prints("# comment\nfoo", "foo");
  prints('{ # comment\n a="b" }', '{a="b"}');
});

test("prints: offset and @", () => {
  same("foo offset 5m");
  prints("foo offset 300", "foo offset 5m");
  same("foo offset -7m");
  prints("foo offset -0.5", "foo offset -500ms");
  same("foo offset 1h30m");
  prints("foo offset 0", "foo");
  prints("foo offset 0 offset 5m", "foo offset 5m");
  prints("foo OFFSET 1d", "foo offset 1d");
  prints("foo @ 1603774568", "foo @ 1603774568.000");
  prints("foo @ -100", "foo @ -100.000");
  prints("foo @ +1.5", "foo @ 1.500");
  prints("foo @ 3.33", "foo @ 3.330");
  prints("foo @ 5m", "foo @ 300.000");
  same("foo @ start()");
  same("foo @ end()");
  prints("foo @ 10 offset 5m", "foo @ 10.000 offset 5m");
  prints("foo offset 5m @ 10", "foo @ 10.000 offset 5m");
});

test("prints: ranges and subqueries", () => {
  same("foo[5m]");
  prints("foo[300]", "foo[5m]");
  prints("foo[0.5]", "foo[500ms]");
  same("foo[5m] offset 1h");
  prints("foo[5m] @ 10", "foo[5m] @ 10.000");
  same("foo[5m] @ end() offset -1h");
  same('foo{a="b"}[5m]');
  same("foo[5m:]");
  same("foo[5m:30s]");
  prints("foo[5m:30s] offset 1m @ 3", "foo[5m:30s] @ 3.000 offset 1m");
  same("rate(foo[1m])[5m:10s] @ start()");
  same("(foo + bar)[5m:]");
  prints("foo[ 5m : 1m ]", "foo[5m:1m]");
});

test("prints: aggregations", () => {
  same("sum(foo)");
  same("sum by (a) (foo)");
  prints("sum(foo) by (a)", "sum by (a) (foo)");
  prints("sum by () (foo)", "sum(foo)");
  same("sum without (a, b) (foo)");
  prints("sum(foo) without ()", "sum without () (foo)");
  prints("sum by (a,) (foo)", "sum by (a) (foo)");
  prints("SUM BY (Job) (foo)", "sum by (Job) (foo)");
  same("sum by (sum, by, on, ignoring, bool, offset, start, and) (foo)");
  same('sum by ("utf8.label", b) (foo)');
  prints("sum by (a:b) (foo)", 'sum by ("a:b") (foo)');
  same("topk(5, foo)");
  same("bottomk by (a) (1 + 1, foo)");
  same('count_values("value", foo)');
  same("quantile(0.9, foo)");
  same("limitk(2, foo)");
  same("limit_ratio(-0.5, foo)");
  same("avg(foo) + stddev(bar) - stdvar(baz) * group(a) / count(b)");
  same("min(foo) > max(bar)");
});

test("prints: keywords as names", () => {
  same("sum");
  same("sum + by");
  same('sum{a="b"}');
  same("without + offset");
  same("start");
  same("start + end");
  same("step * range");
  same("min_of");
  same('max_of{a="b"}');
  same("anchored");
  same("fill");
  same("fill + fill_left");
});

test("prints: vector matching and fill", () => {
  same("foo and bar");
  same("foo unless on (a) bar");
  same("foo or ignoring (b) bar");
  same("foo + on (a, b) bar");
  prints("foo + ignoring (a) group_left bar", "foo + ignoring (a) group_left () bar");
  same("foo + on (a) group_left () bar");
  same('foo + on (a) group_left (b, "c.d") bar');
  same("foo + on (a) group_right (b) bar");
  same("foo == bool on (a) bar");
  same("foo > bool 1");
  same("1 < foo");
  same("foo + on (a) fill (0) bar");
  same("foo + fill (-1.5) bar");
  same("foo + fill_left (1) bar");
  same("foo + fill_right (2) bar");
  same("foo + fill_left (1) fill_right (2) bar");
  prints(
    "foo + on (a) group_left fill_right (2) fill_left (1) bar",
    "foo + on (a) group_left () fill_left (1) fill_right (2) bar",
  );
});

test("prints: calls", () => {
  same("floor(foo)");
  same("rate(foo[5m])");
  same("round(foo)");
  same("round(foo, 5)");
  same("time()");
  same("pi()");
  same("hour()");
  same("hour(vector(0))");
  same('label_join(foo, "a", ",")');
  same('label_join(foo, "a", ",", "b", "c")');
  same('label_replace(foo, "a", "$1", "b", "(.*)")');
  same("histogram_quantile(0.9, rate(foo[5m]))");
  same('histogram_quantiles(foo, "q", 0.5, 0.9)');
  same("histogram_fraction(0, 1, foo)");
  same('sort_by_label(foo, "a", "b")');
  same("info(foo)");
  same('info(foo, {a="b"})');
  prints("info(foo, {})", "info(foo, )");
  same('info(foo, {__name__=~".+_info"})');
  same("scalar(foo)");
  same("vector(1)");
  same('absent(foo{a="b"})');
  same("start()");
  same("end() - start()");
  same("step() + range()");
  same("min_of(1, max_of(2, 3))");
});

test("prints: anchored and smoothed", () => {
  same("foo anchored");
  same("foo smoothed");
  same("foo[5m] anchored");
  prints("foo anchored [5m]", "foo[5m] anchored");
  prints("foo[5m] smoothed offset 1m @ 5", "foo[5m] smoothed @ 5.000 offset 1m");
});

test("prints: duration expressions", () => {
  same("foo[step()]");
  same("foo[step() + 1m]");
  same("foo[5m * 2]");
  same("foo[(5m + 1m) * 2]");
  prints("foo[((5m))]", "foo[(5m)]");
  same("foo[-(-5m)]");
  same("foo[max_of(step(), 1m)]");
  same("foo[5m:step() * 2]");
  same("foo[2 ^ 3 ^ 2 - 1]");
  same("foo[10m % 3m / 2]");
  same("foo offset step()");
  same("foo offset -step()");
  prints("foo offset +step()", "foo offset step()");
  same("foo offset (5m + 1m)");
  same("foo offset -(5m)");
  prints("foo offset -2^2", "foo offset -2s ^ 2");
  same("foo offset 5m + 3");
  same("foo offset (5m) + 3");
  prints("foo offset - -5m", "foo offset 5m");
  same("foo offset min_of(5m, range())");
  same("foo offset -max_of(1m, 2m)");
  same("(foo offset (5m))");
  same("((foo))");
  same("(1)");
  same('("s")');
});
