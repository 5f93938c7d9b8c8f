/**
 * Flags that decide whom the server answers, and how.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { startOurs, temporaryDirectory } from "../peers/prometheus-process.ts";
import { runProgram } from "./run-program.ts";

test("browsers of other origins are answered as --web.cors.origin says", async (t) => {
  const allowed = async (url: string, origin: string): Promise<string | null> => {
    const response = await fetch(`${url}/api/v1/query?query=1`, { headers: { origin } });
    await response.body?.cancel();
    return response.headers.get("access-control-allow-origin");
  };
  const open = await startOurs(t, { config: "" });
  assert.equal(await allowed(open.url, "https://any.example"), "*");
  const narrow = await startOurs(t, { config: "", flags: ["--web.cors.origin=https://(a|b)\\.example"] });
  assert.equal(await allowed(narrow.url, "https://a.example"), "https://a.example");
  assert.equal(await allowed(narrow.url, "https://a.example.org"), null);
});

test("a route prefix moves every route", async (t) => {
  const ours = await startOurs(t, { config: "", flags: ["--web.route-prefix=/x/"], readyPath: "/x/-/ready" });
  assert.equal((await fetch(`${ours.url}/x/api/v1/query?query=1`)).status, 200);
  assert.equal((await fetch(`${ours.url}/api/v1/query?query=1`)).status, 404);
  const first = await fetch(ours.url, { redirect: "manual" });
  assert.deepEqual([first.status, first.headers.get("location")], [302, "/x/"]);
});

test("flags that would leave the server open, or something else, end the program", async (t) => {
  const directory = temporaryDirectory(t);
  for (const flag of ["--web.config.file=web.yml", "--agent"]) {
    const { code, stderr } = await runProgram(["prometheus", flag], directory);
    assert.equal(code, 2, flag);
    assert.match(stderr, /msg="Flag is not supported yet" flag=--(agent|web\.config\.file)/u);
  }
});
