/**
 * The columns of one batch on its way into the head, in the arena; and what they are handed to.
 *
 *   head-appender fills them → the kernel head-append judges them → the head commits them
 *
 * Lifetime: columns come from a pool of the head and go back to it when their batch ends. Pages are never
 * freed.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Kernels } from "@narthex/kernel/load";
import type { Labels } from "@narthex/model/labels";
import type { SeriesRef } from "@narthex/storage/appender";
import type { HeadHistograms } from "./head-histograms.ts";
import type { HistogramEntry } from "./wal-histograms.ts";

/**
 * What the head does with the time at which a counter began: nothing, a sample of zero at that time if there
 * is none since, or it stores the time beside each sample (in chunks and records of newer Prometheus only).
 */
export type StartTimes = "ignore" | "zero" | "store";

/** Addresses of a batch's columns in the arena. */
export interface BatchColumns {
  readonly capacity: number;
  readonly refsAt: number;
  readonly timesAt: number;
  readonly valuesAt: number;
  readonly resultsAt: number;
  readonly keepAt: number;
  /** Room for the log record. */
  readonly recordAt: number;
}

/** What a batch stores. */
export interface Batch {
  readonly columns: BatchColumns;
  /** Rows of the columns. */
  readonly count: number;
  readonly histograms: readonly HistogramEntry[];
}

/** Rows of the first batch; later ones double. */
export const firstCapacity = 1_024;
/** The largest a log record's row can be: two 10-byte varints and a value. */
const mostRowBytes = 28;

/** Columns for `capacity` rows, from arena pages (they are reused, never freed). */
export function makeBatchColumns(arena: Arena, capacity: number): BatchColumns {
  const at = arena.allocatePages(capacity * (4 + 8 + 8 + 1 + 1 + mostRowBytes) + 64);
  const timesAt = at;
  const valuesAt = timesAt + capacity * 8;
  const refsAt = valuesAt + capacity * 8;
  const resultsAt = refsAt + capacity * 4;
  const keepAt = resultsAt + capacity;
  return { capacity, timesAt, valuesAt, refsAt, resultsAt, keepAt, recordAt: (keepAt + capacity + 15) & ~15 };
}

/** Where a batch goes: the head, as its appenders see it. */
export interface BatchTarget {
  readonly arena: Arena;
  readonly kernels: Kernels;
  /** Address of the head's root, for the kernels. */
  readonly rootAt: number;
  readonly histograms: HeadHistograms;
  readonly startTimes: StartTimes;
  /** The ref of the series with these labels, made if it is new. */
  resolve(labels: Labels): SeriesRef;
  /**
   * Stores the kept rows and the histograms, which were admitted as not older than `floorMs`. Throws when the
   * log cannot be written (then nothing is stored) or the memory is full.
   */
  commitBatch(batch: Batch, floorMs: number): void;
}
