import assert from "node:assert/strict";
import { test } from "node:test";
import { LabelMatcher } from "./label-matcher.ts";
import { compareLabels, Labels, quoteGo } from "./labels.ts";

test("labels are ordered by UTF-8 and hold no empty values", () => {
  const labels = Labels.fromObject({ b: "2", a: "1", empty: "", "😀": "4", "\uffee": "3" });
  assert.deepEqual(labels.pairs, ["a", "1", "b", "2", "\uffee", "3", "😀", "4"]);
  assert.equal(labels.get("b"), "2");
  assert.equal(labels.get("empty"), "");
  assert.equal(labels.has("empty"), false);
  assert.equal(labels.size, 4);
});

test("unordered pairs are a bug", () => {
  assert.throws(() => new Labels(["b", "1", "a", "2"]), /names strictly ascend/u);
  assert.throws(() => new Labels(["a"]), /name, value pairs/u);
});

test("compareLabels goes pair by pair", () => {
  const ordered = [{}, { a: "1" }, { a: "1", b: "1" }, { a: "2" }, { b: "1" }].map((fields) =>
    Labels.fromObject(fields),
  );
  assert.deepEqual([...ordered].reverse().toSorted(compareLabels), ordered);
});

test("toString quotes what needs it", () => {
  assert.equal(Labels.fromObject({ a: 'x"y', "b.c": "d" }).toString(), '{a="x\\"y", "b.c"="d"}');
  assert.equal(Labels.empty.toString(), "{}");
});

test("quoteGo", () => {
  const is = (text: string, quoted: string) => assert.equal(quoteGo(text), quoted);
  is("plain", '"plain"');
  is('a"b\\', '"a\\"b\\\\"');
  is("\n\t\u0000\u007f", '"\\n\\t\\x00\\x7f"');
  is("é日😀", '"é日😀"');
  is("\u200b\u00a0", '"\\u200b\\u00a0"');
  is("\udcff", '"\\xff"');
});

test("matchers", () => {
  const is = (kind: "=" | "!=" | "=~" | "!~", value: string, text: string, matches: boolean) =>
    assert.equal(new LabelMatcher(kind, "a", value).matches(text), matches, `${kind}${value} on ${text}`);
  is("=", "x", "x", true);
  is("=", "", "", true);
  is("!=", "x", "", true);
  is("!=", "x", "x", false);
  is("=~", "x|y.*", "yes", true);
  is("=~", "x", "xx", false);
  is("!~", "x.*", "y", true);
  assert.equal(new LabelMatcher("=~", "b.c", ".+").toString(), '"b.c"=~".+"');
});
