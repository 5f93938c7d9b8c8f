/**
 * What a query took, in the JSON form that `stats` shows and the query log keeps.
 */

import { formatFloat } from "@narthex/model/go-float";
import type { QueryStatistics } from "@narthex/promql/query-result";

/** Statistics on their way from a worker: numbers for the metrics, and the whole as JSON. */
export interface AnswerStatistics {
  readonly queueSeconds: number;
  readonly preparationSeconds: number;
  readonly evaluationSeconds: number;
  readonly sortingSeconds: number;
  readonly totalSamples: number;
  readonly samplesRead: number;
  readonly json: string;
}

/** Steps of a query: their first time and distance, ms. */
export interface StepTimes {
  readonly startMs: number;
  readonly stepMs: number;
}

/** Statistics of a query that was answered; it waited `queueMs` before. */
export function answerStatistics(
  statistics: QueryStatistics,
  peakSamples: number,
  queueMs: number,
  steps: StepTimes,
): AnswerStatistics {
  const { preparationMs, evaluationMs, sortingMs, samples } = statistics;
  const { total, read, totalPerStep, readPerStep } = samples;
  const evalMs = preparationMs + evaluationMs + sortingMs;
  const json = JSON.stringify({
    timings: {
      evalTotalTime: seconds(evalMs),
      resultSortTime: seconds(sortingMs),
      queryPreparationTime: seconds(preparationMs),
      innerEvalTime: seconds(evaluationMs),
      execQueueTime: seconds(queueMs),
      execTotalTime: seconds(queueMs + evalMs),
    },
  });
  const parts = [
    perStepJson("totalQueryableSamplesPerStep", totalPerStep, steps),
    `"totalQueryableSamples":${total}`,
    perStepJson("samplesReadPerStep", readPerStep, steps),
    `"samplesRead":${read}`,
    `"peakSamples":${peakSamples}`,
  ];
  return {
    queueSeconds: queueMs / 1000,
    preparationSeconds: preparationMs / 1000,
    evaluationSeconds: evaluationMs / 1000,
    sortingSeconds: sortingMs / 1000,
    totalSamples: total,
    samplesRead: read,
    json: `${json.slice(0, -1)},"samples":{${parts.filter((part) => part !== "").join(",")}}}`,
  };
}

/** To the nanosecond. */
function seconds(ms: number): number {
  return Math.round(ms * 1e6) / 1e9;
}

/** Those of a query that failed after `totalMs`, `queueMs` of which it waited. */
export function failedStatistics(totalMs: number, queueMs: number): AnswerStatistics {
  const none = { total: 0, read: 0, totalPerStep: null, readPerStep: null };
  const statistics = {
    preparationMs: 0,
    evaluationMs: Math.max(0, totalMs - queueMs),
    sortingMs: 0,
    samples: none,
  };
  return answerStatistics(statistics, 0, queueMs, { startMs: 0, stepMs: 1 });
}

function perStepJson(name: string, counts: Float64Array | null, { startMs, stepMs }: StepTimes): string {
  if (counts === null) return "";
  const points = Array.from(counts, (count, s) => `[${formatFloat((startMs + s * stepMs) / 1000)},${count}]`);
  return `"${name}":[${points.join(",")}]`;
}
