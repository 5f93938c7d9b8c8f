/**
 * The head's symbols: every label name and value once, as bytes in the arena, known by a small integer. Id 0
 * is the empty string. Ids are never given out twice.
 *
 * `SymbolReader` works on any thread, `SymbolWriter` on the main thread only.
 *
 * Invariants
 *  - A published symbol's bytes never change; its block is retired when the last series that uses it goes.
 *  - The hash table holds every live symbol, is at most half full, and is replaced as a whole when it grows.
 */

import { assert } from "@narthex/platform/assert";
import type { Arena } from "@narthex/kernel/arena";
import type { Kernels } from "@narthex/kernel/load";
import { root, symbol, symbolSegmentShift, table } from "./head-layout.ts";

const segmentSize = 1 << symbolSegmentShift;
/** Symbols that can ever be given out: the directory is one page. */
const mostSymbols = (65_536 / 4) * segmentSize;
/** The most texts that the writer remembers as JavaScript strings. */
const rememberedTexts = 65_536;

/** Looks symbols up, on any thread. */
export class SymbolReader {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly rootAt: number;
  /** Room for a text that is looked up; grows. */
  #textAt = 0;
  #textBytes = 0;

  constructor(arena: Arena, kernels: Kernels, rootAt: number) {
    this.arena = arena;
    this.kernels = kernels;
    this.rootAt = rootAt;
  }

  /** Symbols given out so far, id 0 included. */
  get count(): number {
    return Atomics.load(this.arena.i32, (this.rootAt + root.symbolCount) >>> 2) >>> 0;
  }

  /** The text of a live symbol. */
  text(id: number): string {
    if (id === 0) return "";
    const block = this.blockOf(id);
    return this.arena.text(block + symbol.text, this.arena.u32[(block + symbol.textBytes) >>> 2]);
  }

  /** Bytes of a live symbol's text. */
  sizeOf(id: number): number {
    return id === 0 ? 0 : this.arena.u32[(this.blockOf(id) + symbol.textBytes) >>> 2];
  }

  /** The id of `text`, -1 when the head does not know it. */
  find(text: string): number {
    if (text === "") return 0;
    const sizeBytes = this.putText(text);
    return this.findBytes(this.#textAt, sizeBytes, this.kernels.hashBytes(this.#textAt, sizeBytes) >>> 0);
  }

  /** The address of a symbol's block. */
  protected blockOf(id: number): number {
    const words = this.arena.u32;
    const directory = words[(this.rootAt + root.symbolDirectory) >>> 2];
    const segment = words[(directory >>> 2) + (id >>> symbolSegmentShift)];
    const block = words[(segment >>> 2) + (id & (segmentSize - 1))];
    assert(block !== 0, "a symbol that is used is live");
    return block;
  }

  /** Copies `text` to this reader's own room; its address is `textAt`. Returns its size in bytes. */
  protected putText(text: string): number {
    const most = text.length * 3;
    if (most > this.#textBytes) {
      this.#textBytes = Math.max(65_536, most);
      this.#textAt = this.arena.allocatePages(this.#textBytes);
    }
    return this.arena.putText(text, this.#textAt);
  }

  protected get textAt(): number {
    return this.#textAt;
  }

  protected findBytes(at: number, sizeBytes: number, hash: number): number {
    const { i32 } = this.arena;
    const tableAt = Atomics.load(i32, (this.rootAt + root.symbolTable) >>> 2) >>> 0;
    const words = this.arena.u32;
    const mask = words[(tableAt + table.mask) >>> 2];
    const slots = (tableAt + table.slots) >>> 2;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = Atomics.load(i32, slots + slot) >>> 0;
      if (id === 0) return -1;
      const block = this.blockOf(id);
      if (words[block >>> 2] === hash && this.#sameBytes(block, at, sizeBytes)) return id;
    }
  }

  #sameBytes(block: number, at: number, sizeBytes: number): boolean {
    if (this.arena.u32[(block + symbol.textBytes) >>> 2] !== sizeBytes) return false;
    const bytes = this.arena.u8;
    const text = block + symbol.text;
    for (let i = 0; i < sizeBytes; i++) if (bytes[text + i] !== bytes[at + i]) return false;
    return true;
  }
}

/** Gives symbols out, on the main thread. */
export class SymbolWriter extends SymbolReader {
  readonly #slab: number;
  /** Texts looked up lately; cleared when full and when symbols are removed. */
  readonly #known = new Map<string, number>();

  constructor(arena: Arena, kernels: Kernels, rootAt: number, slab: number) {
    super(arena, kernels, rootAt);
    this.#slab = slab;
    const words = arena.u32;
    words[(rootAt + root.symbolDirectory) >>> 2] = arena.allocatePages(65_536);
    words[(rootAt + root.symbolCount) >>> 2] = 1;
    arena.u32[(rootAt + root.symbolTable) >>> 2] = this.#newTable(4_096);
  }

