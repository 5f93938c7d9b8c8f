import assert from "node:assert/strict";
import { test } from "node:test";

import { tokenize } from "./tokens.ts";

const tokens = (source: string, kind: string): string[] =>
  tokenize(source)
    .filter((token) => token.kind === kind)
    .map((token) => token.text);

test("a slash divides after an operand and opens a regular expression elsewhere", () => {
  const regexes = (source: string, ...want: string[]) =>
    assert.deepEqual(tokens(source, "regex"), want, source);
  regexes("a / b / c");
  regexes("f(x) / 2 / y");
  regexes("a[0] / 2 / 3");
  regexes("x! / y / z");
  regexes("i++ / 2 / 3");
  regexes("`${a}` / 2 / 3");
  regexes("return /a b/g", "/a b/g");
  regexes("f(/[/]{/, 1)", "/[/]{/");
  regexes("x = !/a/.test(b)", "/a/");
  regexes("a.split(/\\//u)", "/\\//u");
});

test("nothing inside a string, comment or template text is code", () => {
  const words = (source: string, ...want: string[]) => assert.deepEqual(tokens(source, "word"), want, source);
  words(`a = "b { c"`, "a");
  words(`a = 'it\\'s b'`, "a");
  words("a // b\nc", "a", "c");
  words("a /* b\n b */ c", "a", "c");
  words("a = `b ${c + `d ${e}`} f`", "a", "c", "e");
  words("a = `${ { b: 1 }.b }`", "a", "b", "b");
  words("a = `\\${b} $c`", "a");
  words("class A { #b = 1 }", "class", "A", "#b");
});

test("lines are counted through templates and comments", () => {
  const last = tokenize("/*\n*/ `\n\n` x").at(-1)!;
  assert.deepEqual([last.text, last.line], ["x", 4]);
});
