/**
 * Many scrape targets in one process, for benches: path `/targets/<n>/metrics` of one port of 127.0.0.1 is
 * target n.
 *
 *   node --conditions=source bench/peers/fake-targets.ts --port 9900 [--targets 200] [--series 1000] [--step
 *   2000]
 *
 * Bodies are rendered before the port opens and change every `--step` ms, so that serving costs next to
 * nothing while the server under test is measured. Pages come compressed to those who accept gzip.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";

import { systemClock } from "@narthex/platform/clock";

import { renderPages, type FakePage } from "./fake-pages.ts";

/** Pages of different content; targets take turns. */
const variants = 5;
/** Pages per variant; after the last one the first comes again, and its counters look reset. */
const stepsPerVariant = 60;

/**
 * The static_configs of Prometheus for these targets: one entry per target, told apart by label `instance`.
 */
export function fakeTargetConfig(port: number, targets: number): string {
  const entries: string[] = [];
  for (let target = 0; target < targets; target++) {
    entries.push(
      `      - targets: ["127.0.0.1:${port}"]`,
      `        labels: {__metrics_path__: "/targets/${target}/metrics", instance: "target-${target}"}`,
    );
  }
  return entries.join("\n");
}

function serve(port: number, targets: number, series: number, stepMs: number): void {
  const pages: FakePage[][] = [];
  for (let variant = 0; variant < variants; variant++) {
    pages.push(renderPages(series, stepsPerVariant, variant + 1));
  }
  const startMs = systemClock.monotonicMs();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const target = Number(/^\/targets\/(\d+)\/metrics$/.exec(request.url ?? "")?.[1] ?? -1);
    if (request.url === "/") {
      response.end("up\n");
    } else if (target < 0 || target >= targets) {
      response.writeHead(404).end();
    } else {
      const step = Math.floor((systemClock.monotonicMs() - startMs) / stepMs) % stepsPerVariant;
      send(request, response, pages[target % variants]![step]!);
    }
  };
  createServer({ keepAliveTimeout: 600_000 }, answer).listen(port, "127.0.0.1");
}

function send(request: IncomingMessage, response: ServerResponse, page: FakePage): void {
  const compressed = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  const body = compressed ? page.gzip : page.plain;
  response.setHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  if (compressed) response.setHeader("Content-Encoding", "gzip");
  response.setHeader("Content-Length", body.length);
  response.end(body);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      targets: { type: "string", default: "200" },
      series: { type: "string", default: "1000" },
      step: { type: "string", default: "2000" },
    },
  });
  serve(Number(values.port), Number(values.targets), Number(values.series), Number(values.step));
}
