import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { fromByteText, fromEscapedBytes, toByteText } from "./byte-text.ts";
import { Lexer } from "./lexer.ts";
import { ParseError } from "./parse-error.ts";
import { describeToken, type Token } from "./token.ts";

/** All tokens but the end. */
function tokens(text: string): Token[] {
  const lexer = new Lexer(toByteText(text));
  const found: Token[] = [];
  for (let token = lexer.next(); token.kind !== "end of input"; token = lexer.next()) found.push(token);
  return found;
}

/** `kind` or `kind:text` where they differ. */
function shown(text: string): string {
  return tokens(text)
    .map((token) => (token.kind === token.text ? token.kind : `${token.kind}:${token.text}`))
    .join(" ");
}

test("tokens", () => {
  const is = (text: string, kinds: string) => assert.equal(shown(text), kinds, text);
  is("a + b", "identifier:a + identifier:b");
  is("a:b", "metric identifier:a:b");
  is("SUM BY", "sum:SUM by:BY");
  is("Inf nan", "number:Inf number:nan");
  is("1 1m 0x1F 1e3 .5", "number:1 duration:1m number:0x1F number:1e3 number:.5");
  is("<= < </ == = >/", "<= < </ == = >/");
  is("(fill fill())", "( identifier:fill fill ( ) )");
  is('{sum=~"a"}', '{ identifier:sum =~ string:"a" }');
  is("a[1m:step()]", "identifier:a [ duration:1m : step ( ) ]");
  is("a # b\nc", "identifier:a identifier:c");
  is("'a' `b`", "string:'a' string:`b`");
  is("", "");
});

test("how error texts name tokens", () => {
  const is = (text: string, description: string) => {
    const [token] = tokens(text);
    assert.equal(describeToken(token as Token), description, text);
  };
  is("foo", 'identifier "foo"');
  is("a:b", 'metric identifier "a:b"');
  is("sum", "<aggr:sum>");
  is("AND", "<op:AND>");
  is("by", "<by>");
  is("start", '"start"');
  is("@", "<op:@>");
  is(",", '","');
  is("12", 'number "12"');
  is("1m", 'duration "1m"');
  is('"short"', 'string "\\"short\\""');
  is("'éé and more'", 'string "\'éé and mo"...');
});

test("tokens ascend and only spaces and comments lie between", () =>
  forSeeds(2000, (random) => {
    const pieces = [
      "a",
      " ",
      "1m",
      "[",
      "]",
      "(",
      ")",
      "{",
      "}",
      '"s"',
      "#c\n",
      "+",
      ":",
      "é",
      ",",
      "=~",
      "by",
      "1",
    ];
    const text = Array.from({ length: random.below(12) }, () => pieces[random.below(pieces.length)]).join("");
    const input = toByteText(text);
    const lexer = new Lexer(input);
    let end = 0;
    try {
      for (;;) {
        const token = lexer.next();
        assert.match(input.slice(end, token.start), /^(?:[ \t\r\n]|#[^\r\n]*)*$/u, text);
        assert.equal(input.slice(token.start, token.end), token.text, text);
        if (token.kind === "end of input") return;
        assert.ok(token.end > token.start, text);
        end = token.end;
      }
    } catch (error) {
      assert.ok(error instanceof ParseError, String(error));
    }
  }));

test("byte text has one character per byte and comes back", () => {
  assert.equal(toByteText("é"), "\u00c3\u00a9");
  assert.equal(toByteText("plain"), "plain");
  assert.equal(fromByteText(toByteText("é日😀")), "é日😀");
  assert.equal(toByteText("日".repeat(10_000)).length, 30_000);
  assert.equal(fromByteText(toByteText("\ud800")), "\ufffd");
});

test("bytes that are not UTF-8 become lone surrogates, one each", () => {
  const is = (bytes: string, text: string) => assert.equal(fromEscapedBytes(bytes), text);
  is("abc", "abc");
  is("\u00c3\u00a9", "é");
  is("\u00ff\u00c3\u00a9\u00c3", "\udcffé\udcc3");
  is("\u00f0\u009f\u0098\u0080", "😀");
  is("\u00ed\u00a0\u0080", "\udced\udca0\udc80");
  is("\u00c0\u0080", "\udcc0\udc80");
});
