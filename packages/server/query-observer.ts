/**
 * What is kept of every query that was evaluated: metrics of the engine and a line in the query log.
 */

import type { HttpRequest } from "@narthex/http/exchange";
import type { ApiError } from "./api/api-error.ts";
import type { EngineMetrics } from "./metrics-engine.ts";
import type { QueryLog } from "./query-log.ts";
import type { Question } from "./query-messages.ts";
import type { AnswerStatistics } from "./query-statistics.ts";

/** The host of `host:port` or `[host]:port`. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/u, "").replace(/^\[(.*)\]$/u, "$1");
}

/** How a question ended. */
export interface QueryOutcome {
  /** null when it was not evaluated at all. */
  readonly statistics: AnswerStatistics | null;
  readonly error: ApiError | null;
}

/** Is told of every question that has ended. */
export class QueryObserver {
  readonly #metrics: EngineMetrics;
  readonly #log: QueryLog;

  constructor(metrics: EngineMetrics, log: QueryLog) {
    this.#metrics = metrics;
    this.#log = log;
  }

  ended(question: Question, request: HttpRequest, { statistics, error }: QueryOutcome): void {
    if (question.kind !== "instant" && question.kind !== "range") return;
    // What does not parse never becomes a query.
    if (statistics === null || error?.errorType === "bad_data") return;
    this.#metrics.queryEnded(statistics);
    if (!this.#log.isOpen) return;
    const times =
      question.kind === "range" ? question : { startMs: question.timeMs, endMs: question.timeMs, stepMs: 0 };
    this.#log.write({
      query: question.query,
      startMs: times.startMs,
      endMs: times.endMs,
      stepMs: times.stepMs,
      error: error === null ? null : error.message,
      statisticsJson: statistics.json,
      clientIp: hostOf(request.remoteAddress),
      method: request.method,
      path: request.path,
    });
  }
}
