/** The runner of test scripts tells right from wrong. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseScript } from "./script-commands.ts";
import { failureText, runScript } from "./script-test.ts";
import { testArena } from "./test-data.ts";

const load =
  'load 1m\n  m_total{job="a"} 0+10x10\n  m_total{job="b"} 1 _ stale 4x2\n' +
  "  h {{count:1 sum:2 buckets:[1]}}x5\n";

function reasons(script: string): string[] {
  const { failures } = runScript(`${load}\n${script}`, { arena: testArena });
  return failures.map(({ reason }) => reason);
}

test("right results pass", () => {
  assert.deepEqual(reasons('eval instant at 9m sum by (job) (m_total)\n  {job="a"} 90\n  {job="b"} 4'), []);
  assert.deepEqual(reasons("eval range from 0 to 2m step 1m sum(m_total)\n  {} 1 11 20"), []);
  assert.deepEqual(reasons("eval instant at 1m 1 + 1\n  2"), []);
  assert.deepEqual(
    reasons("eval instant at 1m m_total + on () m_total\n  expect fail regex: found duplicate series"),
    [],
  );
  assert.deepEqual(reasons("eval instant at 5m rate(m_total[1m])\n  expect no_info\n  expect no_warn"), []);
  assert.deepEqual(reasons('eval instant at 0s "a b"\n  expect string "a b"'), []);
  assert.deepEqual(reasons("eval instant at 1m h\n  h {{count:1 sum:2 buckets:[1 0]}}"), []);
  const rangeVector = "expect range vector from 0 to 2m step 1m";
  assert.deepEqual(
    reasons(`eval instant at 2m m_total{job="a"}[3m]\n  ${rangeVector}\n  m_total{job="a"} 0 10 20`),
    [],
  );
});

test("wrong results fail", () => {
  const fails = (script: string, why: RegExp) => assert.match(reasons(script)[0] ?? "passed", why, script);
  fails('eval instant at 10m m_total{job="a"}\n  m_total{job="a"} 101', /^expected 101 for .* but got 100$/u);
  fails("eval instant at 10m m_total", /^unexpected metric \{__name__="m_total", job="a"\} in result/u);
  fails(
    'eval instant at 9m sum(m_total)\n  {} 94\n  {x="1"} 1',
    /^expected metric \{x="1"\} with 1 not found/u,
  );
  fails(
    "eval range from 0 to 2m step 1m sum(m_total)\n  {} 1 _ 20",
    /^expected 2 points for \{\}, but got 3/u,
  );
  fails("eval range from 0 to 2m step 1m sum(m_total)\n  {} 1 11 20 30", /cannot return this many points/u);
  fails("eval instant at 1m 1 + 1\n  3", /^expected scalar 3 but got 2$/u);
  fails("eval instant at 1m sum(m_total)\n  expect fail", /^expected error evaluating/u);
  fails("eval instant at 1m m_total + on () m_total", /^error evaluating query/u);
  fails(
    "eval instant at 1m m_total + on () m_total\n  expect fail msg: no",
    /^expected error matching "no"/u,
  );
  fails("eval instant at 1m sum(m_total)\n  expect warn\n  {} 10", /^expected warn annotations but none/u);
  fails(
    "eval instant at 1m rate(h[1s])\n  expect no_info\n  expect warn msg: x\n",
    /^expected warn annotations/u,
  );
  fails('eval instant at 0s "a"\n  expect string "b"', /^expected string "b" but got "a"$/u);
  fails(
    "eval instant at 1m h\n  h {{count:1 sum:2 buckets:[2]}}",
    /^expected \{\{.*buckets:\[2\]\}\} for .* but got/u,
  );
  fails("eval instant at 1m h\n  h {{count:1 sum:2 buckets:[1] counter_reset_hint:gauge}}", /^expected/u);
  fails("eval instant at 1m h\n  h 1", /^expected 1 for .* but got \{\{count:1/u);
  fails(
    'eval instant at 1m sort(m_total)\n  expect ordered\n  m_total{job="a"} 10\n  m_total{job="b"} 1',
    /at position 2 but was at 1$/u,
  );
});

test("a failure says where it is", () => {
  const { failures, passed } = runScript(`${load}\neval instant at 0s 1\n  2\n\neval instant at 0s 1\n  1`);
  assert.equal(passed, 1);
  assert.deepEqual(
    failures.map((failure) => failureText("a.test", failure)),
    ["a.test:6: 1: expected scalar 2 but got 1"],
  );
});

test("stored histograms have the hints of their chunks", () => {
  const script =
    "load 1m\n  x {{count:1 buckets:[1]}} {{count:2 buckets:[2]}} {{count:1 buckets:[1]}} 5" +
    " {{count:3 buckets:[3]}}\n";
  const ask = (minute: number, hint: string, count: number) =>
    `\neval instant at ${minute}m x\n  x {{count:${count} buckets:[${count}] counter_reset_hint:${hint}}}\n`;
  assert.deepEqual(
    reasons(
      script + ask(0, "unknown", 1) + ask(1, "not_reset", 2) + ask(2, "unknown", 1) + ask(4, "unknown", 3),
    ),
    [],
  );
});

test("classic histograms are also loaded as native ones", () => {
  const script = 'load_with_nhcb 1m\n  c_bucket{le="1"} 1\n  c_bucket{le="+Inf"} 3\n  c_count 3\n  c_sum 7\n';
  const native = "{{schema:-53 count:3 sum:7 custom_values:[1] buckets:[1 2]}}";
  assert.deepEqual(
    reasons(`${script}\neval instant at 0s c\n  c ${native}\n\neval instant at 0s c_sum\n  c_sum 7`),
    [],
  );
});

test("start timestamps are distances from the sample's time", () => {
  const [command] = parseScript("load 1m\n  m@st -1m _x2 -30s-1sx1\n  m 1x4\n  n 1");
  assert.ok(command?.kind === "load");
  assert.deepEqual(
    command.series.map(({ startOffsets }) => startOffsets),
    [[-60_000, null, null, -30_000, -31_000], null],
  );
});

test("what is no script", () => {
  const fails = (text: string, why: RegExp) => assert.throws(() => parseScript(text), why, text);
  fails("lod 1m", /^ScriptError: line 1: invalid command "lod 1m"$/u);
  fails("load", /line 1: invalid load command/u);
  fails("\nload x\n  m 1", /line 2: invalid step definition "x": not a valid duration string: "x"/u);
  fails("load 1m\n  m 1\n  m 1 1a", /line 3: 1:5: parse error: bad number syntax: "1"/u);
  fails("load 1m\n  m@st 1s\n  n 1", /@st metric does not match the following sample line metric/u);
  fails("load 1m\n  m@st 1s 1s\n  m 1", /@st line has 2 values but sample line has 1/u);
  fails("load 1m\n  m@st 1s", /@st line has no following sample line/u);
  fails("load 1m\n  m@st 1z\n  m 1", /line 1: .*1z/u);
  fails("eval instant at x 1", /invalid timestamp definition "x": not a valid duration string/u);
  fails("eval 1", /invalid evaluation command/u);
  fails("eval instant at 1m sum(", /line 1: 1:5: parse error: unclosed left parenthesis/u);
  fails("eval range from 2m to 1m step 1m 1", /end timestamp \(1m\) is before start timestamp \(2m\)/u);
  fails("eval instant at 1m m\n  m 1 2", /expecting multiple values in instant evaluation not allowed/u);
  fails("eval instant at 1m m\n  expect nothing", /invalid expect statement/u);
  fails("eval instant at 1m m\n  expect warn\n  expect no_warn", /warn and no_warn cannot be used together/u);
  fails("eval instant at 1m m\n  expect fail\n  expect fail", /multiple expect fail lines are not allowed/u);
  fails("eval instant at 1m m\n  expect string a", /check that the string is correctly quoted/u);
  fails("eval instant at 1m m\n  expect string", /a quoted string literal is required/u);
  fails("eval instant at 1m m\n  expect range vector 1m", /invalid range vector definition/u);
});
