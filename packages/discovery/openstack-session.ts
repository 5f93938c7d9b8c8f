/**
 * Speaks to the services of an OpenStack cloud: shows Keystone (version 3) who asks, and finds the other
 * services in the catalogue that comes with the token.
 */

import type { HttpClientSection } from "@narthex/http/client-config";
import { bodyText } from "@narthex/http/client";
import { ApiClient, ApiStatusError } from "./api-client.ts";
import { Json } from "./json.ts";
import type { MechanismContext } from "./mechanism.ts";

/** Who asks; "" for what is not known. */
export interface OpenstackIdentity {
  readonly endpoint: string;
  readonly username: string;
  readonly userId: string;
  readonly password: string;
  readonly projectName: string;
  readonly projectId: string;
  readonly domainName: string;
  readonly domainId: string;
  readonly credentialName: string;
  readonly credentialId: string;
  readonly credentialSecret: string;
}

/** The identity that the environment says. Throws when it says none. */
export function identityFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): OpenstackIdentity {
  const at = (...names: string[]): string =>
    names.map((name) => environment[name] ?? "").find((text) => text !== "") ?? "";
  const identity = {
    endpoint: at("OS_AUTH_URL"),
    username: at("OS_USERNAME"),
    userId: at("OS_USERID"),
    password: at("OS_PASSWORD"),
    projectName: at("OS_PROJECT_NAME", "OS_TENANT_NAME"),
    projectId: at("OS_PROJECT_ID", "OS_TENANT_ID"),
    domainName: at("OS_DOMAIN_NAME"),
    domainId: at("OS_DOMAIN_ID"),
    credentialName: at("OS_APPLICATION_CREDENTIAL_NAME"),
    credentialId: at("OS_APPLICATION_CREDENTIAL_ID"),
    credentialSecret: at("OS_APPLICATION_CREDENTIAL_SECRET"),
  };
  const lacks = (name: string): Error => new Error(`Missing environment variable [${name}]`);
  if (identity.endpoint === "") throw lacks("OS_AUTH_URL");
  if (identity.userId === "" && identity.username === "" && identity.credentialId === "")
    throw lacks("OS_USERNAME");
  if (identity.password === "" && identity.credentialSecret === "") throw lacks("OS_PASSWORD");
  return identity;
}

/** The kinds of services that discovery asks. */
export type OpenstackService = "compute" | "network" | "load-balancer";

const timeoutMs = 60_000;

/** A session with one cloud, for one refresh. */
export class OpenstackSession {
  readonly #api: ApiClient;
  readonly #token: string;
  readonly #catalog: readonly Json[];
  readonly #region: string;
  readonly #availability: string;
  readonly #signal: AbortSignal;

  private constructor(
    api: ApiClient,
    token: string,
    catalog: readonly Json[],
    place: { readonly region: string; readonly availability: string },
    signal: AbortSignal,
  ) {
    this.#api = api;
    this.#token = token;
    this.#catalog = catalog;
    this.#region = place.region;
    this.#availability = place.availability;
    this.#signal = signal;
  }

  /** Shows who asks. */
  static async open(
    api: ApiClient,
    identity: OpenstackIdentity,
    place: { readonly region: string; readonly availability: string },
    signal: AbortSignal,
  ): Promise<OpenstackSession> {
    const base = identity.endpoint.replace(/\/+$/u, "");
    const root = base.endsWith("/v3") ? base : `${base}/v3`;
    try {
      const answer = await api.call({
        path: `${root}/auth/tokens`,
        method: "POST",
        headers: ["content-type", "application/json"],
        body: JSON.stringify(authentication(identity)),
        signal,
      });
      if (answer.status !== 201 && answer.status !== 200)
        throw new ApiStatusError("POST /auth/tokens", answer);
      const catalog = Json.parse(bodyText(answer)).at("token", "catalog").items();
      return new OpenstackSession(api, answer.header("x-subject-token"), catalog, place, signal);
    } catch (cause) {
      throw new Error(`could not authenticate to OpenStack: ${(cause as Error).message}`, { cause });
    }
  }

  /** All items of a collection; pages are followed by the links that answers carry. */
  async all(service: OpenstackService, path: string, list: string): Promise<Json[]> {
    const found: Json[] = [];
    let next: string | undefined = this.#endpoint(service) + path;
    while (next !== undefined) {
      const headers = ["x-auth-token", this.#token, "accept", "application/json"];
      const answer = await this.#api.json({ path: next, headers, signal: this.#signal });
      found.push(...answer.at(list).items());
      next = answer
        .at(`${list}_links`)
        .items()
        .find((link) => link.at("rel").text() === "next")
        ?.at("href")
        .text();
    }
    return found;
  }

  #endpoint(service: OpenstackService): string {
    for (const entry of this.#catalog) {
      if (entry.at("type").text() !== service) continue;
      const found = entry
        .at("endpoints")
        .items()
        .find(
          (one) =>
            one.at("interface").text() === this.#availability &&
            (one.at("region").text() === this.#region || one.at("region_id").text() === this.#region),
        );
      const url = found?.at("url").text().replace(/\/+$/u, "");
      if (url === undefined) continue;
      return service === "compute" ? url : `${url.replace(/\/v2\.0$/u, "")}/v2.0`;
    }
    const what = service === "load-balancer" ? "load balancer" : service;
    const why = "No suitable endpoint could be found in the service catalog.";
    throw new Error(`could not create OpenStack ${what} session: ${why}`);
  }
}

/** A client for the cloud of an identity. */
export function openstackClient(
  identity: OpenstackIdentity,
  section: HttpClientSection,
  context: MechanismContext,
): ApiClient {
  return new ApiClient({ section, baseUrl: identity.endpoint, timeoutMs }, context);
}

function domainOf({ domainId, domainName }: OpenstackIdentity): object {
  if (domainId !== "") return { domain: { id: domainId } };
  return domainName === "" ? {} : { domain: { name: domainName } };
}

function userOf(identity: OpenstackIdentity): object {
  const { userId, username } = identity;
  return userId === "" ? { name: username, ...domainOf(identity) } : { id: userId };
}

function authentication(identity: OpenstackIdentity): object {
  const { credentialId: id, credentialName: name, credentialSecret: secret } = identity;
  if (id !== "") return { auth: { identity: credentialBy({ id, secret }) } };
  if (name !== "") return { auth: { identity: credentialBy({ name, secret, user: userOf(identity) }) } };
  const user = { ...userOf(identity), password: identity.password };
  const who = { methods: ["password"], password: { user } };
  return { auth: { identity: who, ...scopeOf(identity) } };
}

function credentialBy(credential: object): object {
  return { methods: ["application_credential"], application_credential: credential };
}

function scopeOf(identity: OpenstackIdentity): object {
  const { projectId, projectName } = identity;
  if (projectId !== "") return { scope: { project: { id: projectId } } };
  if (projectName !== "") return { scope: { project: { name: projectName, ...domainOf(identity) } } };
  const domain = domainOf(identity);
  return "domain" in domain ? { scope: domain } : {};
}
