/**
 * Rows with native histograms: what is done with their bitmap of kinds and with the records their values
 * point to. Rows without (kinds at address 0) never come here in loops over points.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Scratch } from "@narthex/kernel/scratch";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import { readRecord, recordBytes, recordSampleSize } from "@narthex/storage/histogram-record";
import { kindsBytes } from "@narthex/storage/series-batch";
import {
  clearBitmap,
  copyBitmap,
  copyValues,
  countBits,
  hasBit,
  isEmptyBitmap,
  mergeBitmap,
  setBit,
  type RowAt,
  type RowLayout,
  type RowSpace,
} from "./rows.ts";

/** Whether the value of a row at a step, if there is one, is a histogram. */
export function isHistogram(words: Uint32Array, kindsAt: number, step: number): boolean {
  return kindsAt !== 0 && hasBit(words, kindsAt, step);
}

/** The address of the record that the value of a row at a step is. */
export function recordAt(arena: Arena, valuesAt: number, step: number): number {
  return arena.f64[(valuesAt >>> 3) + step];
}

/** The histogram that the value of a row at a step is. A copy. */
export function histogramAt(arena: Arena, valuesAt: number, step: number): FloatHistogram {
  return readRecord(arena, recordAt(arena, valuesAt, step));
}

/** Copies a record; returns the address of the copy. */
export function copyRecord(to: Scratch, record: number): number {
  const { arena } = to;
  const size = recordBytes(arena, record);
  const copy = to.take(size);
  arena.u8.copyWithin(copy, record, record + size);
  return copy;
}

/** The steps at which a row has a float, as a bitmap at `into`. Returns whether it has histograms too. */
export function floatSteps(
  words: Uint32Array,
  { presenceAt, kindsAt }: RowAt,
  into: number,
  layout: RowLayout,
): boolean {
  let histograms = 0;
  for (let w = 0; w < layout.words; w++) {
    const [present, kinds] = [words[(presenceAt >>> 2) + w], words[(kindsAt >>> 2) + w]];
    histograms |= present & kinds;
    words[(into >>> 2) + w] = present & ~kinds;
  }
  return histograms !== 0;
}

/** Takes the histograms out of a row. Returns whether there were any. */
export function dropHistograms(words: Uint32Array, row: RowAt, layout: RowLayout): boolean {
  return row.kindsAt !== 0 && floatSteps(words, row, row.presenceAt, layout);
}

/** Calls `visit` for every step at which the row has a histogram. */
export function forEachHistogram(
  arena: Arena,
  { presenceAt, kindsAt }: RowAt,
  layout: RowLayout,
  visit: (step: number) => void,
): void {
  if (kindsAt === 0) return;
  for (let s = 0; s < layout.steps; s++) {
    const { u32 } = arena; // taken anew: memory may have grown
    if (hasBit(u32, presenceAt, s) && hasBit(u32, kindsAt, s)) visit(s);
  }
}

/** How many samples a row holds, as limits on memory count them: a histogram is several. */
export function countSamples(arena: Arena, row: RowAt, layout: RowLayout): number {
  let count = countBits(arena.u32, row.presenceAt, layout);
  if (row.kindsAt === 0) return count;
  forEachHistogram(arena, row, layout, (step) => {
    count += recordSampleSize(arena, recordAt(arena, row.valuesAt, step)) - 1;
  });
  return count;
}

/** Calls `visit` for every set bit below `count`, ascending. */
export function forEachSet(words: Uint32Array, at: number, count: number, visit: (i: number) => void): void {
  for (let i = 0; i < count; i++) if (hasBit(words, at, i)) visit(i);
}

/** The bitmap of the kinds of `count` samples from number `low` on; 0 when these are all floats. */
export function kindsOfPart(scratch: Scratch, kindsAt: number, low: number, count: number): number {
  if (kindsAt === 0) return 0;
  const size = kindsBytes(count);
  const part = scratch.take(size);
  const { u32 } = scratch.arena;
  u32.fill(0, part >>> 2, (part + size) >>> 2);
  let any = false;
  for (let i = 0; i < count; i++) {
    if (!hasBit(u32, kindsAt, low + i)) continue;
    setBit(u32, part, i);
    any = true;
  }
  return any ? part : 0;
}

/** A bitmap of kinds that says "floats only". */
export function emptyKinds({ scratch }: RowSpace, layout: RowLayout): number {
  const kindsAt = scratch.take(layout.bitmapBytes);
  clearBitmap(scratch.arena.u32, kindsAt, layout);
  return kindsAt;
}

/**
 * Adds the values of one row to another, in place; returns where the sum is, which differs in its kinds
 * alone. Null where both have a value.
 */
export function mergedRow(space: RowSpace, to: RowAt, from: RowAt, layout: RowLayout): RowAt | null {
  const { arena } = space.scratch;
  if (isEmptyBitmap(arena.u32, to.presenceAt, layout)) {
    copyValues(arena, from.valuesAt, to.valuesAt, layout);
    copyBitmap(arena.u32, from.presenceAt, to.presenceAt, layout);
    if (from.kindsAt === 0) return { ...to, kindsAt: 0 };
    const kindsAt = to.kindsAt === 0 ? space.scratch.take(layout.bitmapBytes) : to.kindsAt;
    copyBitmap(arena.u32, from.kindsAt, kindsAt, layout);
    return { ...to, kindsAt };
  }
  if (mergeBitmap(arena.u32, to.presenceAt, from.presenceAt, layout)) return null;
  const kindsAt = mergeKinds(space, to, from, layout);
  const { f64, u32 } = arena;
  for (let s = 0; s < layout.steps; s++) {
    if (hasBit(u32, from.presenceAt, s)) f64[(to.valuesAt >>> 3) + s] = f64[(from.valuesAt >>> 3) + s];
  }
  return { ...to, kindsAt };
}

function mergeKinds(space: RowSpace, to: RowAt, from: RowAt, layout: RowLayout): number {
  if (to.kindsAt === 0 && from.kindsAt === 0) return 0;
  const kindsAt = to.kindsAt === 0 ? emptyKinds(space, layout) : to.kindsAt;
  const { u32 } = space.scratch.arena;
  for (let w = 0; w < layout.words; w++) {
    const present = u32[(from.presenceAt >>> 2) + w];
    const kinds = from.kindsAt === 0 ? 0 : u32[(from.kindsAt >>> 2) + w];
    const at = (kindsAt >>> 2) + w;
    u32[at] = (u32[at] & ~present) | (kinds & present);
  }
  return kindsAt;
}
