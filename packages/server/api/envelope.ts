/**
 * The JSON around every answer of the API:
 * `{"status":…,"data":…,"errorType":…,"error":…,"warnings":…,"infos":…}`.
 */

import type { HttpResponse } from "@narthex/http/exchange";
import { FormError } from "@narthex/http/form";
import { httpStatusOf, ApiError } from "./api-error.ts";

/** Warnings and infos that are shown, each; the rest is counted. */
const shownAnnotations = 10;

/** At most ten of `texts`, then a line that counts the others. */
export function limitAnnotations(texts: readonly string[], kind: "warning" | "info"): readonly string[] {
  if (texts.length <= shownAnnotations) return texts;
  const omitted = texts.length - shownAnnotations;
  return [...texts.slice(0, shownAnnotations), `${omitted} more ${kind} annotations omitted`];
}

/** What follows `data` in a successful answer, the closing brace included. */
export function envelopeTail(warnings: readonly string[], infos: readonly string[]): string {
  const shownWarnings = limitAnnotations(warnings, "warning");
  const shownInfos = limitAnnotations(infos, "info");
  const parts = [
    shownWarnings.length > 0 ? `,"warnings":${JSON.stringify(shownWarnings)}` : "",
    shownInfos.length > 0 ? `,"infos":${JSON.stringify(shownInfos)}` : "",
  ];
  return `${parts.join("")}}`;
}

/**
 * JSON as the original writes it: what HTML takes for markup is escaped, bytes that were no UTF-8 (lone
 * surrogates in our strings) show as U+FFFD.
 */
export function escapedJson(value: unknown): string {
  const wellFormed = (_key: string, part: unknown): unknown =>
    typeof part === "string" ? part.toWellFormed() : part;
  return JSON.stringify(value, wellFormed).replace(
    /[<>&\u2028\u2029]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** What comes before `data`. */
export const envelopeHead = '{"status":"success","data":';

/** Answers with `data` (any JSON value). */
export function replyData(
  response: HttpResponse,
  data: unknown,
  warnings: readonly string[] = [],
): Promise<void> {
  response.header("content-type", "application/json");
  response.compress();
  return response.end(`${envelopeHead}${JSON.stringify(data)}${envelopeTail(warnings, [])}`);
}

/** Answers with an error. */
export function replyError(response: HttpResponse, error: unknown): Promise<void> {
  const known = asApiError(error);
  response.status = httpStatusOf(known);
  response.header("content-type", "application/json");
  // Bytes that were no UTF-8 are lone surrogates in our strings; clients see U+FFFD.
  const text = known.message.toWellFormed();
  return response.end(JSON.stringify({ status: "error", errorType: known.errorType, error: text }));
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof FormError)
    return new ApiError("bad_data", `error parsing form values: ${error.message}`);
  return new ApiError("internal", error instanceof Error ? error.message : String(error));
}
