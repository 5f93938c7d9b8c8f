/**
 * Runs the micro-benchmarks of one file and prints a Markdown table: ns per operation, operations per second,
 * and with `--instructions` how many instructions an operation takes.
 *
 *   node --conditions=source tools/micro-bench.ts packages/chunk/xor-chunk.bench.ts [--instructions] [part of
 *   a name]
 *
 * A bench file exports `cases` (see `BenchCases`); it need not import anything from here. A file without that
 * export is a program of its own, such as those under bench/peers: importing it has run it.
 *
 * Instructions are counted by valgrind, or by `perf stat` where the machine lets it: a child of this program
 * runs a case N times and another one 2 N times, and the difference is N calls, start and compilation
 * excluded. The compilers are told to work in order, so that two counts differ by less than a percent; times
 * differ by 30.
 */

import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { Bench } from "tinybench";

/** Something to measure; with `operations`, one call does that many. */
export type BenchCase = (() => unknown) | { readonly run: () => unknown; readonly operations: number };

/** What a bench file exports as `cases`: name → what to run. All of them run synchronously. */
export type BenchCases = Readonly<Record<string, BenchCase>>;

interface Row {
  readonly name: string;
  readonly nsPerOperation: number;
  /** Relative half-width of the 99 % confidence interval, in percent. */
  readonly errorPercent: number;
  readonly instructions: number | undefined;
}

const compilerOrder = ["--conditions=source", "--single-threaded", "--no-liftoff", "--no-warnings"];
/** Counted calls last about this long outside the counter, which makes start-up noise small beside them. */
const countedNs = 30e6;

/**
 * Runs all cases for `timeMs` each. `count` gives the instructions of one call, or undefined when it cannot.
 */
export function measure(
  cases: BenchCases,
  timeMs: number,
  count: (name: string, nsPerCall: number) => number | undefined,
): Row[] {
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 4 });
  for (const [name, what] of Object.entries(cases)) bench.add(name, runner(what));
  bench.runSync();
  return bench.tasks.map((task) => {
    const { result } = task;
    if (result.state !== "completed") throw new Error(`cannot measure ${task.name}: ${result.state}`);
    const operations = operationsOf(cases[task.name]!);
    const instructions = count(task.name, result.latency.p50 * 1e6);
    return {
      name: task.name,
      nsPerOperation: (result.latency.p50 * 1e6) / operations,
      errorPercent: result.latency.rme,
      instructions: instructions === undefined ? undefined : instructions / operations,
    };
  });
}

/** The rows as a Markdown table. */
export function printTable(rows: readonly Row[]): string {
  const counted = rows.some((row) => row.instructions !== undefined);
  const head = ["case", "ns/op", "op/s", "±", ...(counted ? ["instructions/op"] : [])];
  const lines = rows.map((row) => [
    row.name,
    significant(row.nsPerOperation),
    significant(1e9 / row.nsPerOperation),
    `${row.errorPercent.toFixed(1)} %`,
    ...(counted ? [row.instructions === undefined ? "" : significant(row.instructions)] : []),
  ]);
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Three significant digits, with separators for large numbers. */
function significant(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}

function runner(what: BenchCase): () => unknown {
  return typeof what === "function" ? what : what.run;
}

function operationsOf(what: BenchCase): number {
  return typeof what === "function" ? 1 : what.operations;
}

/** Instructions of one call of the case `name` in `file`, or undefined when nothing here can count them. */
function countInstructions(file: string, name: string, nsPerCall: number): number | undefined {
  const calls = Math.round(Math.min(1e6, Math.max(20, countedNs / nsPerCall)));
  const once = countRun(file, name, calls);
  const twice = countRun(file, name, 2 * calls);
  return once === undefined || twice === undefined ? undefined : (twice - once) / calls;
}

function countRun(file: string, name: string, calls: number): number | undefined {
  const script = fileURLToPath(import.meta.url);
  const self = [process.execPath, ...compilerOrder, script, file, "--calls", String(calls), "--case", name];
  const perf = spawnSync("perf", ["stat", "-x,", "-e", "instructions:u", ...self], { encoding: "utf8" });
  const byPerf = /^(\d+),[^\n]*instructions:u/m.exec(perf.stderr ?? "")?.[1];
  if (byPerf !== undefined) return Number(byPerf);
  const options = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--smc-check=all-non-file"];
  const valgrind = spawnSync("valgrind", [...options, ...self], { encoding: "utf8" });
  const byValgrind = /Collected\s*:\s*(\d+)/.exec(valgrind.stderr ?? "")?.[1];
  return byValgrind === undefined ? undefined : Number(byValgrind);
}

async function loadCases(file: string): Promise<BenchCases | undefined> {
  const loaded = (await import(pathToFileURL(resolve(file)).href)) as { readonly cases?: BenchCases };
  return loaded.cases;
}

async function runMicroBench(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      instructions: { type: "boolean", default: false },
      time: { type: "string", default: "500" },
      calls: { type: "string" },
      case: { type: "string" },
    },
    allowPositionals: true,
    strict: false,
  });
  const [file, ...parts] = positionals;
  if (file === undefined) throw new Error("want the path of a bench file");
  const all = await loadCases(file);
  if (all === undefined) return;
  if (values.calls !== undefined) {
    const run = runner(all[String(values.case)]!);
    for (let calls = Number(values.calls); calls > 0; calls--) run();
    return;
  }
  const names = Object.keys(all).filter((name) => parts.every((part) => name.includes(part)));
  const cases = Object.fromEntries(names.map((name) => [name, all[name]!]));
  const count = (name: string, nsPerCall: number): number | undefined =>
    values.instructions === true ? countInstructions(file, name, nsPerCall) : undefined;
  const rows = measure(cases, Number(values.time), count);
  console.log(`\n${file}\n\n${printTable(rows)}`);
  if (values.instructions === true && rows.some((row) => row.instructions === undefined)) {
    console.log("\nNo instruction counts: neither perf nor valgrind can count here.");
  }
}

if (import.meta.main) await runMicroBench();
