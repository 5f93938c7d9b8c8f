/**
 * The test-script language of PromQL: text → commands. Scripts load series, evaluate queries and state what
 * comes out.
 *
 *   load 5m                                    eval instant at 50m sum(rate(m[5m]))
 *     m{job="a"} 0+10x10 _ 5 stale               expect no_warn
 *     m{job="b"}@st -1m _x5 -2mx5                {} 3
 *     m{job="b"} 1x10
 *
 * Lines are trimmed; a command ends at a blank line, and a line that starts with `#` counts as one. Times are
 * durations since 1970. `@st` gives the next line's samples start timestamps, as distances from their times.
 */

import { parseDuration } from "@narthex/model/duration";
import { parseGoFloat } from "@narthex/model/go-float";
import type { Labels } from "@narthex/model/labels";
import { quoteGo } from "@narthex/model/labels";
import type { Expr } from "@narthex/promql-syntax/ast";
import { ParseError } from "@narthex/promql-syntax/parse-error";
import { parseQuery, type ParseOptions } from "@narthex/promql-syntax/parser";
import { parseSeriesDescription, type SeriesValue } from "./series-description.ts";
import { parseStartOffsets } from "./start-offsets.ts";

/** A series with its values at consecutive steps. */
export interface ScriptSeries {
  readonly labels: Labels;
  readonly values: readonly SeriesValue[];
  /** Per value the milliseconds from its time to its start timestamp, null for none; null: no `@st` line. */
  readonly startOffsets: readonly (number | null)[] | null;
}

/** Something that errors or annotations must say; no text: anything. */
export interface Expectation {
  readonly kind: "fail" | "warn" | "info" | "no_warn" | "no_info" | "ordered";
  readonly message: string | null;
  readonly pattern: RegExp | null;
}

/** Times of a range, in milliseconds, both ends inclusive. */
export interface ScriptRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** One evaluation with what must come out. */
export interface EvalCommand {
  readonly kind: "eval";
  /** From 1. */
  readonly line: number;
  readonly query: string;
  readonly expr: Expr;
  /** Null for an instant query. */
  readonly range: ScriptRange | null;
  readonly timeMs: number;
  readonly expectations: readonly Expectation[];
  readonly series: readonly ScriptSeries[];
  /** The expected scalar or text, null when series are expected. */
  readonly scalar: number | null;
  readonly text: string | null;
  /** The times of an expected range vector. */
  readonly rangeVector: ScriptRange | null;
}

/** Series to store. */
export interface LoadCommand {
  readonly kind: "load";
  readonly line: number;
  readonly stepMs: number;
  /** Classic histograms are stored as histograms with custom buckets, too. */
  readonly withCustomBuckets: boolean;
  readonly series: readonly ScriptSeries[];
}

/** A command. */
export type ScriptCommand = LoadCommand | EvalCommand | { readonly kind: "clear" };

/** A script that is not understood. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
  /** From 1. */
  readonly line: number;

  constructor(line: number, reason: string, options?: ErrorOptions) {
    super(`line ${line}: ${reason}`, options);
    this.line = line;
  }
}

/** What scripts may use of the query language: everything. */
export const scriptSyntax: ParseOptions = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

/** Parses a script. Throws `ScriptError`. */
export function parseScript(text: string): ScriptCommand[] {
  const lines = text.split("\n").map((line) => line.trim());
  const reader = new ScriptReader(lines.map((line) => (line.startsWith("#") ? "" : line)));
  const commands: ScriptCommand[] = [];
  for (let command = reader.next(); command !== null; command = reader.next()) commands.push(command);
  return commands;
}

const loadLine = /^load(?:_(with_nhcb))?\s+(.+?)$/u;
const instantLine = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/u;
const rangeLine = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/u;
const rangeVectorLine = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/u;
const expectLine = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/u;

