/**
 * Runs test scripts of PromQL (script-commands.ts) against the engine over a memory storage.
 *
 * Evaluations over what does not exist here yet are counted as skipped with the reason, never as passed.
 * Each instant evaluation is repeated with `@` on every selector at other times, and as the middle step of
 * a range query.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Labels } from "@narthex/model/labels";
import type { Expr } from "@narthex/promql-syntax/ast";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { Engine } from "./engine.ts";
import { QueryError } from "./query-errors.ts";
import { plainSeries, type QueryResult } from "./query-result.ts";
import {
  parseScript,
  type EvalCommand,
  type Expectation,
  type ScriptCommand,
  type ScriptSeries,
} from "./script-commands.ts";
import { isTimeSafe, selectorsIn, withAt } from "./script-variants.ts";

/** What became of the evaluations of one script. */
export interface ScriptReport {
  readonly passed: number;
  readonly failures: readonly ScriptOutcome[];
  readonly skips: readonly ScriptOutcome[];
}

/** One evaluation and why it failed or was left out. */
export interface ScriptOutcome {
  readonly line: number;
  readonly query: string;
  readonly reason: string;
}

/** Runs a whole script. Throws when it does not parse. */
export function runScript(text: string, arena: Arena): ScriptReport {
  return new ScriptRun(arena).run(parseScript(text));
}

/** Thrown to leave an evaluation out. */
class Skip extends Error {}

const parseOptions = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};
const minuteMs = 60_000;

class ScriptRun {
  readonly #engine: Engine;
  readonly #storage = new MemoryStorage();
  /** Series that were left out, with the reason. */
  #missing: { labels: Labels; reason: string }[] = [];

  constructor(arena: Arena) {
    const limits = { maxSamples: 10_000, timeoutMs: 100_000 };
    this.#engine = new Engine(arena, { limits, delayedNameRemoval: true });
  }

  run(commands: readonly ScriptCommand[]): ScriptReport {
    let passed = 0;
    const failures: ScriptOutcome[] = [];
    const skips: ScriptOutcome[] = [];
    for (const command of commands) {
      if (command.kind === "load") this.#load(command);
      if (command.kind === "clear") this.#clear();
      if (command.kind !== "eval") continue;
      const { line, query } = command;
      try {
        this.#evaluate(command);
        passed++;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        (error instanceof Skip ? skips : failures).push({ line, query, reason });
      }
    }
    return { passed, failures, skips };
  }

