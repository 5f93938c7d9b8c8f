/**
 * The contract for reading: what the engine and the API ask of a storage, whatever is behind it (head,
 * blocks, both).
 *
 * `select` is lazy: it resolves which series there are, and decodes no sample before `read`.
 */

import type { Scratch } from "@narthex/kernel/scratch";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import type { QuerySymbols } from "./query-symbols.ts";
import type { SeriesBatch } from "./series-batch.ts";

/** What is asked for. Times are milliseconds, both ends inclusive. */
export interface SelectRequest {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly matchers: readonly LabelMatcher[];
  /** The most series wanted, 0 or absent for all. */
  readonly limit?: number;
}

/** Newest samples of some series; one entry per series, in order. */
export interface LatestColumns {
  /** Time of the newest sample, NaN when there is none. */
  readonly timesMs: Float64Array;
  /** Its value, bit-exact (may be the staleness marker). */
  readonly values: Float64Array;
  /** Address of the record of a histogram that lies there anyhow, 0 for a float. */
  readonly records: Uint32Array;
}

/** The series that a request found, in a fixed order; no two have the same labels. */
export interface SeriesSet {
  readonly count: number;
  /**
   * Label name and value ids of all series, one after the other: name, value, name, value, … by ascending
   * name.
   */
  readonly labelIds: Uint32Array;
  /** Series i has the ids from `labelEnds[i - 1]` (0 for the first) to `labelEnds[i]`. */
  readonly labelEnds: Uint32Array;
  readonly warnings: readonly string[];
  /**
   * Fills `batch` with the samples within the request's times of series `first`, `first + 1`, …, at most
   * `count` and at most `SeriesBatch.capacity` of them; returns how many series were filled (at least 1).
   * Columns are taken from `scratch`. Throws `CorruptionError` for a chunk that cannot be decoded.
   */
  read(first: number, count: number, batch: SeriesBatch, scratch: Scratch): number;
  /**
   * The newest sample at or before `timeMs` (and within the request's times) of series `first` … `first +
   * count - 1`, without decoding; false when that is not possible (then use `read`), as for series with
   * histograms in most storages.
   */
  readLatest(first: number, count: number, timeMs: number, into: LatestColumns): boolean;
}

/** Names or values with what the storage wants to warn of. */
export interface LabelStrings {
  /** Ascending in UTF-8 order, without repeats. */
  readonly strings: readonly string[];
  readonly warnings: readonly string[];
}

/** Reads from a storage as it was when the querier was opened. */
export interface Querier {
  readonly symbols: QuerySymbols;
  select(request: SelectRequest): SeriesSet;
  /** Values of the label `name` among the series that match (all, without matchers). `limit` 0: all. */
  labelValues(name: string, matchers: readonly LabelMatcher[], limit: number): LabelStrings;
  labelNames(matchers: readonly LabelMatcher[], limit: number): LabelStrings;
  /** Gives up what it holds (epochs, files). Nothing read through it may be touched afterwards. */
  close(): void;
}
