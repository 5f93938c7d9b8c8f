/**
 * Queries beside the real Prometheus and VictoriaMetrics: all hold the same samples (query-data.ts) and
 * answer the same questions over HTTP, uncompressed.
 *
 *   npm run bench -- peers/query [--runs 5] [--only prometheus,ours] [--ask count] [--scale 10]
 *
 * Each question is asked once to warm up, and the answers are compared: ours must have the series, times and
 * values of Prometheus (one part in 10^9: sums may differ in the last bits); what VictoriaMetrics differs by
 * is only told, since its rate follows other rules. Then the servers answer in turn. Tables: median time
 * until the last byte, CPU time of the server, and the most memory the server took meanwhile.
 */

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { systemClock } from "@narthex/platform/clock";

import type { Peer } from "../../tests/peers/peer-process.ts";
import { findContestants, median, startContestant, type ContestantName } from "./contestants.ts";
import { peakBytes, resetPeak, taskCpuMs } from "./process-cost.ts";
import { ask, difference, hangUp } from "./query-answers.ts";
import type { QueryData } from "./query-data.ts";
import { prometheusDirectory, victoriaDirectory } from "./query-directories.ts";
import { benchQuestions, type BenchQuestion } from "./query-questions.ts";
import { printRatioTable, type RatioRow } from "./ratio-table.ts";

/** What one server took for one question. */
interface Cost {
  readonly wallMs: number[];
  readonly cpuMs: number[];
  peakMiB: number;
}

type Servers = ReadonlyMap<ContestantName, Peer>;

const tolerance = 1e-9;
/** Small questions measure the way there, which compilers take long to warm up to. */
const smallWarmUps = 500;

/** VictoriaMetrics would answer from its cache. */
function pathFor(name: ContestantName, { path }: BenchQuestion): string {
  return name === "victoria-metrics" ? `${path}&nocache=1` : path;
}

/** Asks every server once and compares the answers; returns what VictoriaMetrics differs by. */
async function warmUp(servers: Servers, question: BenchQuestion): Promise<string> {
  const bodies = new Map<ContestantName, Buffer>();
  for (const [name, server] of servers) {
    if (question.isSmall) for (let i = 0; i < smallWarmUps; i++) await ask(server, pathFor(name, question));
    bodies.set(name, (await ask(server, pathFor(name, question))).body);
  }
  const reference = bodies.get("prometheus") ?? bodies.get("narthex");
  const ours = bodies.get("narthex");
  const theirs = bodies.get("victoria-metrics");
  if (reference === undefined) return "";
  if (ours !== undefined) {
    const gap = difference(reference, ours);
    if (typeof gap === "string" || gap > tolerance)
      throw new Error(`${question.name}: answers differ: ${gap}`);
  }
  if (theirs === undefined) return "";
  const gap = difference(reference, theirs);
  if (typeof gap === "string") return gap;
  return gap <= tolerance ? "equal" : `values differ by up to ${Number(gap.toPrecision(2))}`;
}

async function measure(
  servers: Servers,
  question: BenchQuestion,
  runs: number,
): Promise<Map<ContestantName, Cost>> {
  const costs = new Map<ContestantName, Cost>();
  for (const name of servers.keys()) costs.set(name, { wallMs: [], cpuMs: [], peakMiB: 0 });
  const times = question.isSmall ? runs * 10 : runs;
  for (let run = 0; run < times; run++) {
    for (const [name, server] of servers) {
      const cost = costs.get(name)!;
      if (run === 0) await resetPeak(server.pid);
      const cpuBeforeMs = await taskCpuMs(server.pid);
      const startMs = systemClock.monotonicMs();
      const { endMs } = await ask(server, pathFor(name, question));
      cost.wallMs.push(endMs - startMs);
      cost.cpuMs.push((await taskCpuMs(server.pid)) - cpuBeforeMs);
      cost.peakMiB = (await peakBytes(server.pid)) / 1_048_576;
    }
  }
  return costs;
}

async function compareServers(
  servers: Servers,
  asked: readonly BenchQuestion[],
  runs: number,
): Promise<void> {
  const [wall, cpu, peak]: RatioRow[][] = [[], [], []];
  const notes: string[] = [];
  for (const question of asked) {
    const note = await warmUp(servers, question);
    if (note !== "" && note !== "equal") notes.push(`- ${question.name}: ${note}`);
    const costs = await measure(servers, question, runs);
    const row = (figure: (cost: Cost) => number): RatioRow => {
      const of = (name: ContestantName): number => {
        const cost = costs.get(name);
        return cost === undefined ? NaN : figure(cost);
      };
      return {
        what: question.name,
        prometheus: of("prometheus"),
        victoria: of("victoria-metrics"),
        narthex: of("narthex"),
      };
    };
    wall!.push(row(({ wallMs }) => median(wallMs)));
    cpu!.push(row(({ cpuMs }) => median(cpuMs)));
    peak!.push(row(({ peakMiB }) => peakMiB));
    console.error(`${question.name}: ${JSON.stringify(wall!.at(-1))}`);
  }
  console.log(`\nms end to end, median of ${runs}\n\n${printRatioTable(wall!)}`);
  console.log(`\nCPU ms of the server, median\n\n${printRatioTable(cpu!)}`);
  console.log(`\nMost resident memory meanwhile, MiB\n\n${printRatioTable(peak!)}`);
  if (notes.length > 0) console.log(`\nVictoriaMetrics' answers beside Prometheus':\n\n${notes.join("\n")}`);
}

async function startServers(data: QueryData, only: string | undefined): Promise<Map<ContestantName, Peer>> {
  const servers = new Map<ContestantName, Peer>();
  try {
    for (const contestant of await findContestants(only, true)) {
      const folder =
        contestant.name === "victoria-metrics"
          ? await victoriaDirectory(data, (storage) =>
              startContestant({ ...contestant, storage }, "global: {}\n"),
            )
          : await prometheusDirectory(data);
      const copy = ({ directory }: { directory: string }): Promise<void> =>
        cp(folder, join(directory, "data"), { recursive: true });
      servers.set(contestant.name, await startContestant(contestant, "global: {}\n", copy));
    }
  } catch (error) {
    for (const server of servers.values()) await server.stop();
    throw error;
  }
  return servers;
}

async function runQueryBench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "5" },
      only: { type: "string" },
      ask: { type: "string", default: "" },
      scale: { type: "string", default: "1" },
    },
    allowPositionals: true,
  });
  const scale = Number(values.scale);
  const data: QueryData = { blockSeries: 10_000 / scale, pods: 200 / scale };
  const asked = benchQuestions.filter(({ name }) => name.includes(values.ask));
  const servers = await startServers(data, values.only);
  try {
    await compareServers(servers, asked, Number(values.runs));
  } finally {
    for (const server of servers.values()) await server.stop();
    hangUp();
  }
}

await runQueryBench();
