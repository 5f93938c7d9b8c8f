/**
 * Asks engine and reference the same range query and tells where they differ. For property tests.
 */

import type { FloatHistogram } from "@narthex/model/float-histogram";
import { parseQuery, type ParseOptions } from "@narthex/promql-syntax/parser";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import type { Engine } from "./engine.ts";
import type { ElementValue } from "./functions/histogram-binary.ts";
import { QueryError } from "./query-errors.ts";
import { plainSeries } from "./query-result.ts";
import { evaluateReference, type ReferenceData, type ReferenceSeries } from "./reference.ts";
import { stepsBetween } from "./steps.ts";

/** What a comparison found: how many points were equal, or that both failed; else what differs. */
export interface Comparison {
  readonly points: number;
  readonly failed: boolean;
  readonly difference: string | null;
}

/** A storage with these samples. */
export function storageWith(series: readonly ReferenceSeries[]): MemoryStorage {
  const storage = new MemoryStorage();
  for (const { labels, samples } of series) {
    for (const { timeMs, value, startMs } of samples) storage.add(labels, timeMs, value, startMs ?? 0);
  }
  return storage;
}

type Points = ReadonlyMap<string, ElementValue>;

function failedOrThrow(error: unknown): null {
  if (error instanceof QueryError) return null;
  throw error;
}

/** Asks both over `data`, whose start, end and step are the query's. */
export function compareWithReference(
  engine: Engine,
  storage: MemoryStorage,
  data: ReferenceData,
  query: string,
  options: ParseOptions,
): Comparison {
  const wanted = byReference(data, query, options);
  const found = byEngine(engine, storage, data, query, options);
  const result = (difference: string | null): Comparison => ({
    points: wanted?.size ?? 0,
    failed: wanted === null,
    difference,
  });
  if (wanted === null) return result(found === null ? null : "the reference fails, the engine does not");
  if (found === null) return result("the engine fails, the reference does not");
  for (const [key, value] of wanted) {
    const other = found.get(key);
    if (other === undefined) return result(`${key} is missing, want ${shown(value)}`);
    if (!isClose(other, value)) return result(`${key} is ${shown(other)}, want ${shown(value)}`);
  }
  for (const key of found.keys()) if (!wanted.has(key)) return result(`${key} should not be there`);
  return result(null);
}

function byEngine(
  engine: Engine,
  storage: MemoryStorage,
  { startMs, endMs, stepMs, lookbackMs }: ReferenceData,
  query: string,
  options: ParseOptions,
): Points | null {
  try {
    const range = { startMs, endMs, stepMs };
    const result = engine.range(storage.querier(), parseQuery(query, options), range, { lookbackMs });
    const points = new Map<string, ElementValue>();
    for (const { labels, points: ofSeries } of plainSeries(result)) {
      for (const { timeMs, value, histogram } of ofSeries) {
        points.set(`${labels.toString()} @${timeMs}`, histogram ?? value);
      }
    }
    result.release();
    return points;
  } catch (error) {
    return failedOrThrow(error);
  }
}

function byReference(data: ReferenceData, query: string, options: ParseOptions): Points | null {
  const expr = parseQuery(query, options);
  const points = new Map<string, ElementValue>();
  const { startMs, endMs, stepMs } = data;
  const { count } = stepsBetween(startMs, endMs, stepMs);
  try {
    for (let s = 0; s < count; s++) {
      const timeMs = startMs + s * stepMs;
      const value = evaluateReference(data, expr, timeMs);
      if (typeof value === "number") points.set(`{} @${timeMs}`, value);
      else for (const element of value) points.set(`${element.labels.toString()} @${timeMs}`, element.value);
    }
    return points;
  } catch (error) {
    return failedOrThrow(error);
  }
}

function shown(value: ElementValue): string {
  return typeof value === "number" ? String(value) : value.testExpression();
}

/** Equal but for rounding. */
function isClose(a: ElementValue, b: ElementValue): boolean {
  if (typeof a === "number" || typeof b === "number") {
    return typeof a === "number" && typeof b === "number" && close(a, b);
  }
  if (a.schema !== b.schema || a.counterResetHint !== b.counterResetHint) return false;
  if (!close(a.count, b.count) || !close(a.sum, b.sum)) return false;
  const [left, right] = [bucketsOf(a), bucketsOf(b)];
  return [...left.keys(), ...right.keys()].every((key) => close(left.get(key) ?? 0, right.get(key) ?? 0));
}

function bucketsOf(h: FloatHistogram): ReadonlyMap<string, number> {
  const buckets = new Map<string, number>();
  for (const { lower, upper, count } of h.allBucketIterator()) buckets.set(`${lower} ${upper}`, count);
  return buckets;
}

function close(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)) + 1e-9;
}
