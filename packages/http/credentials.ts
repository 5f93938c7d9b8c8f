/**
 * What a client adds to its requests: authorization and custom headers. Files are read at every request, as
 * the original does, so that a rotated token needs no reload.
 */

import type { HttpClientSection } from "./client-config.ts";
import { explained, readSecretFile, secretSource, type SecretSource } from "./secret-source.ts";

/** Headers as name, value, name, value, …. */
export type HeaderList = readonly string[];

/** The headers of one client. */
export class Credentials {
  readonly #user: SecretSource | null;
  readonly #password: SecretSource | null;
  readonly #token: SecretSource | null;
  readonly #section: HttpClientSection;
  /** The headers, when no file is involved. */
  readonly #fixed: HeaderList | null;

  /** Throws for secrets by reference. */
  constructor(section: HttpClientSection) {
    const { basic_auth: basic, authorization: auth, http_headers: custom } = section;
    this.#section = section;
    this.#token =
      auth === null
        ? null
        : explained("unable to use credentials", () =>
            secretSource(auth.credentials, auth.credentials_file, auth.credentials_ref),
          );
    this.#user =
      basic === null
        ? null
        : explained("unable to use username", () =>
            secretSource(basic.username, basic.username_file, basic.username_ref),
          );
    this.#password =
      basic === null
        ? null
        : explained("unable to use password", () =>
            secretSource(basic.password, basic.password_file, basic.password_ref),
          );
    const files = [this.#token, this.#user, this.#password].map((source) => source?.file ?? "");
    const readsFiles =
      files.some((file) => file !== "") ||
      [...(custom?.values() ?? [])].some((header) => header.files.length > 0);
    this.#fixed = readsFiles ? null : this.#build();
  }

  /** The headers for the next request. Throws when a file cannot be read. */
  headers(): HeaderList {
    return this.#fixed ?? this.#build();
  }

  #build(): HeaderList {
    const { basic_auth: basic, authorization: auth, http_headers: custom } = this.#section;
    const headers: string[] = [];
    if (basic !== null) {
      const user = explained("unable to read basic auth username", () => this.#user?.fetch() ?? "");
      const password = explained("unable to read basic auth password", () => this.#password?.fetch() ?? "");
      headers.push("authorization", basicAuthorization(user, password));
    }
    if (auth !== null) {
      const token = explained("unable to read authorization credentials", () => this.#token?.fetch() ?? "");
      headers.push("authorization", `${auth.type} ${token}`);
    }
    for (const [name, { values, secrets, files }] of custom ?? []) {
      for (const value of values) headers.push(name, value);
      for (const value of secrets) headers.push(name, value.reveal());
      for (const file of files) headers.push(name, readSecretFile(file, "headers file"));
    }
    return headers;
  }
}

/** The value of an Authorization header for a user with a password. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
