/**
 * The HTTP client block of a configuration file: shared by scrape jobs, discovery and remote storage, which
 * lay its fields into their own sections (`...httpClientFields`) and call `checkHttpClient` from their check.
 *
 * All of it is executed by the client. Secrets by reference need a secret manager, which no program here has;
 * as in the original, they are refused when the client is made.
 */

import type { Decoder } from "@narthex/config/decode";
import { boolean, convert, optional, secret, shown, text, withDefault } from "@narthex/config/decode";
import { list, mapOf, object, type Section } from "@narthex/config/decode-section";
import { jsonValue } from "@narthex/config/json-value";
import { redactUrl, Secret } from "@narthex/config/secret";
import { checkUrl } from "./url-check.ts";

/** A URL as text, checked like Go's `url.Parse`; its password is hidden when shown. */
export const url: Decoder<string> = {
  ...convert(text, "", (value) => {
    checkUrl(value);
    return value;
  }),
  print: (value) => (value === "" ? undefined : redactUrl(value)),
};

/** Fails unless at most one of `values` is there. */
function atMostOne(message: string, ...values: readonly (string | Secret)[]): void {
  if (values.filter((value) => (value instanceof Secret ? !value.isEmpty : value !== "")).length > 1) {
    throw new Error(message);
  }
}

const basicAuth = object("config.BasicAuth", {
  username: text,
  username_file: text,
  username_ref: text,
  password: secret,
  password_file: text,
  password_ref: text,
});

const authorization = object("config.Authorization", {
  type: text,
  credentials: secret,
  credentials_file: text,
  credentials_ref: text,
});

const tlsVersion: Decoder<string> = convert(text, "", (value) => {
  if (!/^TLS1[0-3]$/u.test(value)) throw new Error(`unknown TLS version: ${value}`);
  return value;
});

const tlsFields = {
  ca: text,
  cert: text,
  key: secret,
  ca_file: text,
  cert_file: text,
  key_file: text,
  ca_ref: text,
  cert_ref: text,
  key_ref: text,
  server_name: text,
  insecure_skip_verify: shown(boolean),
  min_version: tlsVersion,
  max_version: tlsVersion,
} as const;

/** TLS settings of a client, as written. */
export type TlsSection = Section<typeof tlsFields>;

/** Reads a `tls_config` block. */
export const tlsConfig: Decoder<TlsSection> = object("config.plain", tlsFields, (tls) => {
  atMostOne("at most one of ca, ca_file & ca_ref must be configured", tls.ca, tls.ca_file, tls.ca_ref);
  atMostOne(
    "at most one of cert, cert_file & cert_ref must be configured",
    tls.cert,
    tls.cert_file,
    tls.cert_ref,
  );
  atMostOne("at most one of key and key_file must be configured", tls.key, tls.key_file, tls.key_ref);
  const hasCert = tls.cert !== "" || tls.cert_file !== "" || tls.cert_ref !== "";
  const hasKey = !tls.key.isEmpty || tls.key_file !== "" || tls.key_ref !== "";
  if (hasCert && !hasKey) {
    throw new Error(
      "exactly one of key or key_file must be configured when a client certificate is configured",
    );
  }
  if (hasKey && !hasCert) {
    throw new Error("exactly one of cert or cert_file must be configured when a client key is configured");
  }
});

const proxyFields = {
  proxy_url: url,
  no_proxy: text,
  proxy_from_environment: boolean,
  proxy_connect_header: mapOf(list(secret)),
} as const;

const oauth2 = object(
  "config.plain",
  {
    client_id: text,
    client_secret: secret,
    client_secret_file: text,
    client_secret_ref: text,
    client_certificate_key_id: text,
    client_certificate_key: secret,
    client_certificate_key_file: text,
    client_certificate_key_ref: text,
    grant_type: text,
    signature_algorithm: text,
    iss: text,
    audience: text,
    claims: mapOf(jsonValue),
    scopes: list(text),
    token_url: text,
    endpoint_params: mapOf(text),
    tls_config: optional(tlsConfig),
    ...proxyFields,
  },
  (section) => checkProxy(section),
);

const headers = mapOf(
  object("config.Header", { values: list(text), secrets: list(secret), files: list(text) }),
);

/** The fields of the block, to be laid into a section. */
export const httpClientFields = {
  basic_auth: optional(basicAuth),
  authorization: optional(authorization),
  oauth2: optional(oauth2),
  bearer_token: secret,
  bearer_token_file: text,
  tls_config: optional(tlsConfig),
  follow_redirects: shown(withDefault(boolean, true)),
  enable_http2: shown(withDefault(boolean, true)),
  ...proxyFields,
  http_headers: optional(headers),
} as const;

/** The block as read. Null where a sub-block is absent. */
export type HttpClientSection = Section<typeof httpClientFields>;

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

