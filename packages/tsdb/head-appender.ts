/**
 * The head appender: one batch of samples on its way into the head.
 *
 *   scrape-append → fanout → HEAD APPENDER → write-ahead log → open chunks
 *
 * `append` and `appendColumns` judge and buffer; `commit` writes the log record, then the series. A query
 * that starts during a commit sees all of the batch or none of it.
 *
 * Lifetime: one batch. Its columns come from a pool and go back to it at the end; any later call is a bug.
 */

import { assert } from "@narthex/platform/assert";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { Histogram } from "@narthex/model/histogram";
import type { Labels } from "@narthex/model/labels";
import { AppendResult } from "@narthex/storage/append-result";
import type { Appender, SeriesRef } from "@narthex/storage/appender";
import { firstCapacity, makeBatchColumns, type BatchColumns, type BatchTarget } from "./batch-columns.ts";
import type { HistogramEntry } from "./wal-histograms.ts";

/** One batch. */
export class HeadAppender implements Appender {
  readonly #head: BatchTarget;
  readonly #pool: BatchColumns[];
  readonly #floorMs: number;
  #columns: BatchColumns;
  #count = 0;
  readonly #histograms: HistogramEntry[] = [];
  #isDone = false;

  constructor(head: BatchTarget, pool: BatchColumns[], floorMs: number) {
    this.#head = head;
    this.#pool = pool;
    this.#floorMs = floorMs;
    this.#columns = pool.pop() ?? makeBatchColumns(head.arena, firstCapacity);
  }

  resolve(labels: Labels): SeriesRef {
    return this.#head.resolve(labels);
  }

  append(ref: SeriesRef, timeMs: number, value: number): AppendResult {
    this.#makeRoom(1);
    const { refsAt, timesAt, valuesAt, resultsAt } = this.#columns;
    const { u32, f64 } = this.#head.arena;
    u32[(refsAt >>> 2) + this.#count] = ref;
    f64[(timesAt >>> 3) + this.#count] = timeMs;
    f64[(valuesAt >>> 3) + this.#count] = value;
    this.#admit(1);
    return this.#head.arena.u8[resultsAt + this.#count - 1] as AppendResult;
  }

  appendColumns(
    refs: Uint32Array,
    timeMs: number,
    values: Float64Array,
    count: number,
    results: Uint8Array,
  ): number {
    assert(
      count <= refs.length && count <= values.length && count <= results.length,
      "count fits the columns",
    );
    this.#makeRoom(count);
    const { refsAt, timesAt, valuesAt, resultsAt } = this.#columns;
    const { u32, f64, u8 } = this.#head.arena;
    u32.set(refs.subarray(0, count), (refsAt >>> 2) + this.#count);
    f64.set(values.subarray(0, count), (valuesAt >>> 3) + this.#count);
    const times = (timesAt >>> 3) + this.#count;
    f64.fill(timeMs, times, times + count);
    const first = resultsAt + this.#count;
    const refused = this.#admit(count);
    results.set(u8.subarray(first, first + count));
    return refused;
  }

  appendHistogram(
    ref: SeriesRef,
    timeMs: number,
    histogram: Histogram | FloatHistogram,
    startMs = 0,
  ): AppendResult {
    assert(!this.#isDone, "a batch is open");
    const { histograms, startTimes } = this.#head;
    if (startTimes === "zero" && startMs > 0 && startMs < timeMs) {
      const zero = zeroOf(histogram);
      if (histograms.admit(ref, startMs, this.#floorMs, zero) === AppendResult.Accepted) {
        this.#histograms.push({ ref, timeMs: startMs, startMs: 0, histogram: zero });
      }
    }
    const result = histograms.admit(ref, timeMs, this.#floorMs, histogram);
    if (result === AppendResult.Accepted) {
      const kept = startTimes === "store" ? startMs : 0;
      this.#histograms.push({ ref, timeMs, startMs: kept, histogram: histogram.copy() });
    }
    return result;
  }

  // Async by contract: the log may one day be written by another thread.
  commit(): Promise<void> {
    assert(!this.#isDone, "a batch ends once");
    this.#isDone = true;
    try {
      const batch = { columns: this.#columns, count: this.#count, histograms: this.#histograms };
      this.#head.commitBatch(batch, this.#floorMs);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    } finally {
      this.#pool.push(this.#columns);
    }
  }

  rollback(): void {
    assert(!this.#isDone, "a batch ends once");
    this.#isDone = true;
    this.#pool.push(this.#columns);
  }

  /** Judges the `count` rows behind the present ones and takes them in. */
  #admit(count: number): number {
    const { refsAt, timesAt, valuesAt, resultsAt, keepAt } = this.#columns;
    const { kernels, rootAt } = this.#head;
    const from = this.#count;
    this.#count += count;
    return kernels.headAdmit(
      rootAt,
      refsAt + from * 4,
      timesAt + from * 8,
      8,
      valuesAt + from * 8,
      count,
      resultsAt + from,
      keepAt + from,
    );
  }

  #makeRoom(count: number): void {
    assert(!this.#isDone, "a batch is open");
    const needed = this.#count + count;
    if (needed <= this.#columns.capacity) return;
    let capacity = this.#columns.capacity * 2;
    while (capacity < needed) capacity *= 2;
    const larger = makeBatchColumns(this.#head.arena, capacity);
    const { u32, f64, u8 } = this.#head.arena;
    const old = this.#columns;
    u32.copyWithin(larger.refsAt >>> 2, old.refsAt >>> 2, (old.refsAt >>> 2) + this.#count);
    f64.copyWithin(larger.timesAt >>> 3, old.timesAt >>> 3, (old.timesAt >>> 3) + this.#count);
    f64.copyWithin(larger.valuesAt >>> 3, old.valuesAt >>> 3, (old.valuesAt >>> 3) + this.#count);
    u8.copyWithin(larger.resultsAt, old.resultsAt, old.resultsAt + this.#count);
    u8.copyWithin(larger.keepAt, old.keepAt, old.keepAt + this.#count);
    this.#columns = larger;
  }
}

/** An empty histogram of the same layout, which says that a counter begins. */
function zeroOf(h: Histogram | FloatHistogram): Histogram | FloatHistogram {
  const { schema, zeroThreshold, customValues } = h;
  const fields = { counterResetHint: CounterResetHint.Reset, schema, zeroThreshold, customValues };
  return h instanceof FloatHistogram ? FloatHistogram.of(fields) : Histogram.of(fields);
}
