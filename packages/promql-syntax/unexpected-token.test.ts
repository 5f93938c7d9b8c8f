/**
 * Tokens out of place, in every construct of the language: which are refused there, and what the error text
 * says of the construct. Facts recorded from Prometheus 3.14.
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

/** Groups of tokens. */
const groups: Readonly<Record<string, string>> = {
  NAMES: "x a:b sum topk start step range max_of",
  VALUES: '"s" 7 5m',
  OPERATORS: "* / % ^ == != < > <= >= </ >/ atan2",
  SET: "and or unless",
  CLAUSES: "on ignoring group_left group_right bool",
  MODIFIERS: "offset anchored smoothed",
};

/** Every token that is tried; END is the end of the query. */
const tokens = expand(
  "END NAMES VALUES OPERATORS SET CLAUSES MODIFIERS ( ) { } [ ] , : = =~ !~ @ + - by without fill_left",
);

function expand(text: string): readonly string[] {
  return text.split(" ").flatMap((word) => groups[word]?.split(" ") ?? [word]);
}

/** How error texts show a token. */
function described(token: string): string {
  if (token === "END") return "end of input";
  if (token === "x") return 'identifier "x"';
  if (token === "a:b") return 'metric identifier "a:b"';
  if (token === "7") return 'number "7"';
  if (token === "5m") return 'duration "5m"';
  if (token === '"s"') return String.raw`string "\"s\""`;
  if (token === "sum" || token === "topk") return `<aggr:${token}>`;
  if (/^(?:and|or|unless|atan2|[-+*/%^@]|[=!]~|[=!<>]=|[<>]\/?)$/u.test(token)) return `<op:${token}>`;
  if (/^(?:offset|by|without|on|ignoring|group_\w+|bool|fill_left|anchored|smoothed)$/u.test(token)) {
    return `<${token}>`;
  }
  return JSON.stringify(token);
}

function errorOf(query: string): string {
  try {
    parseQuery(query, everything);
    return "";
  } catch (error) {
    assert.ok(error instanceof ParseError, query);
    return error.message;
  }
}

/** After `query` exactly the tokens in `list` are unexpected, and the text goes on with `where`. */
function refuses(query: string, where: string, list: string): void {
  const suffix = where === "" ? "" : ` ${where}`;
  const refused = tokens.filter((token) => {
    const error = errorOf(`${query} ${token === "END" ? "" : token}`);
    return error === `1:${query.length + 2}: parse error: unexpected ${described(token)}${suffix}`;
  });
  assert.deepEqual(refused, expand(list).toSorted(byPlace), query);
}

/** As `refuses`, for all tokens but those in `list`. */
function refusesAllBut(query: string, where: string, list: string): void {
  const others = new Set(expand(list));
  refuses(query, where, tokens.filter((token) => !others.has(token)).join(" "));
}

function byPlace(a: string, b: string): number {
  return tokens.indexOf(a) - tokens.indexOf(b);
}

test("unexpected tokens: brackets", () => {
  refuses("foo [", "in duration expression", "END");
  refuses(
    "foo [",
    "in subquery or range selector, expected number, duration, step(), or range()",
    "] , * / % ^",
  );
  refuses(
    "foo [5m",
    'in subquery or range, expected ":" or "]"',
    "VALUES ( { , = @ == != < > <= >= </ >/ step range max_of",
  );
  refuses("foo [5m]", "", "NAMES VALUES CLAUSES ( { , = by without");
  refuses(
    "foo [5m:",
    'in subquery selector, expected number, duration, step(), range(), or "]"',
    '"s" { , = @ * / % ^ == != < > <= >= </ >/',
  );
  refuses(
    "foo [5m:1m",
    'in subquery selector, expected "]"',
    "VALUES ( { , = @ == != < > <= >= </ >/ step range max_of",
  );
  refuses("foo [5m:1m]", "", "NAMES VALUES CLAUSES ( { , = by without");
  refuses(
    "foo [5m +",
    "in subquery or range selector, expected number, duration, step(), or range()",
    '"s" { ] , : = @ * / % ^ == != < > <= >= </ >/',
  );
});

