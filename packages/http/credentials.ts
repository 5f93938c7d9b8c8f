/**
 * What a client adds to its requests: authorization and custom headers. Files are read at every request, as
 * the original does, so that a rotated token needs no reload.
 */

import { readFileSync } from "node:fs";
import type { HttpClientSection, TlsSection } from "./client-config.ts";

/** Headers as name, value, name, value, …. */
export type HeaderList = readonly string[];

function fileText(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    const reason =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file or directory" : String(cause);
    throw new Error(`unable to read ${what} ${file}: open ${file}: ${reason}`, { cause });
  }
}

/** The headers of one client. */
export class Credentials {
  readonly #section: HttpClientSection;
  /** The headers, when no file is involved. */
  readonly #fixed: HeaderList | null;

  constructor(section: HttpClientSection) {
    this.#section = section;
    this.#fixed = readsFiles(section) ? null : this.#build();
  }

  /** The headers for the next request. Throws when a file cannot be read. */
  headers(): HeaderList {
    return this.#fixed ?? this.#build();
  }

  #build(): HeaderList {
    const { basic_auth: basic, authorization: auth, http_headers: custom } = this.#section;
    const headers: string[] = [];
    if (basic !== null) {
      const { username_file: userFile, password_file: passFile } = basic;
      const user = userFile === "" ? basic.username : fileText(userFile, "basic auth username file");
      const pass = passFile === "" ? basic.password.reveal() : fileText(passFile, "basic auth password file");
      headers.push("authorization", `Basic ${Buffer.from(`${user}:${pass}`).toString("base64")}`);
    }
    if (auth !== null) {
      const { credentials_file: file } = auth;
      const token =
        file === "" ? auth.credentials.reveal() : fileText(file, "authorization credentials file");
      headers.push("authorization", `${auth.type} ${token}`);
    }
    for (const [name, { values, secrets, files }] of custom ?? []) {
      for (const value of values) headers.push(name, value);
      for (const value of secrets) headers.push(name, value.reveal());
      for (const file of files) headers.push(name, fileText(file, "headers file"));
    }
    return headers;
  }
}

function readsFiles({
  basic_auth: basic,
  authorization: auth,
  http_headers: custom,
}: HttpClientSection): boolean {
  return (
    (basic !== null && (basic.username_file !== "" || basic.password_file !== "")) ||
    (auth !== null && auth.credentials_file !== "") ||
    [...(custom?.values() ?? [])].some(({ files }) => files.length > 0)
  );
}

const tlsVersions = { TLS10: "TLSv1", TLS11: "TLSv1.1", TLS12: "TLSv1.2", TLS13: "TLSv1.3" } as const;

/** Node's connect options for a `tls_config`; files are read now. Throws when one cannot be read. */
export function tlsConnectOptions(tls: TlsSection | null): Record<string, unknown> {
  if (tls === null) return {};
  const options: Record<string, unknown> = { rejectUnauthorized: !tls.insecure_skip_verify };
  const put = (key: string, inline: string, file: string, what: string): void => {
    if (inline !== "") options[key] = inline;
    else if (file !== "") options[key] = fileText(file, what);
  };
  put("ca", tls.ca, tls.ca_file, "CA cert");
  put("cert", tls.cert, tls.cert_file, "client cert");
  put("key", tls.key.reveal(), tls.key_file, "client key");
  if (tls.server_name !== "") options.servername = tls.server_name;
  const version = (name: string): string => tlsVersions[name as keyof typeof tlsVersions];
  if (tls.min_version !== "") options.minVersion = version(tls.min_version);
  if (tls.max_version !== "") options.maxVersion = version(tls.max_version);
  return options;
}