function checkProxy(proxy: Section<typeof proxyFields>): void {
  if (proxy.proxy_connect_header.size > 0 && !proxy.proxy_from_environment && proxy.proxy_url === "") {
    throw new Error(
      "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured",
    );
  }
  if (proxy.proxy_from_environment && proxy.proxy_url !== "") {
    throw new Error("if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (proxy.proxy_from_environment && proxy.no_proxy !== "") {
    throw new Error("if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (proxy.proxy_url === "" && proxy.no_proxy !== "") {
    throw new Error("if no_proxy is configured, proxy_url must also be configured");
  }
}

function checkOauth2(settings: Section<typeof httpClientFields>["oauth2"]): void {
  if (settings === null) return;
  if (settings.client_id === "") throw new Error("oauth2 client_id must be configured");
  if (settings.token_url === "") throw new Error("oauth2 token_url must be configured");
  if (settings.grant_type !== jwtBearer) {
    atMostOne(
      "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured using" +
        " grant-type=client_credentials",
      settings.client_secret,
      settings.client_secret_file,
      settings.client_secret_ref,
    );
    return;
  }
  atMostOne(
    "at most one of oauth2 client_certificate_key, client_certificate_key_file & client_certificate_key_ref" +
      ` must be configured using grant-type=${jwtBearer}`,
    settings.client_certificate_key,
    settings.client_certificate_key_file,
    settings.client_certificate_key_ref,
  );
  if (!/^(?:RS256|RS384|RS512)?$/u.test(settings.signature_algorithm)) {
    throw new Error("valid signature algorithms are RS256, RS384 and RS512");
  }
}

/** Headers that requests set themselves. */
const reservedHeaders = new Set([
  "Authorization",
  "Host",
  "Content-Encoding",
  "Content-Length",
  "Content-Type",
  "User-Agent",
  "Connection",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Www-Authenticate",
  "Accept-Encoding",
  "X-Prometheus-Remote-Write-Version",
  "X-Prometheus-Remote-Read-Version",
  "X-Prometheus-Scrape-Timeout-Seconds",
  "X-Amz-Date",
  "X-Amz-Security-Token",
  "X-Amz-Content-Sha256",
]);

function canonicalHeader(name: string): string {
  return name
    .toLowerCase()
    .replace(/(^|-)([a-z])/gu, (_all, dash: string, letter: string) => dash + letter.toUpperCase());
}

/**
 * Checks a block and brings it into one form: a bearer token becomes an `authorization`. Throws plain errors
 * in the original's words.
 */
export function checkHttpClient(section: HttpClientSection): void {
  const { basic_auth: basic, authorization: auth, oauth2: oauth, bearer_token_file: tokenFile } = section;
  const hasToken = !section.bearer_token.isEmpty;
  if (hasToken && tokenFile !== "") {
    throw new Error("at most one of bearer_token & bearer_token_file must be configured");
  }
  if ((basic !== null || oauth !== null) && (hasToken || tokenFile !== "")) {
    throw new Error("at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
  }
  if (basic !== null) {
    atMostOne(
      "at most one of basic_auth username, username_file & username_ref must be configured",
      basic.username,
      basic.username_file,
      basic.username_ref,
    );
    atMostOne(
      "at most one of basic_auth password, password_file & password_ref must be configured",
      basic.password,
      basic.password_file,
      basic.password_ref,
    );
  }
  if (auth !== null) checkAuthorization(section, auth);
  else foldBearerToken(section);
  if (oauth !== null && basic !== null) {
    throw new Error("at most one of basic_auth, oauth2 & authorization must be configured");
  }
  checkOauth2(oauth);
  checkProxy(section);
  for (const name of section.http_headers?.keys() ?? []) {
    const canonical = canonicalHeader(name);
    if (reservedHeaders.has(canonical)) throw new Error(`setting header "${canonical}" is not allowed`);
  }
}

function checkAuthorization(
  section: HttpClientSection,
  auth: NonNullable<HttpClientSection["authorization"]>,
): void {
  if (!section.bearer_token.isEmpty || section.bearer_token_file !== "") {
    throw new Error("authorization is not compatible with bearer_token & bearer_token_file");
  }
  atMostOne(
    "at most one of authorization credentials & credentials_file must be configured",
    auth.credentials,
    auth.credentials_file,
    auth.credentials_ref,
  );
  auth.type = auth.type.trim();
  if (auth.type === "") auth.type = "Bearer";
  if (auth.type.toLowerCase() === "basic") {
    throw new Error('authorization type cannot be set to "basic", use "basic_auth" instead');
  }
  if (section.basic_auth !== null || section.oauth2 !== null) {
    throw new Error("at most one of basic_auth, oauth2 & authorization must be configured");
  }
}

function foldBearerToken(section: HttpClientSection): void {
  if (section.bearer_token.isEmpty && section.bearer_token_file === "") return;
  section.authorization = {
    type: "Bearer",
    credentials: section.bearer_token,
    credentials_file: section.bearer_token_file,
    credentials_ref: "",
  };
  section.bearer_token = Secret.empty;
  section.bearer_token_file = "";
}

/** Joins every file of the block to `join`'s directory. */
export function joinHttpClientFiles(section: HttpClientSection, join: (file: string) => string): void {
  const { basic_auth: basic, authorization: auth, oauth2: oauth } = section;
  if (basic !== null) {
    basic.username_file = join(basic.username_file);
    basic.password_file = join(basic.password_file);
  }
  if (auth !== null) auth.credentials_file = join(auth.credentials_file);
  if (oauth !== null) oauth.client_secret_file = join(oauth.client_secret_file);
  for (const tls of [section.tls_config, oauth?.tls_config ?? null]) {
    if (tls === null) continue;
    tls.ca_file = join(tls.ca_file);
    tls.cert_file = join(tls.cert_file);
    tls.key_file = join(tls.key_file);
  }
  for (const header of section.http_headers?.values() ?? []) header.files = header.files.map(join);
}
