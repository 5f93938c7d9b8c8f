/**
 * Asks a target for its page: headers, timeout, status. First step of a scrape:
 *
 *   scrape-loop → SCRAPE REQUEST → scrape-template → scrape-append
 */

import { FetchError } from "@narthex/http/fetch-error";
import { HttpClient, type HttpAnswer } from "@narthex/http/client";
import type { Clock } from "@narthex/platform/clock";
import { acceptHeader } from "./protocols.ts";
import { ScrapeError } from "./sample-labels.ts";
import type { ScrapeConfig } from "./scrape-config.ts";
import { unixSocketLabel, type Target } from "./target.ts";

/** The requests for one target. */
export class ScrapeRequest {
  readonly #client: HttpClient;
  readonly #headers: readonly string[];
  readonly #timeoutMs: number;
  readonly #bodyLimitBytes: number;

  /** Throws when the target's URL is none or a file of the HTTP client block cannot be read. */
  constructor(target: Target, config: ScrapeConfig, timeoutMs: number, userAgent: string, clock: Clock) {
    this.#client = new HttpClient(target.url, {
      section: config.httpClient,
      clock,
      unixSocket: target.labels.get(unixSocketLabel),
    });
    this.#timeoutMs = timeoutMs;
    this.#bodyLimitBytes = config.bodyLimitBytes;
    this.#headers = [
      "accept",
      acceptHeader(config.protocols, config.escapingScheme),
      "accept-encoding",
      config.enableCompression ? "gzip" : "identity",
      "user-agent",
      userAgent,
      "x-prometheus-scrape-timeout-seconds",
      String(timeoutMs / 1000),
    ];
  }

  /** The page. Rejects with `FetchError`, or with `ScrapeError` for another status than 200. */
  async fetch(signal: AbortSignal): Promise<HttpAnswer> {
    const answer = await this.#client.get({
      headers: this.#headers,
      timeoutMs: this.#timeoutMs,
      bodyLimitBytes: this.#bodyLimitBytes,
      keepsPacked: true,
      signal,
    });
    if (answer.status !== 200) throw new ScrapeError(`server returned HTTP status ${answer.statusText}`);
    return answer;
  }

  /** Closes the connection. */
  close(): void {
    this.#client.close();
  }
}

/** Whether a scrape failed because its page was too large. */
export function isBodyLimit(error: unknown): boolean {
  return error instanceof FetchError && error.code === "body-limit";
}
