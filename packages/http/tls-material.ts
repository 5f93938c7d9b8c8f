/**
 * Certificates and settings of TLS connections, made once per `tls_config` and renewed when one of its files
 * changes.
 *
 *   client-session → TLS MATERIAL → connection
 *
 * Invariant: between two changes of the files every connection shares one secure context: parsing the
 * authorities for each of a thousand targets would cost more than scraping them.
 */

import { statSync } from "node:fs";
import { isIP } from "node:net";
import {
  checkServerIdentity,
  createSecureContext,
  getCACertificates,
  type ConnectionOptions,
  type SecureContext,
} from "node:tls";
import type { TlsSection } from "./client-config.ts";
import { explained, secretSource, type SecretSource } from "./secret-source.ts";

const versions = { TLS10: "TLSv1", TLS11: "TLSv1.1", TLS12: "TLSv1.2", TLS13: "TLSv1.3" } as const;
type VersionName = keyof typeof versions;

/** The TLS side of one client. */
export class TlsMaterial {
  readonly #tls: TlsSection | null;
  readonly #authority: SecretSource | null;
  readonly #certificate: SecretSource | null;
  readonly #key: SecretSource | null;
  readonly #files: readonly string[];
  #seen = "";
  #options: ConnectionOptions;
  /** Counts renewals: connections of an earlier one are not to be used any more. */
  generation = 0;

  /** Throws, in the original's words, when a file cannot be read or does not hold what it should. */
  constructor(tls: TlsSection | null) {
    this.#tls = tls;
    this.#authority =
      tls === null
        ? null
        : explained("unable to use CA cert", () => secretSource(tls.ca, tls.ca_file, tls.ca_ref));
    this.#certificate =
      tls === null
        ? null
        : explained("unable to use client cert", () => secretSource(tls.cert, tls.cert_file, tls.cert_ref));
    this.#key =
      tls === null
        ? null
        : explained("unable to use client key", () => secretSource(tls.key, tls.key_file, tls.key_ref));
    const sources = [this.#authority, this.#certificate, this.#key];
    this.#files = sources.flatMap((source) => (source === null || source.file === "" ? [] : [source.file]));
    this.#seen = this.#fileFacts();
    this.#options = this.#build();
  }

  /** Options for the next connection. Throws when a changed file is not readable or wrong. */
  options(): ConnectionOptions {
    if (this.#tls === null)
      return (plainOptions ??= { secureContext: createSecureContext({ ca: trusted() }) });
    if (this.#files.length === 0) return this.#options;
    const facts = this.#fileFacts();
    if (facts !== this.#seen) {
      this.#options = this.#build();
      this.#seen = facts;
      this.generation++;
    }
    return this.#options;
  }

  /** What tells that a file changed, without reading it. */
  #fileFacts(): string {
    return this.#files
      .map((file) => {
        const facts = statSync(file, { throwIfNoEntry: false });
        return facts === undefined ? "" : `${facts.ino} ${facts.mtimeMs} ${facts.ctimeMs} ${facts.size}`;
      })
      .join();
  }

  #build(): ConnectionOptions {
    const tls = this.#tls;
    if (tls === null) return {};
    const ca = explained("unable to read CA cert", () => this.#authority?.fetch());
    if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
      throw new Error(`unable to use specified CA cert ${this.#authority?.description ?? ""}`);
    }
    const cert = explained("unable to read specified client cert", () => this.#certificate?.fetch());
    const key = explained("unable to read specified client key", () => this.#key?.fetch());
    return {
      ...nameOptions(tls.server_name),
      rejectUnauthorized: !tls.insecure_skip_verify,
      secureContext: this.#context(tls, ca, cert, key),
    };
  }

  #context(
    tls: TlsSection,
    ca: string | undefined,
    cert: string | undefined,
    key: string | undefined,
  ): SecureContext {
    const isOld = tls.min_version === "TLS10" || tls.min_version === "TLS11";
    const versionOptions = {
      ...(tls.min_version === "" ? {} : { minVersion: versions[tls.min_version as VersionName] }),
      ...(tls.max_version === "" ? {} : { maxVersion: versions[tls.max_version as VersionName] }),
      ...(isOld ? { ciphers: "DEFAULT@SECLEVEL=0" } : {}),
    };
    const pair = cert === undefined || key === undefined ? {} : { cert, key };
    const [certFrom, keyFrom] = [this.#certificate?.description ?? "", this.#key?.description ?? ""];
    const where = `unable to use specified client cert (${certFrom}) & key (${keyFrom})`;
    const authorities = ca === undefined ? trusted() : ca;
    if (!("cert" in pair)) {
      return explained(`unable to use specified CA cert ${this.#authority?.description ?? ""}`, () =>
        createSecureContext({ ...versionOptions, ca: authorities }),
      );
    }
    return explained(where, () => createSecureContext({ ...versionOptions, ...pair, ca: authorities }));
  }
}

/** For clients without a `tls_config`; made when the first of them needs it. */
let plainOptions: ConnectionOptions | null = null;

/** The authorities that the system trusts, or those that come with the runtime where it names none. */
function trusted(): string[] {
  const system = getCACertificates("system");
  return system.length > 0 ? system : getCACertificates("bundled");
}

/** How the server's name is told and checked, when it is not the host's. */
function nameOptions(serverName: string): ConnectionOptions {
  if (serverName === "") return {};
  if (isIP(serverName) === 0) return { servername: serverName };
  // An address is checked, and must not be told.
  return { servername: "", checkServerIdentity: (_host, cert) => checkServerIdentity(serverName, cert) };
}

/** Fails when the versions contradict each other. */
export function checkVersions(tls: TlsSection): void {
  if (tls.max_version === "" || tls.min_version === "" || tls.max_version >= tls.min_version) return;
  throw new Error(
    "tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified",
  );
}
