#!/usr/bin/env node
// Launcher: exists before the build, so that npm can link it.
//
// The heap is told to stay small: what grows lives in shared memory, and a young generation of the
// default size would only hold garbage. Node reads that setting at its start, so where it is possible
// the process starts over with it, once, under the same id.
import { fileURLToPath } from "node:url";

const heapFlag = "--max-semi-space-size";
const isSet = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((text) => text.includes(heapFlag));

if (!isSet && process.platform !== "win32" && typeof process.execve === "function") {
  const flags = [`${heapFlag}=4`, "--disable-warning=ExperimentalWarning", ...process.execArgv];
  const command = [process.execPath, ...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  process.execve(process.execPath, command);
}
await import("../dist/narthex.js");
