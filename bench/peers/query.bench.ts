/**
 * Queries beside the real Prometheus: both open a copy of the same blocks and answer the same questions over
 * HTTP.
 *
 *   npm run bench -- peers/query [--runs 5] [--only peer|ours] [--series 5000] [--hours 6] [--interval 30]
 *
 * Each query is asked once to warm up, and its answers are compared: same series, same times, values equal to
 * one part in 10^9 (sums may differ in the last bits). Then the servers answer in turn, and the medians of
 * the times until the last byte has come are put beside each other. Answers are not compressed on the way.
 */

import { cp } from "node:fs/promises";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { systemClock } from "@narthex/platform/clock";

import type { Peer } from "../../tests/peers/peer-process.ts";
import {
  findContestants,
  median,
  printComparison,
  startContestant,
  type ComparisonRow,
  type ContestantName,
} from "./contestants.ts";
import { dataStartSeconds, queryBlocks, type QueryData } from "./query-blocks.ts";

interface Query {
  readonly name: string;
  readonly path: string;
}

/** A series of an answer, with its samples as [seconds, text] pairs. */
interface AnswerSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/** Times of one server for one query, in ms. */
interface Times {
  readonly wallMs: number[];
  readonly cpuMs: number[];
}

const tolerance = 1e-9;
const agent = new Agent({ keepAlive: true });

function queriesFor({ hours, intervalSeconds }: QueryData): Query[] {
  const end = dataStartSeconds + hours * 3600 - intervalSeconds;
  const range = (name: string, query: string, start = dataStartSeconds): Query => {
    const parameters = new URLSearchParams({
      query,
      start: `${start}`,
      end: `${end}`,
      step: `${intervalSeconds}`,
    });
    return { name, path: `/api/v1/query_range?${parameters.toString()}` };
  };
  const instant = (name: string, query: string): Query => {
    const parameters = new URLSearchParams({ query, time: `${end}` });
    return { name, path: `/api/v1/query?${parameters.toString()}` };
  };
  const one = `bench_requests_total{instance="host-7:8080",handler="/api/v1/items/3",code="200"}`;
  const byHandler = "sum by (handler) (rate(bench_requests_total[5m]))";
  return [
    range("range: sum by (handler) (rate(m[5m]))", byHandler),
    range("range: m", "bench_requests_total"),
    range("range, 1 h: sum by (handler) (rate(m[5m]))", byHandler, end - 3600),
    range("range, 1 h: rate(one series[5m])", `rate(${one}[5m])`, end - 3600),
    instant("instant: sum by (handler) (rate(m[5m]))", byHandler),
    instant("instant: topk(5, rate(m[5m]))", "topk(5, rate(bench_requests_total[5m]))"),
    instant("instant: count(m)", "count(bench_requests_total)"),
    instant("instant: one series", one),
  ];
}

/** Asks once; resolves with the body, and with the moment at which its last byte was there. */
function ask(server: Peer, path: string): Promise<{ body: Buffer; endMs: number }> {
  return new Promise((resolve, reject) => {
    const request = get(`${server.url}${path}`, { agent }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const endMs = systemClock.monotonicMs();
        const body = Buffer.concat(parts);
        if (response.statusCode === 200) resolve({ body, endMs });
        else reject(new Error(`${path}: status ${response.statusCode}: ${body.subarray(0, 300).toString()}`));
      });
    });
    request.on("error", reject);
  });
}

function readAnswer(body: Buffer): Map<string, AnswerSeries> {
  const { data } = JSON.parse(body.toString()) as { data: { result: readonly AnswerSeries[] } };
  const key = ({ metric }: AnswerSeries): string =>
    Object.keys(metric)
      .toSorted()
      .map((name) => `${name}=${metric[name]!}`)
      .join(",");
  return new Map(data.result.map((series) => [key(series), series]));
}

