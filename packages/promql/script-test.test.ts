/** The runner of test scripts tells right from wrong, and leaves out what it cannot run. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseScript } from "./script-commands.ts";
import { runScript } from "./script-test.ts";
import { testArena } from "./test-data.ts";

const load = 'load 1m\n  m_total{job="a"} 0+10x10\n  m_total{job="b"} 1 _ stale 4x2 {{}}x0\n'.replace(
  " {{}}x0",
  "",
);

function reasons(script: string): string[] {
  const { failures } = runScript(`${load}\n${script}`, testArena);
  return failures.map(({ reason }) => reason);
}

test("series notation", () => {
  const [command] = parseScript(load);
  assert.ok(command?.kind === "load");
  assert.deepEqual(
    command.series.map(({ values }) => values),
    [
      [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
      [1, "none", "stale", 4, 4, 4],
    ],
  );
  const values = (text: string) => {
    const [loaded] = parseScript(`load 1m\n m ${text}`);
    return loaded?.kind === "load" ? loaded.series[0]?.values : undefined;
  };
  assert.deepEqual(values("1-1x2 _x2 NaN -Inf"), [1, 0, -1, "none", "none", NaN, -Infinity]);
  assert.deepEqual(values("{{sum:1}} {{sum:2}}x2")?.[0], "histogram");
  assert.throws(() => parseScript("lod 1m"), /line 1: no command/u);
});

test("right results pass", () => {
  assert.deepEqual(reasons('eval instant at 9m sum by (job) (m_total)\n  {job="a"} 90\n  {job="b"} 4'), []);
  assert.deepEqual(reasons("eval range from 0 to 2m step 1m sum(m_total)\n  {} 1 11 20"), []);
  assert.deepEqual(reasons("eval instant at 1m 1 + 1\n  2"), []);
  assert.deepEqual(
    reasons("eval instant at 1m m_total + on () m_total\n  expect fail regex: found duplicate series"),
    [],
  );
  assert.deepEqual(reasons("eval instant at 5m rate(m_total[1m])\n  expect no_info\n  expect no_warn"), []);
});

test("wrong results fail", () => {
  const fails = (script: string, why: RegExp) => assert.match(reasons(script)[0] ?? "passed", why, script);
  fails('eval instant at 10m m_total{job="a"}\n  m_total{job="a"} 101', /100, want 101/u);
  fails("eval instant at 10m m_total", /unexpected \{__name__="m_total"/u);
  fails('eval instant at 9m sum(m_total)\n  {} 94\n  {x="1"} 1', /missing \{x="1"\}/u);
  fails("eval range from 0 to 2m step 1m sum(m_total)\n  {} 1 _ 20", /times 0 60000 120000, want 0 120000/u);
  fails("eval instant at 1m 1 + 1\n  3", /2, want 3/u);
  fails("eval instant at 1m sum(m_total)\n  expect fail", /one was expected/u);
  fails("eval instant at 1m m_total + on () m_total", /unexpected error/u);
  fails("eval instant at 1m sum(m_total)\n  expect warn\n  {} 10", /missing warn/u);
  fails(
    'eval instant at 1m sort(m_total)\n  expect ordered\n  m_total{job="a"} 10\n  m_total{job="b"} 1',
    /order/u,
  );
});

test("what cannot be run is skipped, not passed", () => {
  const evals = "eval instant at 1m h\n\neval instant at 1m histogram_count(m_total)\n";
  const script = `${load}\nload 1m\n  h {{sum:1}}x3\n\n${evals}`;
  const { passed, failures, skips } = runScript(script, testArena);
  assert.equal(passed, 0);
  assert.deepEqual(failures, []);
  assert.deepEqual(
    skips.map(({ reason }) => reason),
    ["native histograms", 'function "histogram_count" is not supported yet'],
  );
});
