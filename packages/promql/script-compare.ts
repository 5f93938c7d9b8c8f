/**
 * Whether a query's result is what a script states. Every function throws an Error that says what differs;
 * texts are the original's, or close to it.
 *
 * Numbers agree within a millionth. Histograms are compared without empty buckets, hints only where the
 * script names one.
 */

import { compareLabels } from "@narthex/model/labels";
import { sameBounds } from "@narthex/model/histogram-bounds";
import { isStaleMarker, type FloatHistogram } from "@narthex/model/float-histogram";
import { formatGoG } from "@narthex/model/go-float";
import { plainSeries, type PlainPoint, type PlainSeries, type QueryResult } from "./query-result.ts";
import type { EvalCommand, Expectation, ScriptRange, ScriptSeries } from "./script-commands.ts";
import type { SeriesValue } from "./series-description.ts";

/** Compares the result of the evaluation itself, with `range` the times that its values stand at. */
export function compareResult(command: EvalCommand, result: QueryResult): void {
  switch (result.kind) {
    case "string":
      if (result.value === (command.text ?? "")) return;
      throw new Error(`expected string "${command.text ?? ""}" but got "${result.value}"`);
    case "scalar":
      return compareScalar(command, result.value);
    case "vector":
      return compareVector(command, plainSeries(result));
    case "matrix":
    case "samples":
      return compareMatrix(command, plainSeries(result));
  }
}

/** Compares the values at one step of a range query with what the instant query must give. */
export function compareStep(command: EvalCommand, result: QueryResult, timeMs: number): void {
  const series = plainSeries(result);
  checkSorted(series);
  const found = series.flatMap(({ labels, points }) => {
    const point = points.find((one) => one.timeMs === timeMs);
    return point === undefined ? [] : [{ labels, points: [point] }];
  });
  if (command.scalar === null) return compareVector(command, found);
  return compareScalar(command, found[0]?.points[0]?.value ?? NaN);
}

function compareScalar(command: EvalCommand, value: number): void {
  if (command.scalar === null) {
    throw new Error(`expected vector or matrix result, but got scalar: ${formatGoG(value)}`);
  }
  if (!almostEqual(command.scalar, value)) {
    throw new Error(`expected scalar ${formatGoG(command.scalar)} but got ${formatGoG(value)}`);
  }
}

/** Whether a command states the order of its series. */
export function isOrdered({ expectations }: EvalCommand): boolean {
  return expectations.some(({ kind }) => kind === "ordered");
}

function compareVector(command: EvalCommand, found: readonly PlainSeries[]): void {
  if (command.scalar !== null) throw new Error("expected scalar result, but got vector");
  const expected = new Map(
    command.series.map((series, i) => [series.labels.toString(), { series, place: i }]),
  );
  const seen = new Set<string>();
  found.forEach(({ labels, points }, place) => {
    const name = labels.toString();
    const point = points[0];
    const wanted = expected.get(name);
    if (wanted === undefined) {
      throw new Error(`unexpected metric ${name} in result, has value ${pointText(point)}`);
    }
    const value = wanted.series.values[0] ?? 0;
    if (isOrdered(command) && wanted.place !== place) {
      const places = `position ${wanted.place + 1} but was at ${place + 1}`;
      throw new Error(`expected metric ${name} with ${valueText(value)} at ${places}`);
    }
    if (!isSameValue(value === "none" ? 0 : value, point)) {
      throw new Error(`expected ${valueText(value)} for ${name} but got ${pointText(point)}`);
    }
    seen.add(name);
  });
  for (const [name, { series }] of expected) {
    if (seen.has(name)) continue;
    throw new Error(`expected metric ${name} with ${series.values.map(valueText).join(" ")} not found`);
  }
}

function compareMatrix(command: EvalCommand, found: readonly PlainSeries[]): void {
  if (isOrdered(command)) throw new Error("expected ordered result, but query returned a matrix");
  if (command.scalar !== null) throw new Error("expected scalar result, but got matrix");
  checkSorted(found);
  const range = command.rangeVector ??
    command.range ?? { startMs: command.timeMs, endMs: command.timeMs, stepMs: 0 };
  const expected = new Map(command.series.map((series) => [series.labels.toString(), series]));
  const seen = new Set<string>();
  for (const { labels, points } of found) {
    const name = labels.toString();
    const wanted = expected.get(name);
    if (wanted === undefined) {
      throw new Error(`unexpected metric ${name} in result, has ${pointsText(points)}`);
    }
    seen.add(name);
    comparePoints(name, wanted, range, points);
  }
  for (const name of expected.keys())
    if (!seen.has(name)) throw new Error(`expected metric ${name} not found`);
}

function comparePoints(
  name: string,
  { values }: ScriptSeries,
  { startMs, endMs, stepMs }: ScriptRange,
  points: readonly PlainPoint[],
): void {
  const wanted = values
    .map((value, i) => ({ value, timeMs: startMs + i * stepMs }))
    .filter(({ value }) => value !== "none");
  if (values.length > 0 && startMs + (values.length - 1) * stepMs > endMs) {
    const reason = "but query time range cannot return this many points";
    throw new Error(`expected ${values.length} points for ${name}, ${reason}`);
  }
  if (wanted.length !== points.length) {
    throw new Error(`expected ${wanted.length} points for ${name}, but got ${pointsText(points)}`);
  }
  wanted.forEach(({ value, timeMs }, i) => {
    const point = points[i];
    const where = `value at index ${i} (t=${point.timeMs}) for ${name}`;
    const result = `(result has ${pointsText(points)})`;
    if (point.timeMs !== timeMs) {
      throw new Error(`expected ${where} to have timestamp ${timeMs} ${result}`);
    }
    if (!isSameValue(value, point)) {
      throw new Error(`expected ${where} to be ${valueText(value)}, but got ${pointText(point)} ${result}`);
    }
  });
}

