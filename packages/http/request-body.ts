/**
 * Bodies of requests, read whole and no further than a limit.
 */

import type { Readable } from "node:stream";
import { Form } from "./form.ts";

/** The body is longer than the limit; nothing more of it is read. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
  readonly code = "BODY_TOO_LARGE";

  constructor() {
    super("http: request body too large");
  }
}

/** The most bytes of a form body that are read, as in Go. */
export const formLimitBytes = 10 * 1_048_576;

/** All of `stream`. Rejects with `BodyTooLargeError` beyond `limitBytes`, or with the stream's own error. */
export function readBody(stream: Readable, limitBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    stream.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) {
        stream.pause();
        stream.removeAllListeners("data");
        reject(new BodyTooLargeError());
        return;
      }
      chunks.push(chunk);
    });
    stream.once("end", () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, sizeBytes)),
    );
    stream.once("error", reject);
    stream.once("close", () => reject(new Error("unexpected EOF")));
  });
}

/** The form of a request: its body's values when it is a form, then those of the query string. */
export async function readForm(
  method: string,
  contentType: string,
  rawQuery: string,
  stream: Readable,
): Promise<Form> {
  const form = new Form();
  const carriesForm = method === "POST" || method === "PUT" || method === "PATCH";
  if (carriesForm && /^application\/x-www-form-urlencoded\s*(?:;|$)/iu.test(contentType)) {
    const bytes = await readBody(stream, formLimitBytes);
    form.appendText(new TextDecoder().decode(bytes));
  }
  form.appendText(rawQuery);
  return form;
}
