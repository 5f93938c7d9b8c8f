/**
 * Fetches pages over kept connections: one client per target, one request in flight.
 *
 *   scrape-request, discovery → CLIENT → connection → socket
 *
 * Invariants
 *  - A request ends within its timeout, body included, and an ended one keeps no timer.
 *  - A body, decoded, is shorter than its limit; the rest is not read.
 *  - Credentials and custom headers go to the first host only, not to where a redirect leads.
 *
 * Lifetime: the chunks of an answer are the caller's, and stay valid.
 */

import { assert } from "@narthex/platform/assert";
import type { Clock, Timer } from "@narthex/platform/clock";
import type { HttpClientSection } from "./client-config.ts";
import { Connection, type Receiver } from "./connection.ts";
import { Credentials, tlsConnectOptions, type HeaderList } from "./credentials.ts";
import { FetchError, networkText } from "./fetch-error.ts";
import {
  claimedBytes,
  gunzipBody,
  inlineContentBytes,
  inlineGunzipBytes,
  type PackedBody,
} from "./gunzip.ts";
import type { ResponseParser } from "./response-parser.ts";

/** One answer, decoded. */
export interface HttpAnswer {
  readonly status: number;
  /** Status as the server wrote it: `404 Not Found`. */
  readonly statusText: string;
  /** The Content-Type header, "" when absent. */
  readonly contentType: string;
  readonly chunks: readonly Uint8Array[];
  /** Bytes of all chunks; of a packed body what it claims to have. */
  readonly sizeBytes: number;
  /**
   * A gzip body that was asked to be left packed, to be unpacked with `gunzipInto`; then there are no chunks.
   */
  readonly packed: PackedBody | null;
}

/** What one request asks for. */
export interface GetOptions {
  /** name, value, …; in addition to the client's own. */
  readonly headers: HeaderList;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** The decoded body must be shorter; 0: `maxBodyBytes`. */
  readonly bodyLimitBytes: number;
  readonly signal?: AbortSignal;
  /** Leave a gzip body packed, when it is small enough to be unpacked by the caller at once. */
  readonly keepsPacked?: boolean;
}

/** What a client is made of. */
export interface HttpClientOptions {
  readonly section: HttpClientSection;
  readonly clock: Clock;
  /** Connect to this socket instead of the URL's host; "" or absent: no. */
  readonly unixSocket?: string;
}

/** Where a body without a limit of its own ends. */
export const maxBodyBytes = 2 ** 30;
const maxRedirects = 10;

/** All bytes of an answer in one piece. */
export function wholeBody({ chunks, sizeBytes }: HttpAnswer): Uint8Array {
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, sizeBytes);
}

/** A client for one URL. */
export class HttpClient {
  readonly #url: URL;
  readonly #clock: Clock;
  readonly #credentials: Credentials;
  readonly #followRedirects: boolean;
  readonly #tls: Record<string, unknown>;
  readonly #unixSocket: string;
  readonly #connections = new Map<string, Connection>();
  /** The head of the last request, and what it was made of: mostly the next one's too. */
  #head = "";
  #headUrl: URL | null = null;
  #headParts: readonly HeaderList[] = [];
  #closed = false;

  /** Throws when the URL is none or a TLS file cannot be read. */
  constructor(url: string, { section, clock, unixSocket = "" }: HttpClientOptions) {
    this.#url = new URL(url);
    this.#clock = clock;
    this.#credentials = new Credentials(section);
    this.#followRedirects = section.follow_redirects;
    this.#tls = tlsConnectOptions(section.tls_config);
    this.#unixSocket = unixSocket;
  }

