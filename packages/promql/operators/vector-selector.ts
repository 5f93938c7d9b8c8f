/**
 * An instant selector: the newest sample of each series within the lookback, at every step.
 *
 * A single step is answered from the storage's newest samples, without decoding, when the storage can.
 */

import { isStaleAt } from "@narthex/model/sample";
import { SeriesBatch } from "@narthex/storage/series-batch";
import type { LatestColumns, SeriesSet } from "@narthex/storage/querier";
import type { TimeShift } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { maxBlockRows, type RowBlock, type RowLayout } from "../rows.ts";
import type { SeriesTable } from "../series-table.ts";
import type { Steps } from "../steps.ts";
import type { Operator } from "./operator.ts";

/** What is selected, and how far back a sample may lie. */
export interface SelectorTimes extends TimeShift {
  readonly selector: number;
  readonly lookbackMs: number;
}

/** Yields sample values or, `asTime`, the samples' own times in seconds. */
export class SelectorOperator implements Operator {
  readonly steps: Steps;
  readonly layout: RowLayout;
  readonly #context: QueryContext;
  readonly #times: SelectorTimes;
  readonly #asTime: boolean;
  readonly #batch = new SeriesBatch();
  readonly #latest: LatestColumns = {
    timesMs: new Float64Array(maxBlockRows),
    values: new Float64Array(maxBlockRows),
  };
  #set: SeriesSet | undefined;
  #boundsAt = 0;
  #done = 0;

  constructor(context: QueryContext, times: SelectorTimes, asTime: boolean, steps: Steps, layout: RowLayout) {
    this.#context = context;
    this.#times = times;
    this.#asTime = asTime;
    this.steps = steps;
    this.layout = layout;
  }

  open(): SeriesTable {
    const set = this.#context.seriesSet(this.#times.selector);
    this.#set = set;
    this.#boundsAt = this.#context.scratch.take(8 * this.steps.count);
    return { count: set.count, labelIds: set.labelIds, labelEnds: set.labelEnds, dropsName: null };
  }

  next(block: RowBlock): number {
    const set = this.#set as SeriesSet;
    const wanted = Math.min(block.capacity, set.count - this.#done, maxBlockRows);
    if (wanted === 0) return 0;
    this.#context.budget.check();
    const count = this.#fillLatest(set, wanted, block) ? wanted : this.#fillRows(set, wanted, block);
    this.#done += count;
    return count;
  }

  get #firstTimeMs(): number {
    return (this.#times.atMs ?? this.steps.startMs) - this.#times.offsetMs;
  }

  #fillLatest(set: SeriesSet, count: number, block: RowBlock): boolean {
    if (this.steps.count !== 1) return false;
    const latest = this.#latest;
    const timeMs = this.#firstTimeMs;
    if (!set.readLatest(this.#done, count, timeMs, latest)) return false;
    const { f64, u32 } = this.#context.arena;
    let present = 0;
    for (let i = 0; i < count; i++) {
      const found = latest.timesMs[i] > timeMs - this.#times.lookbackMs && !isStaleAt(latest.values, i);
      u32[block.presenceAt(i) >>> 2] = found ? 1 : 0;
      if (!found) continue;
      present++;
      f64[block.valuesAt(i) >>> 3] = this.#asTime ? latest.timesMs[i] / 1000 : latest.values[i];
    }
    this.#context.budget.add(present);
    return true;
  }

  /**
   * Without staleness markers the newest sample is the last of a window as long as the lookback: the places
   * of the windows are shared by all series with equal times.
   */
  #fillRows(set: SeriesSet, wanted: number, block: RowBlock): number {
    const { scratch, kernels, budget } = this.#context;
    const { lookbackMs, atMs } = this.#times;
    const { timesAt, valuesAt, count, staleCount } = this.#batch;
    const mark = scratch.mark();
    const filled = set.read(this.#done, wanted, this.#batch, scratch);
    const steps = this.steps.count;
    const stepMs = atMs === null ? this.steps.stepMs : 0;
    const first = this.#firstTimeMs;
    let placed = -1; // the series that the bounds were computed for
    for (let i = 0; i < filled; i++) {
      const [times, samples] = [timesAt[i], count[i]];
      const [values, presence] = [block.valuesAt(i), block.presenceAt(i)];
      if (this.#asTime || staleCount[i] !== 0) {
        const asTime = this.#asTime ? 1 : 0;
        const present = kernels.selectRow(
          times,
          valuesAt[i],
          samples,
          staleCount[i],
          first,
          stepMs,
          steps,
          lookbackMs,
          asTime,
          values,
          presence,
        );
        budget.add(present);
        continue;
      }
      const samePlaces =
        placed >= 0 &&
        samples === count[placed] &&
        (times === timesAt[placed] || kernels.sameColumn(times, timesAt[placed], samples) !== 0);
      if (!samePlaces) {
        kernels.windowBounds(times, samples, first, stepMs, steps, lookbackMs, this.#boundsAt);
        placed = i;
      }
      budget.add(kernels.lastRow(valuesAt[i], this.#boundsAt, steps, values, presence));
    }
    scratch.release(mark);
    return filled;
  }
}
