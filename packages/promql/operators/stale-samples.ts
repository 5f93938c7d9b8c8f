/**
 * Columns without their staleness markers: what range functions and smoothed selectors look at.
 */

import { isStaleAt } from "@narthex/model/sample";
import type { SeriesBatch } from "@narthex/storage/series-batch";
import type { QueryContext } from "../query-context.ts";
import { hasBit, setBit } from "../rows.ts";

/**
 * Replaces the columns of series `i`, if they have markers, by copies without. Scratch is the query's. Start
 * timestamps only `withStarts`.
 */
export function dropStale(context: QueryContext, batch: SeriesBatch, i: number, withStarts = false): void {
  const { scratch, kernels } = context;
  const { timesAt, valuesAt, startsAt, kindsAt, count, staleCount } = batch;
  if (staleCount[i] === 0) return;
  const keptTimes = scratch.take(count[i] * 8);
  const keptValues = scratch.take(count[i] * 8);
  if (withStarts && startsAt[i] !== 0) {
    const keptStarts = scratch.take(count[i] * 8);
    kernels.dropStale(startsAt[i], valuesAt[i], count[i], keptStarts, keptValues);
    startsAt[i] = keptStarts;
  }
  if (kindsAt[i] !== 0) kindsAt[i] = keptKinds(context, batch, i);
  count[i] = kernels.dropStale(timesAt[i], valuesAt[i], count[i], keptTimes, keptValues);
  timesAt[i] = keptTimes;
  valuesAt[i] = keptValues;
  staleCount[i] = 0;
}

/** The bitmap of kinds of what is no staleness marker. */
function keptKinds({ scratch, arena }: QueryContext, batch: SeriesBatch, i: number): number {
  const { valuesAt, kindsAt, count } = batch;
  const words = (count[i] + 31) >>> 5;
  const kept = scratch.take(4 * words);
  const { u32, f64 } = arena;
  u32.fill(0, kept >>> 2, (kept >>> 2) + words);
  let to = 0;
  for (let from = 0; from < count[i]; from++) {
    if (isStaleAt(f64, (valuesAt[i] >>> 3) + from)) continue;
    if (hasBit(u32, kindsAt[i], from)) setBit(u32, kept, to);
    to++;
  }
  return kept;
}
