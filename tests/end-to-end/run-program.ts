/**
 * Runs one of our programs, unbuilt, to its end: for what is said and done about wrong commands.
 */

import { execFile } from "node:child_process";

import { ourProgram } from "../peers/prometheus-process.ts";

/** How a program ended. */
export interface ProgramEnd {
  /** The exit code. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `narthex` with `args` in `directory`; one that does not end within a minute is killed and rejects. */
export function runProgram(args: readonly string[], directory: string): Promise<ProgramEnd> {
  const options = { cwd: directory, timeout: 60_000, killSignal: "SIGKILL" } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [...ourProgram, ...args], options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else resolve({ code: child.exitCode ?? 0, stdout, stderr });
    });
  });
}
