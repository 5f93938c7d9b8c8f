/**
 * What a query returns: columns in the arena, histograms as records there, label ids until someone needs
 * texts.
 *
 * Lifetime: until `release` is called, once; then the memory serves another query.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Scratch } from "@narthex/kernel/scratch";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import { isStaleAt } from "@narthex/model/sample";
import type { Labels } from "@narthex/model/labels";
import { readRecord } from "@narthex/storage/histogram-record";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import { isHistogram } from "./histogram-rows.ts";
import { hasBit } from "./rows.ts";
import type { SampleTotals } from "./sample-tally.ts";
import { labelsOf, type SeriesTable } from "./series-table.ts";
import type { Steps } from "./steps.ts";

/** Warnings and infos, with positions when the query's text was given. The API shows ten of each. */
export interface ResultNotes {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** The most samples that were in memory at once. */
  readonly peakSamples: number;
  readonly statistics: QueryStatistics;
  /** Where the result lies; what is made of it may lie there too, until it is released. */
  readonly memory: Scratch;
  release(): void;
}

/** What a query took. */
export interface QueryStatistics {
  /** Milliseconds of planning, of evaluation with the storage's part in it, and of ordering the result. */
  readonly preparationMs: number;
  readonly evaluationMs: number;
  readonly sortingMs: number;
  /** The samples it looked at (sample-tally.ts). */
  readonly samples: SampleTotals;
}

/** One number at one time. */
export interface ScalarResult extends ResultNotes {
  readonly kind: "scalar";
  readonly timeMs: number;
  readonly value: number;
}

/** One text at one time. */
export interface StringResult extends ResultNotes {
  readonly kind: "string";
  readonly timeMs: number;
  readonly value: string;
}

/** One value per series at one time, in the query's order. */
export interface VectorResult extends ResultNotes {
  readonly kind: "vector";
  readonly timeMs: number;
  readonly series: SeriesTable;
  readonly symbols: QuerySymbols;
  readonly values: Float64Array;
  /** Per series the address of a histogram's record, 0 for floats (`values` has those); null: all floats. */
  readonly records: Uint32Array | null;
}

/** Rows over the steps of a range query (or subquery), sorted by labels; every row has a value. */
export interface MatrixResult extends ResultNotes {
  readonly kind: "matrix";
  readonly steps: Steps;
  readonly series: SeriesTable;
  readonly symbols: QuerySymbols;
  readonly arena: Arena;
  /** Addresses of the float64 values (one per step) and of the presence bitmap of each series. */
  readonly valuesAt: Uint32Array;
  readonly presenceAt: Uint32Array;
  /** Addresses of bitmaps that say which values are addresses of histograms' records; 0: none is. */
  readonly kindsAt: Uint32Array;
}

/** Samples of a range vector, sorted by labels; every series has a sample. */
export interface SamplesResult extends ResultNotes {
  readonly kind: "samples";
  readonly series: SeriesTable;
  readonly symbols: QuerySymbols;
  readonly arena: Arena;
  /** Addresses of times (ms) and values (float64), and how many, of each series. */
  readonly timesAt: Uint32Array;
  readonly valuesAt: Uint32Array;
  readonly counts: Uint32Array;
  /** Addresses of bitmaps, one bit per sample, as those of a matrix; 0: no histograms. */
  readonly kindsAt: Uint32Array;
}

/** Any result. `matrix` and `samples` are both the API's "matrix". */
export type QueryResult = ScalarResult | StringResult | VectorResult | MatrixResult | SamplesResult;

/** One value of a series: a histogram, or the float `value` (NaN beside a histogram). */
export interface PlainPoint {
  readonly timeMs: number;
  readonly value: number;
  readonly histogram: FloatHistogram | null;
}

/** A series as plain objects, for rules, tests and tools that look at few of them. */
export interface PlainSeries {
  readonly labels: Labels;
  readonly points: readonly PlainPoint[];
}

/** The series of a result in their order; a scalar is one without labels. Not for large results. */
export function plainSeries(result: QueryResult): PlainSeries[] {
  if (result.kind === "string") return [];
  if (result.kind === "scalar") {
    const { timeMs, value } = result;
    return [{ labels: labelsOf(noLabels, 0, noSymbols), points: [{ timeMs, value, histogram: null }] }];
  }
  return Array.from({ length: result.series.count }, (_, i) => ({
    labels: labelsOf(result.series, i, result.symbols),
    points: pointsOf(result, i),
  }));
}

const noLabels: SeriesTable = {
  count: 1,
  labelIds: new Uint32Array(0),
  labelEnds: new Uint32Array(1),
  dropsName: null,
};
const noSymbols = { text: (): string => "" } as unknown as QuerySymbols;

/** The values of series `i`. Not for long series. */
export function pointsOf(
  result: VectorResult | MatrixResult | SamplesResult,
  i: number,
): readonly PlainPoint[] {
  if (result.kind === "vector") {
    const record = result.records === null ? 0 : result.records[i];
    const { timeMs, memory } = result;
    return record === 0
      ? [{ timeMs, value: result.values[i], histogram: null }]
      : [{ timeMs, value: NaN, histogram: readRecord(memory.arena, record) }];
  }
  const { arena } = result;
  const { f64, u32 } = arena;
  const points: PlainPoint[] = [];
  const values = result.valuesAt[i] >>> 3;
  const add = (timeMs: number, at: number): void => {
    const value = f64[values + at];
    if (isHistogram(u32, result.kindsAt[i], at)) {
      points.push({ timeMs, value: NaN, histogram: readRecord(arena, value) });
    } else {
      points.push({ timeMs, value, histogram: null });
    }
  };
  if (result.kind === "samples") {
    for (let s = 0; s < result.counts[i]; s++) {
      if (!isStaleAt(f64, values + s)) add(f64[(result.timesAt[i] >>> 3) + s], s);
    }
    return points;
  }
  const { startMs, stepMs, count } = result.steps;
  for (let s = 0; s < count; s++) {
    if (hasBit(u32, result.presenceAt[i], s)) add(startMs + s * stepMs, s);
  }
  return points;
}
