/**
 * What the query bench asks. Ranges of 61 steps lie at the end of what they look at.
 */

import { blockHours, boundaryMs, dayIntervalMs, headSamples, intervalMs } from "./query-data.ts";

/** One question of the bench. */
export interface BenchQuestion {
  readonly name: string;
  readonly path: string;
  /** Small answers are asked for more often. */
  readonly isSmall: boolean;
}

const seconds = (timeMs: number): string => `${timeMs / 1000}`;
const blockEndMs = boundaryMs - intervalMs;
const headEndMs = boundaryMs + (headSamples - 1) * intervalMs;

function range(
  name: string,
  query: string,
  endMs: number,
  steps = 61,
  stepMs = intervalMs,
  isSmall = false,
): BenchQuestion {
  const start = seconds(endMs - (steps - 1) * stepMs);
  const parameters = new URLSearchParams({ query, start, end: seconds(endMs), step: seconds(stepMs) });
  return { name, path: `/api/v1/query_range?${parameters.toString()}`, isSmall };
}

function instant(name: string, query: string, endMs: number, isSmall = false): BenchQuestion {
  const parameters = new URLSearchParams({ query, time: seconds(endMs) });
  return { name, path: `/api/v1/query?${parameters.toString()}`, isSmall };
}

const m = "bench_requests_total";
const steps6h = (blockHours * 3_600_000) / intervalMs;
const one = `${m}{instance="host-7:8080",handler="/api/v1/items/3",code="200"}`;
const fifty = `${m}{instance="host-7:8080",handler=~"/api/v1/items/."}`;
const on = "on (__name__, instance, handler, code)";

/** The questions, in the order of the table. */
export const benchQuestions: readonly BenchQuestion[] = [
  range("sum(rate) · 10 k series × 61 steps", `sum(rate(${m}[5m]))`, blockEndMs),
  range("sum by (40 k series of the head) × 61", sumByOverHead(), headEndMs),
  range("raw JSON · 10 k × 61", m, blockEndMs),
  range("rate JSON · 10 k × 61", `rate(${m}[5m])`, blockEndMs),
  range("topk(10, rate) · 10 k × 61", `topk(10, rate(${m}[5m]))`, blockEndMs),
  range("sum(max_over_time) · 10 k × 61", `sum(max_over_time(${m}[5m]))`, blockEndMs),
  range(
    "sum(rate / on (3 labels) rate) · 10 k × 61",
    `sum(rate(${m}[5m]) / ${on.replace("__name__, ", "")} rate(${m}[5m]))`,
    blockEndMs,
  ),
  instant("instant count by regex · head of 200 k", 'count({job="node",pod=~"web-a.*"})', headEndMs),
  instant("instant count · 200 k", 'count({job="node"})', headEndMs),
  range("rate[1d] · 100 × 1000 steps", "rate(bench_day_total[1d])", blockEndMs, 1000, dayIntervalMs),
  range(
    "histogram_quantile(rate) · 1,100 × 720",
    "histogram_quantile(0.9, rate(bench_latency_seconds_bucket[5m]))",
    blockEndMs,
    steps6h,
  ),
  range("sum by (rate) · 10 k × 720", `sum by (handler) (rate(${m}[5m]))`, blockEndMs, steps6h),
  range("raw JSON · 10 k × 720", m, blockEndMs, steps6h),
  instant("instant sum by (rate) · 10 k", `sum by (handler) (rate(${m}[5m]))`, blockEndMs),
  instant("instant topk(5, rate) · 10 k", `topk(5, rate(${m}[5m]))`, blockEndMs),
  instant("instant count · 10 k of blocks", `count(${m})`, blockEndMs),
  instant("up · 50 series", "up", blockEndMs, true),
  range("50 series × 181", fifty, blockEndMs, 181, intervalMs, true),
  range("rate(one series) × 121", `rate(${one}[5m])`, blockEndMs, 121, intervalMs, true),
  instant("instant one series", one, blockEndMs, true),
  instant("the number 1", "1", blockEndMs, true),
];

function sumByOverHead(): string {
  return 'sum by (ns) (rate({__name__=~"bench_pod_(0|2|4|6)_total"}[5m]))';
}
