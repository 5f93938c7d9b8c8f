/**
 * Who holds an advisory lock (flock) on a file. Node can neither take such a lock nor ask for it; Linux lists
 * all of them in /proc/locks.
 */

import { readFileSync, statSync } from "node:fs";

/**
 * The id of a process that holds a lock on the file at `path`; null when there is none, or none can be known.
 */
export function fileLockHolder(path: string): number | null {
  let locks: string;
  let place: string;
  try {
    const { dev, ino } = statSync(path);
    // The kernel's device numbers: eight bits of minor, then major, as /proc/locks prints them in hex.
    const two = (part: number): string => part.toString(16).padStart(2, "0");
    place = `${two((dev >>> 8) & 0xfff)}:${two((dev & 0xff) | ((dev >>> 12) & 0xfff00))}:${ino}`;
    locks = readFileSync("/proc/locks", "utf8");
  } catch {
    // No such file, or no Linux.
    return null;
  }
  for (const line of locks.split("\n")) {
    const [, kind, , , pid, where] = line.split(/\s+/u);
    if (kind === "FLOCK" && where === place) return Number(pid);
  }
  return null;
}