/** The largest relative difference of two values; throws when series or times differ. */
function compareAnswers(theirs: Buffer, ours: Buffer): number {
  const [want, got] = [readAnswer(theirs), readAnswer(ours)];
  if (want.size !== got.size) throw new Error(`want ${want.size} series, got ${got.size}`);
  let worst = 0;
  for (const [key, series] of want) {
    const other = got.get(key);
    if (other === undefined) throw new Error(`want series {${key}}, got none`);
    const [a, b] = [samplesOf(series), samplesOf(other)];
    if (a.length !== b.length) throw new Error(`{${key}}: want ${a.length} samples, got ${b.length}`);
    a.forEach(([seconds, text], index) => {
      const [otherSeconds, otherText] = b[index]!;
      if (seconds !== otherSeconds) throw new Error(`{${key}}: want time ${seconds}, got ${otherSeconds}`);
      worst = Math.max(worst, relativeDifference(text, otherText));
    });
  }
  return worst;
}

function samplesOf(series: AnswerSeries): readonly (readonly [number, string])[] {
  return series.values ?? (series.value === undefined ? [] : [series.value]);
}

function relativeDifference(a: string, b: string): number {
  if (a === b) return 0;
  const difference = Math.abs(Number(a) - Number(b)) / Math.max(Math.abs(Number(a)), Math.abs(Number(b)));
  return Number.isNaN(difference) ? Infinity : difference;
}

/** Asks every server once and holds the answers against each other. */
async function warmUp(servers: ReadonlyMap<ContestantName, Peer>, { name, path }: Query): Promise<void> {
  const bodies: Buffer[] = [];
  for (const server of servers.values()) bodies.push((await ask(server, path)).body);
  const [theirs, ours] = bodies;
  if (theirs === undefined || ours === undefined) return;
  const worst = compareAnswers(theirs, ours);
  if (worst > tolerance) throw new Error(`${name}: answers differ by ${worst}`);
}

async function timeQuery(
  servers: ReadonlyMap<ContestantName, Peer>,
  { path }: Query,
  runs: number,
): Promise<Map<ContestantName, Times>> {
  const times = new Map<ContestantName, Times>();
  for (const name of servers.keys()) times.set(name, { wallMs: [], cpuMs: [] });
  for (let run = 0; run < runs; run++) {
    for (const [name, server] of servers) {
      const cpuBeforeMs = (await server.use()).cpuMs;
      const startMs = systemClock.monotonicMs();
      const { endMs } = await ask(server, path);
      const { wallMs, cpuMs } = times.get(name)!;
      wallMs.push(endMs - startMs);
      cpuMs.push((await server.use()).cpuMs - cpuBeforeMs);
    }
  }
  return times;
}

async function compareServers(
  servers: ReadonlyMap<ContestantName, Peer>,
  data: QueryData,
  runs: number,
): Promise<void> {
  const wall: ComparisonRow[] = [];
  const cpu: ComparisonRow[] = [];
  for (const query of queriesFor(data)) {
    await warmUp(servers, query);
    const times = await timeQuery(servers, query, runs);
    const row = (key: keyof Times): ComparisonRow => ({
      what: query.name,
      prometheus: median(times.get("prometheus")?.[key] ?? []),
      narthex: median(times.get("narthex")?.[key] ?? []),
    });
    wall.push(row("wallMs"));
    cpu.push(row("cpuMs"));
  }
  console.log(`\n${data.series} series × ${data.hours} h at ${data.intervalSeconds} s, ms end to end\n`);
  console.log(`${printComparison(wall)}\n\nCPU ms (in steps of 10)\n\n${printComparison(cpu)}`);
}

async function runQueryBench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "5" },
      only: { type: "string" },
      series: { type: "string", default: "5000" },
      hours: { type: "string", default: "6" },
      interval: { type: "string", default: "30" },
    },
    allowPositionals: true,
  });
  const data: QueryData = {
    series: Number(values.series),
    hours: Number(values.hours),
    intervalSeconds: Number(values.interval),
  };
  const blocks = await queryBlocks(data);
  const servers = new Map<ContestantName, Peer>();
  try {
    for (const contestant of await findContestants(values.only)) {
      const copy = ({ directory }: { directory: string }): Promise<void> =>
        cp(blocks, join(directory, "data"), { recursive: true });
      servers.set(contestant.name, await startContestant(contestant, "global: {}\n", copy));
    }
    await compareServers(servers, data, Number(values.runs));
  } finally {
    for (const server of servers.values()) await server.stop();
    agent.destroy();
  }
}

await runQueryBench();
