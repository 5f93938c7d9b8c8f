/**
 * The head's postings: for every label pair the series that have it, for every name those that have the name
 * at all, and all series, as runs of refs in the arena.
 *
 * `PostingsReader` works on any thread, `PostingsWriter` on the main thread only. The writer replaces a block
 * of runs as a whole when it grows or loses refs; in between it only appends runs and moves the end of the
 * last one.
 *
 * Invariants
 *  - An entry is reachable from the hash table and from its name's list; value entries end with `next` 0.
 *  - A published block of runs covers `count` runs; a run's end only grows while the block is reachable.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Kernels } from "@narthex/kernel/load";
import { posting, root, runs as runsLayout, table } from "./head-layout.ts";
import { noRuns, subtractRuns, type Runs } from "./postings.ts";

/** Looks postings up, on any thread. Entries are addresses; 0 means none. */
export class PostingsReader {
  readonly arena: Arena;
  readonly rootAt: number;

  constructor(arena: Arena, rootAt: number) {
    this.arena = arena;
    this.rootAt = rootAt;
  }

  /** The entry of a label pair (symbol ids); value 0: of the name. */
  find(nameId: number, valueId: number): number {
    const { i32 } = this.arena;
    const tableAt = Atomics.load(i32, (this.rootAt + root.postingsTable) >>> 2) >>> 0;
    const words = this.arena.u32;
    const mask = words[(tableAt + table.mask) >>> 2];
    const slots = (tableAt + table.slots) >>> 2;
    for (let slot = mixPair(nameId, valueId) & mask; ; slot = (slot + 1) & mask) {
      const entry = Atomics.load(i32, slots + slot) >>> 0;
      if (entry === 0) return 0;
      if (words[entry >>> 2] === nameId && words[(entry + posting.value) >>> 2] === valueId) return entry;
    }
  }

  /** The entry of all series. */
  get all(): number {
    return this.arena.u32[(this.rootAt + root.allPostings) >>> 2];
  }

  /** A copy of an entry's runs. */
  runsOf(entry: number): Runs {
    if (entry === 0) return noRuns;
    const { i32 } = this.arena;
    const block = Atomics.load(i32, (entry + posting.runs) >>> 2) >>> 0;
    if (block === 0) return noRuns;
    const count = Atomics.load(i32, block >>> 2) >>> 0;
    const first = (block + runsLayout.pairs) >>> 2;
    const copy = this.arena.u32.slice(first, first + count * 2);
    return copy;
  }

  /** Entries of a name's values, as they are listed. */
  *valuesOf(nameEntry: number): Generator<number> {
    if (nameEntry === 0) return;
    yield* this.#list(nameEntry + posting.firstValue);
  }

  /** Entries of all names. */
  *names(): Generator<number> {
    yield* this.#list(this.rootAt + root.firstName);
  }

  *#list(linkAt: number): Generator<number> {
    let entry = Atomics.load(this.arena.i32, linkAt >>> 2) >>> 0;
    while (entry !== 0) {
      yield entry;
      entry = Atomics.load(this.arena.i32, (entry + posting.next) >>> 2) >>> 0;
    }
  }

  /** Symbol ids of an entry's pair. */
  nameOf(entry: number): number {
    return this.arena.u32[entry >>> 2];
  }

  valueOf(entry: number): number {
    return this.arena.u32[(entry + posting.value) >>> 2];
  }

  /** Series in an entry. */
  seriesOf(entry: number): number {
    return this.arena.u32[(entry + posting.series) >>> 2];
  }
}

/** Adds and removes refs, on the main thread. */
export class PostingsWriter extends PostingsReader {
  readonly #kernels: Kernels;
  readonly #slab: number;

  constructor(arena: Arena, kernels: Kernels, rootAt: number, slab: number) {
    super(arena, rootAt);
    this.#kernels = kernels;
    this.#slab = slab;
    arena.u32[(rootAt + root.postingsTable) >>> 2] = this.#newTable(4_096);
    arena.u32[(rootAt + root.allPostings) >>> 2] = this.#newEntry(0, 0);
  }

