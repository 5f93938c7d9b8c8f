/**
 * Series in a small notation, and results as text, for the tests of this package.
 */

import { Arena } from "@narthex/kernel/arena";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { Engine, type EngineOptions, type QueryRange } from "./engine.ts";
import { plainSeries, type QueryResult } from "./query-result.ts";
import { parseScript, scriptSyntax } from "./script-commands.ts";
import { load } from "./script-load.ts";

/** All syntax there is. */
export const everySyntax = scriptSyntax;

/** One arena for all tests of a process. */
export const testArena: Arena = Arena.create();

/**
 * A storage with the series of a script's `load` block: `metric{labels} values` per line, one value per
 * minute.
 */
export function storageOf(lines: string): MemoryStorage {
  const storage = new MemoryStorage();
  const body = lines
    .split("\n")
    .filter((line) => line.trim() !== "")
    .join("\n");
  for (const command of parseScript(`load 1m\n${body}`)) {
    if (command.kind === "load") load(command, storage);
  }
  return storage;
}

/** Asks at one minute; the result as `name{labels} value` lines. */
export function ask(
  storage: MemoryStorage,
  text: string,
  minute: number,
  options: EngineOptions = {},
): string {
  const engine = new Engine(testArena, options);
  return shown(engine.instant(storage.querier(), parseQuery(text, everySyntax), minute * 60_000, { text }));
}

/** Asks over minutes, step one minute unless given. */
export function askRange(
  storage: MemoryStorage,
  text: string,
  minutes: readonly [number, number],
  step = 1,
  options: EngineOptions = {},
): string {
  const engine = new Engine(testArena, options);
  const range: QueryRange = {
    startMs: minutes[0] * 60_000,
    endMs: minutes[1] * 60_000,
    stepMs: step * 60_000,
  };
  return shown(engine.range(storage.querier(), parseQuery(text, everySyntax), range, { text }));
}

/** A result as text: one line per series, points as `minute:value` unless it is a vector. */
export function shown(result: QueryResult): string {
  try {
    if (result.kind === "string") return JSON.stringify(result.value);
    if (result.kind === "scalar") return String(result.value);
    return plainSeries(result)
      .map(({ labels, points }) => {
        const texts = points.map(({ timeMs, value, histogram }) => {
          const text = histogram === null ? String(value) : histogram.testExpression();
          return result.kind === "vector" ? text : `${timeMs / 60_000}:${text}`;
        });
        return `${labels.toString()} ${texts.join(" ")}`;
      })
      .join("\n");
  } finally {
    result.release();
  }
}
