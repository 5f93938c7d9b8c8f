/**
 * Queries made to hurt: each is refused or answered, and the server goes on. And what a crash leaves of
 * queries.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ask } from "../peers/answers.ts";
import { eventually, startOurs, temporaryDirectory } from "../peers/prometheus-process.ts";
import { runProgram } from "./run-program.ts";

const config = "scrape_configs: []\n";
const megabyte = 1024 * 1024;

/** Asks by POST, as a query of this size must be. */
async function post(url: string, query: string): Promise<{ status: number; error: string }> {
  const body = new URLSearchParams({ query, time: "1" });
  const response = await fetch(`${url}/api/v1/query`, { method: "POST", body });
  const { error = "" } = (await response.json()) as { error?: string };
  return { status: response.status, error };
}

test("hostile queries are refused or answered, and the server lives", async (t) => {
  const server = await startOurs(t, { config });
  const is = async (what: string, query: string, status: number, error: RegExp): Promise<void> => {
    const answer = await post(server.url, query);
    assert.equal(answer.status, status, `${what}: ${answer.error}`);
    assert.match(answer.error, error, what);
  };
  const tooDeep = /^invalid parameter "query": 1:\d+: parse error: query is nested too deeply/u;
  await is("parentheses", "(".repeat(100_000) + "1" + ")".repeat(100_000), 400, tooDeep);
  await is("signs", `${"-".repeat(100_000)}a`, 400, tooDeep);
  await is("a chain", `${"a+".repeat(100_000)}a`, 400, tooDeep);
  await is("a megabyte of text", `"${"x".repeat(megabyte)}"`, 200, /^$/u);
  await is("a megabyte of digits", "1".repeat(megabyte), 400, /value out of range$/u);
  await is("a megabyte of hexadecimal digits", `0x${"f".repeat(megabyte)}`, 400, /invalid syntax$/u);
  await is("a huge range", "a[1e300]", 400, /duration out of range$/u);
  await is("a huge time", "a @ 1e300", 400, /timestamp out of bounds for @ modifier/u);
  await is("a huge k", "topk(1e300, vector(1))", 422, /^Scalar value 1e\+300 overflows int64$/u);
  await is("a regex that others choke on", `a{b=~"(x+x+)+y(${"a?".repeat(30)}){2}"}`, 200, /^$/u);
  await is("a regex that counts too far", 'a{b=~"(((x{100}){100}){100})"}', 400, /error parsing regexp/u);
  await is("no UTF-8", 'a{b="\ufffd"}', 400, /: 1:5: parse error: invalid UTF-8 rune$/u);
  await is("a query of no use", "vector(1)", 200, /^$/u);
});

test("queries that a crash interrupts are reported at the next start", async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = await startOurs(t, { config, dataDirectory });
  const query = "sum_over_time(vector(1)[1y:1s])";
  ask(first, "/api/v1/query_range", { query, start: 0, end: 10_000, step: 1 }).catch(() => {});
  const file = join(dataDirectory, "queries.active");
  await eventually(() => readFileSync(file, "utf8").includes(query));
  await first.stop("SIGKILL");
  const second = await startOurs(t, { config, dataDirectory });
  assert.match(second.output(), /These queries didn't finish in prometheus' last run:/u);
  assert.match(second.output(), /sum_over_time\(vector\(1\)\[1y:1s\]\)/u);
});

test("promtool", async (t) => {
  const directory = temporaryDirectory(t);
  const is = async (args: readonly string[], code: number, stdout: string, stderr = ""): Promise<void> => {
    assert.deepEqual(await runProgram(["promtool", ...args], directory), { code, stdout, stderr });
  };
  await is(["--experimental", "promql", "format", "sum(a<2)by(b)"], 0, "sum by (b) (a < 2)\n");
  await is(
    ["--experimental", "promql", "format", "a("],
    1,
    "",
    "1:3: parse error: unclosed left parenthesis\n",
  );
  const set = ["promql", "label-matchers", "set"];
  await is([...set, "a+b", "job", "x", "-t", "=~", "--experimental"], 0, 'a{job=~"x"} + b{job=~"x"}\n');
  await is(["--experimental", "promql", "label-matchers", "delete", 'a{b="c"}', "b"], 0, "a\n");
  const experimental = "This command is experimental and requires the --experimental flag to be set.\n";
  await is(["promql", "format", "a"], 1, "", experimental);
  await is(["promql"], 1, "", "promtool: error: must select a subcommand of 'promql', try --help\n");
  await is(["nosuch"], 1, "", 'promtool: error: expected command but got "nosuch", try --help\n');
  await is(
    ["promql", "format"],
    1,
    "",
    "promtool: error: required argument 'query' not provided, try --help\n",
  );
});
