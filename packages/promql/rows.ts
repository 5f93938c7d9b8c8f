/**
 * Rows: what operators hand to each other. A row is one series at all steps: float64 values in the scratch
 * and a bitmap that says at which steps there is a value (NaN is a value like any other).
 *
 * A row may have native histograms: then a second bitmap, of kinds, says at which steps the value is the
 * address of a histogram's record (`@narthex/storage/histogram-record`). Rows without are told from the
 * others by a flag, once per row; they know nothing of records.
 *
 * Invariants
 *  - Rows and bitmaps start at multiples of 16; bits at and after the last step are 0; all words of a
 *    bitmap are set before it is handed on. Values and kinds at absent steps are garbage.
 *  - Records live in the block's `records`, or in the query's lasting ones. Whoever owns a block calls
 *    `reset` before it is filled anew.
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

/** Where rows are put: values and bitmaps in the scratch, histograms in the records. */
export interface RowSpace {
  readonly scratch: Scratch;
  readonly records: Scratch;
}

/** Where the parts of a row are; `kindsAt` is 0 when all its values are floats. */
export interface RowAt {
  readonly valuesAt: number;
  readonly presenceAt: number;
  readonly kindsAt: number;
}

/** Room for consecutive rows. */
export class RowBlock {
  readonly layout: RowLayout;
  readonly capacity: number;
  /** Where records of the rows go. */
  readonly records: Scratch;
  /** Per row, not 0 when some of its values are histograms. */
  readonly hasHistograms: Uint8Array;
  readonly #at: RowAt;

  private constructor(layout: RowLayout, hasHistograms: Uint8Array, at: RowAt, records: Scratch) {
    this.layout = layout;
    this.capacity = hasHistograms.length;
    this.hasHistograms = hasHistograms;
    this.#at = at;
    this.records = records;
  }

  /** Fresh room for `capacity` rows. Their content is garbage; none is said to have histograms. */
  static take({ scratch, records }: RowSpace, layout: RowLayout, capacity: number): RowBlock {
    const valuesAt = scratch.take(capacity * layout.rowBytes);
    const presenceAt = scratch.take(capacity * layout.bitmapBytes);
    const kindsAt = scratch.take(capacity * layout.bitmapBytes);
    return new RowBlock(layout, new Uint8Array(capacity), { valuesAt, presenceAt, kindsAt }, records);
  }

  /** The rows from `first` on. */
  from(first: number): RowBlock {
    if (first === 0) return this;
    const at = {
      valuesAt: this.valuesAt(first),
      presenceAt: this.presenceAt(first),
      kindsAt: this.kindsAt(first),
    };
    return new RowBlock(this.layout, this.hasHistograms.subarray(first), at, this.records);
  }

  /** The first `count` rows. */
  upTo(count: number): RowBlock {
    return new RowBlock(this.layout, this.hasHistograms.subarray(0, count), this.#at, this.records);
  }

  /** The same rows with records elsewhere. */
  withRecords(records: Scratch): RowBlock {
    return new RowBlock(this.layout, this.hasHistograms, this.#at, records);
  }

  /** Gives up rows and records, before other rows are put here. Only where the block has its own records. */
  reset(): void {
    this.hasHistograms.fill(0);
    this.records.reset();
  }

  /** Address of the values of row `row`. */
  valuesAt(row: number): number {
    return this.#at.valuesAt + row * this.layout.rowBytes;
  }

  /** Address of the bitmap of row `row`. */
  presenceAt(row: number): number {
    return this.#at.presenceAt + row * this.layout.bitmapBytes;
  }

  /** Address of the bitmap of kinds of row `row`, whether it is in use or not. */
  kindsAt(row: number): number {
    return this.#at.kindsAt + row * this.layout.bitmapBytes;
  }

  /** Address of the bitmap of kinds of row `row`; 0 when all its values are floats. */
  kindsOf(row: number): number {
    return this.hasHistograms[row] === 0 ? 0 : this.kindsAt(row);
  }

  /** Where row `row` is. */
  row(row: number): RowAt {
    return { valuesAt: this.valuesAt(row), presenceAt: this.presenceAt(row), kindsAt: this.kindsOf(row) };
  }

  /** Copies a bitmap of kinds for row `row`; from address 0: the row has floats only. */
  setKinds(row: number, words: Uint32Array, from: number): void {
    this.hasHistograms[row] = from === 0 ? 0 : 1;
    if (from !== 0) copyBitmap(words, from, this.kindsAt(row), this.layout);
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
