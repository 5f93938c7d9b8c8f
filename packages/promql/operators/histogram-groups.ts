/**
 * Native histograms in sum and avg: running totals per group and step, beside the rows of floats.
 *
 * A group that holds floats and histograms at a step, or histograms whose buckets cannot be combined, has no
 * result there but a warning.
 */

import { IncompatibleHistogramsError, type FloatHistogram } from "@narthex/model/float-histogram";
import type { Span } from "@narthex/promql-syntax/ast";
import { writeRecord } from "@narthex/storage/histogram-record";
import { HistogramTotal } from "../functions/histogram-total.ts";
import {
  tellOfReconciledBuckets,
  warnOfMixedAggregation,
  warnOfMixedBuckets,
  warnOfResetCollision,
} from "../histogram-annotations.ts";
import { emptyKinds, forEachHistogram, histogramAt } from "../histogram-rows.ts";
import type { QueryContext } from "../query-context.ts";
import { hasBit, setBit, type RowAt, type RowLayout } from "../rows.ts";
import type { Matrix } from "./operator.ts";

/**
 * A total, or why there is none: a float came first, or buckets do not fit (then nothing counts any more).
 */
type GroupState = HistogramTotal | "float first" | "incompatible";

/** The histograms of all groups. */
export class HistogramGroups {
  readonly #context: QueryContext;
  readonly #layout: RowLayout;
  readonly #isMean: boolean;
  readonly #inputSpan: Span;
  /** By group × steps + step. */
  readonly #states = new Map<number, GroupState>();
  /** Bitmaps of the steps at which a group is incompatible, by group. */
  readonly #incompatible = new Map<number, number>();

  constructor(context: QueryContext, layout: RowLayout, isMean: boolean, inputSpan: Span) {
    this.#context = context;
    this.#layout = layout;
    this.#isMean = isMean;
    this.#inputSpan = inputSpan;
  }

  /** Takes the steps that do not count any more out of the bitmap `presenceAt`. */
  mask(group: number, presenceAt: number): void {
    const lost = this.#incompatible.get(group);
    if (lost === undefined) return;
    const { u32 } = this.#context.arena;
    for (let w = 0; w < this.#layout.words; w++) u32[(presenceAt >>> 2) + w] &= ~u32[(lost >>> 2) + w];
  }

  /** Adds the histograms of a row; `floatsAt` says where the group has floats so far. */
  addRow(group: number, row: RowAt, floatsAt: number, metricName: string): void {
    const { arena } = this.#context;
    forEachHistogram(arena, row, this.#layout, (step) => {
      const key = group * this.#layout.steps + step;
      const state = this.#states.get(key);
      if (state === "incompatible" || state === "float first") return;
      if (state !== undefined) {
        this.#add(group, step, state, histogramAt(arena, row.valuesAt, step), metricName);
      } else if (hasBit(arena.u32, floatsAt, step)) {
        this.#states.set(key, "float first");
      } else {
        this.#states.set(key, new HistogramTotal(histogramAt(arena, row.valuesAt, step), this.#isMean));
      }
    });
  }

  #add(group: number, step: number, total: HistogramTotal, h: FloatHistogram, metricName: string): void {
    const { annotations, arena } = this.#context;
    try {
      if (total.add(h)) tellOfReconciledBuckets(annotations, "aggregation", this.#inputSpan);
    } catch (error) {
      if (!(error instanceof IncompatibleHistogramsError)) throw error;
      warnOfMixedBuckets(annotations, metricName, this.#inputSpan);
      this.#states.set(group * this.#layout.steps + step, "incompatible");
      let lost = this.#incompatible.get(group);
      if (lost === undefined) {
        lost = emptyKinds(this.#context, this.#layout);
        this.#incompatible.set(group, lost);
      }
      setBit(arena.u32, lost, step);
    }
  }

  /** Puts the totals into the rows of the groups, which hold the results of floats. */
  finish(groups: Matrix): void {
    const { annotations, arena, records } = this.#context;
    for (const [key, state] of this.#states) {
      const step = key % this.#layout.steps;
      const group = (key - step) / this.#layout.steps;
      const presenceAt = groups.presenceAt[group];
      if (hasBit(arena.u32, presenceAt, step)) {
        warnOfMixedAggregation(annotations, this.#inputSpan);
        arena.u32[(presenceAt >>> 2) + (step >>> 5)] &= ~(1 << (step & 31));
      } else if (typeof state !== "string") {
        const record = writeRecord(records, state.finish().compact(0));
        groups.setHistogram(this.#context, group, step, record);
        if (state.hintsCollide) warnOfResetCollision(annotations, "aggregation", this.#inputSpan);
      }
    }
  }
}
