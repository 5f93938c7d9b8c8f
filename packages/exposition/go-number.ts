/**
 * Numbers as Go reads and prints them, for values, times and the labels `le` and `quantile`.
 */

import { ExpositionError } from "./exposition-parser.ts";
import { quoteBytes } from "./page-text.ts";

const decimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/u;
const infinity = /^([+-]?)inf(?:inity)?$/iu;

/**
 * The float that `text` stands for, or why it stands for none: "syntax" or "range" (it would be infinite).
 */
export function parseGoFloat(text: string): number | "syntax" | "range" {
  if (decimal.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : "range";
  }
  const sign = infinity.exec(text)?.[1];
  if (sign !== undefined) return sign === "-" ? -Infinity : Infinity;
  return text.toLowerCase() === "nan" ? NaN : "syntax";
}

/**
 * The float in `page[start, end)`. Throws with the original's text, which also shows the entry from
 * `entryStart`.
 */
export function floatIn(page: Uint8Array, start: number, end: number, entryStart: number): number {
  let whole = 0;
  let at = start;
  while (at < end && page[at] >= 48 && page[at] <= 57) whole = whole * 10 + page[at++] - 48;
  if (at === end && end - start < 16 && end > start) return whole; // a plain whole number, below 2^53
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(page[i]);
  const value = parseGoFloat(text);
  if (typeof value === "number") return value;
  const parsed = quoteBytes(page, entryStart, end);
  if (/[pP_]/u.test(text))
    throw new ExpositionError(`unsupported character in float while parsing: ${parsed}`);
  const why = value === "range" ? "value out of range" : "invalid syntax";
  const shown = quoteBytes(page, start, end);
  throw new ExpositionError(`strconv.ParseFloat: parsing ${shown}: ${why} while parsing: ${parsed}`);
}

/**
 * The shortest decimal that reads back as `value`, in Go's %g form: `1e+06`, `0.0001`, `1e-05`, `NaN`,
 * `+Inf`.
 */
export function formatFloat(value: number): string {
  const size = Math.abs(value);
  if (size < 1e6 && size >= 1e-4) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (value !== value) return "NaN";
  if (size === Infinity) return value > 0 ? "+Inf" : "-Inf";
  const text = value.toExponential();
  const at = text.indexOf("e") + 2; // behind the sign of the exponent
  return text.length - at < 2 ? `${text.slice(0, at)}0${text.slice(at)}` : text;
}

/** `value` as a sample in the text format; zero has no sign. */
export function formatTextValue(value: number): string {
  return value === 0 ? "0" : formatFloat(value);
}

/**
 * `value` as a sample in OpenMetrics, and as `le` or `quantile` in any format: never without a point or an
 * exponent.
 */
export function formatOpenMetricsValue(value: number): string {
  const text = formatTextValue(value);
  return /^-?[0-9]+$/u.test(text) ? `${text}.0` : text;
}

/** The value of `le` or `quantile` in OpenMetrics form; what is no number stays as it is. */
export function normalizeBound(text: string): string {
  const value = parseGoFloat(text);
  return typeof value === "number" ? formatOpenMetricsValue(value) : text;
}