  /** The id of `text`, given out now if it is new. It stays only if `use` counts a series for it. */
  intern(text: string): number {
    if (text === "") return 0;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const sizeBytes = this.putText(text);
    const hash = this.kernels.hashBytes(this.textAt, sizeBytes) >>> 0;
    let id = this.findBytes(this.textAt, sizeBytes, hash);
    if (id < 0) id = this.#add(sizeBytes, hash);
    if (this.#known.size >= rememberedTexts) this.#known.clear();
    this.#known.set(text, id);
    return id;
  }

  /** Counts `change` (+1 or -1) series as users of a symbol. */
  use(id: number, change: number): void {
    if (id !== 0) this.arena.u32[(this.blockOf(id) + symbol.uses) >>> 2] += change;
  }

  /** Retires the symbols that no series uses. A reader that is inside may still read their text. */
  removeUnused(): number {
    this.#known.clear();
    const words = this.arena.u32;
    const oldAt = words[(this.rootAt + root.symbolTable) >>> 2];
    const slots = words[(oldAt + table.mask) >>> 2] + 1;
    const removed: number[] = [];
    let kept = 0;
    for (let slot = 0; slot < slots; slot++) {
      const id = words[((oldAt + table.slots) >>> 2) + slot];
      if (id === 0) continue;
      if (words[(this.blockOf(id) + symbol.uses) >>> 2] === 0) removed.push(id);
      else kept++;
    }
    if (removed.length > 0) this.#rebuild(Math.max(4_096, nextPowerOfTwo(kept * 2 + 2)), new Set(removed));
    for (const id of removed) this.#retire(id);
    return removed.length;
  }

  #add(sizeBytes: number, hash: number): number {
    const { arena, rootAt } = this;
    const id = this.count;
    assert(id < mostSymbols, "fewer symbols than the directory holds");
    const block = this.kernels.slabAllocate(this.#slab, symbol.text + sizeBytes) >>> 0;
    if (block === 0) arena.refuse();
    const words = arena.u32;
    words[(block + symbol.hash) >>> 2] = hash;
    words[(block + symbol.textBytes) >>> 2] = sizeBytes;
    arena.u8.copyWithin(block + symbol.text, this.textAt, this.textAt + sizeBytes);
    const entry = (words[(rootAt + root.symbolDirectory) >>> 2] >>> 2) + (id >>> symbolSegmentShift);
    if (words[entry] === 0) {
      const segment = arena.allocatePages(segmentSize * 4);
      Atomics.store(arena.i32, entry, segment);
    }
    arena.u32[(arena.u32[entry] >>> 2) + (id & (segmentSize - 1))] = block;
    Atomics.store(arena.i32, (rootAt + root.symbolCount) >>> 2, id + 1);
    this.#enter(id, hash);
    return id;
  }

  #enter(id: number, hash: number): void {
    const words = this.arena.u32;
    const tableAt = words[(this.rootAt + root.symbolTable) >>> 2];
    const mask = words[(tableAt + table.mask) >>> 2];
    const used = words[(tableAt + table.used) >>> 2] + 1;
    if (used * 2 > mask) {
      this.#rebuild((mask + 1) * 2, new Set());
      this.#enter(id, hash);
      return;
    }
    words[(tableAt + table.used) >>> 2] = used;
    const slots = (tableAt + table.slots) >>> 2;
    let slot = hash & mask;
    while (words[slots + slot] !== 0) slot = (slot + 1) & mask;
    Atomics.store(this.arena.i32, slots + slot, id);
  }

  /** Publishes a table of `size` slots with the symbols of the present one but `without`. */
  #rebuild(size: number, without: ReadonlySet<number>): void {
    const { arena } = this;
    const oldAt = arena.u32[(this.rootAt + root.symbolTable) >>> 2];
    const freshAt = this.#newTable(size);
    const words = arena.u32;
    const oldSlots = words[(oldAt + table.mask) >>> 2] + 1;
    let used = 0;
    for (let i = 0; i < oldSlots; i++) {
      const id = words[((oldAt + table.slots) >>> 2) + i];
      if (id === 0 || without.has(id)) continue;
      let slot = words[this.blockOf(id) >>> 2] & (size - 1);
      while (words[((freshAt + table.slots) >>> 2) + slot] !== 0) slot = (slot + 1) & (size - 1);
      words[((freshAt + table.slots) >>> 2) + slot] = id;
      used++;
    }
    words[(freshAt + table.used) >>> 2] = used;
    Atomics.store(arena.i32, (this.rootAt + root.symbolTable) >>> 2, freshAt);
    this.kernels.slabRetire(this.#slab, oldAt, table.slots + oldSlots * 4);
  }

  #newTable(size: number): number {
    const tableAt = this.kernels.slabAllocate(this.#slab, table.slots + size * 4) >>> 0;
    if (tableAt === 0) this.arena.refuse();
    this.arena.u32[(tableAt + table.mask) >>> 2] = size - 1;
    return tableAt;
  }

  #retire(id: number): void {
    const block = this.blockOf(id);
    const words = this.arena.u32;
    const sizeBytes = symbol.text + words[(block + symbol.textBytes) >>> 2];
    // The directory keeps the address: readers that are inside may still ask, and the id is never used again.
    this.kernels.slabRetire(this.#slab, block, sizeBytes);
  }
}

/** The smallest power of two that is at least `value`. */
export function nextPowerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}
