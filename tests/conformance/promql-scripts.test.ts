/**
 * The test scripts of PromQL, run against the engine. They lie beside the checkout; without them this is
 * skipped.
 *
 * Evaluations over what the engine does not have yet are told, per reason, and not counted as passed.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Arena } from "@narthex/kernel/arena";
import { runScript } from "@narthex/promql/script-test";

const folder = fileURLToPath(new URL("../../../shared/fixtures/upstream/promqltest/", import.meta.url));
const skip = existsSync(folder) ? false : "the scripts are not there";
const names =
  skip === false
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".test"))
        .toSorted()
    : ["none"];

for (const name of names) {
  test(`script ${name}`, { skip }, async (t) => {
    const { passed, failures, skips } = runScript(readFileSync(folder + name, "utf8"), Arena.create());
    const reasons = new Map<string, number>();
    for (const { reason } of skips) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    t.diagnostic(`${passed} passed, ${skips.length} skipped`);
    for (const [reason, count] of reasons) {
      await t.test(`${count} evaluations`, { skip: `the engine does not have it yet: ${reason}` }, () => {});
    }
    const texts = failures.map(({ line, query, reason }) => `${name}:${line} ${query}\n    ${reason}`);
    assert.deepEqual(texts, []);
  });
}
