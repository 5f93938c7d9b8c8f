/**
 * Serves HTTP/1.1 on one or more addresses: sockets → LISTENER → router.
 *
 * Invariants
 *  - At most `maxConnections` connections over all addresses; one more is closed at once.
 *  - After `stop` resolves no handler runs and no socket is open.
 *
 * A handler that throws is answered with 500 and reported to `onError`; one whose client went away has its
 * `signal` aborted.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Clock } from "@narthex/platform/clock";
import { acceptedEncoding, compressor, compressWhole, type ContentEncoding } from "./compression.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "./exchange.ts";
import { Form } from "./form.ts";
import { readBody, readForm } from "./request-body.ts";

/** An address to listen on. `host` "" means all interfaces; port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Settings of a listener. */
export interface ListenerOptions {
  readonly handler: HttpHandler;
  readonly clock: Clock;
  /** Open connections over all addresses. Default 512. */
  readonly maxConnections?: number;
  /** How long a request may take to arrive, and a connection to be idle. Default five minutes. */
  readonly readTimeoutMs?: number;
  /** Learns of what a handler threw. */
  readonly onError?: (error: unknown, request: HttpRequest) => void;
}

/** An address could not be taken; `message` is like Go's. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code = "LISTEN_FAILED";
}

/** Reads `host:port`, `:port` and `[v6]:port`. Throws `ListenError`. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/u.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new ListenError(`cannot listen on "${text}": want host:port`);
  return { host: match[1] ?? match[2] ?? "", port };
}

/** Running servers on some addresses. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #active = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  private constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Listens on all of `addresses`, or on none. Rejects with `ListenError`. */
  static async start(addresses: readonly ListenAddress[], options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    try {
      for (const address of addresses) await listener.#listen(address);
    } catch (error) {
      await listener.stop(0);
      throw error;
    }
    return listener;
  }

  /** The addresses in use, with real ports. */
  get addresses(): readonly ListenAddress[] {
    return this.#servers.map((server) => {
      const { address, port } = server.address() as AddressInfo;
      return { host: address, port };
    });
  }

  /** Open connections. */
  get connectionCount(): number {
    return this.#sockets.size;
  }

  /** Takes no more requests, waits up to `graceMs` for those that run, then closes every socket. */
  async stop(graceMs: number): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const server of this.#servers) server.closeIdleConnections();
    if (this.#active.size > 0 && graceMs > 0) {
      const enough = new AbortController();
      const finished = Promise.allSettled(this.#active).then(() => enough.abort());
      await Promise.race([finished, this.#options.clock.sleep(graceMs, enough.signal)]);
    }
    this.#stopping.abort();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.allSettled(closed);
    await Promise.allSettled(this.#active);
  }

  async #listen({ host, port }: ListenAddress): Promise<void> {
    const { readTimeoutMs = 300_000 } = this.#options;
    const settings = {
      requestTimeout: readTimeoutMs,
      headersTimeout: readTimeoutMs,
      keepAliveTimeout: readTimeoutMs,
    };
    const server = createServer(settings, (message, response) => this.#serve(message, response));
    server.on("connection", (socket) => this.#admit(socket));
    server.listen({ host: host === "" ? "::" : host, port });
    try {
      await once(server, "listening");
    } catch (cause) {
      const reason =
        (cause as NodeJS.ErrnoException).code === "EADDRINUSE" ? "address already in use" : String(cause);
      throw new ListenError(
        `listen tcp ${host.includes(":") ? `[${host}]` : host}:${port}: bind: ${reason}`,
        { cause },
      );
    }
    this.#servers.push(server);
  }

  #admit(socket: Socket): void {
    if (this.#sockets.size >= (this.#options.maxConnections ?? 512)) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #serve(message: IncomingMessage, response: ServerResponse): void {
    const running = this.#answer(message, response).finally(() => this.#active.delete(running));
    this.#active.add(running);
  }

  async #answer(message: IncomingMessage, raw: ServerResponse): Promise<void> {
    const request = new Request(message, raw, this.#stopping.signal);
    const response = new Response(raw, request);
    try {
      await this.#options.handler(request, response);
      if (!raw.writableEnded) await response.end();
    } catch (error) {
      // A client that went away is no fault of the handler.
      if (raw.destroyed) return;
      this.#options.onError?.(error, request);
      if (raw.headersSent) {
        raw.destroy();
        return;
      }
      for (const name of raw.getHeaderNames()) raw.removeHeader(name);
      raw.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end("Internal Server Error\n");
    }
  }
}

class Request implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly rawQuery: string;
  route = "";
  params: Readonly<Record<string, string>> = {};
  readonly remoteAddress: string;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #stopping: AbortSignal;
  #gone: AbortController | null = null;

  constructor(message: IncomingMessage, response: ServerResponse, stopping: AbortSignal) {
    const url = message.url ?? "/";
    const questionAt = url.indexOf("?");
    this.#message = message;
    this.method = message.method ?? "GET";
    this.path = decodePath(questionAt < 0 ? url : url.slice(0, questionAt));
    this.rawQuery = questionAt < 0 ? "" : url.slice(questionAt + 1);
    const { remoteAddress = "", remotePort = 0 } = message.socket;
    this.remoteAddress = remoteAddress.includes(":")
      ? `[${remoteAddress}]:${remotePort}`
      : `${remoteAddress}:${remotePort}`;
    this.#response = response;
    this.#stopping = stopping;
  }

  /** Made on first use: most requests are answered before anyone asks. */
  get signal(): AbortSignal {
    if (this.#gone !== null) return this.#gone.signal;
    const gone = new AbortController();
    const response = this.#response;
    const leave = (): void => {
      this.#stopping.removeEventListener("abort", leave);
      if (!response.writableFinished) gone.abort();
    };
    response.once("close", leave);
    this.#stopping.addEventListener("abort", leave);
    if (response.destroyed || this.#stopping.aborted) leave();
    this.#gone = gone;
    return gone.signal;
  }

  header(name: string): string {
    const value = this.#message.headers[name];
    return Array.isArray(value) ? value.join(", ") : (value ?? "");
  }

  query(): Form {
    const form = new Form();
    form.appendText(this.rawQuery);
    return form;
  }

  form(): Promise<Form> {
    return readForm(this.method, this.header("content-type"), this.rawQuery, this.#message);
  }

  body(limitBytes: number): Promise<Uint8Array> {
    return readBody(this.#message, limitBytes);
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

class Response implements HttpResponse {
  status = 200;
  readonly #raw: ServerResponse;
  readonly #request: HttpRequest;
  #encoding: ContentEncoding | null = null;
  #stream: ReturnType<typeof compressor> | null = null;

  constructor(raw: ServerResponse, request: HttpRequest) {
    this.#raw = raw;
    this.#request = request;
  }

  get headersSent(): boolean {
    return this.#raw.headersSent;
  }

  header(name: string, value: string): void {
    this.#raw.setHeader(name, value);
  }

  compress(): void {
    this.#raw.setHeader("vary", "Accept-Encoding");
    this.#encoding = acceptedEncoding(this.#request.header("accept-encoding"));
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#raw.headersSent) this.#sendHead();
    await this.#push(bytes);
  }

  async end(body: Uint8Array | string = new Uint8Array(0)): Promise<void> {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    if (!this.#raw.headersSent) {
      await this.#endWhole(bytes);
      return;
    }
    if (bytes.length > 0) await this.#push(bytes);
    const last = this.#stream ?? this.#raw;
    const finished = once(this.#raw, "close");
    last.end();
    await finished;
  }

  /** The whole answer at once: the length is known and goes into the head. */
  async #endWhole(bytes: Uint8Array): Promise<void> {
    let body = bytes;
    if (this.#encoding !== null && bytes.length > 0) {
      body = await compressWhole(this.#encoding, bytes);
      this.#raw.setHeader("content-encoding", this.#encoding);
    }
    this.#raw.statusCode = this.status;
    this.#raw.setHeader("content-length", body.length);
    const finished = this.#raw.destroyed ? null : once(this.#raw, "close");
    this.#raw.end(body);
    await finished;
  }

  #sendHead(): void {
    this.#raw.statusCode = this.status;
    if (this.#encoding !== null) {
      this.#raw.setHeader("content-encoding", this.#encoding);
      this.#stream = compressor(this.#encoding);
      this.#stream.pipe(this.#raw);
    }
    this.#raw.flushHeaders();
  }

  /** Waits until the client has taken enough; a client that went away rejects. */
  async #push(bytes: Uint8Array): Promise<void> {
    if (this.#request.signal.aborted) throw new Error("the client is gone");
    const ready = (this.#stream ?? this.#raw).write(bytes);
    if (!ready) await once(this.#stream ?? this.#raw, "drain", { signal: this.#request.signal });
  }
}
