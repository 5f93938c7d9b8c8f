/**
 * An open block: its index, its chunks, its tombstones, and queries over them.
 *
 *   block-set → BLOCK READER → block-series-set (samples)
 *
 * Lifetime: from `open` to `close`, in one thread. Queriers and series sets of a block read its files:
 * close it after them.
 */

import { compareUtf8 } from "@narthex/bytes/utf8-order";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import type { Disk } from "@narthex/platform/disk";
import type { LabelStrings, Querier, SelectRequest, SeriesSet } from "@narthex/storage/querier";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import { selectFromBlock, type BlockSeriesSet } from "./block-series-set.ts";
import { ChunkSegments } from "./chunk-segment.ts";
import { IndexReader, IndexSeries } from "./index-reader.ts";
import { readMeta, type BlockMeta } from "./meta.ts";
import { readTombstones, type Tombstones } from "./tombstones.ts";

/** Selections that a block remembers, and the series of all of them: about 200 bytes each. */
const keptSelections = 32;
const keptSelectionSeries = 100_000;
/** Larger indexes are not asked on the side: reading their tables takes too long. */
const quickIndexBytes = 4 * 1_048_576;
/** Values that a pattern may be tried on when it has to be quick. */
const quickValues = 1_000;

/** A block that is open for reading. */
export class BlockReader {
  readonly directory: string;
  readonly meta: BlockMeta;
  readonly index: IndexReader;
  readonly chunks: ChunkSegments;
  readonly tombstones: Tombstones;
  /** Symbol ordinals as ids of a query, plus one; 0: not asked yet. */
  readonly #remaps = new WeakMap<QuerySymbols, Uint32Array>();
  /** The last selections by their matchers, oldest first. */
  readonly #selections = new WeakMap<QuerySymbols, Map<string, BlockSeriesSet>>();

  private constructor(
    directory: string,
    meta: BlockMeta,
    index: IndexReader,
    chunks: ChunkSegments,
    tombstones: Tombstones,
  ) {
    this.directory = directory;
    this.meta = meta;
    this.index = index;
    this.chunks = chunks;
    this.tombstones = tombstones;
  }

  /** Opens the block in `directory`. Throws `CorruptionError`, or the disk's error when a file is missing. */
  static open(disk: Disk, directory: string): BlockReader {
    const meta = readMeta(disk, directory);
    const tombstones = readTombstones(disk, directory);
    const index = IndexReader.open(disk, `${directory}/index`);
    try {
      const chunks = ChunkSegments.open(disk, `${directory}/chunks`);
      return new BlockReader(directory, meta, index, chunks, tombstones);
    } catch (error) {
      index.close();
      throw error;
    }
  }

  /** Whether some of the block's range lies within the times, milliseconds, both inclusive. */
  overlaps(minTimeMs: number, maxTimeMs: number): boolean {
    return this.meta.minTime <= maxTimeMs && minTimeMs < this.meta.maxTime;
  }

  /** The series that a request finds, in label order. */
  select(request: SelectRequest, symbols: QuerySymbols): SeriesSet {
    if ((request.limit ?? 0) > 0) return selectFromBlock(this, request, this.#remapOf(symbols), symbols);
    return this.#selection(request.matchers, symbols).within(request);
  }

  /** The most series that matchers can find, Infinity when that is not quickly said. */
  seriesBound(matchers: readonly LabelMatcher[]): number {
    const { index } = this;
    if (index.file.sizeBytes > quickIndexBytes) return Infinity;
    let bound = Infinity;
    for (const { name, kind, value } of matchers) {
      if (kind === "=" && value !== "") bound = Math.min(bound, index.postingsCount(name, value));
      else if (index.table.valueCount(name) > quickValues) return Infinity;
    }
    return bound;
  }

  /** A querier over this block alone. Closing it leaves the block open. */
  querier(symbols: QuerySymbols): Querier {
    return {
      symbols,
      select: (request) => this.select(request, symbols),
      labelValues: (name, matchers, limit) => this.labelValues(name, matchers, limit),
      labelNames: (matchers, limit) => this.labelNames(matchers, limit),
      close: () => {},
    };
  }

  /** Values of a label among the series that match. `limit` 0: all. */
  labelValues(name: string, matchers: readonly LabelMatcher[], limit: number): LabelStrings {
    const strings: string[] = [];
    if (matchers.length === 0) {
      this.index.table.forEachValue(name, (value) => {
        if (value !== "") strings.push(value);
        return limit === 0 || strings.length <= limit;
      });
      return limited(strings, limit);
    }
    const ordinals = new Set<number>();
    const wanted = (series: IndexSeries): void => {
      for (let i = 0; i < series.labelCount * 2; i += 2) {
        if (this.index.symbols.text(series.labels[i]) === name) ordinals.add(series.labels[i + 1]);
      }
    };
    this.#forEachSeries(matchers, wanted);
    return limited(this.#texts(ordinals), limit);
  }

  /** Label names among the series that match. `limit` 0: all. */
  labelNames(matchers: readonly LabelMatcher[], limit: number): LabelStrings {
    if (matchers.length === 0) return limited(this.index.table.names(), limit);
    const ordinals = new Set<number>();
    this.#forEachSeries(matchers, (series) => {
      for (let i = 0; i < series.labelCount * 2; i += 2) ordinals.add(series.labels[i]);
    });
    return limited(this.#texts(ordinals), limit);
  }

  close(): void {
    this.index.close();
    this.chunks.close();
  }

  #forEachSeries(matchers: readonly LabelMatcher[], visit: (series: IndexSeries) => void): void {
    const series = new IndexSeries();
    for (const id of this.index.select(matchers)) {
      this.index.series(id, series);
      visit(series);
    }
  }

  #texts(ordinals: ReadonlySet<number>): string[] {
    return [...ordinals].map((ordinal) => this.index.symbols.text(ordinal)).toSorted(compareUtf8);
  }

  /** All series that matchers find: from the last such questions, since a block never changes. */
  #selection(matchers: readonly LabelMatcher[], symbols: QuerySymbols): BlockSeriesSet {
    let known = this.#selections.get(symbols);
    if (known === undefined) this.#selections.set(symbols, (known = new Map()));
    const key = matchers.map((matcher) => matcher.toString()).join(",");
    let found = known.get(key);
    if (found === undefined) {
      const request = { minTimeMs: -Infinity, maxTimeMs: Infinity, matchers };
      found = selectFromBlock(this, request, this.#remapOf(symbols), symbols);
    }
    // Back to the end: the first key is the one that was asked for longest ago.
    known.delete(key);
    known.set(key, found);
    let keptSeries = 0;
    for (const selection of known.values()) keptSeries += selection.count;
    for (const [oldest, selection] of known) {
      if (known.size <= keptSelections && keptSeries <= keptSelectionSeries) break;
      if (oldest === key) break;
      known.delete(oldest);
      keptSeries -= selection.count;
    }
    return found;
  }

  #remapOf(symbols: QuerySymbols): Uint32Array {
    let remap = this.#remaps.get(symbols);
    if (remap === undefined) {
      remap = new Uint32Array(this.index.symbols.count);
      this.#remaps.set(symbols, remap);
    }
    return remap;
  }
}

function limited(strings: string[], limit: number): LabelStrings {
  return limit > 0 && strings.length > limit
    ? { strings: strings.slice(0, limit), warnings: ["results truncated due to limit"] }
    : { strings, warnings: [] };
}
