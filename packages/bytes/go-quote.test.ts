/**
 * Quoted strings as Go writes and reads them.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { quoteGo, unicodePoint, unquoteGo } from "./go-quote.ts";

const quoted: readonly (readonly [text: string, quoted: string])[] = [
  ["", '""'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ["\n\t\r\u0007\u0001\u007f", '"\\n\\t\\r\\a\\x01\\x7f"'],
  ["é日😀", '"é日😀"'],
  ["\u200b\u{e0001}", '"\\u200b\\U000e0001"'],
];

for (const [text, written] of quoted) {
  test(`${written} is written and read`, () => {
    assert.equal(quoteGo(text), written);
    assert.equal(unquoteGo(written), text);
  });
}

test("ASCII alone", () => assert.equal(quoteGo("é😀", '"', true), '"\\u00e9\\U0001f600"'));
test("a raw string loses its carriage returns", () => assert.equal(unquoteGo("`a\\n\r\nb`"), "a\\n\nb"));
test("octal and hexadecimal bytes are UTF-8", () => assert.equal(unquoteGo('"\\303\\xa9"'), "é"));

for (const text of [
  '"a',
  "a",
  '"',
  '"a"b"',
  '"\\q"',
  '"\\x1"',
  '"\\400"',
  '"\\ud800"',
  "'ab'",
  '"\n"',
  "``a`",
]) {
  test(`${JSON.stringify(text)} is no quoted string`, () => assert.equal(unquoteGo(text), null));
}

test("code points", () => {
  assert.equal(unicodePoint("A"), "U+0041 'A'");
  assert.equal(unicodePoint("\u0001"), "U+0001");
});
