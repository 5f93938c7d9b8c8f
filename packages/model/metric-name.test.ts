import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  escapeName,
  escapingScheme,
  type EscapingScheme,
  isLabelName,
  isMetricName,
  unescapeName,
} from "./metric-name.ts";

test("names under the legacy scheme", () => {
  const metric = (name: string, valid: boolean) => assert.equal(isMetricName(name, "legacy"), valid, name);
  metric("a", true);
  metric("_a:b9", true);
  metric(":a", true);
  metric("9a", false);
  metric("", false);
  metric("a.b", false);
  metric("é", false);
  const label = (name: string, valid: boolean) => assert.equal(isLabelName(name, "legacy"), valid, name);
  label("a_9", true);
  label("a:b", false);
  label("9", false);
  label("", false);
});

test("names under the UTF-8 scheme", () => {
  assert.equal(isMetricName("a.b/é 日本"), true);
  assert.equal(isLabelName("9"), true);
  assert.equal(isMetricName(""), false);
  assert.equal(isLabelName("\ud800"), false);
});

test("unescaping leaves what the scheme did not write", () => {
  const same = (name: string) => assert.equal(unescapeName(name, "values"), name);
  same("a_2e_b");
  same("U__a_2e");
  same("U__a_xyz_b");
  same("U___d800_");
  same("U___110000_");
  same("U___1234567_");
  assert.equal(unescapeName("U___1F600_", "values"), "😀");
  assert.equal(unescapeName("U____", "values"), "_");
});

test("escaping scheme names", () => {
  assert.equal(escapingScheme("dots"), "dots");
  assert.equal(escapingScheme("Dots"), undefined);
});

const vectors = new URL("../../../shared/fixtures/exposition/escaping.json", import.meta.url);
const absent = existsSync(vectors) ? false : "no conformance data beside the checkout";

test("every conformance vector escapes as in the original", { skip: absent }, () => {
  const { cases } = JSON.parse(readFileSync(vectors, "utf8")) as { cases: Record<string, string>[] };
  assert.ok(cases.length > 20);
  for (const vector of cases) {
    for (const scheme of ["allow-utf-8", "underscores", "dots", "values"] satisfies EscapingScheme[]) {
      const escaped = escapeName(vector["name"], scheme);
      assert.equal(escaped, vector[scheme], `${vector["name"]} as ${scheme}`);
      const back = vector[`${scheme}_unescaped`];
      if (back !== undefined) assert.equal(unescapeName(escaped, scheme), back, `${escaped} from ${scheme}`);
    }
  }
});
