/**
 * The memory of one target's last page, by which the next page is read without lexing.
 *
 *   scrape-request (page in the arena) → PAGE TEMPLATE: match, else learn → scrape-append (refs and values
 *   as columns)
 *
 * A page whose lines equal the template's up to their values only has its numbers read (`match`, about 15 ns
 * a line). Any other page is read by `learn`, which keeps what is known: lines found in the old template
 * bring their refs along, and only new lines are parsed. Both accept exactly the pages that the format's
 * parser accepts, with its errors.
 *
 * Invariants
 *  - Row i of each column belongs to the i-th sample line of the last page that was learned or matched.
 *  - The template changes only when `learn` succeeds. A `match` that fails or throws spoils values and times.
 *
 * Lifetime: the columns' addresses hold until the next `learn` or `free`. The page must lie in the arena
 * with 32 readable bytes behind it, the first of which is overwritten; it may be reused once the call has
 * returned.
 */

import { ArenaFullError } from "@narthex/kernel/arena";
import { lineFlag } from "@narthex/kernel/page-diff";
import { assert } from "@narthex/platform/assert";
import { lineParserFor, type LineFormat } from "./content-type.ts";
import type { LineParser } from "./exposition-parser.ts";
import type { PageMemory, PageWalk, RowExemplars } from "./page-memory.ts";
import { PageReading, typeOfBound, type MetadataLine } from "./page-reading.ts";

/** What `learn` found. */
export interface Learned {
  /** Rows whose ref is 0, ascending: look at their labels, then set their refs. */
  readonly fresh: readonly number[];
  /**
   * Refs (not 0) of lines that are no longer in the page and that no line known before holds. When a fresh
   * line turns out to be the same series, its ref is in here too.
   */
  readonly gone: readonly number[];
  /** HELP, TYPE and UNIT lines that were not in the template. */
  readonly metadata: readonly MetadataLine[];
}

/** The template of one target. */
export class PageTemplate {
  readonly format: LineFormat;
  /** Rows in the columns. */
  sampleCount = 0;
  /** Address of the values, float64 each, 8-byte aligned. NaN is 0x7ff8000000000001. */
  valuesAt = 0;
  /**
   * Address of the times that the page gives, float64 milliseconds each, NaN for none; 0 when no line has
   * one.
   */
  timesAt = 0;
  /** Address of the refs, u32 each, set by the caller; 0 is none. */
  refsAt = 0;
  /** Exemplars of the last page, by ascending row; none after a `match` that failed. */
  exemplars: readonly RowExemplars[] = [];
  readonly #memory: PageMemory;
  #blockAt = 0;
  #blockBytes = 0;
  #keysAt = 0;
  #indexAt = 0;
  #lines = 0;
  #matchable = false;
  /** Where `labelPairs` was last: it is called for ascending rows. */
  #cursorLine = 0;
  #cursorSample = 0;

  constructor(memory: PageMemory, format: LineFormat) {
    this.#memory = memory;
    this.format = format;
  }

