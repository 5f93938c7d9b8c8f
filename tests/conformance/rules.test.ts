/**
 * The rule files of the original's own tests: each good one is taken, each bad one refused with its text.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseRuleFile } from "@narthex/rules/rule-file";

const fixtures = fileURLToPath(new URL("../../../shared/fixtures/upstream", import.meta.url));
const skip = existsSync(fixtures) ? false : "needs ../shared/fixtures";

/** Files that must be refused, with a part of the text. */
const refused: ReadonlyMap<string, string> = new Map([
  ["bad_expr.bad.yaml", "parse error"],
  ["bad_field.bad.yaml", "field annotation not found in type rulefmt.Rule"],
  ["duplicate_grp.bad.yaml", 'groupname: "yolo" is repeated in the same file'],
  ["invalid_label_name.bad.yaml", "invalid label name"],
  ["invalid_record_name.bad.yaml", "braces present in the recording rule name; should it be in expr?"],
  ["invalid_rules.yaml", "field unexpected_field not found in type rulefmt.Rule"],
  ["no_rec_alert.bad.yaml", "one of 'record' or 'alert' must be set"],
  ["noexpr.bad.yaml", "field 'expr' must be set in rule"],
  ["record_and_alert.bad.yaml", "only one of 'record' and 'alert' must be set"],
  ["record_and_for.bad.yaml", "invalid field 'for' in recording rule"],
  ["record_and_keep_firing_for.bad.yaml", "invalid field 'keep_firing_for' in recording rule"],
]);
// `legacy_validation_annotation.bad.yaml` is bad under legacy names only, which the server does not use.

for (const family of ["rulefmt", "rules"]) {
  test(`rule files of ${family}`, { skip }, () => {
    for (const name of readdirSync(`${fixtures}/${family}`)) {
      const content = readFileSync(`${fixtures}/${family}/${name}`, "utf8");
      const why = refused.get(name);
      const read = (): unknown => parseRuleFile(content, name);
      if (why === undefined) assert.doesNotThrow(read, name);
      else assert.throws(read, (error) => (error as Error).message.includes(why), name);
    }
  });
}
