/**
 * Several series sets of one querier as one: a series that is in more than one of them appears once, with the
 * samples of all. How the head and the blocks, or two storages, become one answer.
 *
 * Sets come oldest first. Where their times do not overlap (blocks, then head) columns are copied one behind
 * the other; where they do, samples are merged by time and of equal times the one of the earlier set stays,
 * float or histogram.
 *
 * Invariants
 *  - All sets speak the same `QuerySymbols` ids.
 *  - Series keep the order of their first appearance.
 */

import { assert } from "@narthex/platform/assert";
import type { Scratch } from "@narthex/kernel/scratch";
import type { LatestColumns, SeriesSet } from "./querier.ts";
import { kindsBytes, SeriesBatch } from "./series-batch.ts";

/** One set that has the series of all. */
export function mergeSeriesSets(sets: readonly SeriesSet[]): SeriesSet {
  const filled = sets.filter((set) => set.count > 0);
  const warnings = sets.flatMap((set) => set.warnings);
  const [only] = filled;
  if (only !== undefined && filled.length === 1 && warnings.length === only.warnings.length) return only;
  return new MergedSeriesSet(filled, warnings);
}

/** Where a merged series lies in each set: index + 1, 0 for "not there". */
class Members {
  readonly width: number;
  count = 0;
  #cells: Uint32Array;

  constructor(width: number, capacity: number) {
    this.width = width;
    this.#cells = new Uint32Array(width * capacity);
  }

  get(series: number, set: number): number {
    return this.#cells[series * this.width + set] as number;
  }

  put(series: number, set: number, index: number): void {
    this.#cells[series * this.width + set] = index + 1;
  }
}

class MergedSeriesSet implements SeriesSet {
  readonly count: number;
  readonly labelIds: Uint32Array;
  readonly labelEnds: Uint32Array;
  readonly warnings: readonly string[];
  readonly #sets: readonly SeriesSet[];
  readonly #members: Members;
  readonly #part = new SeriesBatch();
  /** Per set and slot of the batch being read: addresses and counts of its columns. */
  readonly #parts: readonly SeriesBatch[];

