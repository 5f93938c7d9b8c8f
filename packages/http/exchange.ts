/**
 * One request with its answer, as handlers see it; the listener implements it over the sockets.
 */

import type { Form } from "./form.ts";

/** A request. */
export interface HttpRequest {
  readonly method: string;
  /** The path without the query, percent-decoded. */
  readonly path: string;
  /** The query string as sent, without `?`. */
  readonly rawQuery: string;
  /** The pattern of the route that took the request; the router sets it, "" before. */
  route: string;
  /** What `:name` and `*name` of the pattern stand for; the router sets it. */
  params: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
  /** Aborts when the client is gone or the listener gives up waiting. */
  readonly signal: AbortSignal;
  /** A header's value, "" when absent; `name` in lower case. */
  header(name: string): string;
  /** The values of the query string. Throws `FormError`. */
  query(): Form;
  /**
   * The values of a form body (for POST, PUT and PATCH), then those of the query string, as Go's `ParseForm`
   * merges them. Rejects with `FormError` or `BodyTooLargeError`.
   */
  form(): Promise<Form>;
  /** The whole body. Rejects with `BodyTooLargeError` beyond `limitBytes`. */
  body(limitBytes: number): Promise<Uint8Array>;
}

/** An answer. Status and headers are sent with the first byte. */
export interface HttpResponse {
  status: number;
  readonly headersSent: boolean;
  header(name: string, value: string): void;
  /** Lets the body be compressed when the client accepts it. Before the first byte. */
  compress(): void;
  /**
   * Sends some of the body; resolves when more may be sent. Rejects when the client is gone. Bytes above any
   * buffer's mark (128 KiB) are no longer needed then: nothing is left waiting.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends the rest and ends the answer. Text is sent as UTF-8. */
  end(body?: Uint8Array | string): Promise<void>;
}

/** Answers a request. What it throws or rejects with becomes status 500, when nothing was sent yet. */
export type HttpHandler = (request: HttpRequest, response: HttpResponse) => void | Promise<void>;

/** Answers with a plain text, the way Go's `http.Error` does: a newline follows the text. */
export function replyText(response: HttpResponse, status: number, text: string): Promise<void> {
  response.status = status;
  response.header("content-type", "text/plain; charset=utf-8");
  response.header("x-content-type-options", "nosniff");
  return response.end(`${text}\n`);
}
