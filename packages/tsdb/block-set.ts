/**
 * The blocks of a data directory: which there are, which are not whole, and how one is removed.
 *
 * Invariants
 *  - Nothing that may hold data is deleted here unasked: a block that cannot be read is reported and stays.
 *  - Removal is a rename to a side name first, so that a crash leaves no half a block.
 */

import type { Disk } from "@narthex/platform/disk";
import { readMeta, type BlockMeta } from "./meta.ts";
import { isUlid } from "./ulid.ts";

/** A block on the disk. */
export interface BlockEntry {
  readonly directory: string;
  readonly meta: BlockMeta;
}

/** A block directory that cannot be read. */
export interface UnreadableBlock {
  readonly directory: string;
  readonly error: unknown;
}

/** What is in a data directory. */
export interface BlockList {
  /** Blocks by beginning, then by ULID. */
  readonly blocks: readonly BlockEntry[];
  readonly unreadable: readonly UnreadableBlock[];
}

/** Suffix of a block directory that is being removed. */
export const deletionSuffix = ".tmp-for-deletion";

/** Lists the blocks of a data directory. */
export function listBlocks(disk: Disk, dataDirectory: string): BlockList {
  const blocks: BlockEntry[] = [];
  const unreadable: UnreadableBlock[] = [];
  for (const name of disk.exists(dataDirectory) ? disk.list(dataDirectory) : []) {
    if (!isUlid(name)) continue;
    const directory = `${dataDirectory}/${name}`;
    if (disk.stat(directory)?.isDirectory !== true) continue;
    try {
      blocks.push({ directory, meta: readMeta(disk, directory) });
    } catch (error) {
      unreadable.push({ directory, error });
    }
  }
  blocks.sort((a, b) => a.meta.minTime - b.meta.minTime || (a.meta.ulid < b.meta.ulid ? -1 : 1));
  return { blocks, unreadable };
}

/**
 * Removes what was left half made or half removed. Call at start, before anything is written. Returns the
 * names.
 */
export function removeUnfinishedBlocks(disk: Disk, dataDirectory: string): string[] {
  const removed: string[] = [];
  for (const name of disk.exists(dataDirectory) ? disk.list(dataDirectory) : []) {
    const suffixed = /^(?<stem>.+?)(?:\.tmp-for-creation|\.tmp-for-deletion|\.tmp)$/u.exec(name);
    const stem = suffixed?.groups?.["stem"] ?? "";
    if (!isUlid(stem) && !/^chunk_snapshot\.\d+\.\d+$/u.test(stem)) continue;
    disk.remove(`${dataDirectory}/${name}`);
    removed.push(name);
  }
  return removed;
}

/** Blocks that another block was made from, or that are marked deletable: to be removed. */
export function supersededBlocks(blocks: readonly BlockEntry[]): BlockEntry[] {
  const parents = new Set(blocks.flatMap(({ meta }) => meta.compaction.parents.map(({ ulid }) => ulid)));
  return blocks.filter(({ meta }) => parents.has(meta.ulid) || meta.compaction.deletable);
}

/** Removes a block for good. No reader may have it open. */
export function removeBlock(disk: Disk, directory: string): void {
  const sidePath = directory + deletionSuffix;
  disk.remove(sidePath);
  disk.rename(directory, sidePath);
  disk.syncDirectory(directory.slice(0, directory.lastIndexOf("/")));
  disk.remove(sidePath);
}

/** Bytes of all files below a directory. */
export function directorySizeBytes(disk: Disk, directory: string): number {
  let sum = 0;
  for (const name of disk.exists(directory) ? disk.list(directory) : []) {
    const facts = disk.stat(`${directory}/${name}`);
    if (facts === null) continue;
    sum += facts.isDirectory ? directorySizeBytes(disk, `${directory}/${name}`) : facts.sizeBytes;
  }
  return sum;
}
