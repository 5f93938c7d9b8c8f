/**
 * `/api/v1/query` and `/api/v1/query_range`, and the questions about series and labels: parameters in, a
 * worker's bytes out.
 *
 *   http/router → QUERY API → query-pool → worker → pieces → socket
 */

import type { Form } from "@narthex/http/form";
import type { HttpHandler, HttpRequest, HttpResponse } from "@narthex/http/exchange";
import type { Router } from "@narthex/http/router";
import { quoteGo } from "@narthex/model/labels";
import { isLabelName, unescapeName } from "@narthex/model/metric-name";
import type { Clock } from "@narthex/platform/clock";
import type { EngineSettings, Question } from "../query-messages.ts";
import type { QueryPool } from "../query-pool.ts";
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
  /** Learns how long a question took, in seconds. */
  readonly observe: (seconds: number) => void;
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

function engineParams(api: QueryApi, form: Form): { timeoutMs: number; lookbackMs: number } {
  const { timeoutMs, lookbackMs } = api.engine();
  const asked = spanParam(form, "timeout");
  const lookback = lookbackParam(form);
  return {
    timeoutMs: asked === null ? timeoutMs : Math.min(asked, timeoutMs),
    lookbackMs: lookback === null || lookback <= 0 ? lookbackMs : lookback,
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
  let tail = envelopeTail([], []);
  let whole: Uint8Array | null = null;
  let isStreaming = false;
  await api.pool.ask(
    question,
    {
      begin: (warnings, infos) => {
        tail = envelopeTail(warnings, infos);
        response.header("content-type", "application/json");
        response.compress();
      },
      piece: async (bytes) => {
        // One piece is most answers: kept back, so that head, body and tail go out in one write with their
        // length.
        if (whole === null && !isStreaming && bytes.length < wholeLimitBytes) {
          whole = bytes.slice();
          return;
        }
        if (!isStreaming) {
          isStreaming = true;
          await response.write(Buffer.from(envelopeHead));
          if (whole !== null) await response.write(whole);
        }
        // A small piece may wait in a buffer after `write` resolves, and the worker reuses its bytes.
        await response.write(bytes.length < handedOverBytes ? bytes.slice() : bytes);
      },
    },
    request.signal,
  );
  api.observe((api.clock.monotonicMs() - startedMs) / 1000);
  if (isStreaming) return response.end(tail);
  return response.end(
    Buffer.concat([Buffer.from(envelopeHead), whole ?? new Uint8Array(0), Buffer.from(tail)]),
  );
}

/** Beyond this, a connection's `write` resolves only when the system has taken all bytes (http/exchange). */
const handedOverBytes = 128 * 1024;
/** Answers up to this size are sent with one write. */
const wholeLimitBytes = 256 * 1024;
