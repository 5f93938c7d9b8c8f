/**
 * One connection to a server, kept open between requests; one request at a time.
 *
 *   client → CONNECTION → socket; socket → response-parser
 *
 * Idea: a plain socket with one read buffer for all connections of the thread (reads are handed over
 * synchronously, and the parser copies what it keeps), instead of a stream with a fresh buffer per read. It
 * costs a third of undici's or node:http's client per request, and no memory while idle (client.bench.ts).
 *
 * Invariants
 *  - `onDone` or `onFail` is called exactly once per request.
 *  - A connection that failed, was closed or got more bytes than it asked for is never used again.
 */

import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { assert } from "@narthex/platform/assert";
import { ResponseError, ResponseParser } from "./response-parser.ts";

/** Where a connection leads. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Options for TLS; null for plain connections. */
  readonly tls: Readonly<Record<string, unknown>> | null;
  /** A unix socket to use instead of host and port; "" for none. */
  readonly unixSocket: string;
}

/** Takes the outcome of one request. */
export interface Receiver {
  /** Some more of the response came; may call `destroy`. */
  onProgress(response: ResponseParser): void;
  onDone(response: ResponseParser): void;
  onFail(error: Error, response: ResponseParser): void;
}

const readBuffer = Buffer.allocUnsafeSlow(262_144);

/** A connection, being made or open. */
export class Connection {
  readonly #socket: Socket;
  #receiver: Receiver | null = null;
  #response = new ResponseParser();
  #isOpen = true;
  #failure: Error | null = null;
  /** How many responses it brought. */
  served = 0;

  constructor(endpoint: Endpoint) {
    this.#socket = open(endpoint, (bytes) => this.#take(bytes));
    this.#socket.setNoDelay(true);
    this.#socket.on("error", (error) => {
      this.#failure = error;
    });
    this.#socket.on("end", () => this.#ended());
    this.#socket.on("close", () => this.#closed());
  }

  /** Whether a request can be sent. */
  get isIdle(): boolean {
    return this.#isOpen && this.#receiver === null;
  }

  /** Sends a request: its whole head, in Latin-1. */
  send(head: string, receiver: Receiver): void {
    assert(this.isIdle, "one request at a time on an open connection");
    this.#receiver = receiver;
    this.#response = new ResponseParser();
    this.#socket.write(head, "latin1");
  }

  /** Closes it at once; a request in flight fails with `error`. */
  destroy(error = new Error("the connection was closed")): void {
    this.#isOpen = false;
    this.#fail(error);
    this.#socket.destroy();
  }

  #take(bytes: Uint8Array): void {
    const receiver = this.#receiver;
    if (receiver === null) {
      // Nothing was asked for: such a server is not to be trusted with another request.
      this.destroy();
      return;
    }
    const response = this.#response;
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
    this.#isOpen = false;
    if (receiver === null) return;
    try {
      this.#response.end();
      this.#finish(receiver, this.#response, true);
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
    receiver?.onFail(error, this.#response);
  }
}

function open({ host, port, tls, unixSocket }: Endpoint, take: (bytes: Uint8Array) => void): Socket {
  const place = unixSocket === "" ? { host, port } : { path: unixSocket };
  if (tls !== null) {
    const servername = /^[0-9.]+$|:/u.test(host) ? "" : host;
    const socket = connectTls({ servername, ...tls, ...place });
    socket.on("data", take);
    return socket;
  }
  const callback = (size: number, buffer: Uint8Array): boolean => {
    take(buffer.subarray(0, size));
    return true;
  };
  return connectPlain({ ...place, onread: { buffer: readBuffer, callback } });
}
