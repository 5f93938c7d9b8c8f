/**
 * The test-script language of PromQL: text → commands. Scripts load series, evaluate queries and state what
 * comes out.
 *
 *   load 5m                                    eval instant at 50m sum(rate(m[5m]))
 *     m{job="a"} 0+10x10 _ 5 stale               {} 3
 *
 * Lines are trimmed, a command ends at a blank line; a line that starts with `#` counts as one. Times are
 * durations or seconds; time zero is 1970.
 */

import { parseGoFloat } from "@narthex/model/go-float";
import { parseDuration } from "@narthex/model/duration";
import { Labels } from "@narthex/model/labels";
import { parseQuery } from "@narthex/promql-syntax/parser";

/**
 * One place in a series: a value, nothing, a staleness marker, or a histogram (which these scripts cannot
 * hold yet).
 */
export type ScriptValue = number | "none" | "stale" | "histogram";

/**
 * A series with its values at consecutive steps; `hasStartTimes` when it also says when its counters began.
 */
export interface ScriptSeries {
  readonly labels: Labels;
  readonly values: readonly ScriptValue[];
  readonly hasStartTimes: boolean;
}

/** Something annotations or errors must say; no text: anything. */
export interface Expectation {
  readonly kind: "fail" | "warn" | "info" | "no_warn" | "no_info" | "ordered";
  readonly message: string | null;
  readonly pattern: RegExp | null;
}

/** One evaluation with what must come out. */
export interface EvalCommand {
  readonly kind: "eval";
  readonly line: number;
  readonly query: string;
  readonly range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number } | null;
  readonly timeMs: number;
  readonly expectations: readonly Expectation[];
  readonly series: readonly ScriptSeries[];
  /** The expected scalar or text, null when series are expected. */
  readonly scalar: number | null;
  readonly text: string | null;
  /** The grid of an expected range vector. */
  readonly rangeVector: { readonly startMs: number; readonly stepMs: number } | null;
}

/** A command. */
export type ScriptCommand =
  | {
      readonly kind: "load";
      readonly stepMs: number;
      readonly withCustomBuckets: boolean;
      readonly series: readonly ScriptSeries[];
    }
  | { readonly kind: "clear" }
  | EvalCommand;

