/**
 * Certificates for tests: an authority and what it signs, made by the `openssl` of the machine.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate with its key, in PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority in a folder of its own; `remove` it after use. */
export interface TestAuthority {
  readonly folder: string;
  readonly ca: string;
  /** A certificate for names like `DNS:localhost,IP:127.0.0.1`. */
  readonly issue: (name: string, alternativeNames: string) => TestCertificate;
  /** Writes a file into the folder and gives its path. */
  readonly write: (name: string, content: string) => string;
  readonly remove: () => void;
}

/** Why no certificates can be made here; false when they can. For a test's `skip`. */
export const noCertificates: string | false = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return false;
  } catch {
    return "needs openssl";
  }
})();

/** Makes an authority. */
export function createAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), "narthex-tls-"));
  const openssl = (...words: string[]): void => {
    execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
  };
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "2",
    "-subj",
    "/CN=test",
  );
  return {
    folder,
    ca: read("ca.pem"),
    write,
    issue: (name, alternativeNames) => {
      write(`${name}.ext`, `subjectAltName=${alternativeNames}\n`);
      openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
      const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
      openssl(
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        ...signing,
        "-out",
        `${name}.pem`,
        "-extfile",
        `${name}.ext`,
      );
      return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
