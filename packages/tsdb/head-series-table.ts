/**
 * From label sets to refs: an open-addressing hash table in the arena. Main thread only.
 *
 * Invariants: at most half full; a slot holds the ref of a live series; equal label ids are in it once.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Kernels } from "@narthex/kernel/load";
import { series, table } from "./head-layout.ts";

/** What the table needs to know of series. */
export interface SeriesRecords {
  /** The address of a live series' record. */
  recordOf(ref: number): number;
}

/** Finds series by their label ids. */
export class SeriesTable {
  readonly #arena: Arena;
  readonly #kernels: Kernels;
  readonly #slab: number;
  readonly #records: SeriesRecords;
  #at: number;

  constructor(arena: Arena, kernels: Kernels, slab: number, records: SeriesRecords) {
    this.#arena = arena;
    this.#kernels = kernels;
    this.#slab = slab;
    this.#records = records;
    this.#at = this.#make(4_096);
  }

  /** The ref of the series with the `count` ids at `idsAt`, 0 when there is none. */
  find(hash: number, idsAt: number, count: number): number {
    const words = this.#arena.u32;
    const mask = words[(this.#at + table.mask) >>> 2];
    const slots = (this.#at + table.slots) >>> 2;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const ref = words[slots + slot];
      if (ref === 0) return 0;
      const record = this.#records.recordOf(ref) >>> 2;
      if (words[record + (series.hash >>> 2)] === hash && words[record + (series.labelIds >>> 2)] === count) {
        const known = words[record + (series.labels >>> 2)] >>> 2;
        const wanted = idsAt >>> 2;
        let same = 0;
        while (same < count && words[known + same] === words[wanted + same]) same++;
        if (same === count) return ref;
      }
    }
  }

  /** Adds a series that is not in the table. */
  add(hash: number, ref: number): void {
    const words = this.#arena.u32;
    const used = words[(this.#at + table.used) >>> 2] + 1;
    if (used * 2 > words[(this.#at + table.mask) >>> 2]) this.#grow();
    this.#arena.u32[(this.#at + table.used) >>> 2] = used;
    this.#enter(this.#at, hash, ref);
  }

  /** Takes a series out; its record must still be readable. */
  remove(hash: number, ref: number): void {
    const words = this.#arena.u32;
    const mask = words[(this.#at + table.mask) >>> 2];
    const slots = (this.#at + table.slots) >>> 2;
    let hole = hash & mask;
    while (words[slots + hole] !== ref) hole = (hole + 1) & mask;
    words[(this.#at + table.used) >>> 2]--;
    // Move later entries of the same cluster into the hole when their own place is not behind it.
    for (let slot = (hole + 1) & mask; words[slots + slot] !== 0; slot = (slot + 1) & mask) {
      const home = words[(this.#records.recordOf(words[slots + slot]) + series.hash) >>> 2] & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        words[slots + hole] = words[slots + slot];
        hole = slot;
      }
    }
    words[slots + hole] = 0;
  }

  #enter(tableAt: number, hash: number, ref: number): void {
    const words = this.#arena.u32;
    const mask = words[(tableAt + table.mask) >>> 2];
    const slots = (tableAt + table.slots) >>> 2;
    let slot = hash & mask;
    while (words[slots + slot] !== 0) slot = (slot + 1) & mask;
    words[slots + slot] = ref;
  }

  #grow(): void {
    const old = this.#at;
    const size = this.#arena.u32[(old + table.mask) >>> 2] + 1;
    const fresh = this.#make(size * 2);
    const words = this.#arena.u32;
    for (let slot = 0; slot < size; slot++) {
      const ref = words[((old + table.slots) >>> 2) + slot];
      if (ref === 0) continue;
      this.#enter(fresh, words[(this.#records.recordOf(ref) + series.hash) >>> 2], ref);
    }
    words[(fresh + table.used) >>> 2] = words[(old + table.used) >>> 2];
    this.#at = fresh;
    this.#kernels.slabFree(this.#slab, old, table.slots + size * 4);
  }

  #make(size: number): number {
    const at = this.#kernels.slabAllocate(this.#slab, table.slots + size * 4) >>> 0;
    if (at === 0) return this.#arena.refuse();
    this.#arena.u32[(at + table.mask) >>> 2] = size - 1;
    return at;
  }
}
