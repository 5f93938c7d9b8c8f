/**
 * Runs a program that prints credentials: what a kubeconfig's `exec` and AWS's `credential_process` ask for.
 */

import { execFile } from "node:child_process";

/** What to run. */
export interface CredentialCommand {
  readonly program: string;
  readonly words: readonly string[];
  /** In addition to the process's own variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where relative paths start; "" for the working directory. */
  readonly directory: string;
  /** Let a shell read `program` as a whole line. */
  readonly inShell?: boolean;
}

const timeoutMs = 60_000;

/** What the program prints. Rejects when it cannot be run or fails, with what it said. */
export function runCredentialCommand(command: CredentialCommand): Promise<string> {
  const { program, words, environment, directory, inShell = false } = command;
  return new Promise((resolve, reject) => {
    const options = {
      env: { ...process.env, ...environment },
      timeout: timeoutMs,
      maxBuffer: 1_048_576,
      shell: inShell,
      ...(directory === "" ? {} : { cwd: directory }),
    };
    execFile(program, [...words], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else {
        const said = stderr.trim() === "" ? error.message : stderr.trim();
        reject(new Error(`exec: ${program} failed: ${said.slice(0, 500)}`, { cause: error }));
      }
    });
  });
}
