/**
 * Requests over one HTTP/2 session, one after the other: the connection uses it when the server chose `h2`.
 *
 * Invariant: per request `onDone` or `onFail` is called once, unless the owner closes the exchange first.
 */

import { STATUS_CODES } from "node:http";
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from "node:http2";
import type { TLSSocket } from "node:tls";
import type { HeaderList } from "./credentials.ts";
import { ResponseError, type IncomingResponse } from "./response-parser.ts";

/** A request in the terms of HTTP/2. */
export interface Http2Request {
  readonly method: string;
  readonly authority: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array | null;
}

/** Who is told of progress. */
export interface Http2Listener {
  onProgress(): void;
  onDone(): void;
  onFail(error: Error): void;
}

/** Headers that belong to a connection of HTTP/1. */
const connectionHeaders = new Set(["connection", "host", "keep-alive", "transfer-encoding", "upgrade"]);

class Http2Response implements IncomingResponse {
  status = 0;
  bodyBytes = 0;
  readonly sink: ((bytes: Uint8Array) => void) | null;
  readonly #chunks: Uint8Array[] = [];
  #headers: IncomingHttpHeaders = {};

  constructor(sink: ((bytes: Uint8Array) => void) | null) {
    this.sink = sink;
  }

  get hasHead(): boolean {
    return this.status !== 0;
  }

  get statusText(): string {
    return `${this.status} ${STATUS_CODES[this.status] ?? ""}`.trimEnd();
  }

  get contentType(): string {
    return this.header("content-type");
  }

  get contentEncoding(): string {
    return this.header("content-encoding").toLowerCase();
  }

  get location(): string {
    return this.header("location");
  }

  header(name: string): string {
    const value = this.#headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? "";
  }

  body(): readonly Uint8Array[] {
    return this.#chunks;
  }

  takeHead(headers: IncomingHttpHeaders): void {
    this.#headers = headers;
    this.status = Number(headers[":status"]);
  }

  takeBody(bytes: Uint8Array): void {
    this.bodyBytes += bytes.length;
    if (this.sink === null) this.#chunks.push(bytes);
    else this.sink(bytes);
  }
}

/** A session. */
export class Http2Exchange {
  readonly #session: ClientHttp2Session;
  readonly #listener: Http2Listener;
  #stream: ClientHttp2Stream | null = null;

  constructor(socket: TLSSocket, listener: Http2Listener) {
    this.#listener = listener;
    this.#session = connect("https://localhost", { createConnection: () => socket });
    const end = (error: Error): void => listener.onFail(error);
    this.#session.on("error", end);
    this.#session.on("goaway", () => {
      if (this.#stream === null) end(new ResponseError("EOF"));
    });
    this.#session.on("close", () => end(new ResponseError("EOF")));
  }

  /** Sends a request and gives the response that will fill. */
  send(request: Http2Request, sink: ((bytes: Uint8Array) => void) | null): IncomingResponse {
    const response = new Http2Response(sink);
    const headers: Record<string, string | string[]> = {
      ":method": request.method,
      ":path": request.path,
      ":scheme": "https",
      ":authority": request.authority,
    };
    for (let i = 0; i + 1 < request.headers.length; i += 2) {
      const name = (request.headers[i] as string).toLowerCase();
      const value = request.headers[i + 1] as string;
      const known = headers[name];
      if (connectionHeaders.has(name)) continue;
      headers[name] = known === undefined ? value : [known, value].flat();
    }
    const stream = this.#session.request(headers, { endStream: request.body === null });
    this.#stream = stream;
    stream.on("response", (head) => {
      response.takeHead(head);
      this.#listener.onProgress();
    });
    stream.on("data", (bytes: Buffer) => {
      response.takeBody(bytes);
      this.#listener.onProgress();
    });
    stream.on("end", () => this.#end(stream, response.hasHead ? null : new ResponseError("EOF")));
    stream.on("error", (error) => this.#end(stream, error));
    stream.on("close", () => this.#end(stream, new ResponseError("unexpected EOF")));
    if (request.body !== null) stream.end(request.body);
    return response;
  }

  /** Ends the session at once. */
  close(): void {
    this.#stream = null;
    this.#session.destroy();
  }

  #end(stream: ClientHttp2Stream, error: Error | null): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    if (error === null) this.#listener.onDone();
    else this.#listener.onFail(error);
  }
}
