/**
 * What `npm run fuzz:<what>` runs: the seeded laws of a subject, over and over with seeds never used before,
 * until a number of seeds or of minutes is reached or a law breaks.
 *
 *   npm run fuzz:promql                          100,000 seeds
 *   npm run fuzz:promql -- --minutes 60
 *   npm run fuzz:promql -- --first 500000 --seeds 20000
 *
 * A law that breaks names its seed; that seed alone: `--first <seed> --seeds 1`.
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { repositoryRoot } from "./find-files.ts";

/** The test files of each subject. */
const subjects: Readonly<Record<string, readonly string[]>> = {
  promql: [
    "packages/promql/reference.property.test.ts",
    "packages/promql/reference-experimental.property.test.ts",
    "packages/promql/reference-histograms.property.test.ts",
  ],
  tsdb: ["tests/simulation/crash.test.ts"],
};

/** Seeds of one round: enough to make the start of a process not matter. */
const seedsPerRound = 5000;

interface Extent {
  readonly first: number;
  readonly seeds: number;
  readonly minutes: number;
}

/** The extent asked for by `args`; throws for anything else. */
export function extentOf(args: readonly string[]): Extent {
  const { values } = parseArgs({
    args: [...args],
    options: { first: { type: "string" }, seeds: { type: "string" }, minutes: { type: "string" } },
  });
  const number = (name: "first" | "seeds" | "minutes", otherwise: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (!(value > 0)) throw new Error(`--${name} wants a number above 0, got "${values[name] ?? ""}"`);
    return value;
  };
  const hasMinutes = values.minutes !== undefined;
  return {
    first: number("first", 1),
    seeds: values.seeds !== undefined || !hasMinutes ? number("seeds", 100_000) : Infinity,
    minutes: hasMinutes ? number("minutes", 1) : Infinity,
  };
}

/** Runs rounds until the extent is reached. Returns the exit code. */
function fuzz(files: readonly string[], { first, seeds, minutes }: Extent): number {
  const startMs = performance.now();
  let done = 0;
  while (done < seeds && performance.now() - startMs < minutes * 60_000) {
    const count = Math.min(seedsPerRound, seeds - done);
    const child = spawnSync(
      process.execPath,
      ["--conditions=source", "--test", ...files.map((file) => join(repositoryRoot, file))],
      {
        cwd: repositoryRoot,
        encoding: "utf8",
        env: {
          ...process.env,
          NARTHEX_FIRST_SEED: String(first + done),
          NARTHEX_SEEDS: String(count),
        },
        maxBuffer: 64 * 1_048_576,
      },
    );
    if (child.status !== 0) {
      process.stdout.write(child.stdout + child.stderr);
      console.error(`FAILED between seeds ${first + done} and ${first + done + count - 1}`);
      return 1;
    }
    done += count;
    const minutesSpent = ((performance.now() - startMs) / 60_000).toFixed(1);
    process.stdout.write(`seeds ${first} to ${first + done - 1}: all laws hold (${minutesSpent} min)\n`);
  }
  return 0;
}

if (import.meta.main) {
  const [subject = "", ...rest] = process.argv.slice(2);
  const files = subjects[subject];
  if (files === undefined) {
    console.error(`want one of: ${Object.keys(subjects).join(", ")}`);
    process.exitCode = 1;
  } else {
    process.exitCode = fuzz(files, extentOf(rest));
  }
}
