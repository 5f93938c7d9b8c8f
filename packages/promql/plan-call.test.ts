/** Every function of the language has a plan, and what planning refuses. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { functionSignatures, type FunctionSignature } from "@narthex/promql-syntax/signatures";
import { planQuery } from "./plan.ts";
import type { Plan } from "./plan-node.ts";
import { stepsBetween } from "./steps.ts";
import { everySyntax } from "./test-data.ts";

const steps = stepsBetween(600_000, 1_200_000, 60_000);
const options = { steps, isRange: true, lookbackMs: 300_000, subqueryStepMs: () => 60_000 };

function plan(text: string, endMs = 1_200_000): Plan {
  return planQuery(parseQuery(text, everySyntax), { ...options, endMs });
}

const sampleArguments = {
  scalar: "0.5",
  string: '"a"',
  "instant vector": "m",
  "range vector": "m[5m]",
} as const;

/** A call with as many arguments as the function wants at least. */
function callOf({ name, args, variadic }: FunctionSignature): string {
  const wanted = variadic === 0 ? args : args.slice(0, -1);
  return `${name}(${wanted.map((type) => sampleArguments[type]).join(", ")})`;
}

test("each of the 90 functions has a plan", () => {
  const missing = [...functionSignatures.values()].filter((signature) => {
    const call = callOf(signature);
    try {
      return (
        plan(signature.name === "histogram_quantiles" ? 'histogram_quantiles(m, "q", 0.5)' : call) === null
      );
    } catch (error) {
      assert.match(String(error), /not supported/u, call);
      return true;
    }
  });
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  );
});

test("the end of the query may lie behind its last step", () => {
  const number = (text: string): number => {
    const { root } = plan(text, 1_230_000);
    assert.ok(root.kind === "scalar" && root.node.kind === "number", text);
    return root.node.value;
  };
  assert.equal(number("end()"), 1230);
  assert.equal(number("range()"), 630);
  const [selector] = plan("m @ end()", 1_230_000).selectors;
  assert.equal(selector?.maxTimeMs, 1_230_000);
});

test("anchored and smoothed selectors ask for more", () => {
  const asks = (text: string, minTimeMs: number, maxTimeMs: number) => {
    const [selector] = plan(text).selectors;
    assert.deepEqual([selector?.minTimeMs, selector?.maxTimeMs], [minTimeMs, maxTimeMs], text);
  };
  asks("rate(m[2m])", 480_001, 1_200_000);
  asks("rate(m[2m] anchored)", 180_001, 1_200_000);
  asks("rate(m[2m] smoothed)", 180_001, 1_500_000);
  asks("m smoothed", 300_001, 1_500_000);
  asks("m smoothed offset 1m", 240_001, 1_440_000);
});

test("functions that cannot work on anchored and smoothed ranges", () => {
  const fails = (text: string, message: string) =>
    assert.throws(() => plan(text), { errorType: "execution", message }, text);
  const anchored =
    "anchored modifier can only be used with: changes, delta, increase, rate, resets - not with";
  fails("irate(m[5m] anchored)", `${anchored} irate`);
  fails("absent_over_time(m[5m] anchored)", `${anchored} absent_over_time`);
  const smoothed = "smoothed modifier can only be used with: delta, increase, rate - not with";
  fails("resets(m[5m] smoothed)", `${smoothed} resets`);
});

test("info series are looked up when the first selector is", () => {
  const is = (text: string, atMs: number | null, offsetMs: number) => {
    const { root } = plan(`info(${text})`);
    let node = root.kind === "vector" ? root.node : undefined;
    if (node?.kind === "step invariant") node = node.input;
    assert.ok(node?.kind === "info", text);
    assert.deepEqual([node.atMs, node.offsetMs], [atMs, offsetMs], text);
  };
  is("m", null, 0);
  is("m offset 1m", null, 60_000);
  is("m @ 60 offset 1m", 60_000, 60_000);
  is("sum(rate(m[5m] offset 2m)) + n @ 5", null, 120_000);
  is("last_over_time((m offset 1m)[10m:1m] offset 2m)", null, 180_000);
  is("last_over_time((m offset 1m)[10m:1m] @ 180)", 180_000, 60_000);
  is("last_over_time((m @ 7 offset 1m)[10m:1m] @ 180)", 7_000, 60_000);
  is("vector(1)", null, 0);
});
