import assert from "node:assert/strict";
import { test } from "node:test";
import { compileCapturing, type RegexMatch } from "./capturing.ts";
import { expand, hasReference } from "./expand.ts";
import { RegexError } from "./pattern-error.ts";

test("templates are Go's", () => {
  const match = compileCapturing("(?P<first>[^-]*)-(b)(c)?(é)").match("a-bé") as RegexMatch;
  const is = (template: string, text: string) => assert.equal(expand(template, match), text, template);
  is("$1", "a");
  is("${1}", "a");
  is("$0", "a-bé");
  is("$1$2", "ab");
  is("$1x", "");
  is("${1}x", "ax");
  is("$first!", "a!");
  is("${first}_", "a_");
  is("$first_", "");
  is("$3", "");
  is("$9", "");
  is("$01", "");
  is("$4", "é");
  is("$1é", "");
  is("$$1", "$1");
  is("$$", "$");
  is("$", "$");
  is("a$-b", "a$-b");
  is("${", "${");
  is("${1", "${1");
  is("${}", "${}");
  is("plain", "plain");
});

test("hasReference", () => {
  assert.equal(hasReference("a$1"), true);
  assert.equal(hasReference("a"), false);
});

test("match gives the groups of the whole text, or null", () => {
  assert.deepEqual(compileCapturing("(.*)").match("x\ny")?.groups, ["x\ny", "x\ny"]);
  assert.deepEqual(compileCapturing("(a)|(b)").match("b")?.groups, ["b", undefined, "b"]);
  assert.equal(compileCapturing("a").match("ab"), null);
});

test("errors show the anchors", () => {
  const fails = (pattern: string, message: string) =>
    assert.throws(() => compileCapturing(pattern), new RegexError(`error parsing regexp: ${message}`));
  fails("(", "missing closing ): `^(?s:()$`");
  fails("[z", "missing closing ]: `[z)$`");
});
