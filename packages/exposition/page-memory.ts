/**
 * What all page templates of a process share: the arena with its allocators, the kernels, and the structs
 * through which the kernel `page-diff` is called.
 *
 * Lifetime: one per process (the main thread). Nothing here is kept between two calls of a template.
 */

import type { Arena } from "@narthex/kernel/arena";
import { loadKernels, type Kernels } from "@narthex/kernel/load";
import { powersOfTen } from "@narthex/kernel/number-parse";
import { pageJob, pageJobBytes } from "@narthex/kernel/page-diff";
import type { Scratch } from "@narthex/kernel/scratch";
import { assert } from "@narthex/platform/assert";
import { lineParserFor, type LineFormat } from "./content-type.ts";
import type { LineParser, MetricType, PageExemplar } from "./exposition-parser.ts";

const slowRoom = 512;
const slowWords = 4;

/** The part of a template that the kernel walks. Addresses in the arena. */
export interface PageLayout {
  readonly keysAt: number;
  readonly indexAt: number;
  readonly lines: number;
}

/** The exemplars of one row. */
export interface RowExemplars {
  readonly row: number;
  readonly exemplars: readonly PageExemplar[];
}

/** Where `pageDiff` stores what it reads, and where it stopped. */
export interface PageWalk {
  /** Columns: float64 per sample; `timesAt` is 0 when there is none. */
  readonly valuesAt: number;
  readonly timesAt: number;
  /** Exemplars are added here. */
  readonly exemplars: RowExemplars[];
  line: number;
  /** Address in the page. */
  pageAt: number;
  sample: number;
}

/** Shared means of all templates. */
export class PageMemory {
  readonly arena: Arena;
  readonly kernels: Kernels;
  /** Address of the slab allocator's state. */
  readonly slab: number;
  readonly scratch: Scratch;
  readonly #jobAt: number;
  readonly #slowAt: number;
  #keyBuffer = new Uint8Array(4096);
  #keyParsers = new Map<LineFormat, LineParser>();

  /** `slab` comes from `kernels.slabCreate()`; templates allocate from it. `scratch` is this thread's. */
  constructor(arena: Arena, slab: number, scratch: Scratch) {
    this.arena = arena;
    this.kernels = loadKernels(arena);
    this.slab = slab;
    this.scratch = scratch;
    this.#jobAt = arena.allocatePages(pageJobBytes + slowRoom * slowWords * 4);
    this.#slowAt = this.#jobAt + pageJobBytes;
    this.#set(pageJob.slow, this.#slowAt);
    this.#set(pageJob.slowRoom, slowRoom);
    this.#set(pageJob.powers, powersOfTen(arena));
  }

  /**
   * Prepares the walk of the page in [pageAt, endAt) beside `layout`, and puts a line feed behind the page.
   */
  begin(format: LineFormat, layout: PageLayout, endAt: number): void {
    this.arena.u8[endAt] = 10;
    this.#set(pageJob.keys, layout.keysAt);
    this.#set(pageJob.index, layout.indexAt);
    this.#set(pageJob.lines, layout.lines);
    this.#set(pageJob.end, endAt);
    this.#set(pageJob.format, format === "text" ? 0 : 1);
  }

  /**
   * Walks on from where `walk` stands. `parser` reads the lines that the kernel notes; the page starts at
   * `pageAt` and has `sizeBytes`. False when one of those lines is not the template's: the walk has then
   * gone too far. Throws `ExpositionError` at a line that is bad.
   */
  walk(walk: PageWalk, parser: () => LineParser, pageAt: number, sizeBytes: number): boolean {
    const words = this.arena.u32;
    const job = this.#jobAt / 4;
    words[job + pageJob.line] = walk.line;
    words[job + pageJob.page] = walk.pageAt;
    words[job + pageJob.sample] = walk.sample;
    words[job + pageJob.values] = walk.valuesAt;
    words[job + pageJob.times] = walk.timesAt;
    let slow: number;
    do {
      words[job + pageJob.slowCount] = 0;
      this.kernels.pageDiff(this.#jobAt);
      slow = words[job + pageJob.slowCount];
      if (slow > 0 && !this.#readSlow(slow, walk, parser(), pageAt, sizeBytes)) return false;
    } while (slow === slowRoom);
    walk.line = words[job + pageJob.line];
    walk.pageAt = words[job + pageJob.page];
    walk.sample = words[job + pageJob.sample];
    return true;
  }

  /** Fills a hash table of the layout's lines; `ordinalsAt` gets the number of samples before each line. */
  fillTable(tableAt: number, slots: number, ordinalsAt: number): void {
    this.arena.u8.fill(0, tableAt, tableAt + slots * 4);
    this.#set(pageJob.table, tableAt);
    this.#set(pageJob.tableMask, slots - 1);
    this.kernels.pageTable(this.#jobAt, ordinalsAt);
  }

  /** The first line of the layout whose key stands at `pageAt`; -1 when there is none. */
  findLine(pageAt: number): number {
    this.#set(pageJob.page, pageAt);
    return (this.kernels.pageFind(this.#jobAt) >>> 0) - 1;
  }

  /** The labels in a sample line's key, as `ExpositionParser.labelPairs` gives them. */
  keyLabels(format: LineFormat, keyAt: number, sizeBytes: number, type: MetricType): string[] {
    if (sizeBytes + 3 > this.#keyBuffer.length) {
      this.#keyBuffer = new Uint8Array(2 * sizeBytes + 3);
      this.#keyParsers.clear();
    }
    const buffer = this.#keyBuffer;
    buffer.set(this.arena.u8.subarray(keyAt, keyAt + sizeBytes));
    // A value of zero. In text a key may lack the blank before it; in OpenMetrics there is exactly one.
    let at = sizeBytes;
    if (format === "text") buffer[at++] = 32;
    buffer[at] = 48;
    buffer[at + 1] = 10;
    let parser = this.#keyParsers.get(format);
    if (parser === undefined) {
      parser = lineParserFor(format, buffer);
      this.#keyParsers.set(format, parser);
    }
    parser.seek(0, type);
    assert(parser.next() === "series", "a sample line's key is followed by a value");
    return parser.labelPairs();
  }

  /** Stores a value; every NaN as the ordinary one. */
  writeValue(address: number, value: number): void {
    if (value === value) {
      this.arena.f64[address / 8] = value;
      return;
    }
    this.arena.u32[address / 4] = 1;
    this.arena.u32[address / 4 + 1] = 0x7ff80000;
  }

  #set(word: number, value: number): void {
    this.arena.u32[this.#jobAt / 4 + word] = value;
  }

  #readSlow(count: number, walk: PageWalk, parser: LineParser, pageAt: number, sizeBytes: number): boolean {
    const words = this.arena.u32;
    for (let i = 0; i < count; i++) {
      const note = this.#slowAt / 4 + i * slowWords;
      const sample = words[note];
      parser.seek(words[note + 1] - pageAt, "unknown");
      if (parser.next() !== "series") return false;
      if (parser.keyEnd !== words[note + 2] - pageAt) return false;
      if (parser.lineEnd !== Math.min(words[note + 3] - pageAt, sizeBytes)) return false;
      this.writeValue(walk.valuesAt + sample * 8, parser.value);
      const exemplars = parser.exemplars();
      if (exemplars.length > 0) walk.exemplars.push({ row: sample, exemplars });
      if (walk.timesAt !== 0) this.arena.f64[walk.timesAt / 8 + sample] = parser.timeMs ?? NaN;
      else if (parser.timeMs !== null) return false;
    }
    return true;
  }
}
