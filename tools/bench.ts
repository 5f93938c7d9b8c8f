/**
 * What `npm run bench` runs: every file `*.bench.ts` whose path contains one of the words given, each in its
 * own process. Options (`--instructions`, `--rounds 3`, …) go to the benches.
 *
 *   npm run bench -- chunk promql --instructions
 *   npm run bench -- bench/peers/scrape --rounds 3
 *
 * Without a word, all micro-benchmarks run; those beside real servers (bench/peers) take minutes and want
 * their name.
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { findFiles, repositoryRoot } from "./find-files.ts";

/** The bench files among `paths` that the words ask for. */
export function selectBenches(paths: readonly string[], words: readonly string[]): string[] {
  return paths.filter((path) => {
    if (!path.endsWith(".bench.ts")) return false;
    return words.length === 0 ? !path.startsWith("bench/peers/") : words.some((word) => path.includes(word));
  });
}

/** Words come before the first option; what follows goes to the benches. */
function runBenches(args: readonly string[]): number {
  const options = args.findIndex((arg) => arg.startsWith("--"));
  const words = options === -1 ? args : args.slice(0, options);
  const rest = options === -1 ? [] : args.slice(options);
  const benches = selectBenches(findFiles(), words);
  if (benches.length === 0) {
    console.error("no bench file found");
    return 1;
  }
  let failures = 0;
  for (const bench of benches) {
    const harness = join(repositoryRoot, "tools/micro-bench.ts");
    const child = spawnSync(process.execPath, ["--conditions=source", harness, bench, ...rest], {
      cwd: repositoryRoot,
      stdio: "inherit",
    });
    if (child.status === 0) continue;
    failures++;
    console.error(`FAILED ${bench}: status ${child.status ?? child.signal}`);
  }
  return failures === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = runBenches(process.argv.slice(2));