  /** Adds a series with the `count` label ids (name, value, …) at `idsAt`. */
  addSeries(ref: number, idsAt: number, count: number): void {
    this.#addRef(this.all, ref);
    const first = idsAt >>> 2;
    for (let i = first; i < first + count; i += 2) {
      const nameId = this.arena.u32[i];
      const valueId = this.arena.u32[i + 1];
      const nameEntry = this.find(nameId, 0) || this.#addEntry(nameId, 0, this.rootAt + root.firstName);
      const entry =
        this.find(nameId, valueId) || this.#addEntry(nameId, valueId, nameEntry + posting.firstValue);
      this.#addRef(nameEntry, ref);
      this.#addRef(entry, ref);
    }
  }

  /** Takes refs out of one entry; returns how many series are left in it. */
  removeRefs(entry: number, gone: Runs): number {
    const kept = subtractRuns(this.runsOf(entry), gone);
    let series = 0;
    for (let i = 0; i < kept.length; i += 2) series += kept[i + 1] - kept[i];
    this.#publishRuns(entry, kept);
    this.arena.u32[(entry + posting.series) >>> 2] = series;
    return series;
  }

  /** Unlinks and retires the entries without series. */
  removeEmpty(): void {
    for (const nameEntry of this.names()) this.#unlinkEmpty(nameEntry + posting.firstValue);
    this.#unlinkEmpty(this.rootAt + root.firstName);
    const live: number[] = [];
    for (const nameEntry of this.names()) {
      live.push(nameEntry);
      for (const entry of this.valuesOf(nameEntry)) live.push(entry);
    }
    let size = 4_096;
    while (size < live.length * 2 + 2) size *= 2;
    this.#publishTable(size, live);
  }

