/**
 * Answers `/metrics` the way the Go client library does: negotiated format, gzip, a limit on requests at
 * once, and counters about itself.
 */

import { joinFamilies, Registry, writePage } from "@narthex/client/registry";
import type { MetricFamily } from "@narthex/exposition/metric-family";
import { replyText, type HttpRequest, type HttpResponse } from "@narthex/http/exchange";

/** What a handler serves. */
export interface MetricsHandlerOptions {
  /**
   * The families of one request. What it throws answers the request with status 500, or 400 if it is a
   * refusal.
   */
  readonly gather: (request: HttpRequest) => Promise<readonly MetricFamily[]>;
  /** Metrics of the program itself, shown with the others; null leaves them and promhttp_* out. */
  readonly own: Registry | null;
  /** Requests at once; 0 is no limit. Default 40. */
  readonly maxRequests?: number;
}

/** A request that cannot be served as it is; answered with status 400 and the message. */
export class MetricsRefusal extends Error {
  override readonly name = "MetricsRefusal";
  readonly code = "METRICS_REFUSAL";
}

/** The handler of one path. */
export class MetricsHandler {
  readonly #options: MetricsHandlerOptions;
  readonly #count: (code: number) => void;
  readonly #countError: (cause: "encoding" | "gathering") => void;
  readonly #running: (delta: 1 | -1) => void;
  #inFlight = 0;

  constructor(options: MetricsHandlerOptions) {
    this.#options = options;
    const registry = options.own ?? new Registry();
    const requests = registry.counter(
      "promhttp_metric_handler_requests_total",
      "Total number of scrapes by HTTP status code.",
      ["code"],
    );
    for (const code of ["200", "500", "503"]) requests.labels(code);
    const errors = registry.counter(
      "promhttp_metric_handler_errors_total",
      "Total number of internal errors encountered by the promhttp metric handler.",
      ["cause"],
    );
    for (const cause of ["encoding", "gathering"]) errors.labels(cause);
    const inFlight = registry.gauge(
      "promhttp_metric_handler_requests_in_flight",
      "Current number of scrapes being served.",
    );
    this.#count = (code) => requests.labels(String(code)).inc();
    this.#countError = (cause) => errors.labels(cause).inc();
    this.#running = (delta) => inFlight.inc(delta);
  }

  /** Answers one request. */
  readonly handle = async (request: HttpRequest, response: HttpResponse): Promise<void> => {
    const { maxRequests = 40 } = this.#options;
    this.#inFlight++;
    this.#running(1);
    try {
      if (maxRequests > 0 && this.#inFlight > maxRequests) {
        const text = `Limit of concurrent requests reached (${maxRequests}), try again later.`;
        await replyText(response, 503, text);
      } else {
        await this.#serve(request, response);
      }
    } finally {
      this.#inFlight--;
      this.#running(-1);
      this.#count(response.status);
    }
  };

  async #serve(request: HttpRequest, response: HttpResponse): Promise<void> {
    const { gather, own } = this.#options;
    let page: { readonly contentType: string; readonly text: string };
    try {
      const families = await gather(request);
      page = writePage(joinFamilies([families, own?.gather() ?? []]), request.header("accept"), false);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      if (cause instanceof MetricsRefusal) {
        response.status = 400;
        response.header("content-type", "text/plain; charset=utf-8");
        await response.end(message);
        return;
      }
      this.#countError("gathering");
      await replyText(response, 500, `An error has occurred while serving metrics:\n\n${message}`);
      return;
    }
    response.header("content-type", page.contentType);
    response.compress();
    await response.end(page.text);
  }
}
