/**
 * The contract for writing: one batch of samples, stored whole by `commit` or not at all.
 */

import type { Exemplar } from "@narthex/model/exemplar";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";
import type { Labels } from "@narthex/model/labels";
import type { AppendResult, ExemplarResult } from "./append-result.ts";

/** A series as its storage knows it: a positive integer below 2^32, never given to another series. */
export type SeriesRef = number;

/** Takes the samples of one batch. Lifetime: one batch; any call after `commit` or `rollback` is a bug. */
export interface Appender {
  /**
   * The ref of the series with these labels, made if it is new. Throws `ArenaFullError` when there is no
   * room.
   */
  resolve(labels: Labels): SeriesRef;
  /** Adds one sample. NaN values keep their bits only through `appendColumns`. */
  append(ref: SeriesRef, timeMs: number, value: number): AppendResult;
  /**
   * Adds `count` samples of one moment: `values[i]`, bit-exact, to series `refs[i]`; a ref of 0 is skipped.
   * Writes the verdict of each to `results` and returns how many were not accepted.
   */
  appendColumns(
    refs: Uint32Array,
    timeMs: number,
    values: Float64Array,
    count: number,
    results: Uint8Array,
  ): number;
  /**
   * Adds one native histogram, which is valid (`validate`) or marks its series as stale; `startMs` is when
   * its counter began, 0 for unknown. A storage without this takes no histograms.
   */
  appendHistogram?(
    ref: SeriesRef,
    timeMs: number,
    histogram: Histogram | FloatHistogram,
    startMs?: number,
  ): AppendResult;
  /**
   * Adds one sample with the time at which its counter began, in milliseconds (not 0). A storage without this
   * keeps no start times: then use `append`.
   */
  appendWithStart?(ref: SeriesRef, timeMs: number, value: number, startMs: number): AppendResult;
  /**
   * Adds an exemplar of a series, which may be in this batch. Its storage is separate: a refusal says nothing
   * of the samples. A storage without this keeps no exemplars.
   */
  appendExemplar?(ref: SeriesRef, exemplar: Exemplar): ExemplarResult;
  /**
   * Stores the batch: write-ahead log first, then the series. Rejects when the log cannot be written; then
   * nothing is stored.
   */
  commit(): Promise<void>;
  /** Forgets the batch. Series made by it stay. */
  rollback(): void;
}

/** A place samples can be written to. */
export interface Appendable {
  appender(): Appender;
}