  #clear(): void {
    this.#storage.clear();
    this.#missing = [];
  }

  #load({ stepMs, series, withCustomBuckets }: ScriptCommand & { readonly kind: "load" }): void {
    // Of series with equal labels in one command the last counts.
    const distinct = new Map(series.map((one) => [one.labels.toString(), one]));
    for (const { labels, values, hasStartTimes } of distinct.values()) {
      if (hasStartTimes) this.#missing.push({ labels, reason: "start timestamps" });
      if (withCustomBuckets && labels.get("__name__").endsWith("_bucket")) {
        const name = labels.get("__name__").slice(0, -"_bucket".length);
        this.#missing.push({
          labels: labels.with("le", "").with("__name__", name),
          reason: "native histograms",
        });
      }
      if (values.includes("histogram")) {
        this.#missing.push({ labels, reason: "native histograms" });
        continue;
      }
      values.forEach((value, i) => {
        if (value === "none") return;
        this.#storage.add(labels, i * stepMs, value === "stale" ? null : (value as number));
      });
    }
  }

  #evaluate(command: EvalCommand): void {
    const fail = command.expectations.find(({ kind }) => kind === "fail");
    let expr: Expr;
    try {
      expr = parseQuery(command.query, parseOptions);
    } catch (error) {
      checkFailure(fail, error);
      return;
    }
    this.#skipWhatIsMissing(command, expr);
    if (command.range !== null) {
      const { range } = command;
      this.#check(
        command,
        fail,
        () => this.#engine.range(this.#storage.querier(), expr, range, { text: command.query }),
        compareRange,
      );
      return;
    }
    this.#checkInstant(command, fail, expr, command.timeMs);
    if (isTimeSafe(expr)) {
      const at = command.timeMs;
      const pinned = withAt(expr, at);
      for (const timeMs of at === 0
        ? [-1_000_000, 0, 1_000_000]
        : [-10 * at, 0, Math.trunc(at / 5), at, 10 * at]) {
        this.#checkInstant(command, fail, pinned, timeMs);
      }
    }
  }

  #checkInstant(command: EvalCommand, fail: Expectation | undefined, expr: Expr, timeMs: number): void {
    const text = command.query;
    const querier = this.#storage.querier();
    this.#check(command, fail, () => this.#engine.instant(querier, expr, timeMs, { text }), compareInstant);
    const isPlain = command.text === null && command.rangeVector === null && fail === undefined;
    const isOrdered = command.expectations.some(({ kind }) => kind === "ordered");
    if (!isPlain || isOrdered || /(?:start|end|range|step)\(\)/u.test(text)) return;
    const range = { startMs: timeMs - minuteMs, endMs: timeMs + minuteMs, stepMs: minuteMs };
    const result = this.#run(() => this.#engine.range(querier, expr, range, { text }));
    try {
      compareMiddleStep(command, result, timeMs);
    } finally {
      result.release();
    }
  }

  #check(
    command: EvalCommand,
    fail: Expectation | undefined,
    evaluate: () => QueryResult,
    compare: (command: EvalCommand, result: QueryResult) => void,
  ): void {
    let result: QueryResult;
    try {
      result = this.#run(evaluate);
    } catch (error) {
      if (error instanceof Skip) throw error;
      checkFailure(fail, error);
      return;
    }
    try {
      if (fail !== undefined) throw new Error("no error, but one was expected");
      checkNotes(command.expectations, result);
      compare(command, result);
    } finally {
      result.release();
    }
  }

  #run(evaluate: () => QueryResult): QueryResult {
    try {
      return evaluate();
    } catch (error) {
      if (error instanceof QueryError && error.message.includes("not supported yet"))
        throw new Skip(error.message);
      throw error;
    }
  }

  #skipWhatIsMissing({ series }: EvalCommand, expr: Expr): void {
    if (series.some(({ values }) => values.includes("histogram"))) throw new Skip("native histograms");
    for (const { matchers } of selectorsIn(expr)) {
      const found = this.#missing.find(({ labels }) => matchers.every((m) => m.matches(labels.get(m.name))));
      if (found !== undefined) throw new Skip(found.reason);
    }
  }
}

function checkFailure(fail: Expectation | undefined, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (fail === undefined) throw new Error(`unexpected error: ${message}`, { cause: error });
  if (matchesText(fail, message)) return;
  throw new Error(`error ${message}, want ${fail.message ?? String(fail.pattern)}`, { cause: error });
}

function matchesText({ message, pattern }: Expectation, text: string): boolean {
  return message === null ? pattern === null || pattern.test(text) : message === text;
}

function checkNotes(expectations: readonly Expectation[], { warnings, infos }: QueryResult): void {
  for (const [kind, texts] of [
    ["warn", warnings],
    ["info", infos],
  ] as const) {
    if (expectations.some((one) => one.kind === `no_${kind}`) && texts.length > 0) {
      throw new Error(`unexpected ${kind}: ${texts.join("; ")}`);
    }
    const wanted = expectations.filter((one) => one.kind === kind);
    if (wanted.length === 0) continue;
    for (const one of wanted) {
      if (!texts.some((text) => matchesText(one, text))) {
        throw new Error(`missing ${kind} ${one.message ?? String(one.pattern)}, got: ${texts.join("; ")}`);
      }
    }
    const surplus = texts.find((text) => !wanted.some((one) => matchesText(one, text)));
    if (surplus !== undefined) throw new Error(`unexpected ${kind}: ${surplus}`);
  }
}