  /**
   * Whether the page has the lines of the template: then the values (and times) are its. Throws
   * `ExpositionError` when it has, up to a line with a bad value.
   */
  match(pageAt: number, sizeBytes: number): boolean {
    if (!this.#matchable) return false;
    const memory = this.#memory;
    const endAt = pageAt + sizeBytes;
    memory.begin(this.format, this.#layout(), endAt);
    const walk: PageWalk = {
      valuesAt: this.valuesAt,
      timesAt: this.timesAt,
      exemplars: [],
      line: 0,
      pageAt,
      sample: 0,
    };
    const followed = memory.walk(walk, () => this.#parser(pageAt, sizeBytes), pageAt, sizeBytes);
    const matched = followed && walk.line === this.#lines && walk.pageAt >= endAt;
    this.exemplars = matched ? walk.exemplars : [];
    return matched;
  }

  /**
   * Takes the page as the new template. Throws `ExpositionError` and changes nothing when the page is bad.
   */
  learn(pageAt: number, sizeBytes: number): Learned {
    const { scratch } = this.#memory;
    const mark = scratch.mark();
    try {
      const old = { ...this.#layout(), sampleCount: this.sampleCount, refsAt: this.refsAt };
      let reading = new PageReading(this.#memory, this.format, old, pageAt, sizeBytes);
      if (!reading.read()) {
        // A line was the template's but for its blanks: read all by the definition.
        scratch.release(mark);
        reading = new PageReading(this.#memory, this.format, { ...old, lines: 0 }, pageAt, sizeBytes);
        const done = reading.read();
        assert(done, "without a template nothing can be mistaken");
      }
      const gone = reading.gone();
      this.#adopt(reading);
      this.exemplars = reading.exemplars;
      return { fresh: reading.fresh, gone, metadata: reading.metadata };
    } finally {
      scratch.release(mark);
    }
  }

  /** Labels of a row's line, as `ExpositionParser.labelPairs` gives them. Cheapest for ascending rows. */
  labelPairs(row: number): string[] {
    assert(row < this.sampleCount, "a row has a line");
    const words = this.#memory.arena.u32;
    if (row < this.#cursorSample) this.#cursorLine = this.#cursorSample = 0;
    for (; ; this.#cursorLine++) {
      const entry = this.#indexAt / 4 + 2 * this.#cursorLine;
      const word = words[entry + 1];
      if ((word & lineFlag.opaque) !== 0) continue;
      if (this.#cursorSample === row) {
        const type = typeOfBound((word >>> lineFlag.boundShift) & 3);
        return this.#memory.keyLabels(this.format, this.#keysAt + words[entry], word & lineFlag.length, type);
      }
      this.#cursorSample++;
    }
  }

  /** Bytes of the arena that the template holds. */
  get sizeBytes(): number {
    return this.#blockBytes;
  }

  /** Gives the memory back; the template is then empty and may learn again. */
  free(): void {
    const { kernels, slab } = this.#memory;
    if (this.#blockAt !== 0) kernels.slabFree(slab, this.#blockAt, this.#blockBytes);
    this.#blockAt = this.#blockBytes = this.#keysAt = this.#indexAt = this.#lines = 0;
    this.sampleCount = this.valuesAt = this.timesAt = this.refsAt = 0;
    this.#cursorLine = this.#cursorSample = 0;
    this.#matchable = false;
    this.exemplars = [];
  }

  #layout(): { keysAt: number; indexAt: number; lines: number } {
    return { keysAt: this.#keysAt, indexAt: this.#indexAt, lines: this.#matchable ? this.#lines : 0 };
  }

  #parser(pageAt: number, sizeBytes: number): LineParser {
    return lineParserFor(this.format, this.#memory.arena.u8.subarray(pageAt, pageAt + sizeBytes));
  }

  /** Moves what was read from the scratch into a block of its own: index, keys, values, times, refs. */
  #adopt(reading: PageReading): void {
    const { kernels, slab, arena } = this.#memory;
    const { lines, samples, hasTimes } = reading;
    const keysOffset = align16(lines * 8);
    const valuesOffset = align16(keysOffset + reading.keyBytes + 16);
    const timesOffset = valuesOffset + samples * 8;
    const refsOffset = timesOffset + (hasTimes ? samples * 8 : 0);
    const blockBytes = refsOffset + samples * 4;
    const blockAt = kernels.slabAllocate(slab, blockBytes) >>> 0;
    if (blockAt === 0) throw new ArenaFullError(`cannot keep a page template: want ${blockBytes} bytes`);
    kernels.pageCompact(reading.sourcesAt, lines, blockAt + keysOffset, blockAt);
    const bytes = arena.u8;
    bytes.copyWithin(blockAt + valuesOffset, reading.valuesAt, reading.valuesAt + samples * 8);
    if (hasTimes) bytes.copyWithin(blockAt + timesOffset, reading.timesAt, reading.timesAt + samples * 8);
    bytes.copyWithin(blockAt + refsOffset, reading.refsAt, reading.refsAt + samples * 4);
    this.free();
    this.#blockAt = blockAt;
    this.#blockBytes = blockBytes;
    this.#indexAt = blockAt;
    this.#keysAt = blockAt + keysOffset;
    this.#lines = lines;
    this.#matchable = reading.matchable;
    this.sampleCount = samples;
    this.valuesAt = blockAt + valuesOffset;
    this.timesAt = hasTimes ? blockAt + timesOffset : 0;
    this.refsAt = blockAt + refsOffset;
  }
}

function align16(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 16) * 16;
}
