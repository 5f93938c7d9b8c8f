/**
 * Compression of answers, and of requests' bodies, by the `Accept-Encoding` and `Content-Encoding` headers.
 */

import { createDeflate, createGzip, deflate, gzip, type Deflate, type Gzip } from "node:zlib";

/** The two encodings that answers come in. */
export type ContentEncoding = "gzip" | "deflate";

/**
 * Fast rather than small: most clients are near, and level 6 takes four times the processor for a tenth of
 * the bytes.
 */
const compressionLevel = 1;

/**
 * The first encoding of an `Accept-Encoding` header that we speak; null for none. As the original, an entry
 * with a weight (`gzip;q=0.5`) is not recognised.
 */
export function acceptedEncoding(acceptEncoding: string): ContentEncoding | null {
  for (const entry of acceptEncoding.split(",")) {
    const encoding = entry.trim();
    if (encoding === "gzip" || encoding === "deflate") return encoding;
  }
  return null;
}

/** A stream that compresses what is written to it. */
export function compressor(encoding: ContentEncoding): Gzip | Deflate {
  return encoding === "gzip"
    ? createGzip({ level: compressionLevel })
    : createDeflate({ level: compressionLevel });
}

/** `bytes` compressed whole, off the calling thread. */
export function compressWhole(encoding: ContentEncoding, bytes: Uint8Array): Promise<Uint8Array> {
  const run = encoding === "gzip" ? gzip : deflate;
  return new Promise((resolve, reject) => {
    run(bytes, { level: compressionLevel }, (error, compressed) => {
      if (error === null) resolve(compressed);
      else reject(error);
    });
  });
}
