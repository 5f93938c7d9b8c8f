/**
 * Writes a block: chunks, index, meta.json and an empty tombstones file, under a side name that becomes the
 * block's name when all of it is on the medium.
 *
 *   head (every two hours) or compaction → BLOCK WRITER → data directory
 *
 * Invariants
 *  - A directory with a ULID as its name is a whole block; `<ulid>.tmp-for-creation` may be anything and is
 *    removed at start.
 *  - A block without samples is not written.
 */

import { chunkSampleCount, holdsHistograms } from "@narthex/chunk/chunk-encoding";
import type { Labels } from "@narthex/model/labels";
import type { Disk } from "@narthex/platform/disk";
import type { Random } from "@narthex/platform/random";
import { ChunkSegmentWriter } from "./chunk-segment.ts";
import { IndexWriter, type ChunkEntry } from "./index-writer.ts";
import { writeMeta, type BlockMeta, type BlockParent } from "./meta.ts";
import { encodeTombstoneFile, Tombstones } from "./tombstones.ts";
import { makeUlid } from "./ulid.ts";

/**
 * A chunk on its way into a block. `bytes` start with the sample count, as stored; read before the next is
 * asked for.
 */
export interface SourceChunk {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly encoding: number;
  readonly bytes: Uint8Array;
}

/** A series on its way into a block; its chunks ascend in time and do not overlap. */
export interface SourceSeries {
  readonly labels: Labels;
  readonly chunks: Iterable<SourceChunk>;
}

/** What a block is written from. */
export interface BlockSource {
  /**
   * Every label name and value that `series` will come with; more is harmless. Any order, repeats allowed.
   */
  symbols(): Iterable<string>;
  /** Series in label order. One without chunks is left out. */
  series(): Iterable<SourceSeries>;
}

/** What the new block says of itself. */
export interface BlockOptions {
  /** Range of the block in milliseconds, the end exclusive. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly nowMs: number;
  readonly random: Random;
  /** 1 for a block cut from the head, when absent. */
  readonly level?: number;
  /** Absent: the block itself. */
  readonly sources?: readonly string[];
  readonly parents?: readonly BlockParent[];
  readonly hints?: readonly string[];
  /** Bytes of a chunk segment; 512 MiB when absent. */
  readonly segmentBytes?: number;
}

/** Suffix of a block directory that is not finished. */
export const creationSuffix = ".tmp-for-creation";

/** Writes a block into `dataDirectory` and returns its meta.json, null when there were no samples. */
export function writeBlock(
  disk: Disk,
  dataDirectory: string,
  source: BlockSource,
  options: BlockOptions,
): BlockMeta | null {
  const ulid = makeUlid(options.nowMs, options.random);
  const sidePath = `${dataDirectory}/${ulid}${creationSuffix}`;
  let done = false;
  try {
    disk.makeDirectory(`${sidePath}/chunks`);
    const stats = writeFiles(disk, sidePath, source, options);
    if (stats.numSamples === 0) return null;
    const meta: BlockMeta = {
      ulid,
      minTime: options.minTimeMs,
      maxTime: options.maxTimeMs,
      stats,
      compaction: {
        level: options.level ?? 1,
        sources: options.sources ?? [ulid],
        deletable: false,
        parents: options.parents ?? [],
        failed: false,
        hints: options.hints ?? [],
      },
    };
    writeMeta(disk, sidePath, meta);
    disk.writeFile(`${sidePath}/tombstones`, encodeTombstoneFile(new Tombstones()));
    disk.syncDirectory(sidePath);
    disk.rename(sidePath, `${dataDirectory}/${ulid}`);
    disk.syncDirectory(dataDirectory);
    done = true;
    return meta;
  } finally {
    if (!done) disk.remove(sidePath);
  }
}

function writeFiles(
  disk: Disk,
  directory: string,
  source: BlockSource,
  options: BlockOptions,
): BlockMeta["stats"] {
  const chunks = new ChunkSegmentWriter(disk, `${directory}/chunks`, options.segmentBytes);
  const index = new IndexWriter(disk, `${directory}/index`);
  let done = false;
  let [numFloatSamples, numHistogramSamples, numChunks] = [0, 0, 0];
  try {
    index.symbols(source.symbols());
    for (const { labels, chunks: wanted } of source.series()) {
      const entries: ChunkEntry[] = [];
      for (const { minTimeMs, maxTimeMs, encoding, bytes } of wanted) {
        const samples = chunkSampleCount(encoding, bytes);
        if (holdsHistograms(encoding)) numHistogramSamples += samples;
        else numFloatSamples += samples;
        entries.push({ minTimeMs, maxTimeMs, ref: chunks.add(encoding, bytes) });
      }
      if (entries.length === 0) continue;
      numChunks += entries.length;
      index.series(labels, entries);
    }
    chunks.finish();
    index.finish();
    done = true;
  } finally {
    if (!done) {
      chunks.abandon();
      index.abandon();
    }
  }
  return {
    numSamples: numFloatSamples + numHistogramSamples,
    numFloatSamples,
    numHistogramSamples,
    numSeries: index.seriesCount,
    numChunks,
    numTombstones: 0,
  };
}
