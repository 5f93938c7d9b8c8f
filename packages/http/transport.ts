/**
 * Carries one request to a server and its response back, over kept connections, through proxies where the
 * configuration wants it. Knows nothing of credentials and redirects: those are the client's.
 *
 *   client, oauth2 → TRANSPORT → connection (→ tunnel)
 *
 * Invariants
 *  - A response, as sent, is no longer than its limit allows; the rest is not read.
 *  - A kept connection that the server closed meanwhile is replaced once, silently; only for requests that
 *    may be sent twice.
 *  - No connection outlives a change of the TLS files it was made with.
 */

import type { Clock } from "@narthex/platform/clock";
import type { TlsSection } from "./client-config.ts";
import { Connection, type OutgoingRequest, type Receiver } from "./connection.ts";
import { basicAuthorization, type HeaderList } from "./credentials.ts";
import type { Deadline } from "./deadline.ts";
import { FetchError, networkText } from "./fetch-error.ts";
import { proxyChooser, type ProxyChooser, type ProxySection } from "./proxy.ts";
import type { IncomingResponse } from "./response-parser.ts";
import { TlsMaterial } from "./tls-material.ts";
import { userInfo } from "./tunnel.ts";
import { hostOf, portOf, shownUrl } from "./url-check.ts";

/** Where a body without a limit of its own ends. */
export const maxBodyBytes = 2 ** 30;
/** A connection that idles longer is not used again. */
const maxIdleMs = 300_000;

/** What all transports of one section share. */
export interface TransportParts {
  readonly tls: TlsMaterial;
  readonly chooseProxy: ProxyChooser | null;
  readonly connectHeaders: HeaderList;
  readonly allowsHttp2: boolean;
}

/** The parts that a section asks for. Throws when its TLS files cannot be used. */
export function transportParts(
  section: ProxySection & { readonly tls_config: TlsSection | null },
  allowsHttp2: boolean,
): TransportParts {
  const connectHeaders = [...section.proxy_connect_header].flatMap(([name, values]) =>
    values.flatMap((value) => [name, value.reveal()]),
  );
  return {
    tls: new TlsMaterial(section.tls_config),
    chooseProxy: proxyChooser(section, process.env),
    connectHeaders,
    allowsHttp2,
  };
}

/** One request. */
export interface Message {
  readonly method: string;
  readonly url: URL;
  /** Lists of headers; the same list objects in the next message spare its head being written anew. */
  readonly headers: readonly HeaderList[];
  readonly body: Uint8Array | null;
  /** The most bytes of a body as sent; 0: `maxBodyBytes`. */
  readonly bodyLimitBytes: number;
  /** Takes the body as it comes; null to have it kept. */
  readonly sink: ((bytes: Uint8Array) => void) | null;
}

/** Where a message goes, in terms of connections. */
interface Place {
  readonly url: URL;
  readonly proxy: URL | null;
  readonly key: string;
  readonly isTls: boolean;
  readonly needsTls: boolean;
}

interface Kept {
  readonly connection: Connection;
  readonly generation: number;
  usedMs: number;
}

const none: readonly Kept[] = [];

/** Carries the messages of one client. */
export class Transport {
  readonly #parts: TransportParts;
  readonly #clock: Clock;
  readonly #unixSocket: string;
  readonly #kept = new Map<string, readonly Kept[]>();
  /** The last request without a body: mostly the next one's too. */
  #last: { readonly message: Message; readonly request: OutgoingRequest } | null = null;

  #lastPlace: Place | null = null;

  /** With a `unixSocket`, all direct connections lead there. */
  constructor(parts: TransportParts, clock: Clock, unixSocket = "") {
    this.#parts = parts;
    this.#clock = clock;
    this.#unixSocket = unixSocket;
  }

