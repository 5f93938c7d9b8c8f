import assert from "node:assert/strict";
import { test } from "node:test";
import { noFeatures, readFeatures } from "./feature-flags.ts";

test("features switch on what they name", () => {
  const on = (...values: string[]): string => {
    const { syntax, ...others } = readFeatures(values).features;
    const all = Object.entries({ ...syntax, ...others });
    return all.flatMap(([name, isOn]) => (isOn && name !== "durationExpressions" ? [name] : [])).join(" ");
  };
  assert.equal(on(), "");
  assert.equal(on("promql-experimental-functions"), "experimentalFunctions");
  assert.equal(on("promql-extended-range-selectors"), "extendedRangeSelectors");
  assert.equal(on("promql-binop-fill-modifiers"), "fillModifiers");
  assert.equal(on("promql-per-step-stats"), "perStepStatistics");
  assert.equal(on("promql-delayed-name-removal"), "delayedNameRemoval");
  assert.equal(on("use-start-timestamps"), "useStartTimestamps");
  assert.equal(on("type-and-unit-labels"), "typeAndUnitLabels");
  assert.equal(
    on("use-start-timestamps,promql-per-step-stats", "promql-binop-fill-modifiers"),
    "fillModifiers perStepStatistics useStartTimestamps",
  );
  assert.equal(on("nosuch,,toString"), "");
  assert.equal(noFeatures.syntax.durationExpressions, true);
});

test("what is unknown or without effect is only noted", () => {
  const notes = (value: string): readonly string[] =>
    readFeatures([value]).notices.map(({ level, message }) => `${level} ${message.replace(/\. .*/u, ".")}`);
  const option = "warn This option for --enable-feature";
  assert.deepEqual(notes("nosuch"), ["warn Unknown option for --enable-feature"]);
  assert.deepEqual(notes("promql-duration-expr"), [
    `${option} is now permanently enabled and therefore a no-op.`,
  ]);
  assert.deepEqual(notes("native-histograms"), [`${option} is a no-op.`]);
  assert.deepEqual(notes("old-ui"), [`${option} has no effect yet.`]);
  assert.deepEqual(notes("promql-experimental-functions"), ["info Experimental PromQL functions enabled."]);
});
