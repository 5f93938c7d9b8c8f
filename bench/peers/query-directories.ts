/**
 * Puts the data of the query bench into data directories, kept in .cache/bench so that they are made once:
 * one that Prometheus and Narthex open (blocks by promtool, a log by our database) and one of
 * VictoriaMetrics (imported by itself).
 */

import { execFile } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Labels } from "@narthex/model/labels";
import { VirtualClock } from "@narthex/platform/virtual-clock";

import { peerBinary } from "../../tests/peers/debian-package.ts";
import type { Peer } from "../../tests/peers/peer-process.ts";
import { openDb } from "../../tests/peers/written-directory.ts";
import { blockSeries, boundaryMs, headSamples, headSeries, intervalMs } from "./query-data.ts";
import type { DataSeries, QueryData } from "./query-data.ts";

const cache = fileURLToPath(new URL("../../.cache/bench", import.meta.url));

/** The data directory with blocks and log. */
export function prometheusDirectory(data: QueryData): Promise<string> {
  return cached(`query-prometheus-${sizes(data)}`, async (folder) => {
    await writeBlocks(data, folder);
    await writeHead(data, folder);
  });
}

/** The storage directory of VictoriaMetrics. `start` runs it on a directory. */
export function victoriaDirectory(
  data: QueryData,
  start: (directory: string) => Promise<Peer>,
): Promise<string> {
  return cached(`query-victoria-${sizes(data)}`, async (folder) => {
    await mkdir(folder);
    const server = await start(folder);
    try {
      await importLines(server, data);
    } finally {
      await server.stop();
    }
  });
}

function sizes({ blockSeries: series, pods }: QueryData): string {
  return `${series}x${pods}`;
}

async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const fresh = `${folder}.${process.pid}`;
  try {
    await make(fresh);
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}

async function writeBlocks(data: QueryData, folder: string): Promise<void> {
  const promtool = await peerBinary("promtool");
  if (typeof promtool !== "string") throw new Error(promtool.skip);
  const text = `${folder}.om`;
  try {
    await pipeline(Readable.from(openMetrics(data)), createWriteStream(text));
    const args = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", text, folder];
    await promisify(execFile)(promtool, args, { maxBuffer: 1 << 26 });
  } finally {
    await rm(text, { force: true });
  }
}

/** The samples series by series, one part each. */
function* openMetrics(data: QueryData): Generator<string> {
  let name = "";
  for (const { labels, startMs, intervalMs: every, values } of blockSeries(data)) {
    const { __name__: full = "", ...rest } = labels;
    if (full !== name) {
      name = full;
      const family = full.replace(/_(?:total|bucket)$/, "");
      const type = full.endsWith("_total") ? "counter" : full.endsWith("_bucket") ? "histogram" : "gauge";
      yield `# TYPE ${family} ${type}\n`;
    }
    const pairs = Object.entries(rest).map(([key, value]) => `${key}="${value}"`);
    const head = `${full}{${pairs.join(",")}} `;
    yield Array.from(values, (value, s) => `${head}${value} ${(startMs + s * every) / 1000}\n`).join("");
  }
  yield "# EOF\n";
}

/** Appends the head's series, all of one moment at a time, as scrapes would. */
async function writeHead(data: QueryData, folder: string): Promise<void> {
  const clock = new VirtualClock(boundaryMs);
  const db = openDb(folder, clock);
  await db.start(() => Promise.resolve());
  const series = [...headSeries(data)];
  const first = db.appender();
  const refs = Uint32Array.from(series, ({ labels }) => first.resolve(Labels.fromObject(labels)));
  await first.commit();
  const values = new Float64Array(series.length);
  const results = new Uint8Array(series.length);
  for (let s = 0; s < headSamples; s++) {
    series.forEach((one, i) => (values[i] = one.values[s]!));
    const batch = db.appender();
    const refused = batch.appendColumns(refs, boundaryMs + s * intervalMs, values, refs.length, results);
    if (refused > 0) throw new Error(`${refused} samples were refused`);
    await batch.commit();
    await clock.advance(intervalMs);
  }
  await db.close();
}

async function importLines(server: Peer, data: QueryData): Promise<void> {
  const post = request(`${server.url}/api/v1/import`, { method: "POST" });
  const answered = once(post, "response");
  await pipeline(Readable.from(importText(data)), post);
  const [response] = (await answered) as [{ statusCode?: number; resume(): void }];
  response.resume();
  if (response.statusCode !== 204) throw new Error(`import: status ${response.statusCode}`);
  await fetch(`${server.url}/internal/force_flush`);
}

function* importText(data: QueryData): Generator<string> {
  for (const makeSeries of [blockSeries, headSeries]) {
    for (const series of makeSeries(data)) yield importLine(series);
  }
}

function importLine({ labels, startMs, intervalMs: every, values }: DataSeries): string {
  const timestamps = Array.from(values, (_, s) => startMs + s * every);
  return `${JSON.stringify({ metric: labels, values: [...values], timestamps })}\n`;
}
