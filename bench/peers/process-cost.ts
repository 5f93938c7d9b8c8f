/**
 * What a process costs, from /proc (Linux): CPU time finer than clock ticks, and its peak of memory.
 */

import { readdir, readFile, writeFile } from "node:fs/promises";

/** CPU time of all threads that a process has now, in ms. What ended threads used is not in it. */
export async function taskCpuMs(pid: number): Promise<number> {
  let sumNs = 0;
  for (const task of await readdir(`/proc/${pid}/task`)) {
    const text = await readFile(`/proc/${pid}/task/${task}/schedstat`, "utf8").catch(() => "0");
    sumNs += Number(text.split(" ", 1)[0]);
  }
  return sumNs / 1e6;
}

/** Lets the peak of resident memory begin anew. */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, "5");
}

/** The most resident memory since the start or the last `resetPeak`, in bytes. */
export async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