/** Goes through the lines of a script. */
class ScriptReader {
  readonly #lines: readonly string[];
  /** Index of the next line. */
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  /** The next command, null at the end. */
  next(): ScriptCommand | null {
    while (this.#lines[this.#at] === "") this.#at++;
    if (this.#at >= this.#lines.length) return null;
    const first = this.#at;
    const line = this.#lines[first];
    try {
      const word = line.split(/[\t ]+/u)[0].toLowerCase();
      this.#at++;
      if (word === "clear") return { kind: "clear" };
      if (word.startsWith("load")) return this.#load(line);
      if (word.startsWith("eval")) return this.#eval(line);
      throw new Error(`invalid command ${quoteGo(line)}`);
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause;
      // A series that is not understood is told where it stands, all else where its command starts.
      const at = cause instanceof ParseError ? this.#at : first + 1;
      throw new ScriptError(at, cause.message, { cause });
    }
  }

  /** The next line of the command, null when it ends. */
  #bodyLine(): string | null {
    const line = this.#lines[this.#at];
    if (line === undefined || line === "") return null;
    this.#at++;
    return line;
  }

  #load(line: string): LoadCommand {
    const match = loadLine.exec(line);
    if (match === null) throw new Error("invalid load command. (load[_with_nhcb] <step:duration>)");
    const number = this.#at;
    const stepMs = durationOf("step", match[2]);
    const series: ScriptSeries[] = [];
    let starts: ReturnType<typeof parseStartOffsets> | null = null;
    for (let body = this.#bodyLine(); body !== null; body = this.#bodyLine()) {
      if (/^[^ \t]*@st[ \t]/u.test(body)) {
        if (starts !== null) throw new Error("@st line has no following sample line");
        starts = parseStartOffsets(body);
        continue;
      }
      const { labels, values } = parseSeriesDescription(body);
      if (starts !== null && !starts.labels.equals(labels)) {
        throw new Error("@st metric does not match the following sample line metric");
      }
      if (starts !== null && starts.offsets.length !== values.length) {
        throw new Error(`@st line has ${starts.offsets.length} values but sample line has ${values.length}`);
      }
      series.push({ labels, values, startOffsets: starts?.offsets ?? null });
      starts = null;
    }
    if (starts !== null) throw new Error("@st line has no following sample line");
    return { kind: "load", line: number, stepMs, withCustomBuckets: match[1] !== undefined, series };
  }

  #eval(line: string): EvalCommand {
    const instant = instantLine.exec(line);
    const range = rangeLine.exec(line);
    if (instant === null && range === null) {
      throw new Error(
        "invalid evaluation command. Must be either 'eval[_fail|_warn|_ordered] instant " +
          "[at <offset:duration>] <query>' or " +
          "'eval[_fail|_warn] range from <from> to <to> step <step> <query>'",
      );
    }
    const [kind, query] = instant === null ? [range?.[1], range?.[5] ?? ""] : [instant[1], instant[3]];
    const number = this.#at;
    const head = {
      line: number,
      query,
      expr: parseQuery(query, scriptSyntax),
      range: range === null || instant !== null ? null : rangeOf(range[2], range[3], range[4]),
      timeMs: instant === null ? 0 : durationOf("timestamp", instant[2] ?? ""),
    };
    const expectations: Expectation[] =
      kind === undefined ? [] : [{ kind: kind as Expectation["kind"], message: null, pattern: null }];
    return { kind: "eval", ...head, ...this.#expected(head.range === null, expectations) };
  }

