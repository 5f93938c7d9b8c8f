import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "./labels.ts";
import { LabelsBuilder } from "./labels-builder.ts";

const base = Labels.fromObject({ a: "1", b: "2", c: "3" });

test("an unchanged builder gives its base back", () => {
  assert.equal(new LabelsBuilder(base).build(), base);
});

test("set, delete and get", () => {
  const builder = new LabelsBuilder(base);
  builder.set("b", "x");
  builder.set("d", "4");
  builder.delete("a");
  builder.set("c", "");
  assert.equal(builder.get("a"), "");
  assert.equal(builder.get("b"), "x");
  assert.equal(builder.get("c"), "");
  assert.equal(builder.get("d"), "4");
  assert.deepEqual(builder.build().toObject(), { b: "x", d: "4" });
});

test("what was deleted can be set again, and what was set deleted", () => {
  const builder = new LabelsBuilder(base);
  builder.delete("a");
  builder.set("a", "again");
  builder.set("z", "26");
  builder.delete("z");
  assert.deepEqual(builder.build().toObject(), { a: "again", b: "2", c: "3" });
});

test("entries: the base first, then what was set, in the order of setting", () => {
  const builder = new LabelsBuilder(base);
  builder.set("z", "26");
  builder.set("a", "x");
  assert.deepEqual(builder.entries(), ["b", "2", "c", "3", "z", "26", "a", "x"]);
});

test("names are built in UTF-8 order", () => {
  const builder = new LabelsBuilder();
  for (const name of ["😀", "\uffee", "z", "A"]) builder.set(name, "v");
  assert.deepEqual(Object.keys(builder.build().toObject()), ["A", "z", "\uffee", "😀"]);
});

test("reset starts over", () => {
  const builder = new LabelsBuilder(base);
  builder.set("a", "x");
  builder.delete("b");
  builder.reset(base);
  assert.equal(builder.build(), base);
});