function compareInstant(command: EvalCommand, result: QueryResult): void {
  if (command.text !== null) {
    if (result.kind !== "string" || result.value !== command.text) throw new Error("another string");
    return;
  }
  if (command.scalar !== null) {
    if (result.kind !== "scalar") throw new Error(`a ${result.kind}, want a scalar`);
    checkValue("scalar", result.value, command.scalar);
    return;
  }
  const found = plainSeries(result);
  if (command.rangeVector !== null) {
    compareAll(command.series, found, command.rangeVector);
    return;
  }
  if (result.kind === "scalar") throw new Error("a scalar, want a vector");
  const isOrdered = command.expectations.some(({ kind }) => kind === "ordered");
  if (isOrdered) {
    const texts = found.map(({ labels }) => labels.toString()).join(" ");
    const wanted = command.series.map(({ labels }) => labels.toString()).join(" ");
    if (texts !== wanted) throw new Error(`order ${texts}, want ${wanted}`);
  }
  compareAll(command.series, found, { startMs: found[0]?.points[0]?.timeMs ?? 0, stepMs: 1 });
}

function compareRange(command: EvalCommand, result: QueryResult): void {
  const { startMs, stepMs } = command.range as NonNullable<EvalCommand["range"]>;
  compareAll(command.series, plainSeries(result), { startMs, stepMs });
}

function compareMiddleStep(command: EvalCommand, result: QueryResult, timeMs: number): void {
  const found = plainSeries(result)
    .map(({ labels, points }) => ({ labels, points: points.filter((point) => point.timeMs === timeMs) }))
    .filter(({ points }) => points.length > 0);
  if (command.scalar !== null) {
    checkValue("scalar in range mode", found[0]?.points[0]?.value ?? Number.NaN, command.scalar);
    return;
  }
  compareAll(command.series, found, { startMs: timeMs, stepMs: 1 });
}

type Found = ReturnType<typeof plainSeries>;

function compareAll(
  wanted: readonly ScriptSeries[],
  found: Found,
  grid: { readonly startMs: number; readonly stepMs: number },
): void {
  const byLabels = new Map(found.map(({ labels, points }) => [labels.toString(), points]));
  if (byLabels.size !== found.length) throw new Error("equal labels twice");
  for (const { labels, values } of wanted) {
    const name = labels.toString();
    const points = byLabels.get(name);
    const numbers = values
      .map((value, i) => ({ timeMs: grid.startMs + i * grid.stepMs, value }))
      .filter(({ value }) => value !== "none");
    if (points === undefined)
      throw new Error(`missing ${name}, got ${[...byLabels.keys()].join(" ") || "nothing"}`);
    byLabels.delete(name);
    const times = points.map(({ timeMs }) => timeMs).join(" ");
    const wantedTimes = numbers.map(({ timeMs }) => timeMs).join(" ");
    if (times !== wantedTimes) throw new Error(`${name}: times ${times}, want ${wantedTimes}`);
    points.forEach(({ value }, i) => checkValue(name, value, (numbers[i] as { value: number }).value));
  }
  if (byLabels.size > 0) throw new Error(`unexpected ${[...byLabels.keys()].join(" ")}`);
}

/** Equal within a millionth; NaN equals NaN. */
function checkValue(name: string, value: number, wanted: number): void {
  if (value === wanted || (Number.isNaN(value) && Number.isNaN(wanted))) return;
  const sum = Math.abs(value) + Math.abs(wanted);
  const close =
    value !== 0 && wanted !== 0 && Math.abs(value - wanted) / Math.min(sum, Number.MAX_VALUE) < 1e-6;
  if (!close) throw new Error(`${name}: ${value}, want ${wanted}`);
}
