/**
 * The one shared memory: everything whose count grows with series or samples lives here, as columns and
 * slabs, seen alike by the main thread (the single writer) and by the workers (readers), through typed arrays
 * and through kernels.
 *
 * Page 0 holds control words, then come the kernels' constants, then pages handed out by `allocatePages`.
 *
 * Publication protocol (who may read what, when)
 *  1. Only the main thread changes head structures. It writes the bytes first, then the word that makes them
 *     reachable (a pointer or a count) with an atomic store.
 *  2. A reader loads that word atomically and touches only what it covers. An append-only column is readable
 *     up to its published count, a chunk up to its published sample count: later bytes may be half written,
 *     earlier ones are final.
 *  3. What is unlinked is not freed but retired with the current epoch. A reader announces the epoch it
 *     entered in; a retired block is reused only after every announced epoch is later than the block's
 *     (assembly/slab.ts).
 *  4. A reader holds no address across `leaveEpoch`.
 *
 * Invariants
 *  - Memory only grows, and views grow with it, whoever grows it: take `arena.f64` anew after anything that
 *    may allocate, never keep it in a field. Addresses stay valid.
 *  - `pageBytes` divides every address that `allocatePages` returns.
 *
 * Limits: 4 GiB (wasm32). `allocatePages` throws `ArenaFullError` beyond that.
 */

import { assert } from "@narthex/platform/assert";
import { webAssembly, type SharedMemory } from "./web-assembly.ts";

/** Bytes of a WebAssembly page. */
export const pageBytes = 65_536;
/** Where allocatable memory starts; control words and kernel constants lie below. */
export const arenaStart = 1_048_576;
/** The most pages a 32-bit memory can have. */
const maxPages = 65_536;

/** Indexes of the control words (u32) in page 0. */
export const controlWord = {
  /** Next free page, moved by atomic add; any thread may allocate pages. */
  nextPage: 1,
  /** The current epoch, moved by the main thread only. */
  epoch: 2,
  /** Announced epochs of the readers, 0 when outside; `readerSlots` words. */
  readers: 16,
  /** Addresses of root structures, published by the main thread; meaning is the owner's. */
  roots: 128,
} as const;

/** How many readers can be inside at once: workers and the main thread. */
export const readerSlots = 64;

/** No room is left in the 4 GiB of the shared memory, or the machine refused to give more. */
export class ArenaFullError extends Error {
  override readonly name = "ArenaFullError";
  readonly code = "ARENA_FULL";
}

/** A view on the shared memory from one thread. */
export class Arena {
  readonly memory: SharedMemory;
  #u8!: Uint8Array;
  #i32!: Int32Array;
  #u32!: Uint32Array;
  #f64!: Float64Array;
  #u64!: BigUint64Array;
  #bytes!: Buffer<SharedArrayBuffer>;
  /**
   * Pages that the views cover. A thread learns late that another one has grown the memory: so views are
   * taken anew when more pages are handed out than they cover, which is known before any address in them is
   * published.
   */
  #pages = 0;

  private constructor(memory: SharedMemory) {
    this.memory = memory;
    this.#takeViews();
  }

  /** A new memory of at least `initialBytes`. The creating thread is the writer. */
  static create(initialBytes = 16 * 1_048_576): Arena {
    const initial = Math.max(Math.ceil(initialBytes / pageBytes), arenaStart / pageBytes);
    const arena = new Arena(new webAssembly.Memory({ initial, maximum: maxPages, shared: true }));
    Atomics.store(arena.i32, controlWord.nextPage, arenaStart / pageBytes);
    Atomics.store(arena.i32, controlWord.epoch, 1);
    return arena;
  }

  /** The same memory, seen from another thread that was handed `memory`. */
  static attach(memory: SharedMemory): Arena {
    return new Arena(memory);
  }

  get u8(): Uint8Array {
    if (this.#u32[controlWord.nextPage] > this.#pages) this.#takeViews();
    return this.#u8;
  }

  get i32(): Int32Array {
    if (this.#u32[controlWord.nextPage] > this.#pages) this.#takeViews();
    return this.#i32;
  }

  get u32(): Uint32Array {
    if (this.#u32[controlWord.nextPage] > this.#pages) this.#takeViews();
    return this.#u32;
  }

  get f64(): Float64Array {
    if (this.#u32[controlWord.nextPage] > this.#pages) this.#takeViews();
    return this.#f64;
  }

  get u64(): BigUint64Array {
    if (this.#u32[controlWord.nextPage] > this.#pages) this.#takeViews();
    return this.#u64;
  }

  /** Bytes that the memory has now. */
  get sizeBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /**
   * Makes sure this thread's views cover addresses below `endAddress`, which another thread may have
   * allocated. Call it once per address received from outside, before taking views.
   */
  cover(endAddress: number): void {
    if (endAddress > this.#u8.length) this.#takeViews();
    assert(endAddress <= this.#u8.length, "an address received lies inside the memory");
  }

  /** The UTF-8 text of `sizeBytes` bytes at `at`. */
  text(at: number, sizeBytes: number): string {
    if (this.#u32[controlWord.nextPage] > this.#pages) this.#takeViews();
    return this.#bytes.toString("utf8", at, at + sizeBytes);
  }

  /** Writes `text` as UTF-8 to `at`, where 3 bytes per UTF-16 unit are free; returns its size in bytes. */
  putText(text: string, at: number): number {
    if (this.#u32[controlWord.nextPage] > this.#pages) this.#takeViews();
    return this.#bytes.write(text, at, "utf8");
  }

  /** Bytes that can still be allocated. */
  get freeBytes(): number {
    return (maxPages - Atomics.load(this.i32, controlWord.nextPage)) * pageBytes;
  }

  /** The address of fresh, zeroed pages with room for `sizeBytes`. Any thread may call it. Never freed. */
  allocatePages(sizeBytes: number): number {
    const count = Math.max(1, Math.ceil(sizeBytes / pageBytes));
    const first = Atomics.add(this.i32, controlWord.nextPage, count);
    if (first + count > maxPages) {
      Atomics.sub(this.i32, controlWord.nextPage, count);
      this.refuse(first + count);
    }
    this.#growTo(first + count);
    return first * pageBytes;
  }

  /**
   * Says that the memory is full: for callers of kernels that returned address 0. Throws `ArenaFullError`.
   */
  refuse(endPage = maxPages + 1): never {
    const have = this.memory.buffer.byteLength;
    throw new ArenaFullError(
      `cannot grow the shared memory: want ${endPage * pageBytes} bytes, have ${have}`,
    );
  }

  #growTo(endPage: number): void {
    for (;;) {
      const havePages = this.memory.buffer.byteLength / pageBytes;
      if (endPage <= havePages) return;
      // Grow by an eighth, at least 16 MiB, so that growth is rare; settle for less near the end.
      const wanted = Math.min(maxPages, Math.max(endPage, havePages + Math.max(256, havePages >> 3)));
      if (!this.#tryGrow(wanted - havePages) && !this.#tryGrow(endPage - havePages)) this.refuse(endPage);
    }
  }

  /**
   * Another thread may grow in between: then this fails or gives more than asked, and the caller looks again.
   */
  #tryGrow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  #takeViews(): void {
    // Growing by nothing makes this thread see what others have grown.
    this.memory.grow(0);
    const { buffer } = this.memory;
    this.#pages = buffer.byteLength / pageBytes;
    this.#u8 = new Uint8Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#u64 = new BigUint64Array(buffer);
    this.#bytes = Buffer.from(buffer);
  }
}
