/** Plans as plain data. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { planQuery } from "./plan.ts";
import type { Plan, PlanNode, WindowsPlan } from "./plan-node.ts";
import { stepsBetween } from "./steps.ts";

const steps = stepsBetween(600_000, 1_200_000, 60_000);
const options = { steps, isRange: true, lookbackMs: 300_000, subqueryStepMs: () => 60_000 };
const everything = { experimentalFunctions: true, durationExpressions: true };

function plan(text: string): Plan {
  return planQuery(parseQuery(text, everything), options);
}

function node(text: string): PlanNode {
  const { root } = plan(text);
  assert.ok(root.kind === "vector" || root.kind === "scalar");
  return root.node;
}

function windows(text: string): WindowsPlan {
  const call = node(text);
  assert.ok(call.kind === "range call");
  return call.windows;
}

test("constants are computed, query functions are constants", () => {
  const is = (text: string, value: number) => assert.deepEqual(node(text), { kind: "number", value }, text);
  is("1 + 2 * 3", 7);
  is("-(2 ^ 3)", -8);
  is("3 > bool 2", 1);
  is("start()", 600);
  is("end()", 1200);
  is("range()", 600);
  is("step()", 60);
  is("pi()", Math.PI);
});

test("selectors ask for exactly the times they can use", () => {
  const asks = (text: string, minTimeMs: number, maxTimeMs: number) => {
    const [selector] = plan(text).selectors;
    assert.deepEqual([selector?.minTimeMs, selector?.maxTimeMs], [minTimeMs, maxTimeMs], text);
  };
  asks("m", 300_001, 1_200_000);
  asks("m offset 1m", 240_001, 1_140_000);
  asks("m @ 100", -199_999, 100_000);
  asks("m @ end()", 900_001, 1_200_000);
  asks("rate(m[2m])", 480_001, 1_200_000);
  asks("max_over_time(m[5m:2m])", 60_001, 1_200_000); // first step at 6m: windows are left-open
  asks("max_over_time(m[5m:1m] @ 1000)", 420_001, 960_000);
});

test("selectors with equal matchers and overlapping times are one request", () => {
  assert.equal(plan("rate(m[1m]) / rate(m[5m])").selectors.length, 1);
  assert.equal(plan('m{a="1",b="2"} - m{b="2",a="1"}').selectors.length, 1);
  assert.equal(plan("m + n").selectors.length, 2);
  assert.equal(plan("m + m offset 1d").selectors.length, 2);
  const [merged] = plan("m + rate(m[10m])").selectors;
  assert.equal(merged?.minTimeMs, 1);
});

test("parts that are the same at every step are marked at the highest place", () => {
  assert.equal(node("sum(rate(m[5m] @ 100))").kind, "step invariant");
  assert.equal(node("m @ start() + 1").kind, "step invariant");
  const sum = node("m + sum(m @ 100)");
  assert.ok(sum.kind === "vector binary");
  assert.equal(sum.left.kind, "selector");
  assert.equal(sum.right.kind, "step invariant");
  assert.equal(node("predict_linear(m[5m] @ 100, 60)").kind, "range call");
  assert.equal(node("timestamp(m @ 100)").kind, "step invariant");
});

test("durations are computed", () => {
  assert.equal(windows("rate(m[step() * 5])").rangeMs, 300_000);
  assert.equal(windows("rate(m[5m] offset (1m + 30s))").offsetMs, 90_000);
  assert.throws(() => plan("rate(m[step() - 1m])"), {
    errorType: "execution",
    message: /must be greater than 0/u,
  });
  assert.throws(() => plan("rate(m[5m / (step() - 1m)])"), { message: /division by zero/u });
});

test("what cannot be the root of a range query", () => {
  const fails = (text: string, type: string) =>
    assert.throws(() => plan(text), {
      errorType: "bad_data",
      message: `invalid expression type "${type}" for range query, must be Scalar or instant Vector`,
    });
  fails("m[5m]", "range vector");
  fails('"text"', "string");
});
