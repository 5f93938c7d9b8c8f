/**
 * Working memory of one thread for one task: a stack in the arena. Queries, decoders and writers take their
 * columns and rows from here, and give all back at once.
 *
 * Invariants
 *  - Blocks are released in the reverse order of their making: `release(mark)` frees all made after `mark`.
 *  - A block never moves. Its content is whatever was there before.
 *
 * Lifetime: a scratch belongs to one thread and keeps its pages for reuse; `sizeBytes` only grows, in
 * doubling segments, up to the arena's limit (`ArenaFullError`), less what it is told to spare.
 */

import { assert } from "@narthex/platform/assert";
import { ArenaFullError, pageBytes, type Arena } from "./arena.ts";

interface Segment {
  readonly start: number;
  readonly end: number;
}

/** A position to return to. */
export interface ScratchMark {
  readonly segment: number;
  readonly top: number;
}

/** A stack allocator over arena pages. */
export class Scratch {
  readonly arena: Arena;
  readonly #spareBytes: number;
  readonly #segments: Segment[] = [];
  #current = -1;
  #top = 0;

  /** The last `spareBytes` of the arena are left to others. */
  constructor(arena: Arena, spareBytes = 0) {
    this.arena = arena;
    this.#spareBytes = spareBytes;
  }

  /** Bytes held from the arena. */
  get sizeBytes(): number {
    return this.#segments.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /**
   * The address of `sizeBytes` bytes, aligned to 16, with 16 readable bytes behind them (kernels over-read).
   */
  take(sizeBytes: number): number {
    assert(sizeBytes >= 0, "a block has a size");
    const need = (sizeBytes + 31) & ~15;
    assert(need > sizeBytes, "a block is below 2 GiB");
    while (this.#current < 0 || this.#top + need > this.#segments[this.#current].end) {
      this.#enter(need);
    }
    const address = this.#top;
    this.#top += need;
    return address;
  }

  mark(): ScratchMark {
    return { segment: this.#current, top: this.#top };
  }

  /** Frees every block taken since `mark`. */
  release(mark: ScratchMark): void {
    this.#current = mark.segment;
    this.#top = mark.top;
  }

  /** Frees all. */
  reset(): void {
    this.#current = -1;
    this.#top = 0;
  }

  /** Moves to the next segment that can hold `need` bytes, making one when none can. */
  #enter(need: number): void {
    this.#current++;
    if (this.#current === this.#segments.length) {
      const last = this.#segments[this.#current - 1];
      const doubled = last === undefined ? 4 * pageBytes : 2 * (last.end - last.start);
      const size = Math.max(need, Math.min(doubled, 64 * 1_048_576));
      if (this.#spareBytes > 0 && this.arena.freeBytes - size < this.#spareBytes) {
        this.#current--;
        throw new ArenaFullError(`want ${size} bytes, ${this.#spareBytes} bytes are spared for samples`);
      }
      const start = this.arena.allocatePages(size);
      this.#segments.push({ start, end: start + Math.ceil(size / pageBytes) * pageBytes });
    }
    this.#top = this.#segments[this.#current].start;
  }
}
