/**
 * One connection to a server, kept open between requests; one request at a time.
 *
 *   client → CONNECTION → socket; socket → response-parser
 *
 * Idea: a plain socket with one read buffer for all connections of the thread (reads are handed over
 * synchronously, and the parser copies what it keeps), instead of a stream with a fresh buffer per read. It
 * costs a third of undici's or node:http's client per request, and no memory while idle (client.bench.ts).
 * A TLS connection asks for HTTP/2 where it may, and lets an `Http2Exchange` do the talking when it got it.
 *
 * Invariants
 *  - `onDone` or `onFail` is called exactly once per request.
 *  - A connection that failed, was closed or got more bytes than it asked for is never used again.
 */

import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { assert } from "@narthex/platform/assert";
import { Http2Exchange, type Http2Request } from "./http2-exchange.ts";
import { ResponseError, ResponseParser, type IncomingResponse } from "./response-parser.ts";
import { openTunnel, type TunnelPlan } from "./tunnel.ts";

/** Where a connection leads. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Options for TLS; null for plain connections. */
  readonly tls: ConnectionOptions | null;
  /** Whether to speak HTTP/2 when the server offers it; only with TLS. */
  readonly allowsHttp2: boolean;
  /** A unix socket to use instead of host and port; "" for none. */
  readonly unixSocket: string;
  /** The way through a proxy; null for a direct connection. */
  readonly tunnel: TunnelPlan | null;
}

/** A request, as both versions of HTTP need it. */
export interface OutgoingRequest extends Http2Request {
  /** The whole head as HTTP/1.1 writes it, in Latin-1. */
  readonly head: string;
}

/** Takes the outcome of one request. */
export interface Receiver {
  /** Takes the body as it comes; null to have it kept. */
  readonly sink: ((bytes: Uint8Array) => void) | null;
  /** Some more of the response came; may call `destroy`. */
  onProgress(response: IncomingResponse): void;
  onDone(response: IncomingResponse): void;
  onFail(error: Error, response: IncomingResponse): void;
}

const readBuffer = Buffer.allocUnsafeSlow(262_144);

/** A connection, being made or open. */
export class Connection {
  readonly #endpoint: Endpoint;
  #socket: Socket;
  #http2: Http2Exchange | null = null;
  #receiver: Receiver | null = null;
  /** What waits for the connection to be ready. */
  #waiting: OutgoingRequest | null = null;
  #isReady: boolean;
  #response: IncomingResponse & Partial<ResponseParser> = new ResponseParser();
  #isOpen = true;
  #failure: Error | null = null;
  /** How many responses it brought. */
  served = 0;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    const { tunnel } = endpoint;
    // Which version of HTTP it will be, or whether there is a way at all, is known only later.
    this.#isReady = tunnel === null && (endpoint.tls === null || !endpoint.allowsHttp2);
    this.#socket =
      tunnel === null
        ? this.#listen(open(endpoint, null, (bytes) => this.#take(bytes)))
        : openTunnel(tunnel, (error, socket) => this.#throughTunnel(error, socket));
  }

  /** Whether a request can be sent. */
  get isIdle(): boolean {
    return this.#isOpen && this.#receiver === null;
  }

  /** Whether a request runs. */
  get isBusy(): boolean {
    return this.#isOpen && this.#receiver !== null;
  }

  /** Sends a request. */
  send(request: OutgoingRequest, receiver: Receiver): void {
    assert(this.isIdle, "one request at a time on an open connection");
    this.#receiver = receiver;
    if (this.#isReady) this.#start(request, receiver);
    else this.#waiting = request;
  }

  /** Closes it at once; a request in flight fails with `error`. */
  destroy(error = new Error("the connection was closed")): void {
    this.#isOpen = false;
    this.#fail(error);
    this.#http2?.close();
    this.#socket.destroy();
  }

  #start({ head, body, ...request }: OutgoingRequest, receiver: Receiver): void {
    if (this.#http2 !== null) {
      this.#response = this.#http2.send({ body, ...request }, receiver.sink);
      return;
    }
    const response = new ResponseParser();
    response.sink = receiver.sink;
    this.#response = response;
    if (body === null) this.#socket.write(head, "latin1");
    else this.#socket.write(Buffer.concat([Buffer.from(head, "latin1"), body]));
  }

