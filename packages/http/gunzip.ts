/**
 * Unpacks gzip bodies. The usual body, small and of known size, goes straight into memory of the caller's
 * through one inflate state that is kept: making a state and a buffer per body costs as much as the unpacking
 * itself, and as much again in garbage collection.
 *
 * The kept state is that of a `Gunzip` stream, driven synchronously; where the runtime does not have the
 * parts this needs, the public function is used.
 */

import { constants, createGunzip, gunzip, gunzipSync } from "node:zlib";
import { FetchError } from "./fetch-error.ts";

/** Compressed bodies above this are unpacked on another thread, so that the event loop is not held up. */
export const inlineGunzipBytes = 262_144;

/** Content above this takes too long to unpack on the calling thread. */
export const inlineContentBytes = 8 * 1_048_576;
/** No deflate stream grows more: a larger claim is a lie. */
const mostExpansion = 1_032;

/** The part of a `Gunzip` stream that `gunzipSync` itself works with. */
interface InflateHandle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
  ): void;
  reset(): void;
}

class KeptInflater {
  readonly #handle: InflateHandle;
  /** After a write: output left, input left. */
  readonly #state: Uint32Array;
  #error: { readonly message: string; readonly code: string } | null = null;

  constructor(handle: InflateHandle, state: Uint32Array) {
    this.#handle = handle;
    this.#state = state;
    Reflect.set(handle, "onerror", (message: string, _errno: number, code: string) => {
      this.#error = { message, code };
    });
  }

  /**
   * Bytes written to `output` from `at`; -1 when `roomBytes` were not enough. Throws for a body that is not
   * gzip.
   */
  inflate(packed: Uint8Array, output: Uint8Array, at: number, roomBytes: number): number {
    this.#error = null;
    this.#handle.writeSync(constants.Z_FINISH, packed, 0, packed.length, output, at, roomBytes);
    const left = this.#state[0] as number;
    this.#handle.reset();
    const failed = this.#failure();
    if (failed !== null) throw Object.assign(new Error(failed.message), { code: failed.code });
    // A full output may have been just enough, or not: the room is one byte more than the body tells.
    return left === 0 ? -1 : roomBytes - left;
  }

  /** What the handle reported during the write. */
  #failure(): { readonly message: string; readonly code: string } | null {
    return this.#error;
  }
}

function keptInflater(): KeptInflater | null {
  const stream = createGunzip();
  const handle = Reflect.get(stream, "_handle") as Partial<InflateHandle> | undefined;
  const state: unknown = Reflect.get(stream, "_writeState");
  const fits = typeof handle?.writeSync === "function" && typeof handle.reset === "function";
  return fits && state instanceof Uint32Array ? new KeptInflater(handle as InflateHandle, state) : null;
}

let inflater: KeptInflater | null | undefined;

/** The size of the content that the trailer of a gzip body claims, modulo 2^32. */
export function claimedBytes(packed: Uint8Array): number {
  const at = packed.length - 4;
  if (at < 0) return 0;
  const [a = 0, b = 0, c = 0, d = 0] = packed.subarray(at);
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

/** A body that is still packed. */
export interface PackedBody {
  readonly bytes: Uint8Array;
  /** Its content must be shorter. */
  readonly limitBytes: number;
}

/** Where content goes: bytes from `at`, at most `roomBytes` of them. */
export interface Room {
  readonly output: Uint8Array;
  readonly at: number;
  readonly roomBytes: number;
}

/**
 * Unpacks a whole body. `makeRoom` gives room for so many bytes of content, and one more; it is asked a
 * second time when the body claimed less than it has. Returns the size of the content. Throws `FetchError`.
 */
export function gunzipInto(
  { bytes, limitBytes }: PackedBody,
  makeRoom: (contentBytes: number) => Room,
): number {
  inflater ??= keptInflater();
  try {
    const claimed = claimedBytes(bytes);
    if (inflater !== null && claimed <= bytes.length * mostExpansion) {
      const { output, at, roomBytes } = makeRoom(claimed);
      const sizeBytes = inflater.inflate(bytes, output, at, roomBytes);
      if (sizeBytes >= 0) return sizeBytes;
    }
    const body = gunzipSync(bytes, { maxOutputLength: limitBytes - 1 });
    const { output, at } = makeRoom(body.length);
    output.set(body, at);
    return body.length;
  } catch (cause) {
    // An error kills the kept stream: the next body gets another.
    inflater = undefined;
    throw gunzipError(cause);
  }
}

/**
 * Unpacks a whole body that must be shorter than `limitBytes`; large ones on another thread. Rejects with
 * `FetchError`.
 */
export async function gunzipBody(packed: Uint8Array, limitBytes: number): Promise<Uint8Array> {
  // The output of a page is about ten times its input; a good guess saves copies.
  const chunkSize = Math.max(4_096, Math.min(limitBytes, packed.length * 12));
  const options = { maxOutputLength: limitBytes - 1, chunkSize };
  try {
    if (packed.length <= inlineGunzipBytes) return gunzipSync(packed, options);
    return await new Promise((resolve, reject) => {
      gunzip(packed, options, (error, body) => {
        if (error === null) resolve(body);
        else reject(error);
      });
    });
  } catch (cause) {
    throw gunzipError(cause);
  }
}

function gunzipError(cause: unknown): FetchError {
  switch ((cause as NodeJS.ErrnoException).code) {
    case "ERR_BUFFER_TOO_LARGE":
      return new FetchError("body-limit", "body size limit exceeded", { cause });
    case "Z_BUF_ERROR":
      return new FetchError("encoding", "unexpected EOF", { cause });
    case "Z_DATA_ERROR":
      return new FetchError("encoding", "gzip: invalid header", { cause });
    default:
      return new FetchError("encoding", String(cause), { cause });
  }
}
