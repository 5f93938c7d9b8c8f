/**
 * Speaks to one API server, with credentials that may come from a plugin and run out.
 */

import type { HttpReply } from "@narthex/http/client";
import { ApiClient, type ApiCall } from "../api-client.ts";
import type { MechanismContext } from "../mechanism.ts";
import type { KubeCredentials, KubeServer } from "./kube-config.ts";

const timeoutMs = 60_000;

/** A client of an API server. */
export class KubeApi {
  readonly #server: KubeServer;
  readonly #context: MechanismContext;
  #credentials: KubeCredentials | null = null;
  #client: ApiClient | null = null;

  constructor(server: KubeServer, context: MechanismContext) {
    this.#server = server;
    this.#context = context;
    // Without a plugin the client can be made at once, and with it its faults are told.
    if (server.plugin === null) this.#client = this.#connect(server);
  }

  /** GETs, whatever the status; when credentials were refused, once more with new ones. */
  async get(call: ApiCall): Promise<HttpReply> {
    const answer = await this.#getOnce(call);
    if (answer.status !== 401 || this.#server.plugin === null) return answer;
    this.#credentials = null;
    return this.#getOnce(call);
  }

  /** Closes the connections. */
  close(): void {
    this.#client?.close();
  }

  async #getOnce(call: ApiCall): Promise<HttpReply> {
    const client = await this.#clientNow();
    const token = this.#credentials?.token ?? "";
    const headers = ["accept", "application/json", ...(call.headers ?? [])];
    if (token !== "") headers.push("authorization", `Bearer ${token}`);
    return client.call({ ...call, headers });
  }

  async #clientNow(): Promise<ApiClient> {
    const { plugin } = this.#server;
    const known = this.#credentials;
    const isValid = known !== null && this.#context.clock.nowMs() < known.untilMs;
    if (this.#client !== null && (plugin === null || isValid)) return this.#client;
    if (plugin === null) throw new Error("the client was not made");
    const fresh = await plugin();
    const sameCertificate = known?.certificate === fresh.certificate;
    this.#credentials = fresh;
    if (this.#client === null || !sameCertificate) {
      this.#client?.close();
      this.#client = this.#connect(this.#server.withCertificate(fresh.certificate, fresh.key));
    }
    return this.#client;
  }

  #connect({ section, baseUrl }: Pick<KubeServer, "section" | "baseUrl">): ApiClient {
    return new ApiClient({ section, baseUrl, timeoutMs }, this.#context);
  }
}
