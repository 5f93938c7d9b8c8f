import assert from "node:assert/strict";
import { test } from "node:test";
import { compileAnchored } from "./matcher.ts";
import { RegexError } from "./pattern-error.ts";

test("patterns are anchored and a dot matches a newline", () => {
  const is = (pattern: string, text: string, matches: boolean) =>
    assert.equal(compileAnchored(pattern).matches(text), matches, `${pattern} on ${text}`);
  is("foo", "foo", true);
  is("foo", "foobar", false);
  is("foo|bar", "bar", true);
  is("a.*", "a\nb", true);
  is("a.c", "a\nc", true);
  is("a.c", "a😀c", true);
  is("(?i)app", "APP", true);
  is("[0-9]+", "42", true);
  is("[0-9]+", "42a", false);
  is("", "", true);
  is("", "a", false);
  is(".*err.*", "an error", true);
  is("a-.*|b", "a-1", true);
  is("a-.*|b", "b", true);
  is("a-.*|b", "b1", false);
  is(".+x.+", "x", false);
  is(".+x.+", "axb", true);
});

test("setMatches lists the texts of small patterns", () => {
  const is = (pattern: string, texts: string[] | null) =>
    assert.deepEqual(compileAnchored(pattern).setMatches, texts, pattern);
  is("foo", ["foo"]);
  is("foo|bar|foo", ["foo", "bar"]);
  is("(a|b)c", ["ac", "bc"]);
  is("x[0-2]", ["x0", "x1", "x2"]);
  is("colou?r", ["colour", "color"]);
  is("a\\.b", ["a.b"]);
  is("(?:a|)", ["a", ""]);
  is("a.*", null);
  is("[0-9]+", null);
  is("(?i)a", null);
  is("a*", null);
});

test("prefix is what every match begins with", () => {
  const is = (pattern: string, prefix: string) =>
    assert.equal(compileAnchored(pattern).prefix, prefix, pattern);
  is("app-.*", "app-");
  is("app-[0-9]+", "app-");
  is("app-1|app-2", "app-");
  is("app-[0-9]+|b", "");
  is("app-(x|y)+", "app-");
  is("app*", "ap");
  is("a😀+", "a");
  is(".*", "");
  is("(?i)app", "");
  is("app\\d|\\Qb|\\E", "");
});

test("matchesEmpty, matchesAll and matchesNonEmpty", () => {
  const is = (pattern: string, empty: boolean, all: boolean, nonEmpty: boolean) => {
    const matcher = compileAnchored(pattern);
    assert.deepEqual(
      [matcher.matchesEmpty, matcher.matchesAll, matcher.matchesNonEmpty],
      [empty, all, nonEmpty],
      pattern,
    );
  };
  is(".*", true, true, false);
  is("(.*)", true, true, false);
  is(".*|foo", true, true, false);
  is(".+|", true, true, false);
  is(".+", false, false, true);
  is("(.+|foo)", false, false, true);
  is("", true, false, false);
  is("a|", true, false, false);
  is("a*", true, false, false);
  is("a", false, false, false);
});

test("error texts are Go's", () => {
  const fails = (pattern: string, message: string) =>
    assert.throws(
      () => compileAnchored(pattern),
      new RegexError(`error parsing regexp: ${message}`),
      pattern,
    );
  fails("(", "missing closing ): `(`");
  fails(")", "unexpected ): `)`");
  fails("a)(b", "unexpected ): `a)(b`");
  fails("[z", "missing closing ]: `[z`");
  fails("[b-a]", "invalid character class range: `b-a`");
  fails("a**", "invalid nested repetition operator: `**`");
  fails("*", "missing argument to repetition operator: `*`");
  fails("(?=b)", "invalid or unsupported Perl syntax: `(?=`");
  fails("(?P<", "invalid or unsupported Perl syntax: `(?P`");
  fails("\\k", "invalid escape sequence: `\\k`");
  fails("a\\", "trailing backslash at end of expression: ``");
  fails("x{1001}", "invalid repeat count: `{1001}`");
});

test("a compiled pattern is kept", () => {
  assert.equal(compileAnchored("kept-[0-9]+"), compileAnchored("kept-[0-9]+"));
});

test("nested repetition takes linear time", () => {
  assert.equal(compileAnchored("(a+)+$").matches(`${"a".repeat(5000)}!`), false);
});
