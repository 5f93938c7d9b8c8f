/**
 * Fetches pages and calls APIs over kept connections: for a scrape target, one client with one request in
 * flight; for an API as many as it is asked for at a time.
 *
 *   scrape-request, discovery, remote storage → CLIENT → transport → connection → socket
 *
 * Invariants
 *  - A request ends within its timeout, body included, and an ended one keeps no timer.
 *  - A body, decoded, is shorter than its limit; the rest is not read.
 *  - Credentials and custom headers go to the first host and its subdomains only, and no longer once a
 *    redirect led elsewhere.
 *
 * Lifetime: the chunks of an answer are the caller's, and stay valid.
 */

import { assert } from "@narthex/platform/assert";
import type { Clock } from "@narthex/platform/clock";
import type { HttpClientSection } from "./client-config.ts";
import { basicAuthorization, Credentials, type HeaderList } from "./credentials.ts";
import { Deadline } from "./deadline.ts";
import { FetchError } from "./fetch-error.ts";
import {
  claimedBytes,
  gunzipBody,
  inlineContentBytes,
  inlineGunzipBytes,
  type PackedBody,
} from "./gunzip.ts";
import { Oauth2 } from "./oauth2.ts";
import type { IncomingResponse } from "./response-parser.ts";
import { checkVersions } from "./tls-material.ts";
import { isGzip, maxBodyBytes, Transport, transportParts, verbOf, type TransportParts } from "./transport.ts";
import { userInfo } from "./tunnel.ts";
import { hostOf, shownUrl } from "./url-check.ts";

export { maxBodyBytes } from "./transport.ts";

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

/** One answer with its headers. */
export interface HttpReply extends HttpAnswer {
  /** A header's value, "" when absent; `name` in lower case. */
  header(name: string): string;
}

/** What one GET asks for. */
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

/** What one request of any kind asks for. */
export interface RequestOptions extends GetOptions {
  /** `GET` when absent. */
  readonly method?: string;
  /** An absolute URL in place of the client's own. */
  readonly url?: string;
  readonly body?: Uint8Array;
  /** Takes the body of a 2xx answer as it comes, as sent; the answer has no chunks then. */
  readonly onBody?: (bytes: Uint8Array) => void;
}

/** What a client is made of. */
export interface HttpClientOptions {
  readonly section: HttpClientSection;
  readonly clock: Clock;
  /** Connect to this socket instead of the URL's host; "" or absent: no. */
  readonly unixSocket?: string;
}

const maxRedirects = 10;

/** All bytes of an answer in one piece. */
export function wholeBody({ chunks, sizeBytes }: HttpAnswer): Uint8Array {
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, sizeBytes);
}

/** The text of an answer. */
export function bodyText(answer: HttpAnswer): string {
  return new TextDecoder().decode(wholeBody(answer));
}

/** What all clients of one section share. */
interface Shared {
  readonly credentials: Credentials;
  readonly oauth2: Oauth2 | null;
  readonly parts: TransportParts;
}

const sharedBySection = new WeakMap<HttpClientSection, Shared>();

function sharedOf(section: HttpClientSection, clock: Clock): Shared {
  const known = sharedBySection.get(section);
  if (known !== undefined) return known;
  if (section.tls_config !== null) checkVersions(section.tls_config);
  const shared = {
    credentials: new Credentials(section),
    oauth2: section.oauth2 === null ? null : new Oauth2(section.oauth2, clock),
    parts: transportParts(section, section.enable_http2),
  };
  sharedBySection.set(section, shared);
  return shared;
}

/** A client for one URL, and for others of the same service. */
export class HttpClient {
  readonly #url: URL;
  readonly #clock: Clock;
  readonly #shared: Shared;
  readonly #transport: Transport;
  readonly #followRedirects: boolean;
  #tokenHeader: HeaderList = [];
  #closed = false;

  /** Throws when the URL is none or a TLS file cannot be read. */
  constructor(url: string, { section, clock, unixSocket = "" }: HttpClientOptions) {
    this.#url = new URL(url);
    this.#clock = clock;
    this.#shared = sharedOf(section, clock);
    this.#transport = new Transport(this.#shared.parts, clock, unixSocket);
    this.#followRedirects = section.follow_redirects;
  }

  /** GETs the page. Rejects with `FetchError`. */
  get(options: GetOptions): Promise<HttpAnswer> {
    return this.request(options);
  }

