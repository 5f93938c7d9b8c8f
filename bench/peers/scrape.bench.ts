/**
 * Scraping beside the real Prometheus: what a sample costs while 200 targets with 1000 series each are
 * scraped every 2 seconds.
 *
 *   npm run bench -- peers/scrape [--rounds 2] [--only prometheus|ours] [--targets 200] [--series 1000]
 *                                 [--interval 2] [--warm-up 20] [--measure 60]
 *
 * In each round every server runs alone, with fresh targets and an empty data directory; the order alternates
 * from round to round. CPU time is that of the whole process between two readings; samples are counted by the
 * server's own prometheus_tsdb_head_samples_appended_total, and checked against how many there should be.
 */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { systemClock } from "@narthex/platform/clock";

import { startPeer, type Peer } from "../../tests/peers/peer-process.ts";
import { findContestants, median, printComparison, startContestant, type Contestant } from "./contestants.ts";
import { fakeTargetConfig } from "./fake-targets.ts";

interface Load {
  readonly targets: number;
  readonly series: number;
  readonly intervalSeconds: number;
  readonly warmUpSeconds: number;
  readonly measureSeconds: number;
}

/** What one server showed in one round. */
interface Figures {
  readonly cpuMicrosPerSample: number;
  readonly residentMiB: number;
  readonly residentBytesPerSeries: number;
  readonly anonymousBytesPerSeries: number;
  readonly walBytesPerSample: number;
  /** Only ours has an event loop; NaN otherwise. */
  readonly eventLoopP99Ms: number;
}

/** A reading of everything that only grows. */
interface Reading {
  readonly cpuMs: number;
  readonly samples: number;
  readonly walBytes: number;
}

function configFor(load: Load, targetPort: number): string {
  return `global:
  scrape_interval: ${load.intervalSeconds}s
  scrape_timeout: ${load.intervalSeconds}s
scrape_configs:
  - job_name: bench
    static_configs:
${fakeTargetConfig(targetPort, load.targets)}
`;
}

function startTargets(load: Load): Promise<Peer> {
  const script = fileURLToPath(new URL("fake-targets.ts", import.meta.url));
  const sizes = [
    `--targets=${load.targets}`,
    `--series=${load.series}`,
    `--step=${load.intervalSeconds * 1000}`,
  ];
  return startPeer({
    command: process.execPath,
    args: ({ port }) => ["--conditions=source", script, `--port=${port}`, ...sizes],
    readyPath: "/",
  });
}

/** The sum over all series of metric `name` in the server's own metrics; NaN when it has none. */
async function ownMetric(server: Peer, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  let sum = NaN;
  for (const match of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, "gm"))) {
    sum = (Number.isNaN(sum) ? 0 : sum) + Number(match[1]);
  }
  return sum;
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map(async (name) => stat(join(folder, name))));
  return sizes.reduce((sum, facts) => sum + (facts.isFile() ? facts.size : 0), 0);
}

async function read(server: Peer): Promise<Reading> {
  const samples = await ownMetric(server, "prometheus_tsdb_head_samples_appended_total");
  const walBytes = await folderBytes(join(server.directory, "data", "wal"));
  return { samples, walBytes, cpuMs: (await server.use()).cpuMs };
}

async function measureOne(contestant: Contestant, load: Load): Promise<Figures> {
  const targets = await startTargets(load);
  try {
    const server = await startContestant(contestant, configFor(load, targets.port));
    try {
      await systemClock.sleep(load.warmUpSeconds * 1000);
      const before = await read(server);
      await systemClock.sleep(load.measureSeconds * 1000);
      const after = await read(server);
      return await figuresOf(server, contestant, load, before, after);
    } finally {
      await server.stop();
    }
  } finally {
    await targets.stop();
  }
}

async function figuresOf(
  server: Peer,
  { name }: Contestant,
  load: Load,
  before: Reading,
  after: Reading,
): Promise<Figures> {
  const wanted = (load.targets * load.series * load.measureSeconds) / load.intervalSeconds;
  const samples = after.samples - before.samples;
  if (!(samples > 0.9 * wanted && samples < 1.1 * wanted)) {
    console.log(
      `WARNING ${name}: want about ${wanted} samples, got ${samples}\n${server.output().slice(-2000)}`,
    );
  }
  const { residentBytes, anonymousBytes } = await server.use();
  const series = load.targets * load.series;
  return {
    cpuMicrosPerSample: ((after.cpuMs - before.cpuMs) * 1000) / samples,
    residentMiB: residentBytes / 2 ** 20,
    residentBytesPerSeries: residentBytes / series,
    anonymousBytesPerSeries: anonymousBytes / series,
    walBytesPerSample: (after.walBytes - before.walBytes) / samples,
    eventLoopP99Ms: (await ownMetric(server, "nodejs_eventloop_lag_p99_seconds")) * 1000,
  };
}

const rowNames: Readonly<Record<keyof Figures, string>> = {
  cpuMicrosPerSample: "CPU µs per sample",
  residentMiB: "resident memory, MiB",
  residentBytesPerSeries: "resident bytes per series",
  anonymousBytesPerSeries: "of these without a file behind them",
  walBytesPerSample: "WAL bytes per sample",
  eventLoopP99Ms: "event-loop delay p99, ms",
};

async function runScrapeBench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "1" },
      only: { type: "string" },
      targets: { type: "string", default: "200" },
      series: { type: "string", default: "1000" },
      interval: { type: "string", default: "2" },
      "warm-up": { type: "string", default: "20" },
      measure: { type: "string", default: "60" },
    },
    allowPositionals: true,
  });
  const load: Load = {
    targets: Number(values.targets),
    series: Number(values.series),
    intervalSeconds: Number(values.interval),
    warmUpSeconds: Number(values["warm-up"]),
    measureSeconds: Number(values.measure),
  };
  const contestants = await findContestants(values.only);
  const figures = {
    prometheus: [] as Figures[],
    "victoria-metrics": [] as Figures[],
    narthex: [] as Figures[],
  };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const found = await measureOne(contestant, load);
      figures[contestant.name].push(found);
      console.log(`round ${round + 1}, ${contestant.name}: ${JSON.stringify(found)}`);
    }
  }
  const rows = (Object.keys(rowNames) as (keyof Figures)[]).map((key) => ({
    what: rowNames[key],
    prometheus: median(figures.prometheus.map((found) => found[key])),
    narthex: median(figures.narthex.map((found) => found[key])),
  }));
  console.log(`\n${load.targets} targets × ${load.series} series every ${load.intervalSeconds} s\n`);
  console.log(printComparison(rows));
}

await runScrapeBench();
