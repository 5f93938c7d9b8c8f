/**
 * Access tokens of an `oauth2` block: asked for with the client's secret or with a signed assertion, kept
 * until shortly before they end, and shared by all clients of the block.
 *
 *   client → OAUTH2 → transport → token server
 *
 * Invariants
 *  - At most one request for a token runs at a time; who needs one meanwhile waits for it.
 *  - A changed secret file ends the token that was got with the old secret.
 */

import { randomUUID } from "node:crypto";
import type { Clock } from "@narthex/platform/clock";
import type { HttpClientSection } from "./client-config.ts";
import { basicAuthorization } from "./credentials.ts";
import { Deadline } from "./deadline.ts";
import { FetchError } from "./fetch-error.ts";
import { signToken, type SignatureAlgorithm } from "./json-web-token.ts";
import type { IncomingResponse } from "./response-parser.ts";
import { explained, secretSource, type SecretSource } from "./secret-source.ts";
import { Transport, transportParts } from "./transport.ts";

/** An `oauth2` block. */
export type Oauth2Section = NonNullable<HttpClientSection["oauth2"]>;

/** The grant that signs an assertion. */
export const jwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

interface Token {
  /** The value of the Authorization header. */
  readonly authorization: string;
  /** When it is to be replaced; Infinity when it does not end. */
  readonly untilMs: number;
}

const earlyMs = 10_000;
const assertionSeconds = 600;
const timeoutMs = 60_000;
const maxAnswerBytes = 1_048_576;

/** Gets tokens and keeps them. */
export class Oauth2 {
  readonly #section: Oauth2Section;
  readonly #clock: Clock;
  readonly #transport: Transport;
  readonly #secret: SecretSource | null;
  #usedSecret: string | null = null;
  #token: Token | null = null;
  #asking: Promise<Token> | null = null;
  /** How this server wants to be told the secret; null before it is known. */
  #secretInHeader: boolean | null = null;

