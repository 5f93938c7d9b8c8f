/**
 * What `npm test` runs: builds, then every test file of the repository, unbuilt, each in its own process.
 *
 *   node tools/test.ts [--unit] [part of a path …]
 *
 * `--unit` leaves out tests/ (real servers, simulation) and builds only the kernels. With parts of paths,
 * only the files whose path contains one of them run. The last line is `N passed, N failed, N skipped`; the
 * exit code is 1 when anything failed, when the build failed, or when no test file was found.
 */

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";

import { buildKernels, buildPackages } from "./build.ts";
import { findFiles, repositoryRoot } from "./find-files.ts";
import { reportRun, Tally } from "./tally-reporter.ts";

/** The test files among `paths`: of packages, apps and tools, and of tests/ and bench/ unless `unitOnly`. */
export function selectTests(paths: readonly string[], unitOnly: boolean, parts: readonly string[]): string[] {
  const rooms = unitOnly ? /^(?:packages|apps|tools)\// : /^(?:packages|apps|tools|tests|bench)\//;
  return paths.filter(
    (path) =>
      rooms.test(path) &&
      path.endsWith(".test.ts") &&
      (parts.length === 0 || parts.some((part) => path.includes(part))),
  );
}

/** Runs a build step; when it throws, that counts as one failure and the tests run all the same. */
function build(step: () => void, tally: Tally): void {
  try {
    step();
  } catch (error) {
    tally.failed++;
    process.stdout.write(`FAILED ${error instanceof Error ? error.message : String(error)}\n\n`);
  }
}

async function runTests(args: readonly string[]): Promise<number> {
  const unitOnly = args.includes("--unit");
  const parts = args.filter((arg) => !arg.startsWith("--"));
  const files = selectTests(findFiles(), unitOnly, parts);
  const tally = new Tally();
  if (files.length === 0) {
    tally.failed++;
    process.stdout.write(`FAILED no test file found\n${tally.close()}`);
    return 1;
  }
  build(buildKernels, tally);
  if (!unitOnly) build(buildPackages, tally);
  const events = run({
    files: files.map((path) => join(repositoryRoot, path)),
    concurrency: availableParallelism(),
    execArgv: ["--conditions=source"],
  });
  await reportRun(events, tally, (text) => void process.stdout.write(text));
  return tally.failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await runTests(process.argv.slice(2));
