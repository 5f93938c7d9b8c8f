/**
 * Durations and sizes as configuration files, flags and queries write them: `1h30m`, `512MB`.
 *
 * A duration is a whole number of milliseconds here; a year has 365 days, a week 7, a day 24 hours. The bound
 * is the original's: 2^63 - 1 nanoseconds, about 292 years.
 */

import { quoteGo } from "./labels.ts";

/** A text that is no duration or no size. The message is the original's. */
export class DurationError extends Error {
  override readonly name = "DurationError";
}

/** Milliseconds of each unit, in the order in which units must appear. */
const units: ReadonlyMap<string, { readonly rank: number; readonly ms: number }> = new Map([
  ["y", { rank: 1, ms: 365 * 86_400_000 }],
  ["w", { rank: 2, ms: 7 * 86_400_000 }],
  ["d", { rank: 3, ms: 86_400_000 }],
  ["h", { rank: 4, ms: 3_600_000 }],
  ["m", { rank: 5, ms: 60_000 }],
  ["s", { rank: 6, ms: 1000 }],
  ["ms", { rank: 7, ms: 1 }],
]);

/** The longest duration, in milliseconds: what 2^63 - 1 nanoseconds hold. */
export const maxDurationMs = 9_223_372_036_854;

/**
 * Reads a duration such as `1h30m`, `15s` or `0` and returns milliseconds. Units descend, each at most once,
 * whole numbers only. Throws `DurationError`.
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (text === "") throw new DurationError("empty duration string");
  let totalMs = 0;
  let lastRank = 0;
  let rest = text;
  while (rest !== "") {
    const part = /^([0-9]+)([^0-9]+)/u.exec(rest);
    if (part === null || !fitsUint64(part[1])) throw notADuration(text);
    const unit = units.get(part[2]);
    if (unit === undefined)
      throw new DurationError(`unknown unit ${quoteGo(part[2])} in duration ${quoteGo(text)}`);
    if (unit.rank <= lastRank) throw notADuration(text);
    lastRank = unit.rank;
    const ms = Number(part[1]) * unit.ms;
    totalMs += ms;
    if (totalMs > maxDurationMs) throw new DurationError("duration out of range");
    rest = rest.slice(part[0].length);
  }
  return totalMs;
}

/** As `parseDuration`, but a leading `-` negates. */
export function parseSignedDuration(text: string): number {
  return text.startsWith("-") ? -parseDuration(text.slice(1)) : parseDuration(text);
}

function notADuration(text: string): DurationError {
  return new DurationError(`not a valid duration string: ${quoteGo(text)}`);
}

function fitsUint64(digits: string): boolean {
  return digits.length < 20 || BigInt(digits) < 1n << 64n;
}

/**
 * The shortest usual form of whole milliseconds: `1h30m`, `0s`, `-5m`. Years and weeks only when nothing is
 * left.
 */
export function formatDuration(durationMs: number): string {
  let left = Math.abs(Math.trunc(durationMs));
  if (left === 0) return "0s";
  let text = durationMs < 0 ? "-" : "";
  for (const [unit, { ms }] of units) {
    const exactOnly = unit === "y" || unit === "w";
    if (exactOnly && left % ms !== 0) continue;
    const count = Math.floor(left / ms);
    if (count === 0) continue;
    text += `${count}${unit}`;
    left -= count * ms;
  }
  return text;
}

const sizePrefixes = ["", "K", "M", "G", "T", "P", "E"] as const;

/** 1024^k for `KB` and `KiB`: both spellings mean powers of 1024. */
function sizeUnit(unit: string): number | undefined {
  const match = /^([KMGTPE]?)(i?)B$/u.exec(unit);
  if (match === null || (match[1] === "" && match[2] !== "")) return undefined;
  return 1024 ** sizePrefixes.indexOf(match[1] as (typeof sizePrefixes)[number]);
}

/**
 * Reads a size such as `512MB`, `1.5GiB` or `0` and returns bytes. Throws `DurationError` with the original's
 * text.
 */
export function parseSize(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  let rest = /^[+-]/u.test(text) ? text.slice(1) : text;
  if (rest === "0") return 0;
  if (rest === "") throw new DurationError(`units: invalid ${text}`);
  let bytes = 0;
  // `512MiB` and `512MB` may not be mixed in one text: the original tries one set of names, then the other.
  const spelling = /iB/u.test(rest) && !/(?<!i)[KMGTPE]B/u.test(rest) ? "iB" : "B";
  while (rest !== "") {
    const part = /^([0-9]*(?:\.[0-9]*)?)([^0-9.]*)/u.exec(rest) as RegExpExecArray;
    if (part[1] === "" || part[1] === ".") throw new DurationError(`units: invalid ${text}`);
    const unit = spelling === "B" && part[2].includes("i") ? undefined : sizeUnit(part[2]);
    if (unit === undefined) throw new DurationError(`units: unknown unit ${part[2]} in ${text}`);
    bytes += Number(part[1]) * unit;
    rest = rest.slice(part[0].length);
  }
  if (bytes > 2 ** 63 - 1024) throw new DurationError("units: overflow parsing unit");
  return sign * Math.trunc(bytes);
}

/** Bytes as the largest units that fit, largest first: `1GiB512MiB`. */
export function formatSize(sizeBytes: number): string {
  let left = Math.abs(Math.trunc(sizeBytes));
  if (left === 0) return "0B";
  let text = sizeBytes < 0 ? "-" : "";
  for (let power = 6; power >= 0; power--) {
    const unit = 1024 ** power;
    const count = Math.floor(left / unit);
    if (count === 0) continue;
    text += `${count}${power === 0 ? "B" : `${sizePrefixes[power]}iB`}`;
    left -= count * unit;
  }
  return text;
}