  #unlinkEmpty(linkAt: number): void {
    const { u32: words, i32 } = this.arena;
    let link = linkAt;
    let entry = words[link >>> 2];
    while (entry !== 0) {
      const next = words[(entry + posting.next) >>> 2];
      if (words[(entry + posting.series) >>> 2] === 0) {
        Atomics.store(i32, link >>> 2, next);
        this.#retireRuns(words[(entry + posting.runs) >>> 2]);
        this.#kernels.slabRetire(this.#slab, entry, posting.bytes);
      } else {
        link = entry + posting.next;
      }
      entry = next;
    }
  }

  #addEntry(nameId: number, valueId: number, linkAt: number): number {
    const entry = this.#newEntry(nameId, valueId);
    const words = this.arena.u32;
    words[(entry + posting.next) >>> 2] = words[linkAt >>> 2];
    Atomics.store(this.arena.i32, linkAt >>> 2, entry);
    const tableAt = words[(this.rootAt + root.postingsTable) >>> 2];
    const mask = words[(tableAt + table.mask) >>> 2];
    const used = words[(tableAt + table.used) >>> 2] + 1;
    if (used * 2 > mask) {
      const live = [entry];
      for (let slot = 0; slot <= mask; slot++) {
        const known = words[((tableAt + table.slots) >>> 2) + slot];
        if (known !== 0) live.push(known);
      }
      this.#publishTable((mask + 1) * 2, live);
      return entry;
    }
    words[(tableAt + table.used) >>> 2] = used;
    this.#enter(tableAt, entry);
    return entry;
  }

  #enter(tableAt: number, entry: number): void {
    const words = this.arena.u32;
    const mask = words[(tableAt + table.mask) >>> 2];
    const slots = (tableAt + table.slots) >>> 2;
    let slot = mixPair(words[entry >>> 2], words[(entry + posting.value) >>> 2]) & mask;
    while (words[slots + slot] !== 0) slot = (slot + 1) & mask;
    Atomics.store(this.arena.i32, slots + slot, entry);
  }

  #publishTable(size: number, entries: readonly number[]): void {
    const oldAt = this.arena.u32[(this.rootAt + root.postingsTable) >>> 2];
    const freshAt = this.#newTable(size);
    for (const entry of entries) this.#enter(freshAt, entry);
    const words = this.arena.u32;
    words[(freshAt + table.used) >>> 2] = entries.length;
    Atomics.store(this.arena.i32, (this.rootAt + root.postingsTable) >>> 2, freshAt);
    this.#kernels.slabRetire(this.#slab, oldAt, table.slots + (words[(oldAt + table.mask) >>> 2] + 1) * 4);
  }

  #newTable(size: number): number {
    const tableAt = this.#allocate(table.slots + size * 4);
    this.arena.u32[(tableAt + table.mask) >>> 2] = size - 1;
    return tableAt;
  }

  #newEntry(nameId: number, valueId: number): number {
    const entry = this.#allocate(posting.bytes);
    this.arena.u32[entry >>> 2] = nameId;
    this.arena.u32[(entry + posting.value) >>> 2] = valueId;
    return entry;
  }

  #addRef(entry: number, ref: number): void {
    const words = this.arena.u32;
    words[(entry + posting.series) >>> 2]++;
    const block = words[(entry + posting.runs) >>> 2];
    const count = block === 0 ? 0 : words[block >>> 2];
    const pairs = (block + runsLayout.pairs) >>> 2;
    if (count > 0 && words[pairs + count * 2 - 1] > ref) {
      this.#insertRef(entry, ref);
    } else if (count > 0 && words[pairs + count * 2 - 1] === ref) {
      Atomics.store(this.arena.i32, pairs + count * 2 - 1, ref + 1);
    } else if (block !== 0 && count < words[(block + runsLayout.capacity) >>> 2]) {
      words[pairs + count * 2] = ref;
      words[pairs + count * 2 + 1] = ref + 1;
      Atomics.store(this.arena.i32, block >>> 2, count + 1);
    } else {
      this.#growRuns(entry, ref, block, count);
    }
  }

  /** Moves an entry's runs to a block twice as large, with `ref` behind them. */
  #growRuns(entry: number, ref: number, oldBlock: number, count: number): void {
    const capacity = count < 2 ? count + 1 : count * 2;
    const block = this.#allocate(runsLayout.pairs + capacity * 8);
    const words = this.arena.u32;
    const pairs = (block + runsLayout.pairs) >>> 2;
    const oldPairs = (oldBlock + runsLayout.pairs) >>> 2;
    if (count > 0) words.copyWithin(pairs, oldPairs, oldPairs + count * 2);
    words[pairs + count * 2] = ref;
    words[pairs + count * 2 + 1] = ref + 1;
    words[block >>> 2] = count + 1;
    words[(block + runsLayout.capacity) >>> 2] = capacity;
    Atomics.store(this.arena.i32, (entry + posting.runs) >>> 2, block);
    this.#retireRuns(oldBlock);
  }

  /** A ref that is not the highest: only replay brings those. */
  #insertRef(entry: number, ref: number): void {
    const old = this.runsOf(entry);
    const merged: number[] = [];
    let placed = false;
    const push = (first: number, end: number): void => {
      if (merged.length > 0 && (merged.at(-1) as number) >= first) merged[merged.length - 1] = end;
      else merged.push(first, end);
    };
    for (let i = 0; i < old.length; i += 2) {
      if (!placed && ref < old[i]) {
        push(ref, ref + 1);
        placed = true;
      }
      push(old[i], old[i + 1]);
    }
    if (!placed) push(ref, ref + 1);
    this.#publishRuns(entry, Uint32Array.from(merged));
  }

  /** Replaces an entry's block by one with `pairs`. */
  #publishRuns(entry: number, pairs: Uint32Array): void {
    const old = this.arena.u32[(entry + posting.runs) >>> 2];
    let block = 0;
    if (pairs.length > 0) {
      const capacity = pairs.length / 2;
      block = this.#allocate(runsLayout.pairs + capacity * 8);
      const words = this.arena.u32;
      words[block >>> 2] = pairs.length / 2;
      words[(block + runsLayout.capacity) >>> 2] = capacity;
      words.set(pairs, (block + runsLayout.pairs) >>> 2);
    }
    Atomics.store(this.arena.i32, (entry + posting.runs) >>> 2, block);
    this.#retireRuns(old);
  }

  #retireRuns(block: number): void {
    if (block === 0) return;
    const capacity = this.arena.u32[(block + runsLayout.capacity) >>> 2];
    this.#kernels.slabRetire(this.#slab, block, runsLayout.pairs + capacity * 8);
  }

  #allocate(sizeBytes: number): number {
    const at = this.#kernels.slabAllocate(this.#slab, sizeBytes) >>> 0;
    // The kernel could not grow the memory: let the arena say so in its words.
    return at === 0 ? this.arena.refuse() : at;
  }
}

function mixPair(nameId: number, valueId: number): number {
  const mixed = Math.imul(nameId ^ Math.imul(valueId, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
