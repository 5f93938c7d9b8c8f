/**
 * The data for the query bench: 5000 counters × 6 hours at 30 seconds, as blocks that promtool has made of an
 * OpenMetrics file. Kept in .cache/bench, so that they are made once; the same sizes and seed give the same
 * samples.
 */

import { execFile } from "node:child_process";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { SeededRandom } from "@narthex/platform/random";

import { peerBinary } from "../../tests/peers/debian-package.ts";

/** Shape of the data. `series` is a multiple of 100: 20 handlers × 5 codes per instance. */
export interface QueryData {
  readonly series: number;
  readonly hours: number;
  readonly intervalSeconds: number;
}

/** Start of the data, in seconds since 1970: a multiple of two hours, so that blocks are full. */
export const dataStartSeconds = 1_735_689_600;

const codes = ["200", "301", "404", "500", "503"];
const handlers = 20;
const linesPerPart = 5000;

/** The folder that holds the blocks and nothing else; makes them when they are not there. */
export async function queryBlocks(data: QueryData): Promise<string> {
  const cache = fileURLToPath(new URL("../../.cache/bench", import.meta.url));
  const folder = join(cache, `query-${data.series}x${data.hours}h-${data.intervalSeconds}s`);
  if (existsSync(folder)) return folder;
  const promtool = await peerBinary("promtool");
  if (typeof promtool !== "string") throw new Error(promtool.skip);
  await mkdir(cache, { recursive: true });
  const text = `${folder}.${process.pid}.om`;
  const fresh = `${folder}.${process.pid}`;
  try {
    await pipeline(Readable.from(openMetrics(data)), createWriteStream(text));
    const args = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", text, fresh];
    await promisify(execFile)(promtool, args, { maxBuffer: 1 << 26 });
    await rename(fresh, folder);
  } finally {
    await rm(text, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}

/** The samples series by series, in parts of some hundred kilobytes. */
function* openMetrics({ series, hours, intervalSeconds }: QueryData): Generator<string> {
  yield "# HELP bench_requests Made up for a bench.\n# TYPE bench_requests counter\n";
  const random = new SeededRandom(1);
  let lines: string[] = [];
  for (let index = 0; index < series; index++) {
    const labels = seriesLabels(index);
    const pace = 1 + Math.floor(random.next() * 500);
    let value = 0;
    for (let second = 0; second < hours * 3600; second += intervalSeconds) {
      // Once in a while the process behind the counter starts anew.
      value = random.next() < 0.0005 ? 0 : value + Math.floor(random.next() * pace);
      lines.push(`bench_requests_total${labels} ${value} ${dataStartSeconds + second}\n`);
    }
    if (lines.length < linesPerPart) continue;
    yield lines.join("");
    lines = [];
  }
  yield `${lines.join("")}# EOF\n`;
}

function seriesLabels(index: number): string {
  const code = codes[index % codes.length]!;
  const handler = Math.floor(index / codes.length) % handlers;
  const instance = Math.floor(index / codes.length / handlers);
  return `{code="${code}",handler="/api/v1/items/${handler}",instance="host-${instance}:8080"}`;
}