  #throughTunnel(error: Error | null, socket: Socket): void {
    if (!this.#isOpen) {
      socket.destroy();
      return;
    }
    if (error !== null) {
      this.#isOpen = false;
      this.#fail(error);
      return;
    }
    this.#socket = this.#listen(open(this.#endpoint, socket, (bytes) => this.#take(bytes)));
    if (this.#endpoint.tls === null || !this.#endpoint.allowsHttp2) this.#ready();
  }

  #listen(socket: Socket): Socket {
    socket.setNoDelay(true);
    socket.on("error", (error) => {
      this.#failure = error;
    });
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#closed());
    if (this.#endpoint.tls !== null && this.#endpoint.allowsHttp2) {
      socket.on("secureConnect", () => this.#secured(socket as TLSSocket));
    }
    return socket;
  }

  #secured(socket: TLSSocket): void {
    if (socket.alpnProtocol === "h2") {
      this.#http2 = new Http2Exchange(socket, {
        onProgress: () => this.#progress(),
        onDone: () => this.#http2Done(),
        onFail: (error) => {
          this.#failure = error;
          this.destroy(error);
        },
      });
    } else {
      socket.on("data", (bytes) => this.#take(bytes));
    }
    this.#ready();
  }

  #ready(): void {
    this.#isReady = true;
    const request = this.#waiting;
    this.#waiting = null;
    if (request !== null && this.#receiver !== null) this.#start(request, this.#receiver);
  }

  #progress(): void {
    try {
      this.#receiver?.onProgress(this.#response);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #http2Done(): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    this.served++;
    receiver?.onDone(this.#response);
  }

  #take(bytes: Uint8Array): void {
    const receiver = this.#receiver;
    const response = this.#response;
    if (receiver === null || !(response instanceof ResponseParser)) {
      // Nothing was asked for: such a server is not to be trusted with another request.
      this.destroy();
      return;
    }
    try {
      const used = response.push(bytes);
      if (!response.isDone) {
        receiver.onProgress(response);
        return;
      }
      this.#finish(receiver, response, used === bytes.length);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #finish(receiver: Receiver, response: ResponseParser, isClean: boolean): void {
    this.#receiver = null;
    this.served++;
    if (!response.keepsAlive || !isClean) this.destroy();
    receiver.onDone(response);
  }

  #ended(): void {
    const receiver = this.#receiver;
    const response = this.#response;
    this.#isOpen = false;
    if (receiver === null || !(response instanceof ResponseParser)) return;
    try {
      response.end();
      this.#finish(receiver, response, true);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #closed(): void {
    this.#isOpen = false;
    this.#fail(this.#failure ?? new ResponseError("EOF"));
  }

  #fail(error: Error): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    this.#waiting = null;
    receiver?.onFail(error, this.#response);
  }
}

/** Opens the socket: over `through`, which leads to the server already, or directly. */
function open(
  { host, port, tls, unixSocket, allowsHttp2 }: Endpoint,
  through: Socket | null,
  take: (bytes: Uint8Array) => void,
): Socket {
  const place = unixSocket === "" ? { host, port } : { path: unixSocket };
  if (tls !== null) {
    const socket = connectTls({
      servername: isIP(host) === 0 ? host : "",
      ...(allowsHttp2 ? { ALPNProtocols: ["h2", "http/1.1"] } : {}),
      ...tls,
      ...(through === null ? place : { socket: through, host }),
    });
    if (!allowsHttp2) socket.on("data", take);
    return socket;
  }
  if (through !== null) return through.on("data", take);
  const callback = (size: number, buffer: Uint8Array): boolean => {
    take(buffer.subarray(0, size));
    return true;
  };
  return connectPlain({ ...place, onread: { buffer: readBuffer, callback } });
}
