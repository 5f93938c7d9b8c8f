/**
 * Where the write-ahead log keeps what: names of segments and checkpoints, and the sizes of their parts.
 * Layout: docs/formats/wal.md
 */

import type { Disk } from "@narthex/platform/disk";

/** Bytes of a page. A fragment never crosses a page's end. */
export const walPageBytes = 32_768;
/** Bytes before a fragment's data: kind, length (two), checksum (four). */
export const walHeaderBytes = 7;
/** Bytes at which the next segment is begun. */
export const walSegmentBytes = 128 * 1_048_576;

/** What a fragment is, in the low three bits of its first byte. */
export const FragmentKind = { PageEnd: 0, Full: 1, First: 2, Middle: 3, Last: 4 } as const;
/** Set in a fragment's first byte when the record is a snappy block. */
export const snappyFlag = 8;
/** Set when it is a zstd frame. */
export const zstdFlag = 16;

/** A segment file. */
export interface WalSegment {
  readonly index: number;
  readonly path: string;
}

/** The directory that holds `path`. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, Math.max(slash, 1));
}

/** `00000042`, as segments are called. */
export function segmentName(index: number): string {
  return String(index).padStart(8, "0");
}

/**
 * The segments in a directory, ascending; empty when there is no such directory. Other files are left alone.
 */
export function listSegments(disk: Disk, directory: string): WalSegment[] {
  if (!disk.exists(directory)) return [];
  return disk
    .list(directory)
    .filter((name) => /^\d{8,}$/u.test(name))
    .map((name) => ({ index: Number(name), path: `${directory}/${name}` }))
    .toSorted((a, b) => a.index - b.index);
}

/**
 * The newest whole checkpoint of a log: segments up to `index` are condensed in it. Null when there is none.
 */
export function newestCheckpoint(disk: Disk, walDirectory: string): WalSegment | null {
  return listCheckpoints(disk, walDirectory).at(-1) ?? null;
}

/** All whole checkpoints, ascending. */
export function listCheckpoints(disk: Disk, walDirectory: string): WalSegment[] {
  if (!disk.exists(walDirectory)) return [];
  return disk
    .list(walDirectory)
    .filter((name) => /^checkpoint\.\d+$/u.test(name))
    .map((name) => ({ index: Number(name.slice("checkpoint.".length)), path: `${walDirectory}/${name}` }))
    .toSorted((a, b) => a.index - b.index);
}
