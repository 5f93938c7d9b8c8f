/**
 * What the program asks of the machine it runs on.
 */

import { availableParallelism, hostname } from "node:os";

/** Threads that can run at once. */
export function processorCount(): number {
  return availableParallelism();
}

/** The machine's name. */
export function hostName(): string {
  return hostname();
}

/** This process's id. */
export function processId(): number {
  return process.pid;
}

/** Whether a process with this id exists. */
export function isProcessAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The directory that relative paths start from. */
export function currentDirectory(): string {
  return process.cwd();
}
