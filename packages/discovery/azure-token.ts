/**
 * Access tokens for Azure's resource manager, by the four ways that a section may choose.
 */

import type { HttpClientSection } from "@narthex/http/client-config";
import { runCredentialCommand } from "@narthex/http/credential-command";
import { ApiClient } from "./api-client.ts";
import { Json } from "./json.ts";
import type { MechanismContext } from "./mechanism.ts";

/** The ways. */
export const azureMethods = ["OAuth", "ManagedIdentity", "SDK", "WorkloadIdentity"] as const;
/** One of the ways. */
export type AzureMethod = (typeof azureMethods)[number];

/** Addresses of one of Azure's clouds. */
export interface AzureCloud {
  readonly authority: string;
  readonly manager: string;
}

/** Who asks. */
export interface AzureIdentity {
  readonly method: AzureMethod;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

const timeoutMs = 30_000;
const earlyMs = 120_000;
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Gets tokens and keeps them. */
export class AzureToken {
  readonly #identity: AzureIdentity;
  readonly #cloud: AzureCloud;
  readonly #section: HttpClientSection;
  readonly #context: MechanismContext;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  #token = "";
  #untilMs = 0;

  constructor(
    identity: AzureIdentity,
    cloud: AzureCloud,
    section: HttpClientSection,
    context: MechanismContext,
  ) {
    this.#identity = identity;
    this.#cloud = cloud;
    this.#section = section;
    this.#context = context;
    this.#environment = context.environment ?? process.env;
  }

  /** The Authorization header for a request now. Rejects when no token can be got. */
  async authorization(signal: AbortSignal): Promise<string> {
    const nowMs = this.#context.clock.nowMs();
    if (this.#token === "" || nowMs >= this.#untilMs) {
      const answer = await this.#ask(signal);
      this.#token = answer.at("access_token").text() || answer.at("accessToken").text();
      const seconds = Number(answer.at("expires_in").shown() || 300);
      this.#untilMs = nowMs + seconds * 1000 - earlyMs;
    }
    return `Bearer ${this.#token}`;
  }

  #ask(signal: AbortSignal): Promise<Json> {
    const { method, tenantId, clientId, clientSecret } = this.#identity;
    switch (method) {
      case "OAuth":
        return this.#withSecret(tenantId, clientId, clientSecret, signal);
      case "ManagedIdentity":
        return this.#managed(signal);
      case "WorkloadIdentity":
        return this.#workload(signal);
      case "SDK":
        return this.#anyWay(signal);
    }
  }

  /** The chain of Azure's libraries: environment, workload, machine, command line. */
  async #anyWay(signal: AbortSignal): Promise<Json> {
    const at = (name: string): string => this.#environment[name] ?? "";
    const tenant = at("AZURE_TENANT_ID");
    const secret = at("AZURE_CLIENT_SECRET");
    if (tenant !== "" && at("AZURE_CLIENT_ID") !== "" && secret !== "")
      return this.#withSecret(tenant, at("AZURE_CLIENT_ID"), secret, signal);
    if (at("AZURE_FEDERATED_TOKEN_FILE") !== "") return this.#workload(signal);
    try {
      return await this.#managed(signal);
    } catch (cause) {
      try {
        const words = ["account", "get-access-token", "-o", "json", "--resource", this.#cloud.manager];
        const tenantWords = this.#identity.tenantId === "" ? [] : ["--tenant", this.#identity.tenantId];
        const command = { program: "az", words: [...words, ...tenantWords], environment: {}, directory: "" };
        return Json.parse(await runCredentialCommand(command));
      } catch (second) {
        const why = `${(cause as Error).message}; ${(second as Error).message}`;
        throw new Error(`DefaultAzureCredential: failed to acquire a token: ${why}`, { cause: second });
      }
    }
  }

  #withSecret(tenant: string, id: string, secret: string, signal: AbortSignal): Promise<Json> {
    return this.#post(tenant, { client_id: id, client_secret: secret }, this.#cloud.authority, signal);
  }

  #workload(signal: AbortSignal): Promise<Json> {
    const at = (name: string): string => this.#environment[name] ?? "";
    const file = at("AZURE_FEDERATED_TOKEN_FILE");
    const [tenant, id] = [at("AZURE_TENANT_ID"), at("AZURE_CLIENT_ID")];
    if (file === "" || tenant === "" || id === "")
      throw new Error("no client ID, tenant ID or token file specified. Check pod configuration");
    const assertion = new TextDecoder().decode(this.#context.disk.readFile(file)).trim();
    const authority = at("AZURE_AUTHORITY_HOST") || this.#cloud.authority;
    const form = { client_id: id, client_assertion: assertion, client_assertion_type: assertionType };
    return this.#post(tenant, form, authority, signal);
  }

  async #post(
    tenant: string,
    form: Readonly<Record<string, string>>,
    authority: string,
    signal: AbortSignal,
  ): Promise<Json> {
    const scope = `${this.#cloud.manager}/.default`;
    const body = new URLSearchParams({ grant_type: "client_credentials", scope, ...form }).toString();
    const path = `${authority.replace(/\/+$/u, "")}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`;
    const headers = ["content-type", "application/x-www-form-urlencoded"];
    return this.#call(path, (api) => api.json({ path, method: "POST", headers, body, signal }));
  }

  #managed(signal: AbortSignal): Promise<Json> {
    const { clientId } = this.#identity;
    const own = clientId === "" ? {} : { client_id: clientId };
    const service = this.#environment["IDENTITY_ENDPOINT"] ?? "";
    const header = this.#environment["IDENTITY_HEADER"] ?? "";
    const resource = this.#cloud.manager;
    if (service !== "" && header !== "") {
      const query = { "api-version": "2019-08-01", resource, ...own };
      const headers = ["x-identity-header", header];
      return this.#call(service, (api) => api.json({ path: service, query, headers, signal }));
    }
    const host = this.#environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] || "http://169.254.169.254";
    const path = `${host}/metadata/identity/oauth2/token`;
    const query = { "api-version": "2018-02-01", resource, ...own };
    return this.#call(path, (api) => api.json({ path, query, headers: ["metadata", "true"], signal }));
  }

  async #call(url: string, ask: (api: ApiClient) => Promise<Json>): Promise<Json> {
    const api = new ApiClient({ section: this.#section, baseUrl: url, timeoutMs }, this.#context);
    try {
      return await ask(api);
    } finally {
      api.close();
    }
  }
}