  /** GETs the page. Rejects with `FetchError`. */
  async get(options: GetOptions): Promise<HttpAnswer> {
    assert(!this.#closed, "a closed client is not used");
    const deadline = new Deadline(this.#clock, options.timeoutMs, options.signal);
    try {
      return await this.#follow(options, deadline);
    } finally {
      deadline.clear();
    }
  }

  /** Closes the connections; a request in flight fails. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#connections.values()) connection.destroy();
    this.#connections.clear();
  }

  async #follow(options: GetOptions, deadline: Deadline): Promise<HttpAnswer> {
    let url = this.#url;
    for (let hops = 0; ; hops++) {
      const own = url.host === this.#url.host ? this.#ownHeaders() : [];
      const reply = await this.#exchange(url, this.#headFor(url, options.headers, own), options, deadline);
      const { status, location } = reply;
      const redirects =
        status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
      if (!redirects || !this.#followRedirects || location === "")
        return decoded(reply, options.bodyLimitBytes, options.keepsPacked ?? false);
      if (hops === maxRedirects) {
        throw new FetchError("redirect", `Get "${url.href}": stopped after ${maxRedirects} redirects`);
      }
      url = redirectTarget(url, location);
    }
  }

  #ownHeaders(): HeaderList {
    try {
      return this.#credentials.headers();
    } catch (cause) {
      throw new FetchError("network", `Get "${this.#url.href}": ${(cause as Error).message}`, { cause });
    }
  }

  #headFor(url: URL, headers: HeaderList, own: HeaderList): string {
    const isKnown = url === this.#headUrl && this.#headParts[0] === headers && this.#headParts[1] === own;
    if (!isKnown) {
      this.#head = requestHead(url, [...headers, ...own]);
      this.#headUrl = url;
      this.#headParts = [headers, own];
    }
    return this.#head;
  }

  /** One request; a kept connection that the server closed meanwhile is worth a second try. */
  async #exchange(url: URL, head: string, options: GetOptions, deadline: Deadline): Promise<Reply> {
    const connection = this.#connectionTo(url);
    const wasUsed = connection.served > 0;
    try {
      return await send(connection, url, head, options.bodyLimitBytes, deadline);
    } catch (error) {
      const isStale = error instanceof FetchError && error.code === "network" && wasUsed && !deadline.isOver;
      if (!isStale || !/ EOF$|connection reset by peer$/u.test(error.message)) throw error;
      return send(this.#connectionTo(url), url, head, options.bodyLimitBytes, deadline);
    }
  }

  #connectionTo(url: URL): Connection {
    const known = this.#connections.get(url.origin);
    if (known?.isIdle === true) return known;
    known?.destroy();
    const isTls = url.protocol === "https:";
    const connection = new Connection({
      host: url.hostname.replace(/^\[|\]$/gu, ""),
      port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
      tls: isTls ? this.#tls : null,
      unixSocket: url.host === this.#url.host ? this.#unixSocket : "",
    });
    this.#connections.set(url.origin, connection);
    return connection;
  }
}

function requestHead(url: URL, headers: HeaderList): string {
  let head = `GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const line = `${headers[i] as string}: ${headers[i + 1] as string}`;
    if (/[\r\n\0]/u.test(line)) {
      throw new FetchError(
        "network",
        `Get "${url.href}": net/http: invalid header field value for "${headers[i]}"`,
      );
    }
    head += `${Buffer.from(line).toString("latin1")}\r\n`;
  }
  return `${head}\r\n`;
}

function redirectTarget(from: URL, location: string): URL {
  try {
    const url = new URL(location, from);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
    throw new FetchError(
      "redirect",
      `Get "${url.href}": unsupported protocol scheme "${url.protocol.slice(0, -1)}"`,
    );
  } catch (cause) {
    if (cause instanceof FetchError) throw cause;
    throw new FetchError("redirect", `Get "${from.href}": failed to parse Location header "${location}"`, {
      cause,
    });
  }
}

/** The end of an exchange: its timeout or the caller's signal, whichever comes first. */
class Deadline {
  readonly #timer: Timer;
  readonly #signal: AbortSignal | undefined;
  #error: FetchError | null = null;
  /** Ends what runs now. */
  onOver: ((error: FetchError) => void) | null = null;

  constructor(clock: Clock, timeoutMs: number, signal: AbortSignal | undefined) {
    this.#timer = clock.after(timeoutMs, () =>
      this.#end(new FetchError("timeout", "context deadline exceeded")),
    );
    this.#signal = signal;
    if (signal?.aborted === true) this.#cancel();
    else signal?.addEventListener("abort", this.#cancel);
  }

  get isOver(): boolean {
    return this.#error !== null;
  }

  /** Throws when it is over. */
  check(): void {
    if (this.#error !== null) throw this.#error;
  }

  clear(): void {
    this.#timer.stop();
    this.#signal?.removeEventListener("abort", this.#cancel);
    this.onOver = null;
  }

  readonly #cancel = (): void => this.#end(new FetchError("canceled", "context canceled"));

  #end(error: FetchError): void {
    this.#error ??= error;
    this.onOver?.(this.#error);
  }
}

/** What of a response matters. */
type Reply = Pick<
  ResponseParser,
  "status" | "statusText" | "contentType" | "contentEncoding" | "location" | "bodyBytes" | "body"
>;

function send(
  connection: Connection,
  url: URL,
  head: string,
  bodyLimitBytes: number,
  deadline: Deadline,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    deadline.check();
    const exchange = new Exchange(url, bodyLimitBytes, resolve, reject);
    deadline.onOver = (error) => connection.destroy(error);
    connection.send(head, exchange);
  });
}

/** Judges one response as it comes. */
class Exchange implements Receiver {
  readonly #url: URL;
  readonly #limitBytes: number;
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    url: URL,
    limitBytes: number,
    resolve: (reply: Reply) => void,
    reject: (error: unknown) => void,
  ) {
    this.#url = url;
    this.#limitBytes = limitBytes === 0 ? maxBodyBytes : limitBytes;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onProgress(response: ResponseParser): void {
    // A packed body may be a little longer than its content: the limit is on the content.
    const allowance = isGzip(response.contentEncoding) ? 4_096 + this.#limitBytes / 64 : 0;
    if (response.bodyBytes >= this.#limitBytes + allowance) {
      throw new FetchError("body-limit", "body size limit exceeded");
    }
  }

  onDone(response: ResponseParser): void {
    try {
      this.onProgress(response);
      this.#resolve(response);
    } catch (error) {
      this.#reject(error);
    }
  }

  onFail(cause: Error, response: ResponseParser): void {
    const error =
      cause instanceof FetchError ? cause : new FetchError("network", networkText(cause), { cause });
    if (response.hasHead) {
      this.#reject(error);
      return;
    }
    this.#reject(new FetchError(error.code, `Get "${this.#url.href}": ${error.message}`, { cause: error }));
  }
}

function isGzip(contentEncoding: string): boolean {
  return contentEncoding.trim().toLowerCase() === "gzip";
}

async function decoded(reply: Reply, bodyLimitBytes: number, keepsPacked: boolean): Promise<HttpAnswer> {
  const { status, statusText, contentType } = reply;
  const chunks = reply.body();
  if (!isGzip(reply.contentEncoding) || reply.bodyBytes === 0) {
    return { status, statusText, contentType, chunks, sizeBytes: reply.bodyBytes, packed: null };
  }
  const limit = bodyLimitBytes === 0 ? maxBodyBytes : bodyLimitBytes;
  const packed = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  const claimed = claimedBytes(packed);
  const most = Math.min(limit, inlineContentBytes);
  // A claim of nothing may be that of a last, empty part: only unpacking tells.
  if (keepsPacked && packed.length <= inlineGunzipBytes && claimed > 0 && claimed < most) {
    const left: PackedBody = { bytes: packed, limitBytes: limit };
    return { status, statusText, contentType, chunks: [], sizeBytes: claimed, packed: left };
  }
  const body = await gunzipBody(packed, limit);
  return { status, statusText, contentType, chunks: [body], sizeBytes: body.length, packed: null };
}
