/**
 * Runs test scripts of PromQL (script-commands.ts) against the engine over a memory storage.
 *
 *   text → commands → load into the storage | evaluate → compare → REPORT
 *
 * Every instant evaluation is done again with `@` on every selector, at other times; and each of these again
 * as the middle step of a range query. One evaluation of a script counts once, whatever its variations.
 */

import { Arena } from "@narthex/kernel/arena";
import { printExpr } from "@narthex/promql-syntax/printer";
import type { Expr } from "@narthex/promql-syntax/ast";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { Engine, type EngineOptions } from "./engine.ts";
import type { QueryResult } from "./query-result.ts";
import { parseScript, scriptSyntax, type EvalCommand, type ScriptCommand } from "./script-commands.ts";
import { checkAnnotations, checkFailure, compareResult, compareStep, isOrdered } from "./script-compare.ts";
import { load } from "./script-load.ts";
import { isTimeSafe, withAt } from "./script-variants.ts";

/** What became of the commands of one script. */
export interface ScriptReport {
  /** Evaluations that gave what the script states. */
  readonly passed: number;
  readonly failures: readonly ScriptFailure[];
}

/** A command that failed, and why. */
export interface ScriptFailure {
  /** From 1. */
  readonly line: number;
  /** The query, or `load`. */
  readonly query: string;
  readonly reason: string;
}

/** What a script is run with. */
export interface ScriptOptions {
  /** The memory to work in. Default: a new one. */
  readonly arena?: Arena;
  /** How the engine is set up. Default: as the original's scripts want it, with every feature on. */
  readonly engine?: EngineOptions;
}

/** Runs a whole script. Throws `ScriptError` when it is not understood; nothing is run then. */
export function runScript(text: string, options: ScriptOptions = {}): ScriptReport {
  const commands = parseScript(text);
  return new ScriptRun(options).run(commands);
}

/** A failure as one line of text, for people: `file:line: query: reason`. */
export function failureText(fileName: string, { line, query, reason }: ScriptFailure): string {
  return `${fileName}:${line}: ${query}: ${reason}`;
}

const minuteMs = 60_000;
const scriptEngine: EngineOptions = {
  delayedNameRemoval: true,
  useStartTimestamps: true,
  limits: { maxSamples: 10_000, timeoutMs: 100_000 },
};
/** What only the time of a query decides; it would be another in a range query. */
const timeOfQuery = /(?:start|end|range|step)\(\)/u;

/** A query, and when to ask it. */
interface Variant {
  readonly text: string;
  readonly expr: Expr;
  readonly timeMs: number;
}

class ScriptRun {
  readonly #storage = new MemoryStorage();
  readonly #engine: Engine;
  readonly #failures: ScriptFailure[] = [];
  #passed = 0;

  constructor({ arena, engine }: ScriptOptions) {
    this.#engine = new Engine(arena ?? Arena.create(), engine ?? scriptEngine);
  }

  run(commands: readonly ScriptCommand[]): ScriptReport {
    for (const command of commands) {
      switch (command.kind) {
        case "clear":
          this.#storage.clear();
          break;
        case "load":
          this.#attempt(command.line, "load", () => load(command, this.#storage));
          break;
        case "eval":
          if (this.#attempt(command.line, command.query, () => this.#evaluate(command))) this.#passed++;
      }
    }
    return { passed: this.#passed, failures: this.#failures };
  }

  #attempt(line: number, query: string, run: () => void): boolean {
    try {
      run();
      return true;
    } catch (error) {
      this.#failures.push({ line, query, reason: error instanceof Error ? error.message : String(error) });
      return false;
    }
  }

  #evaluate(command: EvalCommand): void {
    const { query: text, expr, range } = command;
    if (range !== null) {
      this.#check(command, text, () => this.#engine.range(this.#storage.querier(), expr, range, { text }));
      return;
    }
    const timeMs = command.rangeVector?.endMs ?? command.timeMs;
    for (const variant of variantsOf(text, expr, timeMs)) this.#evaluateInstant(command, variant);
  }

  #evaluateInstant(command: EvalCommand, { text, expr, timeMs }: Variant): void {
    const querier = this.#storage.querier();
    const isDone = this.#check(command, text, () => this.#engine.instant(querier, expr, timeMs, { text }));
    const hasOtherShape = command.text !== null || command.rangeVector !== null;
    if (!isDone || hasOtherShape || timeOfQuery.test(text)) return;
    const range = { startMs: timeMs - minuteMs, endMs: timeMs + minuteMs, stepMs: minuteMs };
    const result = this.#engine.range(querier, expr, range, { text });
    try {
      if (!isOrdered(command)) compareStep(command, result, timeMs);
    } catch (error) {
      throw new Error(`${String(error instanceof Error ? error.message : error)} (in range mode)`, {
        cause: error,
      });
    } finally {
      result.release();
    }
  }

  /** Evaluates and compares; false when the query failed, as it should. */
  #check(command: EvalCommand, query: string, evaluate: () => QueryResult): boolean {
    let result: QueryResult;
    try {
      result = evaluate();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      checkFailure(command, query, error);
      return false;
    }
    try {
      if (command.expectations.some(({ kind }) => kind === "fail")) {
        throw new Error(`expected error evaluating query ${JSON.stringify(query)} but got none`);
      }
      checkAnnotations(command, query, result);
      compareResult(command, result);
    } finally {
      result.release();
    }
    return true;
  }
}

/** The query itself, then with `@` at several times. */
function variantsOf(text: string, expr: Expr, timeMs: number): Variant[] {
  const variants = [{ text, expr, timeMs }];
  if (!isTimeSafe(expr)) return variants;
  const pinnedText = printExpr(withAt(expr, timeMs));
  const pinned = parseQuery(pinnedText, scriptSyntax);
  const times =
    timeMs === 0 ? [-1000, 0, 1000] : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs];
  return variants.concat(times.map((time) => ({ text: pinnedText, expr: pinned, timeMs: time })));
}