test("unexpected tokens: duration expressions in brackets", () => {
  refuses("foo [(", "in duration expression", "END");
  refuses(
    "foo [(",
    "in subquery or range selector, expected number, duration, step(), or range()",
    ") ] , * / % ^",
  );
  refuses(
    "foo [(5m",
    "in subquery or range selector, expected number, duration, step(), or range()",
    "VALUES ( { ] , : = @ == != < > <= >= </ >/ step range max_of",
  );
  refuses(
    "foo [(5m)",
    'in subquery or range, expected ":" or "]"',
    "VALUES ( { , = @ == != < > <= >= </ >/ step range max_of",
  );
  refuses("foo [step", "in duration expression", "END");
  refuses(
    "foo [step",
    "in subquery or range selector, expected number, duration, step(), or range()",
    "7 5m ] , + - * / % ^ step range max_of",
  );
  refuses("foo [step (", "in duration expression", "END");
  refuses(
    "foo [step (",
    "in subquery or range selector, expected number, duration, step(), or range()",
    "7 5m ( ] , + - * / % ^ step range max_of",
  );
  refuses("foo [max_of", "in duration expression", "END");
  refuses(
    "foo [max_of",
    "in subquery or range selector, expected number, duration, step(), or range()",
    "7 5m ] , + - * / % ^ step range max_of",
  );
  refuses("foo [max_of (", "in duration expression", "END");
  refuses(
    "foo [max_of (",
    "in subquery or range selector, expected number, duration, step(), or range()",
    ") ] , * / % ^",
  );
  refuses(
    "foo [max_of (1m",
    "in subquery or range selector, expected number, duration, step(), or range()",
    "VALUES ( ) { ] : = @ == != < > <= >= </ >/ step range max_of",
  );
  refuses(
    "foo [max_of (1m,",
    "in subquery or range selector, expected number, duration, step(), or range()",
    '"s" ) { ] , : = @ * / % ^ == != < > <= >= </ >/',
  );
  refuses(
    "foo [max_of (1m, 2m",
    "in subquery or range selector, expected number, duration, step(), or range()",
    "VALUES ( { ] , : = @ == != < > <= >= </ >/ step range max_of",
  );
  refuses("foo [-", "in duration expression", "END");
  refuses(
    "foo [-",
    "in subquery or range selector, expected number, duration, step(), or range()",
    "] , * / % ^",
  );
});

test("unexpected tokens: offset and @", () => {
  refusesAllBut(
    "foo offset",
    "in offset, expected number, duration, step(), or range()",
    "7 5m ( ) } ] : =~ !~ + - fill_left step range max_of",
  );
  refusesAllBut(
    "foo offset -",
    "in offset, expected number, duration, step(), or range()",
    "7 5m ( ) } ] : =~ !~ + - fill_left step range max_of",
  );
  refusesAllBut(
    "foo offset (",
    "in offset, expected number, duration, step(), or range()",
    "END 7 5m ( } ] : =~ !~ + - fill_left step range max_of",
  );
  refusesAllBut(
    "foo offset (5m",
    "in offset, expected number, duration, step(), or range()",
    "END ) } ] : =~ !~ + - * / % ^ fill_left",
  );
  refuses("foo offset 5m", "", "NAMES VALUES CLAUSES ( { , = by without");
  refusesAllBut(
    "foo offset step",
    "in offset, expected number, duration, step(), or range()",
    "( ) } ] : =~ !~ fill_left",
  );
  refusesAllBut(
    "foo offset step (",
    "in offset, expected number, duration, step(), or range()",
    "END ) } ] : =~ !~ fill_left",
  );
  refusesAllBut(
    "foo offset - step",
    "in offset, expected number, duration, step(), or range()",
    "( ) } ] : =~ !~ fill_left",
  );
  refusesAllBut(
    "foo offset -max_of (1m",
    "in offset, expected number, duration, step(), or range()",
    "END } ] , : =~ !~ + - * / % ^ fill_left",
  );
  refusesAllBut("foo @", "in @, expected timestamp", "7 5m ) } ] : =~ !~ + - fill_left start");
  refusesAllBut("foo @ -", "in @, expected timestamp", "7 5m ) } ] : =~ !~ fill_left");
  refusesAllBut("foo @ start", "in @, expected timestamp", "( ) } ] : =~ !~ fill_left");
  refusesAllBut("foo @ start (", "in @, expected timestamp", "END ) } ] : =~ !~ fill_left");
  refuses("foo @ end ()", "", "NAMES VALUES CLAUSES ( { , = by without");
  refuses("foo @ 1", "", "NAMES VALUES CLAUSES ( { , = by without");
});

test("unexpected tokens: braces", () => {
  refuses("foo {", 'in label matching, expected identifier or "}"', ", = =~ !~ !=");
  refuses("foo {a", "in label matching, expected label matching operator", 'x "s" } ,');
  refuses("foo {a =", "in label matching, expected string", "x } , = =~ !~ !=");
  refuses('foo {a = "b"', 'in label matching, expected "," or "}"', 'x "s" = =~ !~ !=');
  refuses('foo {a = "b",', 'in label matching, expected identifier or "}"', ", = =~ !~ !=");
  refuses('foo {"a"', 'in label matching, expected "," or "}"', 'x "s"');
  refuses('foo {"a" !=', "in label matching, expected string", "x } , = =~ !~ !=");
  refuses('foo {a = "b"}', "", "NAMES VALUES CLAUSES ( { , = by without");
  refuses("{", 'in label matching, expected identifier or "}"', ", = =~ !~ !=");
  refuses('{"m"', 'in label matching, expected "," or "}"', 'x "s"');
});