function checkSorted(series: readonly PlainSeries[]): void {
  series.forEach(({ labels }, i) => {
    if (i === 0 || compareLabels(series[i - 1].labels, labels) <= 0) return;
    throw new Error("matrix results should always be sorted by labels, but matrix is not sorted");
  });
}

function isSameValue(wanted: SeriesValue, { value, histogram }: PlainPoint): boolean {
  if (typeof wanted === "object") {
    return histogram !== null && sameHistogram(wanted.histogram, histogram, wanted.isHintSet);
  }
  if (histogram !== null || wanted === "none") return false;
  return wanted === "stale" ? isStaleMarker(value) : almostEqual(wanted, value);
}

function sameHistogram(wantedAsIs: FloatHistogram, foundAsIs: FloatHistogram, withHint: boolean): boolean {
  const wanted = wantedAsIs.copy().compact(0);
  const found = foundAsIs.copy().compact(0);
  const spansText = (h: FloatHistogram): string =>
    [...h.positiveSpans, { offset: NaN, length: 0 }, ...h.negativeSpans]
      .map(({ offset, length }) => `${offset}+${length}`)
      .join(" ");
  const sameCounts = (a: readonly number[], b: readonly number[]): boolean =>
    a.length === b.length && a.every((count, i) => almostEqual(count, b[i]));
  return (
    wanted.schema === found.schema &&
    almostEqual(wanted.count, found.count) &&
    almostEqual(wanted.sum, found.sum) &&
    sameBounds(wanted.customValues, found.customValues) &&
    wanted.zeroThreshold === found.zeroThreshold &&
    almostEqual(wanted.zeroCount, found.zeroCount) &&
    spansText(wanted) === spansText(found) &&
    sameCounts(wanted.positiveBuckets, found.positiveBuckets) &&
    sameCounts(wanted.negativeBuckets, found.negativeBuckets) &&
    (!withHint || wanted.counterResetHint === found.counterResetHint)
  );
}

const tolerance = 1e-6;
const leastNormal = 2 ** -1022;

/** Whether two numbers agree within a millionth of their sum; NaN equals NaN. */
export function almostEqual(a: number, b: number): boolean {
  if (isStaleMarker(a) || isStaleMarker(b)) return isStaleMarker(a) && isStaleMarker(b);
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < leastNormal) return difference < tolerance * leastNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < tolerance;
}

function valueText(value: SeriesValue): string {
  if (typeof value === "object") return value.histogram.testExpression();
  return typeof value === "number" ? formatGoG(value) : value === "none" ? "_" : value;
}

function pointText({ value, histogram }: PlainPoint): string {
  return histogram === null ? formatGoG(value) : histogram.testExpression();
}

function pointsText(points: readonly PlainPoint[]): string {
  const texts = points.map((point) => `${pointText(point)} @[${point.timeMs}]`);
  return `${points.length} point${points.length === 1 ? "" : "s"} [${texts.join(" ")}]`;
}

/** Checks that an error is the one expected. */
export function checkFailure(command: EvalCommand, query: string, error: Error): void {
  const expected = command.expectations.find(({ kind }) => kind === "fail");
  const where = `query ${JSON.stringify(query)} (line ${command.line})`;
  if (expected === undefined)
    throw new Error(`error evaluating ${where}: ${error.message}`, { cause: error });
  if (matches(expected, error.message)) return;
  const text = expected.message ?? String(expected.pattern?.source);
  throw new Error(
    `expected error matching ${JSON.stringify(text)} evaluating ${where}, but got: ${error.message}`,
  );
}

/** Whether a text is what is expected. */
function matches({ message, pattern }: Expectation, text: string): boolean {
  return message === null ? (pattern?.test(text) ?? true) : message === text;
}

/** Checks warnings and infos: each expectation is met, and each text expected where any is. */
export function checkAnnotations(
  command: EvalCommand,
  query: string,
  { warnings, infos }: Pick<QueryResult, "warnings" | "infos">,
): void {
  const where = `query ${JSON.stringify(query)} (line ${command.line})`;
  for (const [kind, texts] of [
    ["warn", warnings],
    ["info", infos],
  ] as const) {
    if (texts.length > 0 && command.expectations.some((one) => one.kind === `no_${kind}`)) {
      throw new Error(`unexpected ${kind} annotations evaluating ${where}: ${texts.join("; ")}`);
    }
    const expected = command.expectations.filter((one) => one.kind === kind);
    if (expected.length > 0 && texts.length === 0) {
      throw new Error(`expected ${kind} annotations but none were found for ${where}`);
    }
    const missing = expected.find((one) => !texts.some((text) => matches(one, text)));
    if (missing !== undefined) {
      const text = JSON.stringify(missing.message ?? String(missing.pattern?.source));
      const found = texts.join("; ");
      throw new Error(`expected ${kind} annotation matching ${text} for ${where}, found: ${found}`);
    }
    const surplus = texts.find((text) => !expected.some((one) => matches(one, text)));
    if (expected.length > 0 && surplus !== undefined) {
      throw new Error(`unexpected ${kind} annotation ${JSON.stringify(surplus)} found for ${where}`);
    }
  }
}