  /** Sends a message. Rejects with `FetchError`. */
  async roundTrip(message: Message, deadline: Deadline): Promise<IncomingResponse> {
    const proxy = this.#proxyFor(message);
    const request = this.#requestOf(message, proxy);
    const kept = this.#acquire(message, proxy);
    const wasUsed = kept.connection.served > 0;
    try {
      return await this.#send(kept, message, request, deadline);
    } catch (error) {
      const isStale = error instanceof FetchError && error.code === "network" && wasUsed && !deadline.isOver;
      const repeats = message.method === "GET" || message.method === "HEAD";
      // Only when nothing of an answer came: its text begins with the request then.
      if (!repeats || !isStale || !/^[GH].*: (?:EOF|.*connection reset by peer)$/u.test(error.message))
        throw error;
      return this.#send(this.#acquire(message, proxy), message, request, deadline);
    }
  }

  /** Closes the connections; a request in flight fails. */
  close(): void {
    for (const kept of this.#kept.values()) for (const { connection } of kept) connection.destroy();
    this.#kept.clear();
  }

  #proxyFor({ method, url }: Message): URL | null {
    const { chooseProxy } = this.#parts;
    if (chooseProxy === null || this.#unixSocket !== "") return null;
    try {
      return chooseProxy(url);
    } catch (cause) {
      throw new FetchError("network", `${verbOf(method)} "${shownUrl(url)}": ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  #requestOf(message: Message, proxy: URL | null): OutgoingRequest {
    const last = this.#last;
    if (
      last !== null &&
      last.message.url === message.url &&
      last.message.method === message.method &&
      message.body === null &&
      last.message.headers.length === message.headers.length &&
      last.message.headers.every((list, i) => list === message.headers[i])
    ) {
      return last.request;
    }
    const request = outgoing(message, isForwarding(message.url, proxy) ? proxy : null);
    this.#last = message.body === null ? { message, request } : null;
    return request;
  }

  /** An idle connection to where the message goes. */
  #acquire({ url, method }: Message, proxy: URL | null): Kept {
    const place = this.#placeOf(url, proxy);
    const { tls } = this.#parts;
    try {
      const options = place.needsTls ? tls.options() : null;
      const nowMs = this.#clock.monotonicMs();
      const known = this.#kept.get(place.key) ?? none;
      for (const one of known) {
        const isFresh = one.generation === tls.generation && nowMs - one.usedMs < maxIdleMs;
        if (isFresh && one.connection.isIdle) return one;
      }
      const made = {
        connection: this.#open(url, proxy, place.isTls ? options : null),
        generation: tls.generation,
        usedMs: nowMs,
      };
      for (const one of known) if (one.connection.isIdle) one.connection.destroy();
      this.#kept.set(place.key, [...known.filter((one) => one.connection.isBusy), made]);
      return made;
    } catch (cause) {
      throw new FetchError("network", `${verbOf(method)} "${shownUrl(url)}": ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  #placeOf(url: URL, proxy: URL | null): Place {
    const last = this.#lastPlace;
    if (last !== null && last.url === url && last.proxy === proxy) return last;
    const isTls = url.protocol === "https:";
    const key = proxy === null ? url.origin : `${url.origin} ${proxy.href}`;
    const place = { url, proxy, key, isTls, needsTls: isTls || proxy?.protocol === "https:" };
    this.#lastPlace = place;
    return place;
  }

  #open(url: URL, proxy: URL | null, tls: ReturnType<TlsMaterial["options"]> | null): Connection {
    const { connectHeaders, allowsHttp2, tls: material } = this.#parts;
    const target = { host: hostOf(url), port: portOf(url) };
    const common = { tls, allowsHttp2: allowsHttp2 && tls !== null, unixSocket: this.#unixSocket };
    if (proxy === null) return new Connection({ ...target, ...common, tunnel: null });
    if (isForwarding(url, proxy)) {
      const proxyTls = proxy.protocol === "https:" ? material.options() : null;
      const place = { host: hostOf(proxy), port: portOf(proxy), tls: proxyTls };
      return new Connection({ ...common, ...place, allowsHttp2: false, tunnel: null });
    }
    const tunnel = { proxy, headers: connectHeaders, ...target, tls: material.options() };
    return new Connection({ ...target, ...common, tunnel });
  }

  #send(
    kept: Kept,
    message: Message,
    request: OutgoingRequest,
    deadline: Deadline,
  ): Promise<IncomingResponse> {
    return new Promise((resolve, reject) => {
      deadline.check();
      const done = (response: IncomingResponse): void => {
        kept.usedMs = this.#clock.monotonicMs();
        resolve(response);
      };
      deadline.onOver = (error) => kept.connection.destroy(error);
      kept.connection.send(request, new Exchange(message, done, reject));
    });
  }
}

/** Whether a proxy is sent the request itself, rather than asked for a tunnel. */
function isForwarding(url: URL, proxy: URL | null): boolean {
  return proxy !== null && url.protocol === "http:" && !proxy.protocol.startsWith("socks5");
}

/** The method as Go's errors show it: `Get`. */
export function verbOf(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

function outgoing({ method, url, headers, body }: Message, proxy: URL | null): OutgoingRequest {
  const path = `${url.pathname}${url.search}`;
  const all = headers.flat();
  if (body !== null || method === "POST") all.push("content-length", String(body?.length ?? 0));
  const known = proxy === null ? null : userInfo(proxy);
  if (known !== null) all.push("proxy-authorization", basicAuthorization(known.user, known.password));
  const target = proxy === null ? path : `http://${url.host}${path}`;
  let head = `${method} ${target} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  for (let i = 0; i + 1 < all.length; i += 2) {
    const line = `${all[i] as string}: ${all[i + 1] as string}`;
    if (/[\r\n\0]/u.test(line)) {
      const why = `net/http: invalid header field value for "${all[i] as string}"`;
      throw new FetchError("network", `${verbOf(method)} "${shownUrl(url)}": ${why}`);
    }
    head += `${Buffer.from(line).toString("latin1")}\r\n`;
  }
  return { method, authority: url.host, path, headers: all, body, head: `${head}\r\n` };
}

/** Judges one response as it comes. */
class Exchange implements Receiver {
  readonly sink: ((bytes: Uint8Array) => void) | null;
  readonly #message: Message;
  readonly #limitBytes: number;
  readonly #resolve: (response: IncomingResponse) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    message: Message,
    resolve: (response: IncomingResponse) => void,
    reject: (error: unknown) => void,
  ) {
    this.sink = message.sink;
    this.#message = message;
    this.#limitBytes = message.bodyLimitBytes === 0 ? maxBodyBytes : message.bodyLimitBytes;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onProgress(response: IncomingResponse): void {
    if (this.sink !== null) return;
    // A packed body may be a little longer than its content: the limit is on the content.
    const allowance = isGzip(response.contentEncoding) ? 4_096 + this.#limitBytes / 64 : 0;
    if (response.bodyBytes >= this.#limitBytes + allowance) {
      throw new FetchError("body-limit", "body size limit exceeded");
    }
  }

  onDone(response: IncomingResponse): void {
    try {
      this.onProgress(response);
      this.#resolve(response);
    } catch (error) {
      this.#reject(error);
    }
  }

  onFail(cause: Error, response: IncomingResponse): void {
    const error =
      cause instanceof FetchError ? cause : new FetchError("network", networkText(cause), { cause });
    if (response.hasHead) {
      this.#reject(error);
      return;
    }
    const { method, url } = this.#message;
    const where = `${verbOf(method)} "${shownUrl(url)}"`;
    this.#reject(new FetchError(error.code, `${where}: ${error.message}`, { cause: error }));
  }
}

/** Whether a Content-Encoding says gzip. */
export function isGzip(contentEncoding: string): boolean {
  return contentEncoding.trim().toLowerCase() === "gzip";
}
