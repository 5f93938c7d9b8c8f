/**
 * Label ids of the head as ids of a query: a table in the arena that grows with the head's symbols. Ids are
 * never given out twice, so what was entered stands from query to query.
 *
 * Lifetime: one thread, as long as the query's symbols. Pages of a table that is outgrown are not given back;
 * tables double, so that they are less than the last one.
 */

import type { QuerySymbols } from "@narthex/storage/query-symbols";
import { snapshotRow } from "./head-snapshot-row.ts";
import type { Arena } from "@narthex/kernel/arena";
import type { Kernels } from "@narthex/kernel/load";
import type { Scratch } from "@narthex/kernel/scratch";
import { headSnapshotRowBytes } from "@narthex/kernel/head-snapshot";

/** Unknown ids that are looked up between two passes. */
const unknownLimit = 16_384;

/** What is asked of a head's reader. */
interface LabelSource {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly symbols: { readonly count: number; text(id: number): string };
  takeScratch(): Scratch;
  giveScratch(scratch: Scratch): void;
}

/** A table of ids. */
export class HeadLabels {
  readonly target: QuerySymbols;
  readonly #reader: LabelSource;
  #tableAt = 0;
  #capacity = 0;

  /** Takes the pages of `before`, which is not used any more. */
  constructor(reader: LabelSource, target: QuerySymbols, before: HeadLabels | null) {
    this.#reader = reader;
    this.target = target;
    if (before === null) return;
    this.#tableAt = before.#tableAt;
    this.#capacity = before.#capacity;
    this.#clear(0);
  }

  /** The query's ids of the labels of the `count` snapshot rows at `rowsAt`. */
  idsOf(rowsAt: number, count: number): Uint32Array {
    if (count === 0) return new Uint32Array(0);
    const { arena, kernels, symbols } = this.#reader;
    this.#reserve(symbols.count);
    const lastRow = rowsAt + (count - 1) * headSnapshotRowBytes;
    const total = arena.u32[(lastRow + snapshotRow.labelEnd) >>> 2];
    const scratch = this.#reader.takeScratch();
    const out = scratch.take(total * 4);
    const unknown = scratch.take(unknownLimit * 4);
    for (;;) {
      const listed = kernels.headLabels(rowsAt, count, this.#tableAt, out, unknown, unknownLimit);
      if (listed === 0) break;
      for (const id of arena.u32.slice(unknown >>> 2, (unknown >>> 2) + listed)) {
        const entered = this.target.intern(symbols.text(id)) + 1;
        arena.u32[(this.#tableAt >>> 2) + id] = entered;
      }
    }
    const ids = arena.u32.slice(out >>> 2, (out >>> 2) + total);
    this.#reader.giveScratch(scratch);
    return ids;
  }

  #reserve(symbolCount: number): void {
    if (symbolCount <= this.#capacity) return;
    const { arena } = this.#reader;
    const capacity = Math.max(16_384, symbolCount, this.#capacity * 2);
    const tableAt = arena.allocatePages(capacity * 4);
    arena.u32.copyWithin(tableAt >>> 2, this.#tableAt >>> 2, (this.#tableAt >>> 2) + this.#capacity);
    const known = this.#capacity;
    this.#tableAt = tableAt;
    this.#capacity = capacity;
    this.#clear(known);
  }

  #clear(from: number): void {
    this.#reader.arena.u32.fill(0, (this.#tableAt >>> 2) + from, (this.#tableAt >>> 2) + this.#capacity);
  }
}
