/**
 * Rows: what operators hand to each other. A row is one series at all steps: float64 values in the scratch
 * and a bitmap that says at which steps there is a value (NaN is a value like any other).
 *
 * Invariants
 *  - Rows and bitmaps start at multiples of 16; bits at and after the last step are 0; all words of a
 *    bitmap are set before it is handed on. Values at absent steps are garbage.
 */

import type { Arena } from "@narthex/kernel/arena";
import type { Scratch } from "@narthex/kernel/scratch";
import { assert } from "@narthex/platform/assert";

/** The most rows a block holds. */
export const maxBlockRows = 256;
const blockBytes = 1_048_576;

/** Sizes of rows of `steps` steps. */
export class RowLayout {
  readonly steps: number;
  /** Words of 32 bits in a bitmap. */
  readonly words: number;
  readonly rowBytes: number;
  readonly bitmapBytes: number;

  constructor(steps: number) {
    assert(steps > 0, "a row has steps");
    this.steps = steps;
    this.words = (steps + 31) >>> 5;
    this.rowBytes = (steps * 8 + 15) & ~15;
    this.bitmapBytes = (this.words * 4 + 15) & ~15;
  }

  /** How many rows fit a block of about 1 MiB. */
  get blockRows(): number {
    return Math.min(maxBlockRows, Math.max(1, Math.floor(blockBytes / this.rowBytes)));
  }
}

/** Room for consecutive rows. */
export class RowBlock {
  readonly layout: RowLayout;
  readonly capacity: number;
  readonly #valuesAt: number;
  readonly #presenceAt: number;

  private constructor(layout: RowLayout, capacity: number, valuesAt: number, presenceAt: number) {
    this.layout = layout;
    this.capacity = capacity;
    this.#valuesAt = valuesAt;
    this.#presenceAt = presenceAt;
  }

  /** Fresh room for `capacity` rows. Their content is garbage. */
  static take(scratch: Scratch, layout: RowLayout, capacity: number): RowBlock {
    const valuesAt = scratch.take(capacity * layout.rowBytes);
    return new RowBlock(layout, capacity, valuesAt, scratch.take(capacity * layout.bitmapBytes));
  }

  /** The rows from `first` on. */
  from(first: number): RowBlock {
    if (first === 0) return this;
    return new RowBlock(this.layout, this.capacity - first, this.valuesAt(first), this.presenceAt(first));
  }

  /** The first `count` rows. */
  upTo(count: number): RowBlock {
    return new RowBlock(this.layout, count, this.#valuesAt, this.#presenceAt);
  }

  /** Address of the values of row `row`. */
  valuesAt(row: number): number {
    return this.#valuesAt + row * this.layout.rowBytes;
  }

  /** Address of the bitmap of row `row`. */
  presenceAt(row: number): number {
    return this.#presenceAt + row * this.layout.bitmapBytes;
  }
}

/** Whether a bitmap has no bit set. */
export function isEmptyBitmap(words: Uint32Array, at: number, layout: RowLayout): boolean {
  const first = at >>> 2;
  for (let w = first; w < first + layout.words; w++) if (words[w] !== 0) return false;
  return true;
}

/** How many bits are set. */
export function countBits(words: Uint32Array, at: number, layout: RowLayout): number {
  const first = at >>> 2;
  let count = 0;
  for (let w = first; w < first + layout.words; w++) count += bitsOf(words[w]);
  return count;
}

function bitsOf(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Whether step `step` is present in the bitmap at `at`. */
export function hasBit(words: Uint32Array, at: number, step: number): boolean {
  return ((words[(at >>> 2) + (step >>> 5)] >>> (step & 31)) & 1) !== 0;
}

/** Marks step `step` present. */
export function setBit(words: Uint32Array, at: number, step: number): void {
  words[(at >>> 2) + (step >>> 5)] |= 1 << (step & 31);
}

/** Marks no step present. */
export function clearBitmap(words: Uint32Array, at: number, layout: RowLayout): void {
  words.fill(0, at >>> 2, (at >>> 2) + layout.words);
}

/** Marks every step present. */
export function fillBitmap(words: Uint32Array, at: number, layout: RowLayout): void {
  const first = at >>> 2;
  words.fill(0xffffffff, first, first + layout.words);
  const rest = layout.steps & 31;
  if (rest !== 0) words[first + layout.words - 1] = 2 ** rest - 1;
}

/** Copies a bitmap. */
export function copyBitmap(words: Uint32Array, from: number, to: number, layout: RowLayout): void {
  words.copyWithin(to >>> 2, from >>> 2, (from >>> 2) + layout.words);
}

/** Copies the values of a row, bit by bit. */
export function copyValues(arena: Arena, from: number, to: number, layout: RowLayout): void {
  arena.u8.copyWithin(to, from, from + layout.rowBytes);
}

/** `into |= bits`. Returns whether some bit was set in both before. */
export function mergeBitmap(words: Uint32Array, into: number, bits: number, layout: RowLayout): boolean {
  let overlap = 0;
  const a = into >>> 2;
  const b = bits >>> 2;
  for (let w = 0; w < layout.words; w++) {
    overlap |= words[a + w] & words[b + w];
    words[a + w] |= words[b + w];
  }
  return overlap !== 0;
}
