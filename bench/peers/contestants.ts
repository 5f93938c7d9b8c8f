/**
 * The servers that benches run beside each other: the real Prometheus and ours, started with the same flags
 * on the same configuration. Ours runs what `npm run build` has built.
 */

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { peerBinary } from "../../tests/peers/debian-package.ts";
import { startPeer, type Peer, type PeerPlace } from "../../tests/peers/peer-process.ts";

/** The columns of every table. */
export type ContestantName = "prometheus" | "narthex";

/** A server that can be started. */
export interface Contestant {
  readonly name: ContestantName;
  readonly command: string;
  /** Arguments before the flags. */
  readonly program: readonly string[];
}

const launcher = fileURLToPath(new URL("../../apps/narthex/bin/narthex.js", import.meta.url));
const built = fileURLToPath(new URL("../../apps/narthex/dist/narthex.js", import.meta.url));

/** Those asked for by `--only peer` or `--only ours`, both without it; throws when one cannot be had. */
export async function findContestants(only: string | undefined): Promise<Contestant[]> {
  const found: Contestant[] = [];
  if (only !== "ours") {
    const binary = await peerBinary("prometheus");
    if (typeof binary !== "string") throw new Error(binary.skip);
    found.push({ name: "prometheus", command: binary, program: [] });
  }
  if (only !== "peer") {
    if (!existsSync(built)) throw new Error("cannot find ours: npm run build comes first");
    found.push({ name: "narthex", command: process.execPath, program: [launcher, "prometheus"] });
  }
  return found;
}

/** Starts one with `config` and the data directory `<directory>/data`, which `prepare` may fill. */
export function startContestant(
  { command, program }: Contestant,
  config: string,
  prepare?: (place: PeerPlace) => Promise<void>,
): Promise<Peer> {
  return startPeer({
    command,
    args: ({ port, directory }) => [
      ...program,
      `--config.file=${join(directory, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      "--storage.tsdb.retention.time=50y",
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    prepare: async (place) => {
      await writeFile(join(place.directory, "prometheus.yml"), config);
      await prepare?.(place);
    },
    readyPath: "/-/ready",
  });
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
