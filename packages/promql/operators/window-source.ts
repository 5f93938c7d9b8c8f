/**
 * Where range functions get samples from: a selector, or the values of a subquery, as the same columns.
 *
 * Lifetime: the columns of `read` live until the caller releases the scratch mark it set before.
 */

import type { SeriesSet } from "@narthex/storage/querier";
import { kindsBytes, SeriesBatch } from "@narthex/storage/series-batch";
import type { QueryContext } from "../query-context.ts";
import { countBits, hasBit, RowBlock, setBit } from "../rows.ts";
import { emptyTable, selectedSeries, type SeriesTable } from "../series-table.ts";
import type { Operator } from "./operator.ts";

/** Series with samples as columns. */
export interface WindowSource {
  /** The series that `read` will yield, in order. */
  open(): SeriesTable;
  /**
   * Puts the samples of the next series, at most `max` of them, into `batch`; returns how many, 0 after the
   * last.
   */
  read(batch: SeriesBatch, max: number): number;
}

/** Samples of a selector. */
export class SelectorSource implements WindowSource {
  readonly #context: QueryContext;
  readonly #selector: number;
  #set: SeriesSet | undefined;
  #done = 0;

  constructor(context: QueryContext, selector: number) {
    this.#context = context;
    this.#selector = selector;
  }

  open(): SeriesTable {
    const set = this.#context.seriesSet(this.#selector);
    this.#set = set;
    return selectedSeries(set);
  }

  read(batch: SeriesBatch, max: number): number {
    const set = this.#set as SeriesSet;
    const wanted = Math.min(max, set.count - this.#done, SeriesBatch.capacity);
    if (wanted === 0) return 0;
    const count = set.read(this.#done, wanted, batch, this.#context.scratch);
    this.#done += count;
    return count;
  }
}

/** Values of an expression at the steps of a subquery. */
export class SubquerySource implements WindowSource {
  readonly #context: QueryContext;
  readonly #input: Operator;
  #block: RowBlock | undefined;
  /** Times of all steps, for rows without gaps. */
  #allTimesAt = 0;

  constructor(context: QueryContext, input: Operator) {
    this.#context = context;
    this.#input = input;
  }

  open(): SeriesTable {
    const { scratch, arena } = this.#context;
    const { layout, steps } = this.#input;
    const table = this.#input.open();
    const space = { scratch, records: this.#context.ownScratch() };
    this.#block = RowBlock.take(space, layout, layout.blockRows);
    this.#allTimesAt = scratch.take(steps.count * 8);
    const times = arena.f64;
    for (let s = 0; s < steps.count; s++) {
      times[(this.#allTimesAt >>> 3) + s] = steps.startMs + s * steps.stepMs;
    }
    return table;
  }

  read(batch: SeriesBatch, max: number): number {
    const { scratch, arena, kernels } = this.#context;
    const { layout, steps } = this.#input;
    const block = this.#block as RowBlock;
    block.reset();
    const count = this.#input.next(max < block.capacity ? block.upTo(max) : block);
    for (let i = 0; i < count; i++) {
      const present = countBits(arena.u32, block.presenceAt(i), layout);
      batch.timesAt[i] = this.#allTimesAt;
      batch.valuesAt[i] = block.valuesAt(i);
      batch.count[i] = present;
      batch.staleCount[i] = 0;
      batch.kindsAt[i] = block.kindsOf(i); // of all steps: right when no step lacks a value
      batch.startsAt[i] = 0;
      if (present === steps.count) continue;
      batch.timesAt[i] = scratch.take(present * 8);
      batch.valuesAt[i] = scratch.take(present * 8);
      kernels.rowSamples(
        block.valuesAt(i),
        block.presenceAt(i),
        steps.count,
        steps.startMs,
        steps.stepMs,
        batch.timesAt[i],
        batch.valuesAt[i],
      );
      if (batch.kindsAt[i] !== 0) batch.kindsAt[i] = this.#presentKinds(block, i, present);
    }
    batch.seriesCount = count;
    return count;
  }

  /** The kinds of the `count` values that row `row` has. */
  #presentKinds(block: RowBlock, row: number, count: number): number {
    const { scratch, arena } = this.#context;
    const size = kindsBytes(count);
    const kindsAt = scratch.take(size);
    const { u32 } = arena;
    u32.fill(0, kindsAt >>> 2, (kindsAt + size) >>> 2);
    let at = 0;
    for (let s = 0; s < block.layout.steps; s++) {
      if (!hasBit(u32, block.presenceAt(row), s)) continue;
      if (hasBit(u32, block.kindsAt(row), s)) setBit(u32, kindsAt, at);
      at++;
    }
    return kindsAt;
  }
}

/** No series: a subquery without steps. */
export const emptySource: WindowSource = { open: () => emptyTable, read: () => 0 };
