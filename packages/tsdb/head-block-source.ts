/**
 * The head's series of one block range, as a source for the block writer. Runs on the maintenance worker.
 *
 *   head (arena) → HEAD BLOCK SOURCE → block-writer
 *
 * Chunks are handed over as they lie in the arena: no chunk crosses a multiple of the block range, and the
 * head takes no samples any more for a range that is due, so every chunk of the range is whole.
 *
 * Lifetime: the caller is inside an epoch while the source is read. Sorting holds one rank per symbol and one
 * number per series in memory, and the texts of the symbols for the time of the sort.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { ChunkEncoding } from "@narthex/chunk/chunk-encoding";
import { Labels } from "@narthex/model/labels";
import type { BlockSource, SourceChunk, SourceSeries } from "./block-writer.ts";
import { chunk, series } from "./head-layout.ts";
import type { HeadReader } from "./head-reader.ts";
import { expandRuns } from "./postings.ts";

/** Series with samples from `minTimeMs` (inclusive) to `endMs` (exclusive). */
export function headBlockSource(reader: HeadReader, minTimeMs: number, endMs: number): BlockSource {
  const records = recordsWithSamples(reader, minTimeMs, endMs);
  const symbolIds = usedSymbols(reader, records);
  const texts = symbolIds.map((id) => reader.symbols.text(id));
  sortByLabels(reader, records, symbolIds, texts);
  return {
    symbols: () => texts,
    series: function* (): Generator<SourceSeries> {
      for (const record of records) {
        yield { labels: labelsAt(reader, record), chunks: chunksOf(reader, record, minTimeMs, endMs) };
      }
    },
  };
}

function recordsWithSamples(reader: HeadReader, minTimeMs: number, endMs: number): Uint32Array {
  const refs = expandRuns(reader.postings.runsOf(reader.postings.all));
  const records = new Uint32Array(refs.length);
  let count = 0;
  for (const ref of refs) {
    const record = reader.recordOf(ref);
    if (record === 0) continue;
    if (chunksOf(reader, record, minTimeMs, endMs).next().done !== true) records[count++] = record;
  }
  return records.subarray(0, count);
}

/** The chunks of a series that lie in the range, oldest first. */
function* chunksOf(
  reader: HeadReader,
  record: number,
  minTimeMs: number,
  endMs: number,
): Generator<SourceChunk> {
  const sealed: number[] = [];
  const { openAt, openMinMs, openMaxMs, openBits, encoding, sealedAt } = chunkPointers(reader, record);
  const { u32, f64, u8 } = reader.arena;
  for (let at = sealedAt; at !== 0; at = u32[(at + chunk.older) >>> 2]) {
    const first = f64[(at + chunk.minTime) >>> 3];
    if (first >= minTimeMs && first < endMs) sealed.push(at);
  }
  for (const at of sealed.toReversed()) {
    const data = at + chunk.data;
    yield {
      minTimeMs: f64[(at + chunk.minTime) >>> 3],
      maxTimeMs: f64[(at + chunk.maxTime) >>> 3],
      encoding: u8[at + chunk.encoding],
      bytes: u8.subarray(data, data + u32[(at + chunk.dataBytes) >>> 2]),
    };
  }
  if (openAt === 0 || openMinMs < minTimeMs || openMinMs >= endMs) return;
  yield {
    minTimeMs: openMinMs,
    maxTimeMs: openMaxMs,
    encoding,
    bytes: u8.subarray(openAt, openAt + ((openBits + 7) >>> 3)),
  };
}

/** The open chunk of a series and the newest sealed one. */
interface OpenAndSealed {
  readonly openAt: number;
  readonly openMinMs: number;
  readonly openMaxMs: number;
  readonly openBits: number;
  readonly encoding: number;
  readonly sealedAt: number;
}

/**
 * A series' chunks at one moment: the main thread may seal the open one at any time. `openAt` is 0 without
 * samples. An open chunk of a range that is due does not grow any more, so its fields belong together.
 */
function chunkPointers(reader: HeadReader, record: number): OpenAndSealed {
  const { i32, u32, f64, u8 } = reader.arena;
  const version = (record + series.version) >>> 2;
  for (;;) {
    const before = Atomics.load(i32, version);
    const openAt = Atomics.load(i32, (record + series.chunk) >>> 2) >>> 0;
    const sealedAt = Atomics.load(i32, (record + series.sealed) >>> 2) >>> 0;
    const openMinMs = f64[(record + series.openMin) >>> 3];
    const openMaxMs = f64[(record + series.lastTime) >>> 3];
    const openBits = u32[(record + series.bits) >>> 2];
    const encoding = Math.max(ChunkEncoding.Xor, u8[record + series.encoding]);
    const after = Atomics.load(i32, version);
    if ((before & 0x10000) !== 0 || before >>> 16 !== after >>> 16) continue;
    const hasSamples = (before & 0xffff) > 0;
    return { openAt: hasSamples ? openAt : 0, openMinMs, openMaxMs, openBits, encoding, sealedAt };
  }
}

function usedSymbols(reader: HeadReader, records: Uint32Array): number[] {
  const { u32 } = reader.arena;
  const isUsed = new Uint8Array(reader.symbols.count);
  for (const record of records) {
    const first = u32[(record + series.labels) >>> 2] >>> 2;
    const end = first + u32[(record + series.labelIds) >>> 2];
    for (let at = first; at < end; at++) isUsed[u32[at]] = 1;
  }
  const ids: number[] = [];
  for (let id = 0; id < isUsed.length; id++) if (isUsed[id] === 1) ids.push(id);
  return ids;
}

/**
 * Sorts `records` by their labels: by the ranks of their symbols, so that texts are compared once per symbol.
 */
function sortByLabels(
  reader: HeadReader,
  records: Uint32Array,
  ids: readonly number[],
  texts: readonly string[],
): void {
  const order = ids.map((_, i) => i).toSorted((a, b) => compareUtf8(texts[a], texts[b]));
  const rank = new Uint32Array(reader.symbols.count);
  order.forEach((index, position) => {
    rank[ids[index]] = position;
  });
  const { u32 } = reader.arena;
  records.sort((a, b) => {
    const [aAt, bAt] = [u32[(a + series.labels) >>> 2] >>> 2, u32[(b + series.labels) >>> 2] >>> 2];
    const [aCount, bCount] = [u32[(a + series.labelIds) >>> 2], u32[(b + series.labelIds) >>> 2]];
    const count = Math.min(aCount, bCount);
    for (let i = 0; i < count; i++) {
      const difference = rank[u32[aAt + i]] - rank[u32[bAt + i]];
      if (difference !== 0) return difference;
    }
    return aCount - bCount;
  });
}

function labelsAt(reader: HeadReader, record: number): Labels {
  const { u32 } = reader.arena;
  const first = u32[(record + series.labels) >>> 2] >>> 2;
  const ids = u32.subarray(first, first + u32[(record + series.labelIds) >>> 2]);
  return new Labels(Array.from(ids, (id) => reader.symbols.text(id)));
}
