import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { fileLockHolder } from "./file-lock.ts";

const hasFlock = process.platform === "linux" && spawnSync("flock", ["--version"]).status === 0;

test(
  "a lock that another process holds is seen",
  { skip: hasFlock ? false : "no flock program" },
  async (t) => {
    const directory = mkdtempSync(`${tmpdir()}/narthex-lock-`);
    t.after(() => rmSync(directory, { recursive: true }));
    const path = `${directory}/lock`;
    assert.equal(fileLockHolder(path), null, "no file");
    writeFileSync(path, "");
    assert.equal(fileLockHolder(path), null, "no lock");
    const holder = spawn("flock", ["--nonblock", "--no-fork", path, "sh", "-c", "echo held; exec cat"]);
    await once(holder.stdout, "data");
    assert.equal(fileLockHolder(path), holder.pid);
    holder.stdin.end();
    await once(holder, "exit");
    assert.equal(fileLockHolder(path), null, "given up");
  },
);
