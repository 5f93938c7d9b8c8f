import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { startPeer } from "./peer-process.ts";

/** A server that answers 200 and says where it runs; ends with code 3 when asked to stop. */
const script = (port: number): string => `
  process.on("SIGTERM", () => process.exit(3));
  const answer = (_, response) => response.end(process.cwd());
  require("node:http").createServer(answer).listen(${port}, "127.0.0.1");
  console.log("up");
`;

test("a server is started, measured and stopped, and leaves nothing behind", async () => {
  const peer = await startPeer({
    command: process.execPath,
    args: ({ port }) => ["-e", script(port)],
    readyPath: "/",
  });
  const { directory, pid } = peer;
  assert.equal(await (await fetch(peer.url)).text(), directory);
  assert.match(peer.output(), /^up\n/);
  const use = await peer.use();
  assert.ok(use.cpuMs > 0 && use.residentBytes > 1e6 && use.anonymousBytes <= use.residentBytes);
  assert.equal(await peer.stop(), 3);
  assert.equal(await peer.stop(), 3);
  assert.deepEqual([existsSync(directory), existsSync(`/proc/${pid}`)], [false, false]);
});

test("a server that does not come up is an error with its output", async () => {
  const start = (command: string, code: string) =>
    startPeer({ command, args: () => ["-e", code], readyPath: "/", readyWithinMs: 300 });
  await assert.rejects(start(process.execPath, "console.log('why'); process.exit(1)"), /it ended\nwhy/);
  await assert.rejects(
    start(process.execPath, "process.stdin.resume(); require('net').createServer().listen(0)"),
    /not ready in time/,
  );
  await assert.rejects(start("/no/such/program", ""), /it ended\n.*ENOENT/);
});