  /** What the lines of an evaluation state. */
  #expected(
    isInstant: boolean,
    expectations: Expectation[],
  ): Pick<EvalCommand, "expectations" | "series" | "scalar" | "text" | "rangeVector"> {
    const series: ScriptSeries[] = [];
    const found = { expectations, series, scalar: null, text: null, rangeVector: null };
    const mayFail = expectations.some((one) => one.kind === "fail");
    let text: string | null = null;
    let rangeVector: ScriptRange | null = null;
    for (let line = this.#bodyLine(); line !== null; line = this.#bodyLine()) {
      const legacy = /^expected_fail_(message|regexp)(.*)$/u.exec(line);
      if (mayFail && legacy !== null) {
        expectations[0] = {
          kind: "fail",
          message: legacy[1] === "message" ? legacy[2].trim() : null,
          pattern: legacy[1] === "message" ? null : patternOf(legacy[2].trim()),
        };
        break;
      }
      if (line.startsWith("expect range vector")) rangeVector = rangeVectorOf(line);
      else if (line.startsWith("expect string")) text = textOf(line);
      else if (line.split(" ")[0] === "expect") addExpectation(expectations, line);
      else {
        const scalar = numberOf(line);
        if (scalar !== null) return { ...found, text, rangeVector, scalar };
        const { labels, values } = parseSeriesDescription(line);
        if (values.length > 1 && isInstant && rangeVector === null) {
          throw new Error(
            "expecting multiple values in instant evaluation not allowed. consider using " +
              "'expect range vector' directive to enable a range vector result for an instant query",
          );
        }
        series.push({ labels, values, startOffsets: null });
      }
    }
    return { ...found, text, rangeVector };
  }
}

function durationOf(what: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`invalid ${what} definition ${quoteGo(text)}: ${reason}`, { cause });
  }
}

function rangeOf(from: string, to: string, step: string): ScriptRange {
  const startMs = durationOf("start timestamp", from);
  const endMs = durationOf("end timestamp", to);
  if (endMs < startMs) {
    const times = `end timestamp (${to}) is before start timestamp (${from})`;
    throw new Error(`invalid test definition, ${times}`);
  }
  return { startMs, endMs, stepMs: durationOf("step", step) };
}

function rangeVectorOf(line: string): ScriptRange {
  const match = rangeVectorLine.exec(line);
  if (match === null) throw new Error(`invalid range vector definition ${quoteGo(line)}`);
  return rangeOf(match[1], match[2], match[3]);
}

function textOf(line: string): string {
  const literal = line.slice("expect string".length).trim();
  if (literal === "") {
    throw new Error("expected string literal not valid - a quoted string literal is required");
  }
  try {
    const expr = parseQuery(literal);
    if (expr.kind === "string") return expr.value;
  } catch {
    // Said below.
  }
  throw new Error("expected string literal not valid - check that the string is correctly quoted");
}

function addExpectation(expectations: Expectation[], line: string): void {
  const match = expectLine.exec(line.trim());
  if (match === null) {
    throw new Error("invalid expect statement, must match `expect <type> <match_type>: <string>` format");
  }
  const kind = match[1] as Expectation["kind"];
  const text = match[3]?.trim() ?? "";
  expectations.push({
    kind,
    message: match[2] === "msg" ? text : null,
    pattern: match[2] === "regex" ? patternOf(text) : null,
  });
  const has = (wanted: Expectation["kind"]): number =>
    expectations.filter((one) => one.kind === wanted).length;
  if (has("info") > 0 && has("no_info") > 0) {
    throw new Error("invalid expect lines, info and no_info cannot be used together");
  }
  if (has("warn") > 0 && has("no_warn") > 0) {
    throw new Error("invalid expect lines, warn and no_warn cannot be used together");
  }
  if (has("fail") > 1) throw new Error("invalid expect lines, multiple expect fail lines are not allowed");
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch {
    return new RegExp(text); // eslint-disable-line require-unicode-regexp
  }
}

/** The number that a whole line is, null for another line. */
function numberOf(text: string): number | null {
  if (/^[+-]?0[xX][0-9a-fA-F]+$/u.test(text))
    return Number(text.replace(/^[+-]/u, "")) * (text[0] === "-" ? -1 : 1);
  try {
    return parseGoFloat(text);
  } catch {
    return null; // a series, then
  }
}
