/**
 * Where a secret of the HTTP client block comes from: the configuration itself, a file that may change at any
 * time, or a reference, which needs a secret manager and so is refused.
 */

import { readFileSync } from "node:fs";
import type { Secret } from "@narthex/config/secret";

/** A secret, or how to get it. */
export interface SecretSource {
  /** The secret as it is now. Throws when its file cannot be read. */
  fetch(): string;
  /** How error texts name the source. */
  readonly description: string;
  /** The file it comes from, "" when it cannot change. */
  readonly file: string;
}

/** The text of a file without surrounding white space. Throws in the original's words. */
export function readSecretFile(file: string, what = "file"): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new Error(`unable to read ${what} ${file}: open ${file}: ${systemReason(cause)}`, { cause });
  }
}

function systemReason(cause: unknown): string {
  switch ((cause as NodeJS.ErrnoException).code) {
    case "ENOENT":
      return "no such file or directory";
    case "EACCES":
      return "permission denied";
    case "EISDIR":
      return "is a directory";
    default:
      return (cause as Error).message;
  }
}

/** The source that is configured, null when none is. Throws for a reference. */
export function secretSource(inline: string | Secret, file: string, reference: string): SecretSource | null {
  const text = typeof inline === "string" ? inline : inline.reveal();
  if (text !== "") return { fetch: () => text, description: "inline", file: "" };
  if (file !== "") return { fetch: () => readSecretFile(file), description: `file ${file}`, file };
  if (reference !== "") throw new Error("cannot use secret ref without manager");
  return null;
}

/** What `make` gives; what it throws is told as `what: …`. */
export function explained<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new Error(`${what}: ${(cause as Error).message}`, { cause });
  }
}