/** Parses a script. Throws an Error naming the line that is not understood. */
export function parseScript(text: string): ScriptCommand[] {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .map((line) => (line.startsWith("#") ? "" : line));
  const commands: ScriptCommand[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (lines[at] === "") continue;
    const body: string[] = [];
    const first = at;
    const hasBody = lines[first] !== "clear";
    while (hasBody && at + 1 < lines.length && lines[at + 1] !== "") {
      at++;
      body.push(lines[at]);
      if (lines[first].startsWith("eval") && isNumber(lines[at])) break; // a scalar ends its command
    }
    try {
      commands.push(parseCommand(lines[first], body, first + 1));
    } catch (cause) {
      throw new Error(`line ${first + 1}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  }
  return commands;
}

function parseCommand(head: string, body: readonly string[], line: number): ScriptCommand {
  if (head === "clear") return { kind: "clear" };
  const load = /^load(_with_nhcb)?\s+(\S+)$/u.exec(head);
  if (load !== null) {
    return {
      kind: "load",
      stepMs: parseTime(load[2]),
      withCustomBuckets: load[1] !== undefined,
      series: parseSeriesLines(body),
    };
  }
  const instant = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$/u.exec(head);
  if (instant !== null) {
    return parseEval(instant[1], body, {
      line,
      query: instant[3],
      range: null,
      timeMs: parseTime(instant[2] ?? "0"),
    });
  }
  const range =
    /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/u.exec(head);
  if (range === null) throw new Error(`no command: ${head}`);
  const [startMs, endMs, stepMs] = [parseTime(range[2]), parseTime(range[3]), parseTime(range[4])];
  return parseEval(range[1], body, {
    line,
    query: range[5],
    range: { startMs, endMs, stepMs },
    timeMs: startMs,
  });
}

function parseEval(
  legacy: string | undefined,
  body: readonly string[],
  base: Pick<EvalCommand, "line" | "query" | "range" | "timeMs">,
): EvalCommand {
  const expectations: Expectation[] = [];
  if (legacy !== undefined)
    expectations.push({ kind: legacy as Expectation["kind"], message: null, pattern: null });
  let scalar: number | null = null;
  let text: string | null = null;
  let rangeVector: EvalCommand["rangeVector"] = null;
  const rest: string[] = [];
  for (const line of body) {
    const vector = /^expect range vector from (\S+) to (\S+) step (\S+)$/u.exec(line);
    if (vector !== null) rangeVector = { startMs: parseTime(vector[1]), stepMs: parseTime(vector[3]) };
    else if (line.startsWith("expect string ")) text = unquote(line.slice("expect string ".length));
    else if (line.startsWith("expect ") || line.startsWith("expected_fail_"))
      expectations.push(parseExpectation(line));
    else if (isNumber(line)) scalar = parseGoFloat(line);
    else rest.push(line);
  }
  return { kind: "eval", ...base, expectations, series: parseSeriesLines(rest), scalar, text, rangeVector };
}

function parseExpectation(line: string): Expectation {
  const old = /^expected_fail_(message|regexp)\s+(.*)$/u.exec(line);
  if (old !== null) {
    return old[1] === "message"
      ? { kind: "fail", message: old[2], pattern: null }
      : { kind: "fail", message: null, pattern: new RegExp(old[2], "u") };
  }
  const found = /^expect\s+(fail|warn|info|no_warn|no_info|ordered)(?:\s+(msg|regex):\s*(.*))?$/u.exec(line);
  if (found === null) throw new Error(`no expectation: ${line}`);
  const kind = found[1] as Expectation["kind"];
  if (found[2] === "msg") return { kind, message: found[3], pattern: null };
  return { kind, message: null, pattern: found[2] === "regex" ? new RegExp(found[3], "u") : null };
}

/** A duration or seconds, in milliseconds; may be negative. */
function parseTime(text: string): number {
  if (isNumber(text)) return Math.round(parseGoFloat(text) * 1000);
  return text.startsWith("-") ? -parseDuration(text.slice(1)) : parseDuration(text);
}

function isNumber(text: string): boolean {
  try {
    parseGoFloat(text);
    return true;
  } catch {
    return false; // something else
  }
}

function unquote(text: string): string {
  const expr = parseQuery(text);
  if (expr.kind !== "string") throw new Error(`no string: ${text}`);
  return expr.value;
}

function parseSeriesLines(lines: readonly string[]): ScriptSeries[] {
  const series: ScriptSeries[] = [];
  let startTimesOf: string | null = null;
  for (const line of lines) {
    const end = descriptionEnd(line);
    const description = line.slice(0, end);
    if (line.startsWith("@st", end)) {
      startTimesOf = description;
      continue;
    }
    series.push({
      labels: parseLabels(description),
      values: parseValues(line.slice(end).trim()),
      hasStartTimes: startTimesOf === description,
    });
    startTimesOf = null;
  }
  return series;
}

/** Where the metric ends: the first blank outside braces and quotes. */
function descriptionEnd(line: string): number {
  let quote = "";
  let depth = 0;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (quote !== "") {
      if (char === "\\" && quote !== "`") i++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'" || char === "`") {
      quote = char;
    } else if (char === "{") {
      depth++;
    } else if (char === "}") {
      depth--;
      if (depth === 0 && line.startsWith("@st", i + 1)) return i + 1;
    } else if ((char === " " || char === "\t") && depth === 0 && !/^\s*\{(?!\{)/u.test(line.slice(i))) {
      return i;
    } else if (char === "@" && depth === 0) {
      return i;
    }
  }
  return line.length;
}

function parseLabels(description: string): Labels {
  if (/^\{\s*\}$/u.test(description)) return Labels.empty;
  const expr = parseQuery(description.replace(/\{\s*\}$/u, "") === "" ? "{}" : description);
  if (expr.kind !== "vector selector") throw new Error(`no series: ${description}`);
  return Labels.from(expr.matchers.map(({ name, value }) => [name, value] as const));
}

const number = String.raw`[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI]nf|[nN]a[nN])`;
const sequence = new RegExp(`^(${number})(?:([+-])(${number.slice(5)}))?x(\\d+)$`, "u");

function parseValues(text: string): ScriptValue[] {
  const values: ScriptValue[] = [];
  if (text.includes("{{")) return histogramValues(text);
  for (const token of text.split(/\s+/u).filter((part) => part !== "")) {
    const blank = /^_(?:x(\d+))?$/u.exec(token);
    const run = sequence.exec(token);
    if (blank !== null) push(values, Number(blank[1] ?? 1), () => "none");
    else if (/^stale(?:x\d+)?$/u.test(token)) push(values, Number(token.slice(6) || 1), () => "stale");
    else if (run !== null) pushRun(values, run);
    else values.push(parseGoFloat(token));
  }
  return values;
}

function pushRun(values: ScriptValue[], [, start, sign, difference, times]: RegExpExecArray): void {
  const step = difference === undefined ? 0 : parseGoFloat(difference) * (sign === "-" ? -1 : 1);
  let value = parseGoFloat(start);
  push(values, Number(times) + 1, () => {
    const current = value;
    value += step;
    return current;
  });
}

function push(values: ScriptValue[], count: number, next: () => ScriptValue): void {
  for (let i = 0; i < count; i++) values.push(next());
}

/** Histograms are only recognized, so that evaluations over them can be left out. */
function histogramValues(text: string): ScriptValue[] {
  const runs = [...text.matchAll(/x(\d+)/gu)].reduce((sum, [, times]) => sum + Number(times), 0);
  return Array.from({ length: runs + 1 }, () => "histogram" as const);
}
