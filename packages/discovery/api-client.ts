/**
 * Calls the JSON API of a cloud or of a catalogue: one HTTP client, a base URL, headers that go with every
 * call.
 */

import { Json } from "./json.ts";
import { bodyText, HttpClient, type HttpAnswer, type HttpReply } from "@narthex/http/client";
import type { HttpClientSection } from "@narthex/http/client-config";
import type { MechanismContext } from "./mechanism.ts";

/** What a client is made of. */
export interface ApiOptions {
  readonly section: HttpClientSection;
  /** What paths are appended to. A `unix://` address leads to a socket. */
  readonly baseUrl: string;
  readonly timeoutMs: number;
  /** name, value, … for every call. */
  readonly headers?: readonly string[];
}

/** One call. */
export interface ApiCall {
  /** Appended to the base URL; or a whole URL. */
  readonly path: string;
  /** `GET` when absent. */
  readonly method?: string;
  /** Parameters; of a list, each. */
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** name, value, … */
  readonly headers?: readonly string[];
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  /** Takes the body as it comes. */
  readonly onBody?: (bytes: Uint8Array) => void;
}

/** An answer with another status than one of success. */
export class ApiStatusError extends Error {
  override readonly name = "ApiStatusError";
  readonly status: number;
  readonly body: string;

  constructor(where: string, answer: HttpAnswer) {
    const body = bodyText(answer);
    const more = body.trim() === "" ? "" : `: ${body.trim().slice(0, 300)}`;
    super(`${where}: unexpected response status ${answer.statusText}${more}`);
    this.status = answer.status;
    this.body = body;
  }
}

const maxBodyBytes = 256 * 1_048_576;

/** A client of one API. */
export class ApiClient {
  readonly #client: HttpClient;
  readonly #options: ApiOptions;
  readonly #baseUrl: string;
  readonly #userAgent: string;

  /** Throws when the base URL is none or a file of the section cannot be used. */
  constructor(options: ApiOptions, context: MechanismContext) {
    this.#options = options;
    this.#userAgent = context.userAgent ?? "Prometheus";
    const socket = /^unix:\/\/(.*)$/u.exec(options.baseUrl)?.[1];
    this.#baseUrl = (socket === undefined ? options.baseUrl : "http://localhost").replace(/\/+$/u, "");
    this.#client = new HttpClient(this.#baseUrl, {
      section: options.section,
      clock: context.clock,
      ...(socket === undefined ? {} : { unixSocket: socket }),
    });
  }

  /** The answer, whatever its status. Rejects with `FetchError`. */
  call(call: ApiCall): Promise<HttpReply> {
    const { headers = [] } = this.#options;
    const { method = "GET", body, onBody } = call;
    return this.#client.request({
      method,
      url: this.#urlOf(call),
      headers: ["user-agent", this.#userAgent, ...headers, ...(call.headers ?? [])],
      timeoutMs: call.timeoutMs ?? this.#options.timeoutMs,
      bodyLimitBytes: maxBodyBytes,
      signal: call.signal,
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? new TextEncoder().encode(body) : body }),
      ...(onBody === undefined ? {} : { onBody }),
    });
  }

  /** A successful answer. Rejects with `ApiStatusError` for another status than 2xx. */
  async succeed(call: ApiCall): Promise<HttpReply> {
    const answer = await this.call(call);
    if (answer.status < 200 || answer.status > 299) {
      throw new ApiStatusError(`${call.method ?? "GET"} ${call.path}`, answer);
    }
    return answer;
  }

  /** The JSON of a successful answer. */
  async json(call: ApiCall): Promise<Json> {
    return Json.parse(bodyText(await this.succeed(call)));
  }

  /** Closes the connections. */
  close(): void {
    this.#client.close();
  }

  #urlOf({ path, query = {} }: ApiCall): string {
    const url = /^https?:\/\//u.test(path) ? path : this.#baseUrl + path;
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined) continue;
      for (const one of typeof value === "string" ? [value] : value) params.append(name, one);
    }
    if (params.size === 0) return url;
    return `${url}${url.includes("?") ? "&" : "?"}${params.toString()}`;
  }
}
