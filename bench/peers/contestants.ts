/**
 * The servers that benches run beside each other: the real Prometheus and ours, started with the same flags
 * on the same configuration, and for queries VictoriaMetrics. Ours runs what `npm run build` has built.
 */

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { debianPackage, peerBinary } from "../../tests/peers/debian-package.ts";
import { startPeer, type Peer, type PeerPlace } from "../../tests/peers/peer-process.ts";

/** The columns of every table. */
export type ContestantName = "prometheus" | "victoria-metrics" | "narthex";

/** A server that can be started. */
export interface Contestant {
  readonly name: ContestantName;
  readonly command: string;
  /** Arguments before the flags. */
  readonly program: readonly string[];
  /** Where its data lies; default: `data` in its own directory. */
  readonly storage?: string;
}

const launcher = fileURLToPath(new URL("../../apps/narthex/bin/narthex.js", import.meta.url));
const built = fileURLToPath(new URL("../../apps/narthex/dist/narthex.js", import.meta.url));

/**
 * Those named in `only` (`prometheus`, `victoria-metrics`, `ours`, with commas), all without it; throws
 * when one cannot be had.
 */
export async function findContestants(only: string | undefined, withVictoria = false): Promise<Contestant[]> {
  const wants = (name: string): boolean => only === undefined || only.split(",").includes(name);
  const found: Contestant[] = [];
  if (wants("prometheus")) {
    const binary = await peerBinary("prometheus");
    if (typeof binary !== "string") throw new Error(binary.skip);
    found.push({ name: "prometheus", command: binary, program: [] });
  }
  if (withVictoria && wants("victoria-metrics")) {
    const unpacked = await debianPackage("victoria-metrics");
    if ("skip" in unpacked) throw new Error(unpacked.skip);
    found.push({ name: "victoria-metrics", command: unpacked.binary("victoria-metrics"), program: [] });
  }
  if (wants("ours")) {
    if (!existsSync(built)) throw new Error("cannot find ours: npm run build comes first");
    found.push({ name: "narthex", command: process.execPath, program: [launcher, "prometheus"] });
  }
  return found;
}

/** Starts one with `config` and the data directory `<directory>/data`, which `prepare` may fill. */
export function startContestant(
  contestant: Contestant,
  config: string,
  prepare?: (place: PeerPlace) => Promise<void>,
): Promise<Peer> {
  const isVictoria = contestant.name === "victoria-metrics";
  return startPeer({
    command: contestant.command,
    args: (place) => [
      ...contestant.program,
      ...(isVictoria ? victoriaFlags(contestant, place) : prometheusFlags(place)),
    ],
    prepare: async (place) => {
      await writeFile(join(place.directory, "prometheus.yml"), config);
      await prepare?.(place);
    },
    readyPath: isVictoria ? "/health" : "/-/ready",
  });
}

function prometheusFlags({ port, directory }: PeerPlace): string[] {
  return [
    `--config.file=${join(directory, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(directory, "data")}`,
    "--storage.tsdb.retention.time=50y",
    // As wide as blocks are at first: nothing is compacted meanwhile.
    "--storage.tsdb.max-block-duration=2h",
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=warn",
  ];
}

function victoriaFlags({ storage }: Contestant, { port, directory }: PeerPlace): string[] {
  return [
    `-storageDataPath=${storage ?? join(directory, "data")}`,
    "-retentionPeriod=100y",
    `-httpListenAddr=127.0.0.1:${port}`,
    "-search.maxUniqueTimeseries=1000000",
    "-search.latencyOffset=0s",
    "-loggerLevel=ERROR",
  ];
}

/** Middle value; the mean of the middle two for an even count. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return sorted.length === 0 ? NaN : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** One line of a comparison: the same quantity for both, less is better. */
export interface ComparisonRow {
  readonly what: string;
  readonly prometheus: number;
  readonly narthex: number;
}

/** A Markdown table; the ratio is ours to theirs. A missing figure is NaN and prints as a dash. */
export function printComparison(rows: readonly ComparisonRow[]): string {
  const cell = (value: number): string => {
    if (Number.isNaN(value)) return "–";
    return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 4 });
  };
  const lines = rows.map(({ what, prometheus, narthex }) => {
    return `| ${what} | ${cell(prometheus)} | ${cell(narthex)} | ${cell(narthex / prometheus)} |`;
  });
  return ["| | Prometheus | Narthex | ratio |", "| --- | ---: | ---: | ---: |", ...lines].join("\n");
}