  /** Throws when the block's TLS files cannot be used. */
  constructor(section: Oauth2Section, clock: Clock) {
    this.#section = section;
    this.#clock = clock;
    this.#transport = new Transport(transportParts(section, false), clock);
    const isJwt = section.grant_type === jwtBearerGrant;
    this.#secret = explained(isJwt ? "unable to use client certificate" : "unable to use client secret", () =>
      isJwt
        ? secretSource(
            section.client_certificate_key,
            section.client_certificate_key_file,
            section.client_certificate_key_ref,
          )
        : secretSource(section.client_secret, section.client_secret_file, section.client_secret_ref),
    );
  }

  /** The Authorization header for a request now. Rejects with what the request is to fail with. */
  async authorization(): Promise<string> {
    const secret = explained("unable to read oauth2 client secret", () => this.#secret?.fetch() ?? "");
    if (secret !== this.#usedSecret) {
      this.#usedSecret = secret;
      this.#token = null;
      this.#asking = null;
    }
    const known = this.#token;
    if (known !== null && this.#clock.nowMs() < known.untilMs) return known.authorization;
    this.#asking ??= this.#ask(secret).finally(() => {
      this.#asking = null;
    });
    return (await this.#asking).authorization;
  }

  async #ask(secret: string): Promise<Token> {
    const isJwt = this.#section.grant_type === jwtBearerGrant;
    const token = isJwt ? await this.#askSigned(secret) : await this.#askWithSecret(secret);
    if (secret === this.#usedSecret) this.#token = token;
    return token;
  }

  async #askWithSecret(secret: string): Promise<Token> {
    const { client_id: id } = this.#section;
    const inHeader = this.#secretInHeader ?? true;
    try {
      const token = await this.#askOnce(id, secret, inHeader);
      this.#secretInHeader = inHeader;
      return token;
    } catch (error) {
      // Servers differ, and only trying tells: the second way is tried once.
      if (this.#secretInHeader !== null || error instanceof FetchError) throw error;
      const token = await this.#askOnce(id, secret, false);
      this.#secretInHeader = false;
      return token;
    }
  }

  async #askOnce(id: string, secret: string, inHeader: boolean): Promise<Token> {
    const { scopes, endpoint_params: more } = this.#section;
    const form = new URLSearchParams({ grant_type: "client_credentials" });
    if (scopes.length > 0) form.set("scope", scopes.join(" "));
    addParams(form, more);
    if (!inHeader) {
      form.set("client_id", id);
      if (secret !== "") form.set("client_secret", secret);
    }
    const headers = inHeader
      ? ["authorization", basicAuthorization(formEscaped(id), formEscaped(secret))]
      : [];
    return this.#tokenOf(await this.#post(form, headers), true);
  }

  async #askSigned(privateKey: string): Promise<Token> {
    const {
      scopes,
      endpoint_params: more,
      claims,
      client_id: id,
      client_certificate_key_id: keyId,
    } = this.#section;
    const nowSeconds = Math.floor(this.#clock.nowMs() / 1000);
    const assertion = signToken({
      privateKey,
      algorithm: (this.#section.signature_algorithm || "RS256") as SignatureAlgorithm,
      header: keyId === "" ? {} : { kid: keyId },
      claims: {
        iss: this.#section.iss || id,
        sub: id,
        jti: randomUUID(),
        aud: this.#section.audience || this.#section.token_url,
        iat: nowSeconds,
        exp: nowSeconds + assertionSeconds,
        ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
        ...Object.fromEntries(claims),
      },
    });
    const form = new URLSearchParams({ grant_type: jwtBearerGrant, assertion });
    if (scopes.length > 0) form.set("scope", scopes.join(" "));
    addParams(form, more);
    return this.#tokenOf(await this.#post(form, []), false);
  }

  async #post(form: URLSearchParams, headers: readonly string[]): Promise<IncomingResponse> {
    const deadline = new Deadline(this.#clock, timeoutMs, undefined);
    form.sort();
    try {
      return await this.#transport.roundTrip(
        {
          method: "POST",
          url: new URL(this.#section.token_url),
          headers: [["content-type", "application/x-www-form-urlencoded", ...headers]],
          body: Buffer.from(form.toString()),
          bodyLimitBytes: maxAnswerBytes,
          sink: null,
        },
        deadline,
      );
    } finally {
      deadline.clear();
    }
  }

  #tokenOf(response: IncomingResponse, namesFaults: boolean): Token {
    const text = Buffer.concat(response.body()).toString();
    const failed = response.status < 200 || response.status > 299;
    const refusal = (): Error =>
      new Error(`oauth2: cannot fetch token: ${response.statusText}\nResponse: ${text}`);
    if (failed && !namesFaults) throw refusal();
    const fields = fieldsOf(text, response.contentType);
    if (fields === null) {
      if (failed) throw refusal();
      throw new Error(`oauth2: cannot parse json: invalid character in ${JSON.stringify(text.slice(0, 40))}`);
    }
    const named = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
    if (namesFaults && named("error") !== "") {
      const description = named("error_description");
      const more = named("error_uri");
      throw new Error(
        `oauth2: ${JSON.stringify(named("error"))}` +
          (description === "" ? "" : ` ${JSON.stringify(description)}`) +
          (more === "" ? "" : ` ${JSON.stringify(more)}`),
      );
    }
    if (failed) throw refusal();
    const access = named("access_token");
    if (access === "") throw new Error("oauth2: server response missing access_token");
    const seconds = Number(fields["expires_in"] ?? 0);
    const untilMs = seconds > 0 ? this.#clock.nowMs() + seconds * 1000 - earlyMs : Infinity;
    return { authorization: `${tokenType(named("token_type"))} ${access}`, untilMs };
  }
}

function fieldsOf(text: string, contentType: string): Readonly<Record<string, unknown>> | null {
  const media = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (media === "application/x-www-form-urlencoded" || media === "text/plain") {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    const fields: unknown = JSON.parse(text);
    return typeof fields === "object" && fields !== null ? (fields as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function tokenType(written: string): string {
  switch (written.toLowerCase()) {
    case "":
    case "bearer":
      return "Bearer";
    case "mac":
      return "MAC";
    case "basic":
      return "Basic";
    default:
      return written;
  }
}

function addParams(form: URLSearchParams, params: ReadonlyMap<string, string>): void {
  for (const [name, value] of params) {
    if (form.has(name) && name !== "grant_type") {
      throw new Error(`oauth2: cannot overwrite parameter ${JSON.stringify(name)}`);
    }
    form.set(name, value);
  }
}

function formEscaped(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}
