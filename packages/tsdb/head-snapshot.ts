/**
 * What a query may see of one series of the head: the definition of the kernel `head-snapshot`, which does
 * the same for many series at once.
 *
 * A snapshot shows commits up to the given one, each whole or not at all. A series that a later commit has
 * touched is clipped before that commit's first sample of it (samples of a series ascend).
 */

import { ChunkEncoding } from "@narthex/chunk/chunk-encoding";
import { chunk, series } from "./head-layout.ts";
import type { HeadReader } from "./head-reader.ts";

/** A series as of one commit. */
export interface SeriesSnapshot {
  readonly visibleMs: number;
  readonly open: number;
  readonly sealed: number;
  readonly openSamples: number;
  readonly encoding: number;
  /** Bits of the newest value, null when another one is to be shown. */
  readonly newest: bigint | null;
}

/** Whether commit `a` comes after `b`. Numbers wrap at 2^32: the difference tells. */
export function isLater(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/**
 * The series at `record`; null when it has nothing within the times, "unclear" when two later commits came
 * to it.
 */
export function snapshotSeries(
  reader: HeadReader,
  record: number,
  commit: number,
  fromMs: number,
  toMs: number,
): SeriesSnapshot | null | "unclear" {
  const { i32, u32, f64, u64, u8 } = reader.arena;
  const version = u32[(record + series.version) >>> 2];
  const open = u32[(record + series.chunk) >>> 2];
  const sealed = u32[(record + series.sealed) >>> 2];
  const openSamples = version & 0xffff;
  const encoding = Math.max(ChunkEncoding.Xor, u8[record + series.encoding]);
  const laterA = isLater(i32[(record + series.commitA) >>> 2], commit);
  const laterB = isLater(i32[(record + series.commitB) >>> 2], commit);
  if (laterA && laterB) return "unclear";
  let visibleMs = f64[(record + series.lastTime) >>> 3];
  if (laterA || laterB) {
    // The low bits of the later commit's first time say how far behind the last one it lies.
    const start = i32[(record + (laterA ? series.startA : series.startB)) >>> 2];
    const ahead = (start - visibleMs) | 0;
    if (ahead <= 0) visibleMs += ahead - 1;
  }
  const upTo = Math.min(visibleMs, toMs);
  if (visibleMs < fromMs) return null;
  let starts = openSamples > 0 && f64[(record + series.openMin) >>> 3] <= upTo;
  for (let block = sealed; !starts && block !== 0; block = u32[(block + chunk.older) >>> 2]) {
    starts = f64[(block + chunk.minTime) >>> 3] <= upTo;
  }
  if (!starts) return null;
  const isPlain = encoding === ChunkEncoding.Xor && open !== 0;
  const isNewest = !laterA && !laterB && upTo === visibleMs && isPlain;
  const newest = isNewest ? u64[(record + series.lastValue) >>> 3] : null;
  return { visibleMs: upTo, open, sealed, openSamples, encoding, newest };
}
