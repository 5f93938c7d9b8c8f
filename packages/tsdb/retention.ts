/**
 * Which blocks are too old or too much: pure decisions. Oldest blocks go first, and whole blocks only.
 */

import type { BlockMeta } from "./meta.ts";

/** A block with what it takes on the disk. */
export interface SizedBlock {
  readonly meta: BlockMeta;
  readonly sizeBytes: number;
}

const newestFirst = (a: SizedBlock, b: SizedBlock) => b.meta.maxTime - a.meta.maxTime;

/** Blocks that end `retentionMs` or more before the end of the newest one. 0: none. */
export function blocksBeyondTime<T extends SizedBlock>(blocks: readonly T[], retentionMs: number): T[] {
  if (retentionMs <= 0) return [];
  const sorted = blocks.toSorted(newestFirst);
  const [newest] = sorted;
  if (newest === undefined) return [];
  return sorted.filter((block, i) => i > 0 && newest.meta.maxTime - block.meta.maxTime >= retentionMs);
}

/**
 * Blocks that do not fit `limitBytes` any more, when the head's files take `headBytes` and newer blocks
 * come first. 0: none.
 */
export function blocksBeyondSize<T extends SizedBlock>(
  blocks: readonly T[],
  limitBytes: number,
  headBytes: number,
): T[] {
  if (limitBytes <= 0) return [];
  const sorted = blocks.toSorted(newestFirst);
  let sum = headBytes;
  const first = sorted.findIndex((block) => (sum += block.sizeBytes) > limitBytes);
  return first < 0 ? [] : sorted.slice(first);
}
