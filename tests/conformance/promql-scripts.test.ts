/**
 * The test scripts of PromQL, run against the engine: every evaluation must pass. They lie beside the
 * checkout; without them this is skipped.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Arena } from "@narthex/kernel/arena";
import { failureText, runScript } from "@narthex/promql/script-test";

const folder = fileURLToPath(new URL("../../../shared/fixtures/upstream/promqltest/", import.meta.url));
const skip = existsSync(folder) ? false : "the scripts are not there";

/** Evaluations of each script, 2,214 in all. */
const evaluations: Readonly<Record<string, number>> = {
  aggregators: 160,
  at_modifier: 78,
  collision: 2,
  duration_expression: 59,
  extended_vectors: 169,
  "fill-modifier": 46,
  functions: 431,
  histograms: 185,
  info: 53,
  limit: 37,
  literals: 25,
  name_label_dropping: 30,
  native_histograms: 522,
  operators: 214,
  range_queries: 18,
  selectors: 31,
  staleness: 17,
  start_timestamps: 26,
  subquery: 34,
  trig_functions: 19,
  type_and_unit: 58,
};

for (const [name, count] of Object.entries(evaluations)) {
  test(`script ${name}`, { skip }, () => {
    const text = readFileSync(`${folder}${name}.test`, "utf8");
    const { passed, failures } = runScript(text, { arena: Arena.create() });
    assert.deepEqual(
      failures.map((failure) => failureText(`${name}.test`, failure)),
      [],
    );
    assert.equal(passed, count);
  });
}

test("all scripts are run", { skip }, () => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".test"));
  assert.deepEqual(
    names.toSorted(),
    Object.keys(evaluations)
      .map((name) => `${name}.test`)
      .toSorted(),
  );
});
