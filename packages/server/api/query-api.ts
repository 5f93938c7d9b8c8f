/**
 * `/api/v1/query` and `/api/v1/query_range`, `format_query` and `parse_query`, and the questions about series
 * and labels: parameters in, a worker's bytes out.
 *
 *   http/router → QUERY API → query-pool → worker → pieces → socket
 */

import type { Form } from "@narthex/http/form";
import type { HttpHandler, HttpRequest, HttpResponse } from "@narthex/http/exchange";
import type { Router } from "@narthex/http/router";
import { quoteGo } from "@narthex/model/labels";
import { isLabelName, unescapeName } from "@narthex/model/metric-name";
import type { Clock } from "@narthex/platform/clock";
import type { EngineSettings, QueryQuestion, Question } from "../query-messages.ts";
import type { QueryObserver } from "../query-observer.ts";
import type { AnswerSink, QueryPool } from "../query-pool.ts";
import { failedStatistics, type AnswerStatistics } from "../query-statistics.ts";
import { ApiError, invalidParameter } from "./api-error.ts";
import {
  earliestMs,
  latestMs,
  limitParam,
  lookbackParam,
  rangeParams,
  spanParam,
  timeParam,
} from "./api-params.ts";
import { envelopeHead, envelopeTail, replyError } from "./envelope.ts";

/** What the handlers need. */
export interface QueryApi {
  readonly pool: QueryPool;
  readonly clock: Clock;
  /** The engine's settings now. */
  readonly engine: () => EngineSettings;
  /** Learns how every question ended. */
  readonly observer: QueryObserver;
}

/** Adds the routes under `prefix` (`/api/v1`). */
export function addQueryRoutes(router: Router, prefix: string, api: QueryApi): void {
  const route = (
    path: string,
    read: (form: Form, request: HttpRequest) => Question,
    withPost = true,
  ): void => {
    const handler: HttpHandler = async (request, response) => {
      try {
        await answer(api, read(await request.form(), request), request, response);
      } catch (error) {
        // Once bytes of the answer are out only cutting the connection can tell the client.
        if (response.headersSent) throw error;
        await replyError(response, error);
      }
    };
    router.on("GET", `${prefix}${path}`, handler);
    if (withPost) router.on("POST", `${prefix}${path}`, handler);
  };
  route("/query", (form) => instantQuestion(api, form));
  route("/query_range", (form) => rangeQuestion(api, form));
  route("/format_query", (form) => ({ kind: "format", query: form.get("query") }));
  route("/parse_query", (form) => ({ kind: "tree", query: form.get("query") }));
  route("/series", (form) => seriesQuestion(form));
  route("/labels", (form) => ({ kind: "label names", ...selectorParams(form) }));
  route("/label/:name/values", (form, request) => labelValuesQuestion(form, request), false);
}

function instantQuestion(api: QueryApi, form: Form): Question {
  const limit = limitParam(form);
  const timeMs = timeParam(form, "time", api.clock.nowMs());
  return { kind: "instant", query: form.get("query"), timeMs, limit, ...engineParams(api, form) };
}

function rangeQuestion(api: QueryApi, form: Form): Question {
  const limit = limitParam(form);
  const range = rangeParams(form);
  return { kind: "range", query: form.get("query"), ...range, limit, ...engineParams(api, form) };
}

function engineParams(api: QueryApi, form: Form): Omit<QueryQuestion, "query" | "limit"> {
  const { timeoutMs, lookbackMs } = api.engine();
  const asked = spanParam(form, "timeout");
  const lookback = lookbackParam(form);
  return {
    timeoutMs: asked === null ? timeoutMs : Math.min(asked, timeoutMs),
    lookbackMs: lookback === null || lookback <= 0 ? lookbackMs : lookback,
    stats: form.get("stats"),
  };
}

function seriesQuestion(form: Form): Question {
  if (form.getAll("match[]").length === 0) throw new ApiError("bad_data", "no match[] parameter provided");
  return { kind: "series", ...selectorParams(form) };
}

function labelValuesQuestion(form: Form, request: HttpRequest): Question {
  const escaped = request.params["name"] ?? "";
  const name = escaped.startsWith("U__") ? unescapeName(escaped, "values") : escaped;
  if (!isLabelName(name)) throw new ApiError("bad_data", `invalid label name: ${quoteGo(name)}`);
  return { kind: "label values", name, ...selectorParams(form) };
}

function selectorParams(form: Form): {
  selectors: readonly string[];
  startMs: number;
  endMs: number;
  limit: number;
} {
  const limit = limitParam(form);
  const startMs = timeParam(form, "start", earliestMs);
  const endMs = timeParam(form, "end", latestMs);
  if (form.has("start") && form.has("end") && endMs < startMs) {
    throw invalidParameter("end", "end timestamp must not be before start time");
  }
  return { selectors: form.getAll("match[]"), startMs, endMs, limit };
}

/** Asks and passes the pieces on. */
async function answer(
  api: QueryApi,
  question: Question,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const startedMs = api.clock.monotonicMs();
  const sink = new ResponseSink(response);
  try {
    await api.pool.ask(question, sink, request.signal);
  } catch (error) {
    const statistics = sink.statistics ?? failedStatistics(api.clock.monotonicMs() - startedMs, 0);
    if (error instanceof ApiError) api.observer.ended(question, request, { statistics, error });
    throw error;
  }
  api.observer.ended(question, request, { statistics: sink.statistics, error: null });
  await sink.end();
}

/** Writes an answer as it comes: what fits into one write goes out in one, with its length. */
class ResponseSink implements AnswerSink {
  readonly #response: HttpResponse;
  #tail = envelopeTail([], []);
  #whole: Uint8Array | null = null;
  #isStreaming = false;
  /** Known when the evaluation is over. */
  statistics: AnswerStatistics | null = null;

  constructor(response: HttpResponse) {
    this.#response = response;
  }

  begin(warnings: readonly string[], infos: readonly string[], statistics: AnswerStatistics | null): void {
    this.#tail = envelopeTail(warnings, infos);
    this.statistics = statistics;
    this.#response.header("content-type", "application/json");
    this.#response.compress();
  }

  async piece(bytes: Uint8Array): Promise<void> {
    // One piece is most answers: kept back, so that head, body and tail go out in one write.
    if (this.#whole === null && !this.#isStreaming && bytes.length < wholeLimitBytes) {
      this.#whole = bytes.slice();
      return;
    }
    if (!this.#isStreaming) {
      this.#isStreaming = true;
      await this.#response.write(Buffer.from(envelopeHead));
      if (this.#whole !== null) await this.#response.write(this.#whole);
    }
    // A small piece may wait in a buffer after `write` resolves, and the worker reuses its bytes.
    await this.#response.write(bytes.length < handedOverBytes ? bytes.slice() : bytes);
  }

  end(): Promise<void> {
    if (this.#isStreaming) return this.#response.end(this.#tail);
    const parts = [Buffer.from(envelopeHead), this.#whole ?? new Uint8Array(0), Buffer.from(this.#tail)];
    return this.#response.end(Buffer.concat(parts));
  }
}

/** Beyond this, a connection's `write` resolves only when the system has taken all bytes (http/exchange). */
const handedOverBytes = 128 * 1024;
/** Answers up to this size are sent with one write. */
const wholeLimitBytes = 256 * 1024;
