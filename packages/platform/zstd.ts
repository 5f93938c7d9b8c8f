/**
 * Zstandard, from the runtime: old logs of Prometheus may be packed with it.
 */

import { zstdDecompressSync as decompress } from "node:zlib";

/** The plain bytes of one frame. Throws when it is not valid or has more than `limitBytes`. */
export function zstdDecompressSync(frame: Uint8Array, limitBytes: number): Uint8Array {
  return decompress(frame, { maxOutputLength: limitBytes });
}
