/**
 * An instant selector: the newest sample of each series within the lookback, at every step.
 *
 * A single step is answered from the storage's newest samples, without decoding, when the storage can.
 */

import { isStaleAt } from "@narthex/model/sample";
import { recordSampleSize } from "@narthex/storage/histogram-record";
import { SeriesBatch } from "@narthex/storage/series-batch";
import type { LatestColumns, SeriesSet } from "@narthex/storage/querier";
import type { TimeShift } from "../plan-node.ts";
import type { QueryContext } from "../query-context.ts";
import { copyRecord } from "../histogram-rows.ts";
import { maxBlockRows, setBit, type RowBlock, type RowLayout } from "../rows.ts";
import { selectedSeries, type SeriesTable } from "../series-table.ts";
import type { SampleTally } from "../sample-tally.ts";
import type { Steps } from "../steps.ts";
import { reduceToStats } from "./histogram-stats.ts";
import { fillMixedRow } from "./mixed-selector.ts";
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
  readonly #tally: SampleTally;
  readonly #times: SelectorTimes;
  readonly #asTime: boolean;
  readonly #batch = new SeriesBatch();
  readonly #latest: LatestColumns = {
    timesMs: new Float64Array(maxBlockRows),
    values: new Float64Array(maxBlockRows),
    records: new Uint32Array(maxBlockRows),
  };
  #set: SeriesSet | undefined;
  #boundsAt = 0;
  #done = 0;

  constructor(context: QueryContext, times: SelectorTimes, asTime: boolean, steps: Steps, layout: RowLayout) {
    this.#context = context;
    this.#tally = context.tally;
    this.#times = times;
    this.#asTime = asTime;
    this.steps = steps;
    this.layout = layout;
  }

  open(): SeriesTable {
    const set = this.#context.seriesSet(this.#times.selector);
    this.#set = set;
    this.#boundsAt = this.#context.scratch.take(8 * this.steps.count);
    return selectedSeries(set);
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
    if (this.#context.isStatsOnly(this.#times.selector) && latest.records.some((record) => record !== 0)) {
      return false; // their hints depend on the samples before
    }
    const { f64, u32 } = this.#context.arena;
    let present = 0;
    let histograms = 0;
    for (let i = 0; i < count; i++) {
      const found = latest.timesMs[i] > timeMs - this.#times.lookbackMs && !isStaleAt(latest.values, i);
      u32[block.presenceAt(i) >>> 2] = found ? 1 : 0;
      if (!found) continue;
      present++;
      f64[block.valuesAt(i) >>> 3] = this.#asTime ? latest.timesMs[i] / 1000 : latest.values[i];
      histograms += latest.records[i];
    }
    this.#context.budget.add(present);
    this.#tally.addSamples(present);
    if (histograms !== 0 && !this.#asTime) this.#fillLatestHistograms(count, block);
    return true;
  }

  #fillLatestHistograms(count: number, block: RowBlock): void {
    const { arena, budget } = this.#context;
    for (let i = 0; i < count; i++) {
      if (this.#latest.records[i] === 0 || arena.u32[block.presenceAt(i) >>> 2] === 0) continue;
      const record = copyRecord(block.records, this.#latest.records[i]);
      const { f64, u32 } = arena; // taken anew: memory may have grown
      f64[block.valuesAt(i) >>> 3] = record;
      block.hasHistograms[i] = 1;
      setBit(u32, block.kindsAt(i), 0);
      const size = recordSampleSize(arena, record);
      budget.add(size - 1);
      this.#tally.addSamples(size - 1);
    }
  }

  /**
   * Without staleness markers the newest sample is the last of a window as long as the lookback: the places
   * of the windows are shared by all series with equal times.
   */
  #fillRows(set: SeriesSet, wanted: number, block: RowBlock): number {
    const { scratch, kernels, budget } = this.#context;
    const { lookbackMs, atMs } = this.#times;
    const { timesAt, valuesAt, count, staleCount, kindsAt } = this.#batch;
    const mark = scratch.mark();
    const filled = set.read(this.#done, wanted, this.#batch, scratch);
    const steps = this.steps.count;
    const stepMs = atMs === null ? this.steps.stepMs : 0;
    const first = this.#firstTimeMs;
    let placed = -1; // the series that the bounds were computed for
    for (let i = 0; i < filled; i++) {
      const [times, samples] = [timesAt[i], count[i]];
      const [values, presence] = [block.valuesAt(i), block.presenceAt(i)];
      if (kindsAt[i] !== 0) {
        const look = { firstMs: first, stepMs, lookbackMs };
        if (this.#context.isStatsOnly(this.#times.selector)) {
          reduceToStats(this.#context, this.#batch, i, {
            firstMs: first,
            stepMs,
            steps,
            widthMs: lookbackMs,
          });
        }
        const size = fillMixedRow(this.#context, this.#batch, i, look, this.#asTime, block, i);
        budget.add(size);
        const kinds = block.hasHistograms[i] === 0 ? 0 : block.kindsAt(i);
        this.#tally.addRow(this.#context.arena, presence, values, kinds, size);
        continue;
      }
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
        this.#tally.addRow(this.#context.arena, presence, values, 0, present);
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
      const present = kernels.lastRow(valuesAt[i], this.#boundsAt, steps, values, presence);
      budget.add(present);
      this.#tally.addRow(this.#context.arena, presence, values, 0, present);
    }
    scratch.release(mark);
    return filled;
  }
}
