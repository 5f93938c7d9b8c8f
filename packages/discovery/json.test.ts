import assert from "node:assert/strict";
import { test } from "node:test";
import { Json } from "./json.ts";
import { childOf, parseXml, textAt } from "./xml.ts";

test("what is absent is the zero value, what is of another kind is refused", () => {
  const json = Json.parse('{"a": {"b": "x", "n": 1, "t": true, "l": ["y"], "z": null}}');
  assert.equal(json.at("a", "b").text(), "x");
  assert.equal(json.at("a", "c", "d").text(), "");
  assert.equal(json.at("a", "z").text(), "");
  assert.equal(json.at("a", "n").number(), 1);
  assert.equal(json.at("a", "n").shown(), "1");
  assert.equal(json.at("a", "t").flag(), true);
  assert.deepEqual(json.at("a", "l").texts(), ["y"]);
  assert.deepEqual(json.at("q").items(), []);
  assert.deepEqual(
    json
      .at("a")
      .fields()
      .map(([name]) => name),
    ["b", "n", "t", "l", "z"],
  );
  const fails = (read: () => unknown, why: string) => assert.throws(read, { message: why });
  fails(() => json.at("a").text(), "json: cannot unmarshal object into Go struct field a of type string");
  fails(
    () => json.at("a", "b", "c"),
    "json: cannot unmarshal string into Go struct field a.b of type object",
  );
  fails(
    () => json.at("a", "l").number(),
    "json: cannot unmarshal array into Go struct field a.l of type number",
  );
  fails(() => Json.parse("[]").fields(), "json: cannot unmarshal array into Go value of type object");
});

test("XML", () => {
  const root = parseXml('<?xml version="1.0"?><!-- c --><r a="1&lt;"><b>x &amp; <![CDATA[<y>]]></b><c/></r>');
  assert.equal(root.attributes.get("a"), "1<");
  assert.equal(textAt(root, "b"), "x & <y>");
  assert.equal(childOf(root, "c")?.text, "");
  assert.equal(childOf(root, "b")?.inner, "x &amp; <![CDATA[<y>]]>");
  for (const wrong of ["", "<a>", "<a></b>", "text"])
    assert.throws(() => parseXml(wrong), /XML syntax error/u);
  assert.throws(() => parseXml("<a>".repeat(300)), /too deep/u);
});
