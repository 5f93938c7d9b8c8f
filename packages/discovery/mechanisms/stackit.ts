/**
 * Servers of STACKIT: `stackit_sd_configs`. With a service account's key, tokens are got with a signed
 * assertion.
 */

import { duration, int, secret, shown, text, withDefault } from "@narthex/config/decode";
import { object } from "@narthex/config/decode-section";
import { bodyText } from "@narthex/http/client";
import { checkHttpClient, httpClientFields, joinHttpClientFiles } from "@narthex/http/client-config";
import { signToken } from "@narthex/http/json-web-token";
import { quoteGo, type Labels } from "@narthex/model/labels";
import type { ApiClient } from "../api-client.ts";
import { apiMechanism } from "../api-mechanism.ts";
import { Json } from "../json.ts";
import type { MechanismContext, MechanismKind } from "../mechanism.ts";
import {
  joinHostPort,
  prefixed,
  sanitizeLabelName,
  soleGroup,
  targetFrom,
  type LabelFields,
} from "../target-labels.ts";
import { urlParts } from "../url-parts.ts";

const section = object(
  "stackit.plain",
  {
    ...httpClientFields,
    project: shown(text),
    refresh_interval: withDefault(duration, 60_000),
    port: withDefault(int, 80),
    region: withDefault(text, "eu01"),
    endpoint: text,
    service_account_key: secret,
    private_key: secret,
    service_account_key_path: text,
    private_key_path: text,
    credentials_file_path: text,
  },
  (written) => {
    if (written.endpoint === "" && written.region === "")
      throw new Error("stackit_sd: endpoint and region missing");
    try {
      urlParts(written.endpoint);
    } catch (cause) {
      const why = `stackit_sd: invalid endpoint ${quoteGo(written.endpoint)}`;
      throw new Error(`${why}: ${(cause as Error).message}`, { cause });
    }
    checkHttpClient(written);
  },
);

/** A section of `stackit_sd_configs`. */
export type StackitSection = typeof section.initial;

/** The mechanism, with the address that gives tokens. */
export function stackitKind(tokenUrl: string): MechanismKind<StackitSection> {
  return {
    name: "stackit",
    section,
    joinFiles: joinHttpClientFiles,
    create: (written, context) => {
      const baseUrl = written.endpoint || `https://iaas.api.${written.region}.stackit.cloud`;
      const account = new StackitAccount(written, tokenUrl, context);
      const plan = { name: "stackit", section: written, baseUrl, intervalMs: written.refresh_interval };
      const path = `/v1/projects/${encodeURIComponent(written.project)}/servers`;
      return apiMechanism(plan, context, async (api, signal) => {
        const headers = ["accept", "application/json", ...(await account.headers(api, signal))];
        const answer = await api.call({ path, query: { details: "true" }, headers, signal });
        if (answer.status !== 200)
          throw new Error(`unexpected status code ${answer.status}: ${bodyText(answer)}`);
        const servers = Json.parse(bodyText(answer)).at("items").items();
        return soleGroup(
          "stackit",
          servers.flatMap((server) => targetsOf(server, written)),
        );
      });
    },
  };
}

/** The mechanism. */
export const stackit = stackitKind("https://service-account.api.stackit.cloud/token");

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const assertionSeconds = 600;
const earlyMs = 60_000;

class StackitAccount {
  readonly #section: StackitSection;
  readonly #tokenUrl: string;
  readonly #context: MechanismContext;
  readonly #key: Json | null;
  readonly #privateKey: string;
  #token = "";
  #untilMs = 0;

  constructor(section: StackitSection, tokenUrl: string, context: MechanismContext) {
    this.#section = section;
    this.#tokenUrl = tokenUrl;
    this.#context = context;
    try {
      this.#key = this.#readKey();
      this.#privateKey = this.#key === null ? "" : this.#readPrivateKey(this.#key);
    } catch (cause) {
      throw new Error(`setting up authentication: ${(cause as Error).message}`, { cause });
    }
  }

  /** Headers that show who asks: none without a key, where the HTTP client's own do. */
  async headers(api: ApiClient, signal: AbortSignal): Promise<readonly string[]> {
    if (this.#key === null) return [];
    const nowMs = this.#context.clock.nowMs();
    if (nowMs >= this.#untilMs) {
      const answer = await this.#ask(this.#key, api, signal);
      this.#token = answer.at("access_token").text();
      this.#untilMs = nowMs + answer.at("expires_in").number() * 1000 - earlyMs;
    }
    return ["authorization", `Bearer ${this.#token}`];
  }

  #ask(key: Json, api: ApiClient, signal: AbortSignal): Promise<Json> {
    const credentials = key.at("credentials");
    const seconds = Math.floor(this.#context.clock.nowMs() / 1000);
    const assertion = signToken({
      privateKey: this.#privateKey,
      algorithm: "RS512",
      header: { kid: credentials.at("kid").text() },
      claims: {
        iss: credentials.at("iss").text(),
        sub: credentials.at("sub").text(),
        aud: credentials.at("aud").text(),
        jti: crypto.randomUUID(),
        iat: seconds,
        exp: seconds + assertionSeconds,
      },
    });
    const body = new URLSearchParams({ grant_type: jwtBearer, assertion }).toString();
    const headers = ["content-type", "application/x-www-form-urlencoded"];
    return api.json({ path: this.#tokenUrl, method: "POST", headers, body, signal });
  }

  #read(file: string): string {
    return new TextDecoder().decode(this.#context.disk.readFile(file));
  }

  #readKey(): Json | null {
    const { service_account_key: inline, service_account_key_path: file } = this.#section;
    if (!inline.isEmpty) return Json.parse(inline.reveal());
    return file === "" ? null : Json.parse(this.#read(file));
  }

  /** The key beside the account's, or inside it, or in the file of credentials. */
  #readPrivateKey(key: Json): string {
    const { private_key: inline, private_key_path: file, credentials_file_path: credentials } = this.#section;
    if (!inline.isEmpty) return inline.reveal();
    if (file !== "") return this.#read(file);
    const inside = key.at("credentials", "privateKey").text();
    if (inside !== "" || credentials === "") return inside;
    const all = Json.parse(this.#read(credentials));
    return all.at("STACKIT_PRIVATE_KEY").text() || this.#read(all.at("STACKIT_PRIVATE_KEY_PATH").text());
  }
}

function targetsOf(server: Json, { project, port }: StackitSection): readonly Labels[] {
  const nics = server.at("nics").items();
  const publicIp = nics.map((nic) => nic.at("publicIp").text()).find((ip) => ip !== "") ?? "";
  const privateIps: LabelFields = {};
  let address = publicIp;
  for (const nic of nics) {
    const ip = nic.at("ipv4").text();
    if (ip === "") continue;
    privateIps[`private_ipv4_${sanitizeLabelName(nic.at("networkName").text())}`] = ip;
    if (address === "") address = ip;
  }
  if (address === "") return [];
  const texts = server
    .at("labels")
    .fields()
    .filter(([, value]) => typeof value.raw === "string");
  const at = (name: string): string => server.at(name).text();
  return [
    targetFrom(joinHostPort(address, port), "__meta_stackit_", {
      project,
      id: at("id"),
      name: at("name"),
      availability_zone: at("availabilityZone"),
      status: at("status"),
      power_status: at("powerStatus"),
      type: at("machineType"),
      public_ipv4: publicIp,
      ...privateIps,
      ...prefixed(
        "labelpresent_",
        texts.map(([name]) => [name, "true"] as const),
      ),
      ...prefixed(
        "label_",
        texts.map(([name, value]) => [name, value.text()] as const),
      ),
    }),
  ];
}
