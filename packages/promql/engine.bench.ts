/**
 * Cost of whole queries over samples that are columns already: 5000 series, 720 samples each, 720 steps.
 */

import { Arena } from "@narthex/kernel/arena";
import { Labels } from "@narthex/model/labels";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { QuerySymbols } from "@narthex/storage/query-symbols";
import type { Querier, SeriesSet } from "@narthex/storage/querier";
import { Engine } from "./engine.ts";
import { resultJson } from "./result-json.ts";

const seriesCount = 5000;
const samples = 720;
const steps = 720;
const intervalMs = 30_000;

/**
 * Counters with times and values in fresh pages; every series has times of its own, equal to the others'.
 */
function columnsQuerier(arena: Arena): Querier {
  const symbols = new QuerySymbols();
  const at = arena.allocatePages(seriesCount * samples * 16 + 16);
  for (let i = 0; i < seriesCount; i++) {
    const { f64 } = arena;
    const base = at / 8 + i * samples * 2;
    for (let s = 0; s < samples; s++) {
      f64[base + s] = s * intervalMs + 7;
      f64[base + samples + s] = Math.floor(s * (((i * 7919) % seriesCount) + 1) * 1.37);
    }
  }
  const labels = Array.from({ length: seriesCount }, (_, i) =>
    Labels.fromObject({
      __name__: "m_total",
      handler: `/h${Math.floor(i / 10) % 50}`,
      instance: `host-${Math.floor(i / 500)}:9100`,
      job: "bench",
      le: i % 10 === 9 ? "+Inf" : String(2 ** (i % 10)),
    }),
  );
  let end = 0;
  const set: SeriesSet = {
    count: seriesCount,
    labelIds: Uint32Array.from(labels.flatMap(({ pairs }) => pairs.map((text) => symbols.intern(text)))),
    labelEnds: Uint32Array.from(labels, ({ pairs }) => (end += pairs.length)),
    warnings: [],
    read(first, count, batch) {
      for (let i = 0; i < count; i++) {
        batch.timesAt[i] = at + (first + i) * samples * 16;
        batch.valuesAt[i] = batch.timesAt[i] + samples * 8;
        batch.count[i] = samples;
        batch.staleCount[i] = 0;
        batch.kindsAt[i] = 0;
        batch.startsAt[i] = 0;
      }
      batch.seriesCount = count;
      return count;
    },
    readLatest: () => false,
  };
  const none = () => ({ strings: [], warnings: [] });
  return { symbols, select: () => set, labelValues: none, labelNames: none, close: () => {} };
}

const arena = Arena.create();
const querier = columnsQuerier(arena);
const engine = new Engine(arena);
const range = { startMs: 300_000, endMs: 300_000 + (steps - 1) * intervalMs, stepMs: intervalMs };
const queries = [
  "m_total",
  "rate(m_total[5m])",
  "sum by (handler) (rate(m_total[5m]))",
  "sum(m_total)",
  "max by (handler) (max_over_time(m_total[5m]))",
  "avg_over_time(m_total[1h])",
  "m_total * 2 > 100",
  "m_total / m_total",
  "topk(5, m_total)",
  "quantile by (handler) (0.9, m_total)",
  "stddev_over_time(m_total[5m])",
  "histogram_quantile(0.9, rate(m_total[5m]))",
  "histogram_quantile(0.9, sum by (handler, le) (rate(m_total[5m])))",
];

function asking(query: string) {
  const expr = parseQuery(query);
  return { operations: seriesCount * steps, run: () => engine.range(querier, expr, range).release() };
}

function answering(query: string) {
  const expr = parseQuery(query);
  const run = () => {
    const result = engine.range(querier, expr, range);
    let bytes = 0;
    for (const { sizeBytes } of resultJson(result)) bytes += sizeBytes;
    result.release();
    return bytes;
  };
  return { operations: seriesCount * steps, run };
}

/** Per series and step. */
export const cases = {
  ...Object.fromEntries(queries.map((query) => [query, asking(query)])),
  "m_total as JSON": answering("m_total"),
  "rate as JSON": answering("rate(m_total[5m])"),
};