test("unexpected tokens: operators and clauses", () => {
  refuses("foo +", "", "OPERATORS END [ , = @ group_left group_right");
  refuses("foo + bool", "", "OPERATORS END [ , = @ group_left group_right bool");
  refuses("foo == bool", "", "OPERATORS END [ , = @ group_left group_right bool");
  refusesAllBut("foo + on", 'in grouping opts, expected "("', "( ) } ] : =~ !~ fill_left");
  refuses(
    "foo + on (",
    "in grouping opts, expected label",
    "7 5m ( { [ , = @ + - * / % ^ == != < > <= >= </ >/ without",
  );
  refusesAllBut("foo + on (a", 'in grouping opts, expected "," or ")"', "END ) } ] , : =~ !~ fill_left");
  refuses(
    "foo + on (a,",
    "in grouping opts, expected label",
    "7 5m ( { [ , = @ + - * / % ^ == != < > <= >= </ >/ without",
  );
  refuses("foo + on (a)", "", "OPERATORS END [ , = @ on ignoring bool");
  refuses("foo + on (a) group_left", 'in grouping opts, expected "("', "OPERATORS CLAUSES END [ , = @");
  refuses(
    "foo + on (a) group_left (",
    "in grouping opts, expected label",
    "7 5m ( { [ , = @ + - * / % ^ == != < > <= >= </ >/ without",
  );
  refusesAllBut(
    "foo + on (a) group_left (b",
    'in grouping opts, expected "," or ")"',
    "END ) } ] , : =~ !~ fill_left",
  );
  refuses("foo + on (a) group_left (b)", "", "OPERATORS CLAUSES END [ , = @");
  refusesAllBut("foo + fill (", "", "END 7 5m } ] : =~ !~ + - fill_left");
  refusesAllBut("foo + fill (1", "", "END ) } ] : =~ !~ fill_left");
  refuses("foo + fill (1)", "", "OPERATORS CLAUSES END [ , = @");
  refusesAllBut("foo + fill_left (1) fill_right (-", "", "END 7 5m } ] : =~ !~ fill_left");
});

test("unexpected tokens: aggregations and calls", () => {
  refuses("sum", "", "NAMES VALUES CLAUSES , =");
  refuses("sum (", "in aggregation", "OPERATORS CLAUSES [ , = @");
  refuses("sum (foo", "in aggregation", "NAMES VALUES CLAUSES = by without");
  refuses("sum (foo)", "", "NAMES VALUES CLAUSES ( { , =");
  refusesAllBut("sum by", 'in grouping opts, expected "("', "( ) } ] : =~ !~ fill_left");
  refuses(
    "sum by (",
    "in grouping opts, expected label",
    "7 5m ( { [ , = @ + - * / % ^ == != < > <= >= </ >/ without",
  );
  refusesAllBut("sum by (a", 'in grouping opts, expected "," or ")"', "END ) } ] , : =~ !~ fill_left");
  refuses(
    "sum by (a,",
    "in grouping opts, expected label",
    "7 5m ( { [ , = @ + - * / % ^ == != < > <= >= </ >/ without",
  );
  refusesAllBut("sum by (a)", "in aggregation", "( ) } ] : =~ !~ fill_left");
  refuses("sum by (a) (", "in aggregation", "OPERATORS CLAUSES [ , = @");
  refuses("sum by (a) (foo", "in aggregation", "NAMES VALUES CLAUSES = by without");
  refuses("sum by (a) (foo)", "", "NAMES VALUES CLAUSES ( { , = by without");
  refusesAllBut("sum (foo) by", 'in grouping opts, expected "("', "( ) } ] : =~ !~ fill_left");
  refuses(
    "sum (foo) without (",
    "in grouping opts, expected label",
    "7 5m ( { [ , = @ + - * / % ^ == != < > <= >= </ >/ without",
  );
  refuses("rate", "", "NAMES VALUES CLAUSES , = by without");
  refuses("rate (", "", "OPERATORS CLAUSES [ , = @");
  refuses("rate (foo", "", "NAMES VALUES CLAUSES = by without");
  refuses("rate (foo)", "", "NAMES VALUES CLAUSES ( { , = by without");
});

test("unexpected tokens: elsewhere", () => {
  refuses("", "", "OPERATORS CLAUSES [ , = @");
  refuses("1", "", "NAMES VALUES CLAUSES ( { , = by without");
  refuses("foo", "", "NAMES VALUES CLAUSES , = by without");
  refuses("(", "", "OPERATORS CLAUSES ) [ , = @");
  refuses("(foo", "", "NAMES VALUES CLAUSES , = by without");
  refuses("(foo)", "", "NAMES VALUES CLAUSES ( { , = by without");
  refuses("-", "", "OPERATORS CLAUSES END [ , = @");
  refuses("- foo", "", "NAMES VALUES CLAUSES , = by without");
  refuses('"s"', "", "NAMES VALUES CLAUSES ( { , = by without");
  refuses("start", "", "NAMES VALUES CLAUSES , = by without");
  refuses("start (", "", "OPERATORS CLAUSES [ , = @");
  refuses("foo anchored", "", "NAMES VALUES CLAUSES ( { , = by without");
  refuses("foo [5m] smoothed", "", "NAMES VALUES CLAUSES ( { , = by without");
});
