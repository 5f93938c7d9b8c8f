/**
 * Pages of metrics for benches: what a busy service might expose, rendered ahead of time.
 *
 * A quarter of the series each: integer counters, counters of seconds with two decimals, constants, noisy
 * gauges with three decimals. Every page of a variant has the same lines in the same order, only values
 * differ, and counters go up from step to step. A line has about 88 bytes.
 */

import { gzipSync } from "node:zlib";

import { SeededRandom } from "@narthex/platform/random";

/** One page, plain and compressed. */
export interface FakePage {
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

const families = [
  { name: "bench_http_requests_total", type: "counter", kind: "integer" },
  { name: "bench_cpu_busy_seconds_total", type: "counter", kind: "cents" },
  { name: "bench_queue_limit_bytes_max", type: "gauge", kind: "constant" },
  { name: "bench_last_latency_seconds", type: "gauge", kind: "noisy" },
] as const;

const codes = ["200", "204", "301", "400", "401", "403", "404", "429", "500", "503"];

/** Pages of one variant: `steps` of them, each with `series` samples. The same seed gives the same pages. */
export function renderPages(series: number, steps: number, seed: number): FakePage[] {
  const random = new SeededRandom(seed);
  const perFamily = Math.ceil(series / families.length);
  const values = new Float64Array(perFamily * families.length);
  for (let i = 0; i < values.length; i++) values[i] = Math.floor(random.next() * 1e6);
  const pages: FakePage[] = [];
  for (let step = 0; step < steps; step++) {
    const lines: string[] = [];
    let at = 0;
    for (const { name, type, kind } of families) {
      lines.push(`# HELP ${name} Made up for a bench.`, `# TYPE ${name} ${type}`);
      for (let i = 0; i < perFamily && at < series; i++, at++) {
        const value = nextValue(kind, values[at]!, random);
        values[at] = value;
        lines.push(`${name}${labelsOf(i)} ${printValue(kind, value)}`);
      }
    }
    const plain = Buffer.from(`${lines.join("\n")}\n`);
    pages.push({ plain, gzip: gzipSync(plain, { level: 6 }) });
  }
  return pages;
}

type Kind = (typeof families)[number]["kind"];

function nextValue(kind: Kind, value: number, random: SeededRandom): number {
  switch (kind) {
    case "integer":
      return value + Math.floor(random.next() * 200);
    case "cents":
      return value + Math.floor(random.next() * 200) / 100;
    case "constant":
      return value;
    case "noisy":
      return random.next() * 2;
  }
}

function printValue(kind: Kind, value: number): string {
  if (kind === "cents") return String(Math.round(value * 100) / 100);
  if (kind === "noisy") return String(Math.round(value * 1000) / 1000);
  return String(value);
}

function labelsOf(index: number): string {
  const handler = String(Math.floor(index / codes.length)).padStart(3, "0");
  return `{handler="/api/v1/items/${handler}",code="${codes[index % codes.length]!}",zone="eu-1a"}`;
}
