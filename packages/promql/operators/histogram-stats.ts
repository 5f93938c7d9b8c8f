/**
 * Native histograms reduced to count and sum (stats-selectors.ts), with a hint of each whether the counter
 * was reset since the one before.
 *
 * What counts as the one before follows from how the original reads: sample by sample, but where steps are
 * further apart than what each looks at, it jumps, and knows of no sample before the first behind the jump.
 */

import { FloatHistogram } from "@narthex/model/float-histogram";
import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { isStaleAt } from "@narthex/model/sample";
import { readRecord, writeRecord } from "@narthex/storage/histogram-record";
import type { SeriesBatch } from "@narthex/storage/series-batch";
import type { QueryContext } from "../query-context.ts";
import { hasBit } from "../rows.ts";

/** The moments that are looked at: `firstMs` and `stepMs` later at every step, each `widthMs` back. */
export interface ReadTimes {
  readonly firstMs: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly widthMs: number;
}

/**
 * Replaces the histograms of series `i`, which has some, by others without buckets. Scratch is the query's.
 */
export function reduceToStats(context: QueryContext, batch: SeriesBatch, i: number, times: ReadTimes): void {
  const reader = new StatsReader(context, batch, i);
  const count = batch.count[i];
  let at = 0;
  let timeMs = -Infinity; // of the sample where the reader stands, once it has moved
  for (let s = 0; s < times.steps && at < count; s++) {
    const endMs = times.firstMs + s * times.stepMs;
    if (endMs - times.widthMs > timeMs) {
      reader.jump();
      while (at < count && reader.timeMs(at) < endMs - times.widthMs) at++;
      if (at < count) timeMs = reader.timeMs(at);
    }
    while (at < count && timeMs < endMs) {
      reader.read(at);
      at++;
      if (at < count) timeMs = reader.timeMs(at);
    }
    if (at < count && timeMs === endMs) reader.read(at);
  }
}

class StatsReader {
  readonly #context: QueryContext;
  readonly #batch: SeriesBatch;
  readonly #series: number;
  readonly #valuesAt: number;
  #done = -1;
  #before: FloatHistogram | null = null;

  constructor(context: QueryContext, batch: SeriesBatch, series: number) {
    const { scratch, arena } = context;
    this.#context = context;
    this.#batch = batch;
    this.#series = series;
    const size = 8 * batch.count[series];
    this.#valuesAt = scratch.take(size);
    arena.u8.copyWithin(this.#valuesAt, batch.valuesAt[series], batch.valuesAt[series] + size);
    batch.valuesAt[series] = this.#valuesAt;
  }

  timeMs(at: number): number {
    return this.#context.arena.f64[(this.#batch.timesAt[this.#series] >>> 3) + at];
  }

  /** What comes next is not compared with what was before. */
  jump(): void {
    this.#before = null;
  }

  /** Reduces sample `at`, if it is a histogram and was not read yet. */
  read(at: number): void {
    if (at === this.#done) return;
    this.#done = at;
    const { arena, scratch } = this.#context;
    const place = (this.#valuesAt >>> 3) + at;
    if (!hasBit(arena.u32, this.#batch.kindsAt[this.#series], at) || isStaleAt(arena.f64, place)) return;
    const histogram = readRecord(arena, arena.f64[place]);
    const { schema, count, sum } = histogram;
    let { counterResetHint } = histogram;
    if (counterResetHint === CounterResetHint.Unknown && this.#before !== null) {
      counterResetHint = histogram.detectReset(this.#before)
        ? CounterResetHint.Reset
        : CounterResetHint.NotReset;
    }
    this.#before = histogram;
    const record = writeRecord(scratch, FloatHistogram.of({ counterResetHint, schema, count, sum }));
    arena.f64[place] = record;
  }
}
