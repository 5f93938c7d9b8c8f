/**
 * Which blocks to merge next: pure decisions over what blocks say about themselves, the same as the
 * original's.
 *
 *  1. Blocks made from part of the head's series are only merged among themselves; others go first.
 *  2. Overlapping blocks first, as many as hang together.
 *  3. Then, without the newest block, blocks that fill a range of a level, smallest level first.
 *  4. Then a large block of which more than a twentieth is deleted, or one that is deleted whole: rewritten
 *     alone.
 */

import { partialHints, type BlockMeta } from "./meta.ts";

/** Ranges of the levels in milliseconds: each three times the one before, up to `maxBlockMs`. */
export function compactionRanges(minBlockMs: number, maxBlockMs: number): number[] {
  const ranges = Array.from({ length: 10 }, (_, level) => minBlockMs * 3 ** level);
  const end = ranges.findIndex((range) => range > maxBlockMs);
  return end < 0 ? ranges : ranges.slice(0, end);
}

/**
 * The largest block for a retention: a tenth of it, between two hours' multiple and 31 days. 0: no retention.
 */
export function largestBlockMs(retentionMs: number, minBlockMs: number): number {
  const month = 31 * 86_400_000;
  if (retentionMs === 0) return Math.max(month, minBlockMs);
  return Math.max(Math.min(Math.floor(retentionMs / 10), month), minBlockMs);
}

/** The blocks to make one of, oldest first; none when there is nothing to do. */
export function planCompaction(blocks: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  const hinted = partialHints.map((hint) => blocks.filter((block) => block.compaction.hints.includes(hint)));
  const plain = blocks.filter((block) => !partialHints.some((hint) => block.compaction.hints.includes(hint)));
  for (const group of [plain, ...hinted]) {
    const plan = planGroup(
      group.toSorted((a, b) => a.minTime - b.minTime),
      ranges,
    );
    if (plan.length > 0) return plan;
  }
  return [];
}

function planGroup(sorted: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  if (sorted.length === 0) return [];
  const overlapping = selectOverlapping(sorted);
  if (overlapping.length > 0) return overlapping;
  // The newest block stays as it is for a while, so that backups can take it whole.
  const settled = sorted.slice(0, -1);
  const filled = selectRange(settled, ranges);
  return filled.length > 0 ? filled : selectDeleted(settled, ranges);
}

function selectOverlapping(sorted: readonly BlockMeta[]): BlockMeta[] {
  const found: BlockMeta[] = [];
  let end = sorted[0].maxTime;
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i].minTime < end) {
      if (found.length === 0) found.push(sorted[i - 1]);
      found.push(sorted[i]);
    } else if (found.length > 0) {
      break;
    }
    end = Math.max(end, sorted[i].maxTime);
  }
  return found;
}

function selectRange(sorted: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  const newest = sorted.at(-1);
  if (newest === undefined) return [];
  for (const range of ranges.slice(1)) {
    for (const part of splitByRange(sorted, range)) {
      if (part.length < 2 || part.some((block) => block.compaction.failed)) continue;
      const end = (part.at(-1) as BlockMeta).maxTime;
      // Full, or so old that nothing more can come into it.
      if (end - part[0].minTime === range || end <= newest.minTime) return part;
    }
  }
  return [];
}

/** Blocks by the aligned ranges that hold them; those that fit none are left out. */
function splitByRange(sorted: readonly BlockMeta[], range: number): BlockMeta[][] {
  const parts: BlockMeta[][] = [];
  for (let i = 0; i < sorted.length;) {
    const end = Math.floor(sorted[i].minTime / range) * range + range;
    if (sorted[i].maxTime > end) {
      i++;
      continue;
    }
    const part: BlockMeta[] = [];
    while (i < sorted.length && sorted[i].maxTime <= end) part.push(sorted[i++]);
    parts.push(part);
  }
  return parts;
}

function selectDeleted(sorted: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  const large = ranges[Math.floor(ranges.length / 2)] ?? Infinity;
  for (const block of sorted.toReversed()) {
    const { numTombstones, numSeries } = block.stats;
    if (block.maxTime - block.minTime < large) {
      return numTombstones > 0 && numTombstones >= numSeries ? [block] : [];
    }
    if (numTombstones / (numSeries + 1) > 0.05) return [block];
  }
  return [];
}
