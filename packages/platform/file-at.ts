/**
 * Reads files that belong to a package, by URL.
 */

import { readFileSync } from "node:fs";

/** The bytes at a `file:` URL. A missing file is an error that ends with `advice`. */
export function readFileAt(url: string, advice: string): Uint8Array {
  try {
    return readFileSync(new URL(url));
  } catch (cause) {
    throw new Error(`cannot read ${url}: ${advice}`, { cause });
  }
}
