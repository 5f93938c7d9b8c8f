/**
 * Access tokens for Google's APIs, found where Google's libraries look: a file that the environment names,
 * the file that `gcloud` wrote, the metadata server of the machine.
 */

import { bodyText } from "@narthex/http/client";
import { signToken } from "@narthex/http/json-web-token";
import { ApiClient } from "./api-client.ts";
import { plainClientSection } from "./api-mechanism.ts";
import { Json } from "./json.ts";
import type { MechanismContext } from "./mechanism.ts";

const earlyMs = 60_000;
const timeoutMs = 30_000;
const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Gets tokens and keeps them. */
export class GoogleToken {
  readonly #scope: string;
  readonly #context: MechanismContext;
  #token = "";
  #untilMs = 0;

  constructor(scope: string, context: MechanismContext) {
    this.#scope = scope;
    this.#context = context;
  }

  /** The Authorization header for a request now. Rejects when no token can be got. */
  async authorization(signal: AbortSignal): Promise<string> {
    const nowMs = this.#context.clock.nowMs();
    if (this.#token === "" || nowMs >= this.#untilMs) {
      const answer = await this.#ask(signal);
      this.#token = answer.at("access_token").text();
      this.#untilMs = nowMs + answer.at("expires_in").number() * 1000 - earlyMs;
      if (this.#token === "") throw new Error("google: the answer holds no token");
    }
    return `Bearer ${this.#token}`;
  }

  #ask(signal: AbortSignal): Promise<Json> {
    const { environment = process.env, disk } = this.#context;
    const named = environment["GOOGLE_APPLICATION_CREDENTIALS"] ?? "";
    const usual = `${environment["HOME"] ?? ""}/.config/gcloud/application_default_credentials.json`;
    const file = named !== "" || !disk.exists(usual) ? named : usual;
    if (file === "") return this.#fromMachine(signal);
    const key = Json.parse(new TextDecoder().decode(disk.readFile(file)));
    const tokenUrl = key.at("token_uri").text() || "https://oauth2.googleapis.com/token";
    switch (key.at("type").text()) {
      case "service_account":
        return this.#post(
          tokenUrl,
          { grant_type: jwtBearer, assertion: this.#assertion(key, tokenUrl) },
          signal,
        );
      case "authorized_user":
        return this.#post(
          tokenUrl,
          {
            grant_type: "refresh_token",
            client_id: key.at("client_id").text(),
            client_secret: key.at("client_secret").text(),
            refresh_token: key.at("refresh_token").text(),
          },
          signal,
        );
      case "external_account":
        return this.#exchange(key, signal);
      default:
        throw new Error(`google: credentials of type "${key.at("type").text()}" cannot be used`);
    }
  }

  #assertion(key: Json, tokenUrl: string): string {
    const seconds = Math.floor(this.#context.clock.nowMs() / 1000);
    const email = key.at("client_email").text();
    return signToken({
      privateKey: key.at("private_key").text(),
      algorithm: "RS256",
      header: { kid: key.at("private_key_id").text() },
      claims: {
        iss: email,
        sub: email,
        scope: this.#scope,
        aud: tokenUrl,
        iat: seconds,
        exp: seconds + 3600,
      },
    });
  }

  /** Workload identity federation: another issuer's token is exchanged, and may then speak for an account. */
  async #exchange(key: Json, signal: AbortSignal): Promise<Json> {
    const account = key.at("service_account_impersonation_url").text();
    const exchanged = await this.#post(
      key.at("token_url").text(),
      {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
        audience: key.at("audience").text(),
        scope: account === "" ? this.#scope : "https://www.googleapis.com/auth/cloud-platform",
        subject_token_type: key.at("subject_token_type").text(),
        subject_token: await this.#subjectToken(key.at("credential_source"), signal),
      },
      signal,
    );
    if (account === "") return exchanged;
    const headers = ["content-type", "application/json"];
    headers.push("authorization", `Bearer ${exchanged.at("access_token").text()}`);
    const body = JSON.stringify({ scope: [this.#scope], lifetime: "3600s" });
    const answer = await this.#call(account, (api) =>
      api.json({ path: account, method: "POST", headers, body, signal }),
    );
    const untilMs = Date.parse(answer.at("expireTime").text());
    const seconds = Math.floor((untilMs - this.#context.clock.nowMs()) / 1000);
    return new Json({ access_token: answer.at("accessToken").text(), expires_in: seconds });
  }

  /** The other issuer's token: from a file, or from a URL. */
  async #subjectToken(source: Json, signal: AbortSignal): Promise<string> {
    const [file, url] = [source.at("file").text(), source.at("url").text()];
    if (file === "" && url === "")
      throw new Error("google: the credential source names neither file nor URL");
    const headers = source
      .at("headers")
      .fields()
      .flatMap(([name, value]) => [name, value.text()]);
    const content =
      file !== ""
        ? new TextDecoder().decode(this.#context.disk.readFile(file))
        : await this.#call(url, async (api) => bodyText(await api.succeed({ path: url, headers, signal })));
    if (source.at("format", "type").text() !== "json") return content.trim();
    return Json.parse(content).at(source.at("format", "subject_token_field_name").text()).text();
  }

  #post(url: string, form: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Json> {
    const headers = ["content-type", "application/x-www-form-urlencoded"];
    const body = new URLSearchParams(form).toString();
    return this.#call(url, (api) => api.json({ path: url, method: "POST", headers, body, signal }));
  }

  async #call<T>(url: string, ask: (api: ApiClient) => Promise<T>): Promise<T> {
    const api = new ApiClient({ section: plainClientSection(), baseUrl: url, timeoutMs }, this.#context);
    try {
      return await ask(api);
    } finally {
      api.close();
    }
  }

  async #fromMachine(signal: AbortSignal): Promise<Json> {
    const { environment = process.env } = this.#context;
    const host = environment["GCE_METADATA_HOST"] || "169.254.169.254";
    const section = { ...plainClientSection(), proxy_from_environment: false };
    const api = new ApiClient({ section, baseUrl: `http://${host}`, timeoutMs: 5_000 }, this.#context);
    try {
      const path = "/computeMetadata/v1/instance/service-accounts/default/token";
      const headers = ["metadata-flavor", "Google"];
      return Json.parse(
        bodyText(await api.succeed({ path, query: { scopes: this.#scope }, headers, signal })),
      );
    } catch (cause) {
      const why = `google: could not find default credentials: ${(cause as Error).message}`;
      throw new Error(why, { cause });
    } finally {
      api.close();
    }
  }
}
