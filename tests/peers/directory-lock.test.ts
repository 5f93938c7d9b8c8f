/**
 * A data directory that the original is using is left alone; one that it has left is taken, however it ended.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { runProgram } from "../end-to-end/run-program.ts";
import { peerBinary } from "./debian-package.ts";
import { startOriginal, startOurs, temporaryDirectory } from "./prometheus-process.ts";

test("one server at a time", async (t) => {
  const prometheus = await peerBinary("prometheus");
  if (typeof prometheus !== "string") {
    t.skip(prometheus.skip);
    return;
  }
  if (process.platform !== "linux") {
    t.skip("advisory locks of others are seen on Linux only");
    return;
  }
  const directory = temporaryDirectory(t);
  const dataDirectory = join(directory, "data");
  const original = await startOriginal(t, prometheus, { config: "", dataDirectory });
  const config = join(original.directory, "prometheus.yml");
  const { code, stderr } = await runProgram(
    [
      "prometheus",
      `--config.file=${config}`,
      `--storage.tsdb.path=${dataDirectory}`,
      "--web.listen-address=127.0.0.1:0",
    ],
    directory,
  );
  assert.equal(code, 1);
  assert.match(stderr, /opening storage failed: lock DB directory: resource temporarily unavailable/u);
  await original.stop("SIGKILL");
  const ours = await startOurs(t, { config: "", dataDirectory });
  assert.equal((await fetch(`${ours.url}/-/healthy`)).status, 200);
});
