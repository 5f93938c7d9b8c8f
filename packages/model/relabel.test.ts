import assert from "node:assert/strict";
import { test } from "node:test";
import { RegexError } from "@narthex/regex/pattern-error";
import { Labels } from "./labels.ts";
import {
  compileRelabelRules,
  defaultRelabelRule,
  relabel,
  relabelAction,
  RelabelError,
  type RelabelRule,
  validateRelabelRule,
} from "./relabel.ts";

type Written = Partial<RelabelRule>;

/** Applies one rule to `labels`; "dropped" when it drops them. */
function apply(labels: Record<string, string>, ...rules: Written[]): Record<string, string> | "dropped" {
  const whole = rules.map((rule) => ({ ...defaultRelabelRule, ...rule }));
  for (const rule of whole) validateRelabelRule(rule);
  return relabel(Labels.fromObject(labels), compileRelabelRules(whole))?.toObject() ?? "dropped";
}

function gives(
  labels: Record<string, string>,
  rule: Written,
  result: Record<string, string> | "dropped",
): void {
  assert.deepEqual(apply(labels, rule), result, JSON.stringify(rule));
}

test("replace", () => {
  const labels = { a: "foo", b: "bar" };
  gives(labels, { sourceLabels: ["a"], targetLabel: "c" }, { a: "foo", b: "bar", c: "foo" });
  gives(labels, { sourceLabels: ["a", "b"], targetLabel: "c" }, { a: "foo", b: "bar", c: "foo;bar" });
  gives(
    labels,
    { sourceLabels: ["a", "b"], separator: "", regex: "f(.*)r", targetLabel: "c", replacement: "$1" },
    { a: "foo", b: "bar", c: "ooba" },
  );
  gives(labels, { sourceLabels: ["a"], regex: "no", targetLabel: "c", replacement: "x" }, labels);
  gives(
    labels,
    { sourceLabels: ["a"], regex: "f(.)(.)", targetLabel: "${1}_$2", replacement: "$2-${1}" },
    { a: "foo", b: "bar", o_o: "o-o" },
  );
  gives(labels, { targetLabel: "c", replacement: "x" }, { a: "foo", b: "bar", c: "x" });
  gives(labels, { sourceLabels: ["none"], targetLabel: "a" }, { b: "bar" });
  gives(labels, { sourceLabels: ["a"], regex: "(f).*", targetLabel: "$2", replacement: "x" }, labels);
  gives(
    labels,
    { sourceLabels: ["a"], targetLabel: "$1.x", nameScheme: "utf8" },
    { ...labels, "foo.x": "foo" },
  );
  gives({ a: "a\nb" }, { sourceLabels: ["a"], regex: "a(.*)", targetLabel: "c" }, { a: "a\nb", c: "\nb" });
});

test("keep and drop", () => {
  gives({ a: "foo" }, { action: "keep", sourceLabels: ["a"], regex: "f.*" }, { a: "foo" });
  gives({ a: "foo" }, { action: "keep", sourceLabels: ["a"], regex: "o.*" }, "dropped");
  gives({ a: "foo" }, { action: "drop", sourceLabels: ["a"], regex: "f.*" }, "dropped");
  gives({ a: "foo" }, { action: "drop", sourceLabels: ["b"], regex: "f.*" }, { a: "foo" });
});

test("keepequal and dropequal", () => {
  const labels = { a: "x", b: "x", c: "y" };
  gives(labels, { action: "keepequal", sourceLabels: ["a"], targetLabel: "b" }, labels);
  gives(labels, { action: "keepequal", sourceLabels: ["a"], targetLabel: "c" }, "dropped");
  gives(labels, { action: "dropequal", sourceLabels: ["a"], targetLabel: "b" }, "dropped");
  gives(labels, { action: "dropequal", sourceLabels: ["a"], targetLabel: "c" }, labels);
});

