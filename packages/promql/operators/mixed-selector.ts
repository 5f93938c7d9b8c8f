/**
 * An instant selector's row of a series with native histograms: the slow way, sample by sample, with the
 * records copied to the block.
 */

import { isStaleAt } from "@narthex/model/sample";
import { recordSampleSize } from "@narthex/storage/histogram-record";
import type { SeriesBatch } from "@narthex/storage/series-batch";
import type { QueryContext } from "../query-context.ts";
import { copyRecord } from "../histogram-rows.ts";
import { clearBitmap, hasBit, setBit, type RowBlock } from "../rows.ts";

/** When is looked: `firstMs`, and `stepMs` later at every step; and how far back. */
export interface LookTimes {
  readonly firstMs: number;
  readonly stepMs: number;
  readonly lookbackMs: number;
}

/**
 * Fills row `row` of `block` from series `i` of `batch`; returns how many samples it counts as. With `asTime`
 * values are the samples' times in seconds.
 */
export function fillMixedRow(
  { arena }: QueryContext,
  batch: SeriesBatch,
  i: number,
  { firstMs, stepMs, lookbackMs }: LookTimes,
  asTime: boolean,
  block: RowBlock,
  row: number,
): number {
  const { layout } = block;
  const [times, values, kindsAt] = [batch.timesAt[i] >>> 3, batch.valuesAt[i] >>> 3, batch.kindsAt[i]];
  const [out, presenceAt, outKindsAt] = [
    block.valuesAt(row) >>> 3,
    block.presenceAt(row),
    block.kindsAt(row),
  ];
  clearBitmap(arena.u32, presenceAt, layout);
  clearBitmap(arena.u32, outKindsAt, layout);
  let newest = -1;
  let copied = -1; // the sample whose record was copied last, and where to
  let record = 0;
  let size = 0;
  for (let s = 0; s < layout.steps; s++) {
    const { f64, u32 } = arena; // taken anew: records may make memory grow
    const timeMs = firstMs + s * stepMs;
    while (newest + 1 < batch.count[i] && f64[times + newest + 1] <= timeMs) newest++;
    if (newest < 0 || f64[times + newest] <= timeMs - lookbackMs || isStaleAt(f64, values + newest)) continue;
    setBit(u32, presenceAt, s);
    if (asTime || !hasBit(u32, kindsAt, newest)) {
      if (asTime) f64[out + s] = f64[times + newest] / 1000;
      else f64.copyWithin(out + s, values + newest, values + newest + 1);
      size++;
      continue;
    }
    if (copied !== newest) record = copyRecord(block.records, f64[values + newest]);
    copied = newest;
    block.hasHistograms[row] = 1;
    setBit(u32, outKindsAt, s);
    arena.f64[out + s] = record;
    size += recordSampleSize(arena, record);
  }
  return size;
}