  constructor(sets: readonly SeriesSet[], warnings: readonly string[]) {
    const total = sets.reduce((sum, set) => sum + set.count, 0);
    const totalIds = sets.reduce((sum, set) => sum + set.labelIds.length, 0);
    this.#sets = sets;
    this.warnings = warnings;
    this.#members = new Members(sets.length, total);
    this.#parts = sets.map(() => new SeriesBatch());
    const ids = new Uint32Array(totalIds);
    const ends = new Uint32Array(total);
    this.count = join(sets, this.#members, ids, ends);
    this.labelEnds = ends.subarray(0, this.count);
    this.labelIds = ids.subarray(0, this.count === 0 ? 0 : ends[this.count - 1]);
  }

  read(first: number, count: number, batch: SeriesBatch, scratch: Scratch): number {
    const end = Math.min(first + count, this.count, first + SeriesBatch.capacity);
    assert(end > first, "a batch has a series");
    for (let s = 0; s < this.#sets.length; s++) this.#readSet(s, first, end, scratch);
    for (let slot = 0; slot < end - first; slot++) this.#combine(slot, batch, scratch);
    batch.seriesCount = end - first;
    return end - first;
  }

  /** Reads set `s`'s share of the series `first` … `end - 1`, neighbours together. */
  #readSet(s: number, first: number, end: number, scratch: Scratch): void {
    const set = this.#sets[s] as SeriesSet;
    const parts = this.#parts[s] as SeriesBatch;
    for (let i = first; i < end;) {
      const index = this.#members.get(i, s) - 1;
      if (index < 0) {
        parts.count[i - first] = 0;
        i++;
        continue;
      }
      let run = 1;
      while (i + run < end && this.#members.get(i + run, s) === index + run + 1) run++;
      const got = set.read(index, run, this.#part, scratch);
      for (let k = 0; k < got; k++) copySlot(this.#part, k, parts, i - first + k);
      i += got;
    }
  }

  /** Puts the parts of one series together. */
  #combine(slot: number, batch: SeriesBatch, scratch: Scratch): void {
    const { f64 } = scratch.arena;
    let filled = 0;
    let total = 0;
    let lastMs = -Infinity;
    let isDisjoint = true;
    let only: SeriesBatch | null = null;
    for (const parts of this.#parts) {
      const count = parts.count[slot] as number;
      if (count === 0) continue;
      const times = (parts.timesAt[slot] as number) >>> 3;
      if ((f64[times] as number) <= lastMs) isDisjoint = false;
      lastMs = f64[times + count - 1] as number;
      total += count;
      filled++;
      only = parts;
    }
    batch.count[slot] = 0;
    batch.staleCount[slot] = 0;
    batch.kindsAt[slot] = 0;
    batch.startsAt[slot] = 0;
    if (only === null) return;
    if (filled === 1) copySlot(only, slot, batch, slot);
    else if (isDisjoint) this.#concatenate(slot, total, batch, scratch);
    else this.#mergeByTime(slot, batch, scratch);
  }

  /** The usual case: each set's samples lie behind those of the set before. */
  #concatenate(slot: number, total: number, batch: SeriesBatch, scratch: Scratch): void {
    const joined = new JoinedColumns(total, this.#parts, slot, scratch);
    let stale = 0;
    for (const parts of this.#parts) {
      const count = parts.count[slot] as number;
      if (count === 0) continue;
      joined.push(parts, slot, 0, count);
      stale += parts.staleCount[slot] as number;
    }
    joined.putInto(batch, slot);
    batch.staleCount[slot] = stale;
  }

  #mergeByTime(slot: number, batch: SeriesBatch, scratch: Scratch): void {
    for (const parts of this.#parts) {
      if (parts.count[slot] === 0) continue;
      if (batch.count[slot] === 0) copySlot(parts, slot, batch, slot);
      else appendPart(batch, parts, slot, scratch);
    }
  }

  readLatest(first: number, count: number, timeMs: number, into: LatestColumns): boolean {
    const one: LatestColumns = {
      timesMs: new Float64Array(1),
      values: new Float64Array(1),
      records: new Uint32Array(1),
    };
    for (let i = 0; i < count; i++) {
      into.timesMs[i] = NaN;
      // The newest set that has the series decides: older ones have older samples, or the same.
      for (let s = this.#sets.length - 1; s >= 0; s--) {
        const index = this.#members.get(first + i, s) - 1;
        if (index < 0) continue;
        if (!(this.#sets[s] as SeriesSet).readLatest(index, 1, timeMs, one)) return false;
        if (Number.isNaN(one.timesMs[0])) continue;
        into.timesMs.set(one.timesMs, i);
        into.values.set(one.values, i);
        into.records.set(one.records, i);
        break;
      }
    }
    return true;
  }
}

function copySlot(from: SeriesBatch, fromSlot: number, to: SeriesBatch, toSlot: number): void {
  to.timesAt[toSlot] = from.timesAt[fromSlot] as number;
  to.valuesAt[toSlot] = from.valuesAt[fromSlot] as number;
  to.count[toSlot] = from.count[fromSlot] as number;
  to.staleCount[toSlot] = from.staleCount[fromSlot] as number;
  to.kindsAt[toSlot] = from.kindsAt[fromSlot] as number;
  to.startsAt[toSlot] = from.startsAt[fromSlot] as number;
}

/** The columns of one series, put together from pieces of others. */
class JoinedColumns {
  readonly #scratch: Scratch;
  readonly #timesAt: number;
  readonly #valuesAt: number;
  readonly #kindsAt: number;
  readonly #startsAt: number;
  #count = 0;

  /** Room for `capacity` samples, with the columns that any of the parts has for the series in `slot`. */
  constructor(capacity: number, parts: readonly SeriesBatch[], slot: number, scratch: Scratch) {
    const has = (columns: keyof SeriesBatch & ("kindsAt" | "startsAt")): boolean =>
      parts.some((part) => part.count[slot] !== 0 && part[columns][slot] !== 0);
    this.#scratch = scratch;
    this.#timesAt = scratch.take(capacity * 8);
    this.#valuesAt = scratch.take(capacity * 8);
    this.#startsAt = has("startsAt") ? scratch.take(capacity * 8) : 0;
    this.#kindsAt = has("kindsAt") ? scratch.take(kindsBytes(capacity)) : 0;
    if (this.#kindsAt === 0) return;
    scratch.arena.u8.fill(0, this.#kindsAt, this.#kindsAt + kindsBytes(capacity));
  }

  /** Adds samples `from` … `to` - 1 of the series in `slot`. */
  push(part: SeriesBatch, slot: number, from: number, to: number): void {
    // Values move as 64-bit integers: a float copy through a register could change a staleness marker.
    const { u64, f64, u32 } = this.#scratch.arena;
    const copy = (target: number, source: number): void => {
      u64.copyWithin((target >>> 3) + this.#count, (source >>> 3) + from, (source >>> 3) + to);
    };
    copy(this.#timesAt, part.timesAt[slot] as number);
    copy(this.#valuesAt, part.valuesAt[slot] as number);
    const startsAt = part.startsAt[slot] as number;
    const starts = this.#startsAt >>> 3;
    if (startsAt !== 0) copy(this.#startsAt, startsAt);
    else if (starts !== 0) f64.fill(0, starts + this.#count, starts + this.#count + to - from);
    const kinds = (part.kindsAt[slot] as number) >>> 2;
    for (let i = from; kinds !== 0 && i < to; i++) {
      if ((((u32[kinds + (i >>> 5)] as number) >>> (i & 31)) & 1) === 0) continue;
      const at = this.#count + i - from;
      (u32[(this.#kindsAt >>> 2) + (at >>> 5)] as number) |= 1 << (at & 31);
    }
    this.#count += to - from;
  }

  /** Hands the columns to the series in `slot`; staleness markers are the caller's to count. */
  putInto(batch: SeriesBatch, slot: number): void {
    batch.timesAt[slot] = this.#timesAt;
    batch.valuesAt[slot] = this.#valuesAt;
    batch.count[slot] = this.#count;
    batch.kindsAt[slot] = this.#kindsAt;
    batch.startsAt[slot] = this.#startsAt;
  }

  /** The values so far, bit by bit. */
  get bits(): BigUint64Array {
    const first = this.#valuesAt >>> 3;
    return this.#scratch.arena.u64.subarray(first, first + this.#count);
  }
}

/** Adds the samples of `parts` to those that `batch` has for the series in `slot`. */
function appendPart(batch: SeriesBatch, parts: SeriesBatch, slot: number, scratch: Scratch): void {
  const aCount = batch.count[slot] as number;
  const bCount = parts.count[slot] as number;
  const joined = new JoinedColumns(aCount + bCount, [batch, parts], slot, scratch);
  const { f64 } = scratch.arena;
  const aTimes = (batch.timesAt[slot] as number) >>> 3;
  const bTimes = (parts.timesAt[slot] as number) >>> 3;
  let a = 0;
  let b = 0;
  while (a < aCount && b < bCount) {
    const aFrom = a;
    while (a < aCount && (f64[aTimes + a] as number) <= (f64[bTimes + b] as number)) a++;
    joined.push(batch, slot, aFrom, a);
    if (a > 0 && f64[aTimes + a - 1] === f64[bTimes + b]) b++;
    const bFrom = b;
    while (b < bCount && a < aCount && (f64[bTimes + b] as number) < (f64[aTimes + a] as number)) b++;
    joined.push(parts, slot, bFrom, b);
  }
  joined.push(batch, slot, a, aCount);
  joined.push(parts, slot, b, bCount);
  const most = (batch.staleCount[slot] as number) + (parts.staleCount[slot] as number);
  joined.putInto(batch, slot);
  // Exact unless samples were dropped as repeats; then the column is looked through.
  batch.staleCount[slot] = most === 0 ? 0 : countStale(joined.bits);
}

function countStale(bits: BigUint64Array): number {
  let stale = 0;
  for (const value of bits) if (value === 0x7ff0000000000002n) stale++;
  return stale;
}

/** Gives every distinct label set a place; fills `members`, `ids` and `ends`; returns how many there are. */
function join(sets: readonly SeriesSet[], members: Members, ids: Uint32Array, ends: Uint32Array): number {
  let size = 16;
  while (size < ends.length * 2) size *= 2;
  const slots = new Uint32Array(size);
  let count = 0;
  let idCount = 0;
  const sameAs = (series: number, labelIds: Uint32Array, from: number, to: number): boolean => {
    const start = series === 0 ? 0 : (ends[series - 1] as number);
    if ((ends[series] as number) - start !== to - from) return false;
    for (let k = 0; k < to - from; k++) if (ids[start + k] !== labelIds[from + k]) return false;
    return true;
  };
  sets.forEach((set, s) => {
    const { count: seriesCount, labelIds, labelEnds } = set;
    for (let i = 0; i < seriesCount; i++) {
      const from = i === 0 ? 0 : (labelEnds[i - 1] as number);
      const to = labelEnds[i] as number;
      let hash = to - from;
      for (let k = from; k < to; k++)
        hash = Math.imul(hash ^ (labelIds[k] as number), 0x9e3779b1) ^ (hash >>> 15);
      let slot = hash & (size - 1);
      while (slots[slot] !== 0 && !sameAs((slots[slot] as number) - 1, labelIds, from, to))
        slot = (slot + 1) & (size - 1);
      if (slots[slot] === 0) {
        slots[slot] = ++count;
        ids.set(labelIds.subarray(from, to), idCount);
        idCount += to - from;
        ends[count - 1] = idCount;
      }
      members.put((slots[slot] as number) - 1, s, i);
    }
  });
  return count;
}