test("hashmod takes the end of the MD5", () => {
  gives(
    { a: "foo", b: "bar", c: "baz" },
    { action: "hashmod", sourceLabels: ["c"], targetLabel: "d", modulus: 1000 },
    { a: "foo", b: "bar", c: "baz", d: "976" },
  );
  gives(
    { a: "foo\nbar" },
    { action: "hashmod", sourceLabels: ["a"], targetLabel: "b", modulus: 1000 },
    { a: "foo\nbar", b: "734" },
  );
});

test("lowercase and uppercase", () => {
  gives({ a: "FÖO" }, { action: "lowercase", sourceLabels: ["a"], targetLabel: "b" }, { a: "FÖO", b: "föo" });
  gives({ a: "straße" }, { action: "uppercase", sourceLabels: ["a"], targetLabel: "a" }, { a: "STRAßE" });
  gives({ a: "ΑΣ" }, { action: "lowercase", sourceLabels: ["a"], targetLabel: "a" }, { a: "ασ" });
});

test("labelmap, labeldrop and labelkeep", () => {
  const labels = { a: "1", __meta_b: "2", __meta_c: "3" };
  gives(labels, { action: "labelmap", regex: "__meta_(.+)" }, { ...labels, b: "2", c: "3" });
  gives(labels, { action: "labelmap", regex: "__meta_(.+)", replacement: "all" }, { ...labels, all: "3" });
  gives(labels, { action: "labeldrop", regex: "__meta_.+" }, { a: "1" });
  gives(labels, { action: "labelkeep", regex: "__meta_.+" }, { __meta_b: "2", __meta_c: "3" });
});

test("rules run in order and stop at the first drop", () => {
  const drop: Written = { action: "drop", sourceLabels: ["b"], regex: "x" };
  assert.equal(apply({ a: "x" }, { sourceLabels: ["a"], targetLabel: "b" }, drop), "dropped");
  assert.deepEqual(apply({ a: "x" }, drop, { sourceLabels: ["a"], targetLabel: "b" }), { a: "x", b: "x" });
});

test("relabelAction reads any case", () => {
  assert.equal(relabelAction("LabelMap"), "labelmap");
  assert.throws(() => relabelAction("Foo"), new RelabelError('unknown relabel action "Foo"'));
});

test("error texts are the original's", () => {
  const fails = (rule: Written, message: string) =>
    assert.throws(() => validateRelabelRule({ ...defaultRelabelRule, ...rule }), new RelabelError(message));
  fails(
    { action: "hashmod", targetLabel: "a" },
    "relabel configuration for hashmod requires non-zero modulus",
  );
  fails({}, "relabel configuration for replace action requires 'target_label' value");
  fails({ action: "lowercase" }, "relabel configuration for lowercase action requires 'target_label' value");
  fails({ targetLabel: "a.b", nameScheme: "legacy" }, `"a.b" is invalid 'target_label' for replace action`);
  fails({ targetLabel: "$1-x", nameScheme: "legacy" }, `"$1-x" is invalid 'target_label' for replace action`);
  fails(
    { action: "uppercase", targetLabel: "$1", nameScheme: "legacy" },
    `"$1" is invalid 'target_label' for uppercase action`,
  );
  fails(
    { action: "lowercase", targetLabel: "a", replacement: "x" },
    "'replacement' can not be set for lowercase action",
  );
  fails(
    { action: "labelmap", replacement: "a-$1", nameScheme: "legacy" },
    `"a-$1" is invalid 'replacement' for labelmap action`,
  );
  fails(
    { action: "keepequal", sourceLabels: ["a"], targetLabel: "b", regex: "(.*)" },
    "keepequal action requires only 'source_labels' and `target_label`, and no other fields",
  );
  fails(
    { action: "labeldrop", regex: "a", sourceLabels: ["b"] },
    "labeldrop action requires only 'regex', and no other fields",
  );
  assert.throws(
    () => validateRelabelRule({ ...defaultRelabelRule, targetLabel: "a", regex: "(" }),
    new RegexError("error parsing regexp: missing closing ): `^(?s:()$`"),
  );
});
