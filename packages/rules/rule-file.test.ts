import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRuleFile, RuleFileError } from "./rule-file.ts";

/** A file of one group "g" with one rule, its fields at column 5 from line 4 on. */
function fileOf(...fields: string[]): string {
  const [first, ...rest] = fields;
  return `groups:\n- name: g\n  rules:\n  - ${first}\n${rest.map((field) => `    ${field}\n`).join("")}`;
}

function faultsOf(content: string): readonly string[] {
  try {
    parseRuleFile(content, "f");
  } catch (error) {
    if (error instanceof RuleFileError) return error.faults;
    throw error;
  }
  return [];
}

test("a rule file is read with its durations", () => {
  const content = fileOf("alert: A", "expr: up == 0", "for: 5m", "keep_firing_for: 1m", "labels: {a: b}");
  const [group] = parseRuleFile(content, "f");
  assert.equal(group?.name, "g");
  assert.equal(group?.query_offset, null);
  assert.equal(group?.rules[0]?.for, 300_000);
  assert.equal(group?.rules[0]?.keep_firing_for, 60_000);
  assert.equal(group?.rules[0]?.labels.get("a"), "b");
  assert.deepEqual(parseRuleFile("", "f"), []);
});

test("what is wrong is told with its place", () => {
  const is = (content: string, ...faults: string[]) => assert.deepEqual(faultsOf(content), faults, content);
  is(
    fileOf("record: r", "expr: up", "for: 1m"),
    `f: 4:13: group "g", rule 1, "r": invalid field 'for' in recording rule`,
  );
  is(fileOf("record: r"), `f: 0:0: group "g", rule 1, "r": field 'expr' must be set in rule`);
  is(fileOf("expr: up"), `f: 0:0: 0:0: group "g", rule 1, "": one of 'record' or 'alert' must be set`);
  is(
    fileOf("record: r", "alert: a", "expr: up"),
    `f: 4:13: 5:12: group "g", rule 1, "a": only one of 'record' and 'alert' must be set`,
  );
  is(
    fileOf("record: 'r{}'", "expr: up"),
    `f: 4:13: group "g", rule 1, "r{}": braces present in the recording rule name; ` +
      `should it be in expr?: r{}`,
  );
  is(
    fileOf("record: r", "expr: up", "labels: {__name__: x}"),
    `f: group "g", rule 1, "r": invalid label name: __name__`,
  );
  is("groups:\n- name: g\n- name: g\n", `f: 0:0: groupname: "g" is repeated in the same file`);
  is("groups:\n- rules: []\n", "f: 0:0: Groupname must not be empty");
  is(
    fileOf("record: r", "exp: up"),
    "f: yaml: unmarshal errors:\n  line 5: field exp not found in type rulefmt.Rule",
  );
});

test("templates are parsed when the file is read", () => {
  const wrong = faultsOf(fileOf("alert: A", "expr: up", "annotations: {s: '{{ nope }}'}"));
  assert.deepEqual(wrong, [
    `f: group "g", rule 1, "A": annotation "s": template: __alert_A:1: function "nope" not defined`,
  ]);
  assert.deepEqual(faultsOf(fileOf("alert: A", "expr: up", "labels: {s: '{{ $value | humanize }}'}")), []);
});
