/**
 * start_timestamp() of a selector: when the newest sample of each series says that it began, in seconds; 0
 * for samples that do not say. No result unless the engine uses start timestamps.
 */

import { isStaleAt } from "@narthex/model/sample";
import { SeriesBatch } from "@narthex/storage/series-batch";
import type { SeriesSet } from "@narthex/storage/querier";
import type { QueryContext } from "../query-context.ts";
import { clearBitmap, maxBlockRows, setBit, type RowBlock, type RowLayout } from "../rows.ts";
import { emptyTable, type SeriesTable } from "../series-table.ts";
import type { SampleTally } from "../sample-tally.ts";
import type { Steps } from "../steps.ts";
import type { Operator } from "./operator.ts";
import type { SelectorTimes } from "./vector-selector.ts";

/** Yields start times. */
export class StartTimesOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  readonly #context: QueryContext;
  readonly #tally: SampleTally;
  readonly #times: SelectorTimes;
  readonly #batch = new SeriesBatch();
  #set: SeriesSet | undefined;
  #done = 0;

  constructor(context: QueryContext, times: SelectorTimes, steps: Steps, layout: RowLayout) {
    this.#context = context;
    this.#tally = context.tally;
    this.#times = times;
    this.steps = steps;
    this.layout = layout;
  }

  open(): SeriesTable {
    if (!this.#context.useStartTimestamps) return emptyTable;
    const set = this.#context.seriesSet(this.#times.selector);
    this.#set = set;
    return { count: set.count, labelIds: set.labelIds, labelEnds: set.labelEnds, dropsName: null };
  }

  next(block: RowBlock): number {
    const set = this.#set;
    if (set === undefined) return 0;
    const wanted = Math.min(block.capacity, set.count - this.#done, maxBlockRows);
    if (wanted === 0) return 0;
    const { scratch, budget } = this.#context;
    budget.check();
    const mark = scratch.mark();
    const count = set.read(this.#done, wanted, this.#batch, scratch);
    for (let i = 0; i < count; i++) {
      const present = this.#fillRow(i, block.valuesAt(i), block.presenceAt(i));
      budget.add(present);
      this.#tally.addRow(this.#context.arena, block.presenceAt(i), block.valuesAt(i), 0, present);
    }
    scratch.release(mark);
    this.#done += count;
    return count;
  }

  #fillRow(i: number, out: number, presence: number): number {
    const { f64, u32 } = this.#context.arena;
    const { timesAt, valuesAt, startsAt, count } = this.#batch;
    const { atMs, offsetMs, lookbackMs } = this.#times;
    const [times, values, starts] = [timesAt[i] >>> 3, valuesAt[i] >>> 3, startsAt[i] >>> 3];
    const firstMs = (atMs ?? this.steps.startMs) - offsetMs;
    const stepMs = atMs === null ? this.steps.stepMs : 0;
    clearBitmap(u32, presence, this.layout);
    let newest = -1;
    let present = 0;
    for (let s = 0; s < this.steps.count; s++) {
      const timeMs = firstMs + s * stepMs;
      while (newest + 1 < count[i] && f64[times + newest + 1] <= timeMs) newest++;
      if (newest < 0 || f64[times + newest] <= timeMs - lookbackMs) continue;
      if (isStaleAt(f64, values + newest)) continue;
      f64[(out >>> 3) + s] = starts === 0 ? 0 : f64[starts + newest] / 1000;
      setBit(u32, presence, s);
      present++;
    }
    return present;
  }
}
