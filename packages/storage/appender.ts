/**
 * The contract for writing: one batch of samples, stored whole by `commit` or not at all.
 */

import type { Labels } from "@narthex/model/labels";
import type { AppendResult } from "./append-result.ts";

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
