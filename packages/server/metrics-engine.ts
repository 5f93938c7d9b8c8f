/**
 * The metrics of the query engine under the original's names.
 */

import type { Registry } from "@narthex/client/registry";
import type { AnswerStatistics } from "./query-statistics.ts";

/** Facts that are read when a page is asked for. */
export interface EngineFacts {
  /** Queries that run or wait. */
  queryCount(): number;
  readonly maxQueries: number;
  isLogOpen(): boolean;
  logFailures(): number;
}

/** What queries report. */
export interface EngineMetrics {
  queryEnded(statistics: AnswerStatistics): void;
}

const name = (rest: string): string => `prometheus_engine_${rest}`;

/** Registers all of it. */
export function registerEngineMetrics(registry: Registry, facts: EngineFacts): EngineMetrics {
  const gauge = (rest: string, help: string, read: () => number): void => {
    registry.callback({ name: name(rest), help, type: "gauge", read });
  };
  gauge("queries", "Queries that run or wait.", () => facts.queryCount());
  gauge("queries_concurrent_max", "Most queries at once.", () => facts.maxQueries);
  gauge("query_log_enabled", "Whether queries are logged.", () => Number(facts.isLogOpen()));
  registry.callback({
    name: name("query_log_failures_total"),
    help: "Queries that could not be logged.",
    type: "counter",
    read: () => facts.logFailures(),
  });
  const samples = registry.counter(
    name("query_samples_total"),
    "Samples that queries looked at, whole windows at every step.",
  );
  const read = registry.counter(
    name("query_samples_read_total"),
    "Samples that queries read, of windows what is new at every step.",
  );
  const summary = registry.summary({
    name: name("query_duration_seconds"),
    help: "How long parts of queries took.",
    labelNames: ["slice"],
    targets: [
      { quantile: 0.5, error: 0.05 },
      { quantile: 0.9, error: 0.01 },
      { quantile: 0.99, error: 0.001 },
    ],
  });
  const histogram = registry.histogram({
    name: name("query_duration_histogram_seconds"),
    help: "How long parts of queries took.",
    labelNames: ["slice"],
    bounds: [0.01, 0.1, 1, 10],
  });
  const slice = (label: string): ((seconds: number) => void) => {
    const [inSummary, inHistogram] = [summary.labels(label), histogram.labels(label)];
    return (seconds) => {
      inSummary.observe(seconds);
      inHistogram.observe(seconds);
    };
  };
  const queueTime = slice("queue_time");
  const prepareTime = slice("prepare_time");
  const innerEval = slice("inner_eval");
  const resultSort = slice("result_sort");
  return {
    queryEnded: (statistics) => {
      samples.inc(statistics.totalSamples);
      read.inc(statistics.samplesRead);
      queueTime(statistics.queueSeconds);
      prepareTime(statistics.preparationSeconds);
      innerEval(statistics.evaluationSeconds);
      resultSort(statistics.sortingSeconds);
    },
  };
}
