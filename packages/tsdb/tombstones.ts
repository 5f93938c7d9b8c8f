/**
 * Tombstones: what was deleted from a block without rewriting it, as intervals per series.
 *
 * Invariants
 *  - Intervals of one series ascend and neither overlap nor touch (`add` joins them).
 *  - Both ends are inclusive, in milliseconds.
 * Layout: docs/formats/tombstones.md
 */

import { ByteReader } from "@narthex/bytes/byte-reader";
import { ByteWriter } from "@narthex/bytes/byte-writer";
import { crc32c } from "@narthex/bytes/crc32c";
import type { Disk } from "@narthex/platform/disk";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { clampedTime } from "./wal-record.ts";

const magic = 0x0130ba30;
const version = 1;

/** A deleted stretch of time. */
export interface Interval {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

const none: readonly Interval[] = [];

/** Deleted intervals by series ref. */
export class Tombstones {
  readonly #bySeries = new Map<number, readonly Interval[]>();

  /** How many intervals there are in all. */
  get count(): number {
    let count = 0;
    for (const intervals of this.#bySeries.values()) count += intervals.length;
    return count;
  }

  get isEmpty(): boolean {
    return this.#bySeries.size === 0;
  }

  /** The intervals of a series, ascending. */
  of(ref: number): readonly Interval[] {
    return this.#bySeries.get(ref) ?? none;
  }

  /** Adds an interval, joining it with those it overlaps or touches. */
  add(ref: number, interval: Interval): void {
    let { minTimeMs, maxTimeMs } = interval;
    const before: Interval[] = [];
    const after: Interval[] = [];
    for (const other of this.of(ref)) {
      if (other.maxTimeMs + 1 < minTimeMs) before.push(other);
      else if (other.minTimeMs - 1 > maxTimeMs) after.push(other);
      else {
        minTimeMs = Math.min(minTimeMs, other.minTimeMs);
        maxTimeMs = Math.max(maxTimeMs, other.maxTimeMs);
      }
    }
    this.#bySeries.set(ref, [...before, { minTimeMs, maxTimeMs }, ...after]);
  }

  /** Series with their intervals, refs ascending. */
  entries(): [number, readonly Interval[]][] {
    return [...this.#bySeries].toSorted((a, b) => a[0] - b[0]);
  }
}

/** Whether one of the intervals covers all from `minTimeMs` to `maxTimeMs`. */
export function coversAll(intervals: readonly Interval[], minTimeMs: number, maxTimeMs: number): boolean {
  return intervals.some((each) => each.minTimeMs <= minTimeMs && each.maxTimeMs >= maxTimeMs);
}

/** Whether one of the intervals touches `minTimeMs` … `maxTimeMs`. */
export function touchesAny(intervals: readonly Interval[], minTimeMs: number, maxTimeMs: number): boolean {
  return intervals.some((each) => each.minTimeMs <= maxTimeMs && each.maxTimeMs >= minTimeMs);
}

/**
 * Takes deleted samples out of ascending columns, in place, and returns how many stay. `values` are given
 * as their 32-bit halves, so that their bits stay.
 */
export function dropDeleted(
  intervals: readonly Interval[],
  timesMs: Float64Array,
  valueWords: Uint32Array,
  count: number,
): number {
  let kept = 0;
  let next = 0;
  for (let i = 0; i < count; i++) {
    const time = timesMs[i];
    while (next < intervals.length && intervals[next].maxTimeMs < time) next++;
    if (next < intervals.length && intervals[next].minTimeMs <= time) continue;
    timesMs[kept] = time;
    valueWords[2 * kept] = valueWords[2 * i];
    valueWords[2 * kept + 1] = valueWords[2 * i + 1];
    kept++;
  }
  return kept;
}

/** The bytes of a tombstones file. */
export function encodeTombstoneFile(tombstones: Tombstones): Uint8Array {
  const out = new ByteWriter();
  out.u32(magic);
  out.u8(version);
  for (const [ref, intervals] of tombstones.entries()) {
    for (const { minTimeMs, maxTimeMs } of intervals) {
      out.uvarint(ref);
      out.varint(minTimeMs);
      out.varint(maxTimeMs);
    }
  }
  // The version is not covered: so the original has it.
  out.u32(crc32c(out.view(5)));
  return out.take();
}

/** Reads a block's tombstones; no file means none. Throws `CorruptionError`. */
export function readTombstones(disk: Disk, blockDirectory: string): Tombstones {
  const path = `${blockDirectory}/tombstones`;
  const tombstones = new Tombstones();
  if (!disk.exists(path)) return tombstones;
  const bytes = disk.readFile(path);
  if (bytes.length < 9) throw new CorruptionError(path, 0, "the file is too short");
  const input = new ByteReader(bytes);
  if (input.u32() !== magic) throw new CorruptionError(path, 0, "this is not a tombstones file");
  const gotVersion = input.u8();
  if (gotVersion !== version) throw new CorruptionError(path, 4, `invalid tombstone format ${gotVersion}`);
  const end = bytes.length - 4;
  if (new ByteReader(bytes, end).u32() !== crc32c(bytes, 5, end)) {
    throw new CorruptionError(path, end, "checksum did not match");
  }
  input.assign(bytes, 5, end);
  try {
    while (input.remaining > 0) {
      const ref = input.uvarint();
      tombstones.add(ref, { minTimeMs: clampedTime(input), maxTimeMs: clampedTime(input) });
    }
  } catch (cause) {
    throw new CorruptionError(path, input.position, "an entry does not decode", { cause });
  }
  return tombstones;
}

/** Writes a block's tombstones: whole or not at all. */
export function writeTombstones(disk: Disk, blockDirectory: string, tombstones: Tombstones): void {
  const path = `${blockDirectory}/tombstones`;
  disk.writeFile(`${path}.tmp`, encodeTombstoneFile(tombstones));
  disk.rename(`${path}.tmp`, path);
  disk.syncDirectory(blockDirectory);
}
