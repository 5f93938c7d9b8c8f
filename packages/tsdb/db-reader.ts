/**
 * The database as one thread reads it: the head in the arena and the blocks on the disk, as one querier.
 *
 *   query-worker → DB READER → head-querier + block-reader → merge
 *
 * The main thread tells every reader of new blocks, and waits for all, before it raises the head's floor: so
 * a sample is always in at least one of the two, and where it is in both the merge shows it once.
 *
 * Lifetime: one per thread. Queriers are opened and closed one after the other.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Disk } from "@narthex/platform/disk";
import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { mergeSeriesSets } from "@narthex/storage/merge";
import type { LabelStrings, Querier, SelectRequest } from "@narthex/storage/querier";
import { QuerySymbols } from "@narthex/storage/query-symbols";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import { BlockReader } from "./block-reader.ts";
import { HeadReader } from "./head-reader.ts";
import { openHeadQuerier } from "./head-querier.ts";

/** Strings kept from query to query before the table is begun anew. */
const keptSymbols = 1_000_000;

/** Head and blocks, seen from one thread. */
export class DbReader {
  readonly head: HeadReader;
  readonly #disk: Disk;
  readonly #slot: number;
  #blocks: readonly BlockReader[] = [];
  #symbols = new QuerySymbols();

  constructor(arena: Arena, headRootAt: number, slot: number, disk: Disk) {
    this.head = new HeadReader(arena, headRootAt);
    this.#disk = disk;
    this.#slot = slot;
  }

  /**
   * Opens the blocks at `directories`, closes those that are not among them. Throws for one that cannot be
   * opened.
   */
  setBlocks(directories: readonly string[]): void {
    const known = new Map(this.#blocks.map((block) => [block.directory, block]));
    const next = directories.map(
      (directory) => known.get(directory) ?? BlockReader.open(this.#disk, directory),
    );
    const kept = new Set(next);
    for (const block of this.#blocks) if (!kept.has(block)) block.close();
    this.#blocks = next.toSorted((a, b) => a.meta.minTime - b.meta.minTime);
  }

  /** A querier for times from `minTimeMs` to `maxTimeMs`, both inclusive. */
  querier(minTimeMs: number, maxTimeMs: number): Querier {
    if (this.#symbols.size > keptSymbols) this.#symbols = new QuerySymbols();
    const symbols = this.#symbols;
    const blocks = this.#blocks.filter((block) => block.overlaps(minTimeMs, maxTimeMs));
    const head = openHeadQuerier(this.head, this.#slot, symbols);
    const parts: Querier[] = [...blocks.map((block) => block.querier(symbols)), head];
    return {
      symbols,
      select: (request: SelectRequest) =>
        mergeSeriesSets([
          ...blocks
            .filter((block) => block.overlaps(request.minTimeMs, request.maxTimeMs))
            .map((block) => block.select(request, symbols)),
          head.select(request),
        ]),
      labelValues: (name, matchers, limit) =>
        uniteStrings(
          parts.map((part) => part.labelValues(name, matchers, limit)),
          limit,
        ),
      labelNames: (matchers, limit) =>
        uniteStrings(
          parts.map((part) => part.labelNames(matchers, limit)),
          limit,
        ),
      close: () => {
        for (const part of parts) part.close();
      },
    };
  }

  /**
   * The most series that matchers can find within the times, Infinity when that is not quickly said. Looks up
   * the labels that have to be equal to something.
   */
  seriesBound(matchers: readonly LabelMatcher[], minTimeMs: number, maxTimeMs: number): number {
    let bound = maxTimeMs < this.head.minTimeMs ? 0 : this.head.seriesBound(matchers);
    for (const block of this.#blocks) {
      if (bound < Infinity && block.overlaps(minTimeMs, maxTimeMs))
        bound = Math.max(bound, block.seriesBound(matchers));
    }
    return bound;
  }

  close(): void {
    for (const block of this.#blocks) block.close();
    this.#blocks = [];
  }
}

function uniteStrings(parts: readonly LabelStrings[], limit: number): LabelStrings {
  const all = new Set(parts.flatMap(({ strings }) => strings));
  const warnings = new Set(parts.flatMap((part) => part.warnings));
  const strings = [...all].toSorted(compareUtf8);
  if (limit === 0 || strings.length <= limit) return { strings, warnings: [...warnings] };
  return { strings: strings.slice(0, limit), warnings: [...warnings.add("results truncated due to limit")] };
}