  /** Sends a request. Rejects with `FetchError`. */
  async request(options: RequestOptions): Promise<HttpReply> {
    assert(!this.#closed, "a closed client is not used");
    const deadline = new Deadline(this.#clock, options.timeoutMs, options.signal);
    try {
      const url = options.url === undefined ? this.#url : parseUrl(options);
      return await this.#follow(url, options, deadline);
    } finally {
      deadline.clear();
    }
  }

  /** Closes the connections; a request in flight fails. */
  close(): void {
    this.#closed = true;
    this.#transport.close();
  }

  async #follow(first: URL, options: RequestOptions, deadline: Deadline): Promise<HttpReply> {
    let url = first;
    let method = options.method ?? "GET";
    let body = options.body ?? null;
    let hasLeft = false;
    for (let hops = 0; ; hops++) {
      hasLeft ||= hops > 0 && !isSameOrSubdomain(hostOf(url), hostOf(first));
      const headers = hasLeft ? foreignHeaders(options.headers) : options.headers;
      const own = hasLeft ? [] : this.#ownHeaders(url, method);
      const token = hasLeft || this.#shared.oauth2 === null ? [] : [await this.#token(url, method, deadline)];
      const message = {
        method,
        url,
        headers: [headers, own, ...token],
        body,
        bodyLimitBytes: options.bodyLimitBytes,
        sink: options.onBody ?? null,
      };
      const reply = await this.#transport.roundTrip(message, deadline);
      const { status, location } = reply;
      if (!isRedirect(status) || !this.#followRedirects || location === "")
        return decoded(reply, options.bodyLimitBytes, options.keepsPacked ?? false);
      if (hops === maxRedirects) {
        // The original names the Location as it was given, not what it leads to.
        const where = `${verbOf(method)} "${location}"`;
        throw new FetchError("redirect", `${where}: stopped after ${maxRedirects} redirects`);
      }
      url = redirectTarget(url, location, method);
      if (status < 307 && method !== "GET" && method !== "HEAD") [method, body] = ["GET", null];
    }
  }

  #ownHeaders(url: URL, method: string): HeaderList {
    try {
      const own = this.#shared.credentials.headers();
      const user = userInfo(url);
      if (user === null) return own;
      // What the URL itself says goes before the configuration.
      const others = own.flatMap((part, i) =>
        i % 2 === 0 && part !== "authorization" ? [part, own[i + 1] as string] : [],
      );
      return ["authorization", basicAuthorization(user.user, user.password), ...others];
    } catch (cause) {
      throw new FetchError("network", `${verbOf(method)} "${shownUrl(url)}": ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  async #token(url: URL, method: string, deadline: Deadline): Promise<HeaderList> {
    try {
      const asked = (this.#shared.oauth2 as Oauth2).authorization();
      const over = new Promise<never>((_resolve, reject) => {
        deadline.check();
        deadline.onOver = reject;
      });
      const authorization = await Promise.race([asked, over]);
      if (this.#tokenHeader[1] !== authorization) this.#tokenHeader = ["authorization", authorization];
      return this.#tokenHeader;
    } catch (cause) {
      const code = cause instanceof FetchError ? cause.code : "network";
      const where = `${verbOf(method)} "${shownUrl(url)}"`;
      throw new FetchError(code, `${where}: ${(cause as Error).message}`, { cause });
    }
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function parseUrl({ url = "", method = "GET" }: RequestOptions): URL {
  try {
    return new URL(url);
  } catch (cause) {
    throw new FetchError("network", `${verbOf(method)} "${url}": invalid URL`, { cause });
  }
}

function isSameOrSubdomain(host: string, parent: string): boolean {
  return host === parent || (!/[:%]/u.test(host) && host.endsWith(`.${parent}`));
}

const sensitiveHeaders = new Set([
  "authorization",
  "www-authenticate",
  "cookie",
  "cookie2",
  "proxy-authorization",
  "proxy-authenticate",
]);

/** The headers of a request that may be shown to a host it was not meant for. */
function foreignHeaders(headers: HeaderList): HeaderList {
  return headers.flatMap((part, i) =>
    i % 2 === 0 && !sensitiveHeaders.has(part.toLowerCase()) ? [part, headers[i + 1] as string] : [],
  );
}

function redirectTarget(from: URL, location: string, method: string): URL {
  const verb = verbOf(method);
  try {
    const url = new URL(location, from);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
    throw new FetchError(
      "redirect",
      `${verb} "${url.href}": unsupported protocol scheme "${url.protocol.slice(0, -1)}"`,
    );
  } catch (cause) {
    if (cause instanceof FetchError) throw cause;
    const where = `${verb} "${shownUrl(from)}"`;
    throw new FetchError("redirect", `${where}: failed to parse Location header "${location}"`, { cause });
  }
}

async function decoded(
  reply: IncomingResponse,
  bodyLimitBytes: number,
  keepsPacked: boolean,
): Promise<HttpReply> {
  const { status, statusText, contentType } = reply;
  const chunks = reply.body();
  const facts = { status, statusText, contentType, header: (name: string) => reply.header(name) };
  if (!isGzip(reply.contentEncoding) || chunks.length === 0) {
    return { ...facts, chunks, sizeBytes: reply.bodyBytes, packed: null };
  }
  const limit = bodyLimitBytes === 0 ? maxBodyBytes : bodyLimitBytes;
  const packed = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  const claimed = claimedBytes(packed);
  const most = Math.min(limit, inlineContentBytes);
  // A claim of nothing may be that of a last, empty part: only unpacking tells.
  if (keepsPacked && packed.length <= inlineGunzipBytes && claimed > 0 && claimed < most) {
    const left: PackedBody = { bytes: packed, limitBytes: limit };
    return { ...facts, chunks: [], sizeBytes: claimed, packed: left };
  }
  const body = await gunzipBody(packed, limit);
  return { ...facts, chunks: [body], sizeBytes: body.length, packed: null };
}
