/**
 * Queries that must fail, each with the original's position and text (`line:column: reason`); and syntax that
 * must be switched on. Facts recorded from Prometheus 3.14.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ParseError } from "./parse-error.ts";
import { parseQuery } from "./parser.ts";

const everything = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

function failsWith(query: string, message: string, options: object): void {
  assert.throws(
    () => parseQuery(query, options),
    (error: unknown) => {
      assert.ok(error instanceof ParseError, query);
      const expected = message.replace(/^(\d+:\d+|unknown position): /u, "$1: parse error: ");
      assert.equal(error.message, expected, query);
      return true;
    },
    query,
  );
}

function fails(query: string, message: string): void {
  failsWith(query, message, everything);
}

test("fails: numbers and operators", () => {
  fails("", "unknown position: no expression found in input");
  fails(" ", "1:1: no expression found in input");
  fails("\ufefffoo", "1:1: unexpected character: '\\ufeff'");
  fails("1+", "1:3: unexpected end of input");
  fails(".", "1:1: unexpected character: '.'");
  fails("2.5.", '1:1: bad number or duration syntax: "2.5."');
  fails("100..4", '1:1: bad number or duration syntax: "100.."');
  fails("0deadbeef", '1:1: bad number or duration syntax: "0de"');
  fails("1 /", "1:4: unexpected end of input");
  fails("*1", "1:1: unexpected <op:*>");
  fails("(1))", "1:5: unexpected right parenthesis ')'");
  fails("((1)", "1:5: unclosed left parenthesis");
  fails(
    "999999999999999999999999999999999999999999999999999999s",
    '1:1: not a valid duration string: "999999999999999999999999999999999999999999999999999999s"',
  );
  fails(
    "0xffffffffffffffff",
    '1:1: error parsing number: strconv.ParseFloat: parsing "0xffffffffffffffff": invalid syntax',
  );
  fails("1e999", '1:1: error parsing number: strconv.ParseFloat: parsing "1e999": value out of range');
  fails("5.5m", '1:1: unknown unit "." in duration "5.5m"');
  fails("1__0", '1:1: bad number or duration syntax: "1__"');
  fails("1d1w", '1:1: not a valid duration string: "1d1w"');
  fails("0x1.5", '1:1: bad number or duration syntax: "0x1."');
  fails("foo[5m[", "1:7: unexpected left bracket '['");
  fails("foo[5m][", "1:9: unexpected end of input in duration expression");
  fails("foo[(1m):(2m):3m]", "1:14: unexpected colon ':'");
  fails("(", "1:2: unclosed left parenthesis");
  fails(")", "1:2: unexpected right parenthesis ')'");
  fails("=", '1:1: unexpected "="');
  fails("&", "1:1: unexpected character: '&'");
  fails("=~", "1:1: unexpected character after '=': '~'");
  fails("!", "1:1: unexpected character after '!': '�'");
  fails("1 !~ 1", "1:3: unexpected character after '!': '~'");
  fails("foo =~ bar", "1:5: unexpected character after '=': '~'");
  fails("1 and 1", '1:1: set operator "and" not allowed in binary scalar expression');
  fails("1 == 1", "1:3: comparisons between scalars must use BOOL modifier");
  fails("1 or 1", '1:1: set operator "or" not allowed in binary scalar expression');
  fails("1 unless 1", '1:1: set operator "unless" not allowed in binary scalar expression');
  fails("1 + bool 1", "1:3: bool modifier can only be used on comparison operators");
  fails("foo + bool bar", "1:5: bool modifier can only be used on comparison operators");
  fails(
    '-"string"',
    '1:1: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
  );
  fails(
    "-foo[5m]",
    "1:1: unary expression only allowed on expressions of type scalar or instant vector, got " +
      '"range vector"',
  );
  fails("*test", "1:1: unexpected <op:*>");
});

test("fails: selectors", () => {
  fails("foo{", "1:5: unexpected end of input inside braces");
  fails("foo}", "1:4: unexpected character: '}'");
  fails("foo{gibberish}", '1:14: unexpected "}" in label matching, expected label matching operator');
  fails("foo{1}", "1:5: unexpected character inside braces: '1'");
  fails("foo{,}", '1:5: unexpected "," in label matching, expected identifier or "}"');
  fails("foo{a=b}", '1:7: unexpected identifier "b" in label matching, expected string');
  fails('foo{a="b" c="d"}', '1:11: unexpected identifier "c" in label matching, expected "," or "}"');
  fails('foo{a="b",,}', '1:11: unexpected "," in label matching, expected identifier or "}"');
  fails('foo{a~"b"}', "1:6: unexpected character inside braces: '~'");
  fails("foo{a!b}", "1:6: unexpected character after '!' inside braces: 'b'");
  fails('foo{a="b"', "1:10: unexpected end of input inside braces");
  fails("foo{a=}", '1:7: unexpected "}" in label matching, expected string');
  fails("foo{=}", '1:5: unexpected "=" in label matching, expected identifier or "}"');
  fails('foo{"a"=}', '1:9: unexpected "}" in label matching, expected string');
  fails('foo{"a" "b"}', '1:9: unexpected string "\\"b\\"" in label matching, expected "," or "}"');
  fails('foo{"a"}', '1:1: metric name must not be set twice: "foo" or "a"');
  fails('foo{__name__="bar"}', '1:1: metric name must not be set twice: "foo" or "bar"');
  fails('foo{a=~"[z"}', "1:5: error parsing regexp: missing closing ]: `[z`");
  fails('foo{a=~"(a"}', "1:5: error parsing regexp: missing closing ): `(a`");
  fails('foo{a!~"a**"}', "1:5: error parsing regexp: invalid nested repetition operator: `**`");
  fails('foo{a=~"(?=b)"}', "1:5: error parsing regexp: invalid or unsupported Perl syntax: `(?=`");
  fails('foo{a=~"\\k"}', "1:8: unknown escape sequence U+006B 'k'");
  fails('foo{a=~"x{1001}"}', "1:5: error parsing regexp: invalid repeat count: `{1001}`");
  fails("{}", "1:1: vector selector must contain at least one non-empty matcher");
  fails('{a=""}', "1:1: vector selector must contain at least one non-empty matcher");
  fails('{a=~".*"}', "1:1: vector selector must contain at least one non-empty matcher");
  fails('{a!="b"}', "1:1: vector selector must contain at least one non-empty matcher");
  fails('foo{a="b"}{c="d"}', '1:11: unexpected "{"');
  fails("foo{{}", "1:5: unexpected left brace '{'");
  fails('foo{a="\\q"}', "1:7: unknown escape sequence U+0071 'q'");
});

test("fails: strings and characters", () => {
  fails('"unterminated', "1:1: unterminated quoted string");
  fails("'unterminated", "1:1: unterminated quoted string");
  fails("`unterminated", "1:1: unterminated raw string");
  fails('"\\', "1:1: escape sequence not terminated");
  fails('"\\xg1"', "1:1: illegal character U+0067 'g' in escape sequence");
  fails('"\\u12g4"', "1:1: illegal character U+0067 'g' in escape sequence");
  fails('"\\400"', "1:1: escape sequence is an invalid Unicode code point");
  fails('"\\ud800"', "1:1: escape sequence is an invalid Unicode code point");
  fails('"\\U00110000"', "1:1: escape sequence is an invalid Unicode code point");
  fails('"\\\'"', "1:1: unknown escape sequence U+0027 '''");
  fails("'\\\"'", "1:1: unknown escape sequence U+0022 '\"'");
  fails("foo�", "1:4: unexpected character: '�'");
  fails('"�"', "1:1: invalid UTF-8 rune");
  fails("é", "1:1: unexpected character: 'é'");
  fails("foo $ bar", "1:5: unexpected character: '$'");
  fails("foo;", "1:4: unexpected character: ';'");
});

test("fails: offset", () => {
  fails(
    "some_metric OFFSET",
    "1:19: unexpected end of input in offset, expected number, duration, step(), or range()",
  );
  fails(
    "foo offset bar",
    '1:12: unexpected identifier "bar" in offset, expected number, duration, step(), or range()',
  );
  fails(
    'foo offset "5m"',
    '1:12: unexpected string "\\"5m\\"" in offset, expected number, duration, step(), or range()',
  );
  fails("foo offset 1m offset 2m", "1:1: offset may not be set multiple times");
  fails("foo[5m] offset 1m offset 2m", "1:1: offset may not be set multiple times");
  fails("foo offset 5m[1m]", "1:14: no offset modifiers allowed before range");
  fails(
    "(foo) offset 5m",
    "1:1: offset modifier must be preceded by an instant vector selector or range vector " +
      "selector or a subquery",
  );
  fails(
    "1 offset 5m",
    "1:1: offset modifier must be preceded by an instant vector selector or range vector " +
      "selector or a subquery",
  );
  fails(
    "sum(foo) offset 5m",
    "1:1: offset modifier must be preceded by an instant vector selector or range vector " +
      "selector or a subquery",
  );
  fails("foo offset 1h2h", '1:12: not a valid duration string: "1h2h"');
  fails("foo offset 5mm", '1:12: bad number or duration syntax: "5mm"');
  fails("foo offset 1y1y", '1:12: bad number or duration syntax: "1y1"');
  fails("foo offset 1e30", "1:12: duration out of range");
  fails("foo offset -1e30", "1:12: duration out of range");
  fails(
    "foo offset -",
    "1:13: unexpected end of input in offset, expected number, duration, step(), or range()",
  );
  fails("foo offset ()", '1:13: unexpected ")" in offset, expected number, duration, step(), or range()');
  fails("foo offset (5m", "1:15: unclosed left parenthesis");
  fails(
    "foo offset (5m + bar)",
    '1:18: unexpected identifier "bar" in offset, expected number, duration, step(), or range()',
  );
  fails(
    "foo offset step",
    "1:16: unexpected end of input in offset, expected number, duration, step(), or range()",
  );
  fails("foo offset 5m)", "1:15: unexpected right parenthesis ')'");
});

test("fails: the @ modifier", () => {
  fails("foo @", "1:6: unexpected end of input in @, expected timestamp");
  fails("foo @ bar", '1:7: unexpected identifier "bar" in @, expected timestamp');
  fails('foo @ "5"', '1:7: unexpected string "\\"5\\"" in @, expected timestamp');
  fails("foo @ start", "1:12: unexpected end of input in @, expected timestamp");
  fails("foo @ start(", "1:13: unclosed left parenthesis");
  fails("foo @ start(1)", '1:13: unexpected number "1" in @, expected timestamp');
  fails("foo @ inf", "1:1: timestamp out of bounds for @ modifier: +Inf");
  fails("foo @ -Inf", "1:1: timestamp out of bounds for @ modifier: -Inf");
  fails("foo @ nan", "1:1: timestamp out of bounds for @ modifier: NaN");
  fails("foo @ 1e30", "1:1: timestamp out of bounds for @ modifier: 1000000000000000019884624838656.000000");
  fails(
    "foo @ 9223372036854775808",
    "1:1: timestamp out of bounds for @ modifier: 9223372036854775808.000000",
  );
  fails("foo @ 5 @ 6", "1:1: @ <timestamp> may not be set multiple times");
  fails("foo @ start() @ end()", "1:1: @ <timestamp> may not be set multiple times");
  fails("foo[5m] @ 1 @ 2", "1:1: @ <timestamp> may not be set multiple times");
  fails("foo[5m:] @ 1 @ 2", "1:1: @ <timestamp> may not be set multiple times");
  fails("foo @ 5[1m]", "1:8: no @ modifiers allowed before range");
  fails(
    "(foo) @ 5",
    "1:1: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  );
  fails(
    "1 @ 5",
    "1:1: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  );
  fails("foo @ (5)", '1:7: unexpected "(" in @, expected timestamp');
});

test("fails: ranges and subqueries", () => {
  fails(
    "foo[]",
    '1:5: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails("foo[-1]", "1:5: duration must be greater than 0");
  fails("foo[0]", "1:5: duration must be greater than 0");
  fails("foo[0m]", "1:5: duration must be greater than 0");
  fails("foo[5]  [6]", "1:9: ranges only allowed for vector selectors");
  fails("foo[5m", "1:7: unclosed left bracket");
  fails("foo[5mm]", '1:5: bad number or duration syntax: "5mm"');
  fails('foo["5m"]', "1:5: unexpected character in duration expression: '\"'");
  fails("foo[foo]", "1:5: unexpected character in duration expression: 'f'");
  fails("foo[5m:5m:5m]", "1:10: unexpected colon ':'");
  fails("foo[5m:foo]", "1:8: unexpected character: 'f', expected ':'");
  fails("foo[5m:0]", "1:8: duration must be greater than 0");
  fails("foo[:5m]", "1:6: unexpected colon before duration in duration expression");
  fails("foo[5m::]", "1:8: unexpected colon ':'");
  fails("foo[5m 5m]", '1:8: unexpected duration "5m" in subquery or range, expected ":" or "]"');
  fails("foo[5m:1m 1m]", '1:11: unexpected duration "1m" in subquery selector, expected "]"');
  fails("foo[5m:-1m]", "1:8: duration must be greater than 0");
  fails("foo[1e30]", "1:5: duration out of range");
  fails("foo[5m)", "1:8: unexpected right parenthesis ')'");
  fails(
    "foo[(5m]",
    '1:8: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails("foo[[5m]]", "1:5: unexpected character in duration expression: '['");
  fails(
    "foo[step]",
    '1:9: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails("foo[step()", "1:11: unexpected end of input in duration expression");
  fails("foo[steps()]", "1:5: unexpected character in duration expression: 's'");
  fails("foo[5m / 0]", "1:8: division by zero");
  fails("foo[5m % 0]", "1:8: modulo by zero");
  fails(
    "foo[5m +]",
    '1:9: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails(
    "foo[min_of(1m)]",
    '1:14: unexpected ")" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails("foo[#]", "1:5: unexpected character in duration expression: '#'");
  fails("(foo)[5m]", "1:6: ranges only allowed for vector selectors");
  fails("1[5m]", "1:2: ranges only allowed for vector selectors");
  fails("foo[5m][5m]", "1:8: ranges only allowed for vector selectors");
  fails('"s"[5m]', "1:4: ranges only allowed for vector selectors");
  fails("sum(foo)[5m]", "1:9: ranges only allowed for vector selectors");
  fails("foo[5m:][5m]", "1:9: ranges only allowed for vector selectors");
  fails("foo[5m][5m:]", "1:1: subquery is only allowed on instant vector, got matrix instead");
  fails("1[5m:]", "1:1: subquery is only allowed on instant vector, got scalar instead");
  fails('"s"[5m:]', "1:1: subquery is only allowed on instant vector, got string instead");
  fails("foo]", "1:4: unexpected right bracket ']'");
});

test("fails: aggregations", () => {
  fails("sum(", "1:5: unclosed left parenthesis");
  fails("sum()", "1:1: no arguments for aggregate expression provided");
  fails("sum foo", '1:5: unexpected identifier "foo"');
  fails("sum(foo bar)", '1:9: unexpected identifier "bar" in aggregation');
  fails("sum(foo,)", "1:8: trailing commas not allowed in function call args");
  fails(
    "sum(foo, bar)",
    "1:1: wrong number of arguments for aggregate expression provided, expected 1, got 2",
  );
  fails("sum by foo", '1:8: unexpected identifier "foo" in grouping opts, expected "("');
  fails("sum by (", "1:9: unclosed left parenthesis");
  fails("sum by (foo", "1:12: unclosed left parenthesis");
  fails("sum by (foo bar) (baz)", '1:13: unexpected identifier "bar" in grouping opts, expected "," or ")"');
  fails("sum by (foo) bar", '1:14: unexpected identifier "bar" in aggregation');
  fails("sum by (1) (foo)", '1:9: unexpected number "1" in grouping opts, expected label');
  fails("sum by (foo,,) (bar)", '1:13: unexpected "," in grouping opts, expected label');
  fails('sum by ("") (foo)', '1:9: invalid label name for grouping: ""');
  fails("sum by (without) (foo)", "1:9: unexpected <without> in grouping opts, expected label");
  fails("sum(foo) by", '1:12: unexpected end of input in grouping opts, expected "("');
  fails("sum(foo) by (a) by (b)", "1:17: unexpected <by>");
  fails("sum(foo) without bar", '1:18: unexpected identifier "bar" in grouping opts, expected "("');
  fails("sum by (a) (foo) without (b)", "1:18: unexpected <without>");
  fails("sum(foo) group (a)", "1:10: unexpected <aggr:group>");
  fails("topk(foo)", "1:1: wrong number of arguments for aggregate expression provided, expected 2, got 1");
  fails("topk(1)", "1:1: wrong number of arguments for aggregate expression provided, expected 2, got 1");
  fails("topk(foo, bar)", "1:6: expected type scalar in aggregation parameter, got instant vector");
  fails('topk("1", foo)', "1:6: expected type scalar in aggregation parameter, got string");
  fails(
    "topk(1, foo, bar)",
    "1:1: wrong number of arguments for aggregate expression provided, expected 2, got 3",
  );
  fails("count_values(1, foo)", "1:14: expected type string in aggregation parameter, got scalar");
  fails('quantile("a", foo)', "1:10: expected type scalar in aggregation parameter, got string");
  fails('sum("s")', "1:5: expected type instant vector in aggregation expression, got string");
  fails("sum(1)", "1:5: expected type instant vector in aggregation expression, got scalar");
  fails("sum(foo[5m])", "1:5: expected type instant vector in aggregation expression, got range vector");
});

test("fails: calls", () => {
  fails("min_max(foo)", '1:1: unknown function with name "min_max"');
  fails("unknown()", '1:1: unknown function with name "unknown"');
  fails("RATE(foo[5m])", '1:1: unknown function with name "RATE"');
  fails("START()", '1:1: unknown function with name "START"');
  fails("floor()", '1:1: expected 1 argument(s) in call to "floor", got 0');
  fails("floor(1)", '1:7: expected type instant vector in call to function "floor", got scalar');
  fails("floor(foo, bar)", '1:1: expected 1 argument(s) in call to "floor", got 2');
  fails("floor(foo[5m])", '1:7: expected type instant vector in call to function "floor", got range vector');
  fails('floor("s")', '1:7: expected type instant vector in call to function "floor", got string');
  fails("rate(foo)", '1:6: expected type range vector in call to function "rate", got instant vector');
  fails("rate(foo[5m], 1)", '1:1: expected 1 argument(s) in call to "rate", got 2');
  fails("rate()", '1:1: expected 1 argument(s) in call to "rate", got 0');
  fails("hour(foo, bar)", '1:1: expected at most 1 argument(s) in call to "hour", got 2');
  fails("hour(1)", '1:6: expected type instant vector in call to function "hour", got scalar');
  fails("round()", '1:1: expected at least 1 argument(s) in call to "round", got 0');
  fails("round(foo, 1, 2)", '1:1: expected at most 2 argument(s) in call to "round", got 3');
  fails('round(foo, "1")', '1:12: expected type scalar in call to function "round", got string');
  fails("label_join(foo)", '1:1: expected at least 3 argument(s) in call to "label_join", got 1');
  fails(
    'label_join(foo, "a", ",", 5)',
    '1:27: expected type string in call to function "label_join", got scalar',
  );
  fails('label_replace(foo, "a")', '1:1: expected 5 argument(s) in call to "label_replace", got 2');
  fails(
    'label_replace(foo, "a", "b", "c", 1)',
    '1:35: expected type string in call to function "label_replace", got scalar',
  );
  fails(
    'histogram_quantiles(foo, "q")',
    '1:1: expected at least 3 argument(s) in call to "histogram_quantiles", got 2',
  );
  fails(
    'histogram_quantiles(foo, "q", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)',
    '1:1: expected at most 12 argument(s) in call to "histogram_quantiles", got 13',
  );
  fails("pi(1)", '1:1: expected 0 argument(s) in call to "pi", got 1');
  fails("vector(foo)", '1:8: expected type scalar in call to function "vector", got instant vector');
  fails("scalar(1)", '1:8: expected type instant vector in call to function "scalar", got scalar');
  fails("time(foo)", '1:1: expected 0 argument(s) in call to "time", got 1');
  fails("foo(a,)", "1:6: trailing commas not allowed in function call args");
  fails("floor(foo,)", "1:10: trailing commas not allowed in function call args");
  fails("floor(foo,,foo)", "1:10: trailing commas not allowed in function call args");
  fails("floor(,foo)", '1:7: unexpected ","');
  fails("floor(foo foo)", '1:11: unexpected identifier "foo"');
  fails("floor(foo", "1:10: unclosed left parenthesis");
  fails("info(1)", '1:6: expected type instant vector in call to function "info", got scalar');
  fails("info(foo, bar)", "1:11: expected label selectors only, got vector selector instead");
  fails("info(foo, 1)", '1:1: expected type instant vector in call to function "info", got scalar');
  fails("info(foo, rate(bar[5m]))", "1:11: expected label selectors only");
  fails('info(foo, {a="b"}, {c="d"})', '1:1: expected at most 2 argument(s) in call to "info", got 3');
});

test("fails: tokens out of place", () => {
  fails("foo bar", '1:5: unexpected identifier "bar"');
  fails('foo "s"', '1:5: unexpected string "\\"s\\""');
  fails("foo 1", '1:5: unexpected number "1"');
  fails("1 2", '1:3: unexpected number "2"');
  fails("foo(bar) baz", '1:1: unknown function with name "foo"');
  fails("bool", "1:1: unexpected <bool>");
  fails("on", "1:1: unexpected <on>");
  fails("ignoring", "1:1: unexpected <ignoring>");
  fails("group_left", "1:1: unexpected <group_left>");
  fails("group_right", "1:1: unexpected <group_right>");
  fails("atan2", "1:1: unexpected <op:atan2>");
});

test("fails: vector matching and fill", () => {
  fails("foo + group_left bar", "1:7: unexpected <group_left>");
  fails("foo + on bar", '1:10: unexpected identifier "bar" in grouping opts, expected "("');
  fails("foo + on (a", "1:12: unclosed left parenthesis");
  fails("foo + on (a b) bar", '1:13: unexpected identifier "b" in grouping opts, expected "," or ")"');
  fails("foo + on(a) group_left )", "1:25: unexpected right parenthesis ')'");
  fails("foo + on(a) group_left", '1:23: unexpected end of input in grouping opts, expected "("');
  fails("foo + on(a) group_left (1) bar", '1:25: unexpected number "1" in grouping opts, expected label');
  fails("foo + on(a) group_left bool bar", '1:24: unexpected <bool> in grouping opts, expected "("');
  fails("foo + ignoring(a) ignoring(b) bar", "1:19: unexpected <ignoring>");
  fails("foo + bool on", '1:14: unexpected end of input in grouping opts, expected "("');
  fails("foo + on(a) group_left(a) bar", '1:5: label "a" must not occur in ON and GROUP clause at once');
  fails("foo + ignoring(a) group_left(a) 1", "1:1: vector matching only allowed between instant vectors");
  fails("foo and on(a) group_left bar", '1:1: no grouping allowed for "and" operation');
  fails("foo or group_left bar", "1:8: unexpected <group_left>");
  fails("foo unless ignoring(a) group_right bar", '1:1: no grouping allowed for "unless" operation');
  fails("foo and 1", '1:1: set operator "and" not allowed in binary scalar expression');
  fails("1 or foo", '1:1: set operator "or" not allowed in binary scalar expression');
  fails("foo + on(a) 1", "1:1: vector matching only allowed between instant vectors");
  fails("1 + ignoring(a) foo", "1:1: vector matching only allowed between instant vectors");
  fails("foo == on(a) bool bar", "1:14: unexpected <bool>");
  fails("foo + fill bar", '1:12: unexpected identifier "bar"');
  fails("foo + fill() bar", '1:12: unexpected ")"');
  fails("foo + fill(bar) baz", '1:12: unexpected identifier "bar"');
  fails('foo + fill("1") bar', '1:12: unexpected string "\\"1\\""');
  fails("foo + fill(1", "1:13: unclosed left parenthesis");
  fails("foo + fill(1) fill(2) bar", '1:19: unexpected "("');
  fails("foo + fill_left(1) fill_left(2) bar", '1:29: unexpected "("');
  fails("foo + fill(1) on(a) bar", "1:15: unexpected <on>");
  fails("foo and fill(1) bar", "1:1: filling in missing series not allowed for set operators");
  fails("1 + fill(1) foo", "1:1: filling in missing series only allowed between instant vectors");
  fails("foo + fill(1) 1", "1:1: filling in missing series only allowed between instant vectors");
  fails("foo + bar[5m]", "1:7: binary expression must contain only scalar and instant vector types");
  fails("foo[5m] + bar", "1:1: binary expression must contain only scalar and instant vector types");
  fails('"a" + foo', "1:1: binary expression must contain only scalar and instant vector types");
  fails('foo + "a"', "1:7: binary expression must contain only scalar and instant vector types");
  fails("foo[5m] == 1", "1:1: binary expression must contain only scalar and instant vector types");
});

test("fails: anchored and smoothed", () => {
  fails("foo anchored smoothed", "1:1: anchored and smoothed modifiers cannot be used together");
  fails("foo smoothed anchored", "1:1: anchored and smoothed modifiers cannot be used together");
  fails("foo[5m:] anchored", "1:1: anchored modifier is not supported for subqueries");
  fails("(foo) anchored", "1:1: anchored modifier not implemented");
  fails("1 smoothed", "1:1: smoothed modifier not implemented");
  fails("sum(foo) anchored", "1:1: anchored modifier not implemented");
  fails("foo[5m] anchored smoothed", "1:1: anchored and smoothed modifiers cannot be used together");
  fails("foo anchored[5m] smoothed", "1:1: anchored and smoothed modifiers cannot be used together");
});

test("fails: what is left over", () => {
  fails("(foo))", "1:7: unexpected right parenthesis ')'");
  fails("foo + )", "1:8: unexpected right parenthesis ')'");
  fails("foo + (", "1:8: unclosed left parenthesis");
  fails("(foo + bar", "1:11: unclosed left parenthesis");
  fails("()", '1:2: unexpected ")"');
  fails("(,)", '1:2: unexpected ","');
  fails(",", '1:1: unexpected ","');
  fails("foo,", '1:4: unexpected ","');
  fails("foo.bar", "1:4: unexpected character: '.'");
  fails('{a.b="c"}', "1:3: unexpected character inside braces: '.'");
  fails("@", "1:1: unexpected <op:@>");
  fails("^", "1:1: unexpected <op:^>");
  fails("foo ^", "1:6: unexpected end of input");
  fails("foo ==", "1:7: unexpected end of input");
  fails("foo == == bar", "1:8: unexpected <op:==>");
  fails("foo !", "1:5: unexpected character after '!': '�'");
  fails("foo !a", "1:5: unexpected character after '!': 'a'");
  fails("1 < 1", "1:3: comparisons between scalars must use BOOL modifier");
  fails("foo % % bar", "1:7: unexpected <op:%>");
  fails("foo and and bar", '1:13: unexpected identifier "bar"');
  fails("foo + / bar", "1:7: unexpected <op:/>");
  fails("a\nb", '2:1: unexpected identifier "b"');
  fails("foo +\n  bar baz", '2:7: unexpected identifier "baz"');
  fails("# only a comment", "1:1: no expression found in input");
  fails("foo # c\n bar", '2:2: unexpected identifier "bar"');
  fails('foo{a="é"} ]', "1:13: unexpected right bracket ']'");
  fails('"é" )', "1:7: unexpected right parenthesis ')'");
  fails('{"日本"=~"("}', "1:2: error parsing regexp: missing closing ): `(`");
});

test("experimental syntax is off by default", () => {
  const fails = (query: string, message: string) => failsWith(query, message, {});
  const parses = (query: string) => assert.ok(parseQuery(query), query);
  fails(
    "limitk(2, foo)",
    "1:1: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
  );
  fails(
    "limit_ratio(0.5, foo)",
    "1:1: limit_ratio() is experimental and must be enabled with " +
      "--enable-feature=promql-experimental-functions",
  );
  fails("mad_over_time(foo[5m])", '1:1: function "mad_over_time" is not enabled');
  fails("info(foo)", '1:1: function "info" is not enabled');
  fails('sort_by_label(foo, "a")', '1:1: function "sort_by_label" is not enabled');
  fails("start()", '1:1: function "start" is not enabled');
  fails("step()", '1:1: function "step" is not enabled');
  fails("range() + 1", '1:1: function "range" is not enabled');
  fails("max_of(1, 2)", '1:1: function "max_of" is not enabled');
  fails("foo anchored", "1:1: anchored modifier is experimental and not enabled");
  fails("foo[5m] smoothed", "1:1: smoothed modifier is experimental and not enabled");
  fails("foo[5m:] anchored", "1:1: anchored modifier is experimental and not enabled");
  fails("foo + fill(1) bar", "1:1: binop fill modifiers are experimental and not enabled");
  fails("foo + on(a) fill_left(1) bar", "1:1: binop fill modifiers are experimental and not enabled");
  fails("foo[step()]", "1:5: experimental duration expression is not enabled");
  fails("foo[5m + 1m]", "1:5: experimental duration expression is not enabled");
  fails("foo[1m:2 * 3]", "1:8: experimental duration expression is not enabled");
  fails("foo[(5m)]", "1:6: experimental duration expression is not enabled");
  fails("foo[-(5m)]", "1:7: experimental duration expression is not enabled");
  fails("foo offset step()", "1:12: experimental duration expression is not enabled");
  fails("foo offset -step()", "1:12: experimental duration expression is not enabled");
  fails("foo offset (5m)", "1:13: experimental duration expression is not enabled");
  parses("foo offset -(5m)");
  fails("foo offset -(5m + 1m)", "1:14: experimental duration expression is not enabled");
  fails("foo offset min_of(1, 2)", "1:19: experimental duration expression is not enabled");
  parses("foo offset 5m");
  parses("foo offset - -5m");
  fails("foo[-5m]", "1:5: duration must be greater than 0");
});
