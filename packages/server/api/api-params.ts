/**
 * Parameters of the HTTP API: times, durations, limits, read as the original reads them.
 */

import type { Form } from "@narthex/http/form";
import { parseDuration } from "@narthex/model/duration";
import { quoteGo } from "@narthex/model/labels";
import { ApiError, invalidParameter } from "./api-error.ts";

/** Go's earliest and latest times, which clients send for "from the beginning" and "to the end". */
export const earliestMs = -(2 ** 53);
/** See `earliestMs`. */
export const latestMs = 2 ** 53;

const sentinels: ReadonlyMap<string, number> = new Map([
  ["-292273086-05-16T16:47:06Z", earliestMs],
  ["292277025-08-18T07:12:54.999999999Z", latestMs],
]);

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/u;

/** Unix seconds (fractions rounded to ms) or RFC 3339 as milliseconds. Throws a plain `Error`. */
export function parseTimeMs(text: string): number {
  const sentinel = sentinels.get(text);
  if (sentinel !== undefined) return sentinel;
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/u.test(text)) {
    const timeMs = Math.round(Number(text) * 1000);
    if (Number.isFinite(timeMs)) return Math.max(earliestMs, Math.min(latestMs, timeMs));
  }
  if (rfc3339.test(text)) {
    const timeMs = Date.parse(text);
    if (!Number.isNaN(timeMs)) return timeMs;
  }
  throw new Error(`cannot parse ${quoteGo(text)} to a valid timestamp`);
}

/** Float seconds or a duration like `1h30m`, as milliseconds. Throws a plain `Error`. */
export function parseSpanMs(text: string): number {
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/u.test(text)) {
    const spanMs = Number(text) * 1000;
    if (Math.abs(spanMs) > 9_223_372_036_854) {
      throw new Error(`cannot parse ${quoteGo(text)} to a valid duration. It overflows int64`);
    }
    return Math.round(spanMs);
  }
  try {
    return parseDuration(text);
  } catch {
    throw new Error(`cannot parse ${quoteGo(text)} to a valid duration`);
  }
}

function wrapped<T>(name: string, read: () => T, before = ""): T {
  try {
    return read();
  } catch (error) {
    throw invalidParameter(name, before + (error instanceof Error ? error.message : String(error)));
  }
}

/** A time parameter; `fallbackMs` when absent. */
export function timeParam(form: Form, name: string, fallbackMs: number): number {
  const text = form.get(name);
  if (text === "") return fallbackMs;
  return wrapped(name, () => parseTimeMs(text), `invalid time value for '${name}': `);
}

/** A required time parameter: absent is as wrong as unreadable. */
export function requiredTimeParam(form: Form, name: string): number {
  return wrapped(name, () => parseTimeMs(form.get(name)));
}

/** A duration parameter; null when absent. */
export function spanParam(form: Form, name: string): number | null {
  const text = form.get(name);
  return text === "" ? null : wrapped(name, () => parseSpanMs(text));
}

/** The lookback that a query asks for, null when it does not; its error text has a form of its own. */
export function lookbackParam(form: Form): number | null {
  const text = form.get("lookback_delta");
  if (text === "") return null;
  try {
    return parseSpanMs(text);
  } catch (error) {
    throw new ApiError("bad_data", `error parsing lookback delta duration: ${(error as Error).message}`);
  }
}

/** A limit: a non-negative integer, 0 (or absent) for none. */
export function limitParam(form: Form, name = "limit"): number {
  const text = form.get(name);
  if (text === "") return 0;
  return wrapped(name, () => {
    if (!/^[-+]?\d+$/u.test(text)) throw new Error(`strconv.Atoi: parsing ${quoteGo(text)}: invalid syntax`);
    if (Number(text) < 0) throw new Error("limit must be non-negative");
    return Number(text);
  });
}

/** Times of a query range, checked as the original checks them. */
export function rangeParams(form: Form): { startMs: number; endMs: number; stepMs: number } {
  const startMs = requiredTimeParam(form, "start");
  const endMs = requiredTimeParam(form, "end");
  if (endMs < startMs) throw invalidParameter("end", "end timestamp must not be before start time");
  const stepMs = wrapped("step", () => parseSpanMs(form.get("step")));
  if (stepMs <= 0) {
    throw invalidParameter(
      "step",
      "zero or negative query resolution step widths are not accepted. Try a positive integer",
    );
  }
  if ((endMs - startMs) / stepMs > 11_000) {
    throw new ApiError(
      "bad_data",
      "exceeded maximum resolution of 11,000 points per timeseries. " +
        "Try decreasing the query resolution (?step=XX)",
    );
  }
  return { startMs, endMs, stepMs };
}
