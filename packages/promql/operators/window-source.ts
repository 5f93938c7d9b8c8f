/**
 * Where range functions get samples from: a selector, or the values of a subquery, as the same columns.
 *
 * Lifetime: the columns of `read` live until the caller releases the scratch mark it set before.
 */

import type { SeriesSet } from "@narthex/storage/querier";
import { SeriesBatch } from "@narthex/storage/series-batch";
import type { QueryContext } from "../query-context.ts";
import { countBits, RowBlock } from "../rows.ts";
import { emptyTable, type SeriesTable } from "../series-table.ts";
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
    return { count: set.count, labelIds: set.labelIds, labelEnds: set.labelEnds, dropsName: null };
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
    this.#block = RowBlock.take(scratch, layout, layout.blockRows);
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
    const count = this.#input.next(max < block.capacity ? block.upTo(max) : block);
    for (let i = 0; i < count; i++) {
      const present = countBits(arena.u32, block.presenceAt(i), layout);
      batch.timesAt[i] = this.#allTimesAt;
      batch.valuesAt[i] = block.valuesAt(i);
      batch.count[i] = present;
      batch.staleCount[i] = 0;
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
    }
    batch.seriesCount = count;
    return count;
  }
}

/** No series: a subquery without steps. */
export const emptySource: WindowSource = { open: () => emptyTable, read: () => 0 };
