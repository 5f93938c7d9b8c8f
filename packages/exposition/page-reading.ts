/**
 * Reads a page whose layout is not, or not quite, that of the template: follows the template where the page
 * does, and parses what is new.
 *
 *  1. Walk with the kernel while lines are equal.
 *  2. At another line, look its key up among the template's lines and walk on from there (lines were removed
 *     or moved).
 *  3. Not found: the definition parses that one line (a line was inserted), and the walk goes on behind it.
 *
 * Invariant: a sample line of the template is only taken over where the type in force normalises the same
 * label (`le`, `quantile` or none), so that its labels are those that the definition would give.
 *
 * Lifetime: the caller's scratch mark. The columns lie in the scratch.
 */

import { lineFlag } from "@narthex/kernel/page-diff";
import { lineParserFor, type LineFormat } from "./content-type.ts";
import { ExpositionError, type LineParser, type MetricType } from "./exposition-parser.ts";
import { nameBytes } from "./text-lexer.ts";
import type { PageLayout, PageMemory, PageWalk, RowExemplars } from "./page-memory.ts";

/** A HELP, TYPE or UNIT line. */
export interface MetadataLine {
  readonly kind: "help" | "type" | "unit";
  readonly family: string;
  /** The help or unit text; of a type, the type. */
  readonly text: string;
}

/** The template that a reading may follow. */
export interface KnownLayout extends PageLayout {
  readonly sampleCount: number;
  readonly refsAt: number;
}

const bounds: readonly MetricType[] = ["unknown", "histogram", "summary"];

/** A type under which the same label is normalised: 1 `le`, 2 `quantile`, 0 none. */
export function typeOfBound(bound: number): MetricType {
  return bounds[bound];
}

function boundOfType(type: MetricType): number {
  return Math.max(0, bounds.indexOf(type));
}

/** One page being read. */
export class PageReading {
  /** Lines and samples read so far. */
  lines = 0;
  samples = 0;
  keyBytes = 0;
  /** Whether a later page can be walked beside this one. */
  matchable = true;
  readonly fresh: number[] = [];
  readonly metadata: MetadataLine[] = [];
  readonly exemplars: RowExemplars[] = [];
  readonly sourcesAt: number;
  readonly valuesAt: number;
  readonly timesAt: number;
  readonly refsAt: number;
  readonly #memory: PageMemory;
  readonly #format: LineFormat;
  readonly #old: KnownLayout;
  readonly #pageAt: number;
  readonly #sizeBytes: number;
  readonly #page: Uint8Array;
  readonly #parser: LineParser;
  readonly #ordinalsAt: number;
  readonly #kept: Uint8Array;
  #at = 0;
  #parserAt = 0;
  #oldLine = 0;
  #bound = 0;
  #ended = false;

  constructor(memory: PageMemory, format: LineFormat, old: KnownLayout, pageAt: number, sizeBytes: number) {
    const { scratch, kernels, arena } = memory;
    const room = kernels.pageLineFeeds(pageAt, pageAt + sizeBytes) + 2;
    this.#memory = memory;
    this.#format = format;
    this.#old = old;
    this.#pageAt = pageAt;
    this.#sizeBytes = sizeBytes;
    this.sourcesAt = scratch.take(room * 8);
    this.valuesAt = scratch.take(room * 8);
    this.timesAt = scratch.take(room * 8);
    this.refsAt = scratch.take(room * 4);
    this.#ordinalsAt = scratch.take(old.lines * 4);
    const slots = 2 ** Math.ceil(Math.log2(2 * old.lines + 2));
    const tableAt = scratch.take(slots * 4);
    this.#kept = new Uint8Array(old.sampleCount);
    this.#page = arena.u8.subarray(pageAt, pageAt + sizeBytes);
    this.#parser = lineParserFor(format, this.#page);
    memory.begin(format, old, pageAt + sizeBytes);
    memory.fillTable(tableAt, slots, this.#ordinalsAt);
  }

  /** Whether any line gives a time. */
  get hasTimes(): boolean {
    const times = this.#memory.arena.f64;
    const first = this.timesAt / 8;
    for (let i = 0; i < this.samples; i++) if (times[first + i] === times[first + i]) return true;
    return false;
  }

  /**
   * Reads the whole page. False when a line of the template was followed that the definition reads
   * otherwise: then the reading is void, and the page must be read without a template. Throws
   * `ExpositionError`.
   */
  read(): boolean {
    if (this.#sizeBytes === 0) return true; // an empty page is accepted in every format
    while (this.#at < this.#sizeBytes) {
      if (this.#ended) throw new ExpositionError("unexpected data after # EOF");
      // Behind a line that OpenMetrics' parser has let pass half read, only that parser knows how to go on.
      const atLine = this.#at === 0 || this.#page[this.#at - 1] === 10;
      const followed = atLine && this.#old.lines > 0 ? this.#follow() : 0;
      if (followed < 0) return false;
      if (followed === 0) this.#readLine();
    }
    if (this.#format === "openmetrics" && !this.#ended) {
      this.#parser.seek(this.#sizeBytes, "unknown");
      this.#parser.next(); // throws
    }
    return true;
  }

  /** Refs of the template's rows that were not taken over, without those that a row taken over holds. */
  gone(): number[] {
    const words = this.#memory.arena.u32;
    const oldRefs = this.#old.refsAt / 4;
    const gone = new Set<number>();
    for (let i = 0; i < this.#kept.length; i++) if (this.#kept[i] === 0) gone.add(words[oldRefs + i]);
    gone.delete(0);
    if (gone.size > 0) for (let i = 0; i < this.samples; i++) gone.delete(words[this.refsAt / 4 + i]);
    return [...gone];
  }

  /** Walks on beside the template, if need be from the line that the page's next key belongs to. */
  #follow(): number {
    if (this.#oldLine < this.#old.lines && this.#fits(this.#oldLine)) {
      const walked = this.#walkFrom(this.#oldLine);
      if (walked !== 0) return walked;
    }
    const found = this.#memory.findLine(this.#pageAt + this.#at);
    if (found < 0 || !this.#fits(found)) return 0;
    return this.#walkFrom(found);
  }

  /** Whether the type in force here and before the template's `line` normalise the same label. */
  #fits(line: number): boolean {
    if ((this.#oldWord(line) & lineFlag.type) !== 0) return true;
    const before = line === 0 ? 0 : (this.#oldWord(line - 1) >>> lineFlag.boundShift) & 3;
    return before === this.#bound;
  }

  #oldWord(line: number): number {
    return this.#memory.arena.u32[this.#old.indexAt / 4 + 2 * line + 1];
  }

  /** Lines walked; -1 when the reading is void. */
  #walkFrom(line: number): number {
    const walk: PageWalk = {
      valuesAt: this.valuesAt,
      timesAt: this.timesAt,
      exemplars: [],
      line,
      pageAt: this.#pageAt + this.#at,
      sample: this.samples,
    };
    if (!this.#memory.walk(walk, () => this.#parser, this.#pageAt, this.#sizeBytes)) return -1;
    if (walk.line === line) return 0;
    const isCut = walk.pageAt > this.#pageAt + this.#sizeBytes;
    const isLast = walk.line === this.#old.lines;
    if (isCut && !isLast && this.#format === "openmetrics") return -1; // only "# EOF" may lack its line feed
    for (const found of walk.exemplars) this.exemplars.push(found);
    const words = this.#memory.arena.u32;
    for (let i = line; i < walk.line; i++) {
      const entry = this.#old.indexAt / 4 + 2 * i;
      this.#addSource(this.#old.keysAt + words[entry], words[entry + 1]);
    }
    const row = words[this.#ordinalsAt / 4 + line];
    const rows = walk.sample - this.samples;
    const from = this.#old.refsAt / 4 + row;
    words.copyWithin(this.refsAt / 4 + this.samples, from, from + rows);
    for (let i = 0; i < rows; i++) if (words[from + i] === 0) this.fresh.push(this.samples + i);
    this.#kept.fill(1, row, row + rows);
    this.samples = walk.sample;
    this.#at = walk.pageAt - this.#pageAt;
    this.#oldLine = walk.line;
    this.#bound = (this.#oldWord(walk.line - 1) >>> lineFlag.boundShift) & 3;
    this.#parserAt = -1;
    this.#ended = this.#format === "openmetrics" && isLast;
    return walk.line - line;
  }

  #addSource(address: number, word: number): void {
    const entry = this.sourcesAt / 4 + 2 * this.lines;
    this.#memory.arena.u32[entry] = address;
    this.#memory.arena.u32[entry + 1] = word;
    this.keyBytes += word & lineFlag.length;
    this.lines++;
  }

  #readLine(): void {
    const parser = this.#parser;
    const start = this.#at;
    if (this.#parserAt !== start) parser.seek(start, typeOfBound(this.#bound));
    const entry = parser.next();
    if (entry === "series") {
      this.#addSample();
    } else if (entry === "end") {
      this.#end(start);
    } else {
      if (entry === "help" || entry === "type" || entry === "unit") {
        const text = entry === "type" ? parser.metricType : parser.text;
        this.metadata.push({ kind: entry, family: parser.family, text });
      }
      if (entry === "type") this.#bound = boundOfType(parser.metricType);
      this.#addOpaque(start, parser.lineEnd, entry === "type" ? lineFlag.type : 0);
    }
    this.#parserAt = this.#at;
  }

  #addSample(): void {
    const parser = this.#parser;
    const row = this.samples++;
    this.#memory.writeValue(this.valuesAt + row * 8, parser.value);
    const exemplars = parser.exemplars();
    if (exemplars.length > 0) this.exemplars.push({ row, exemplars });
    this.#memory.arena.f64[this.timesAt / 8 + row] = parser.timeMs ?? NaN;
    this.#memory.arena.u32[this.refsAt / 4 + row] = 0;
    this.fresh.push(row);
    const length = parser.keyEnd - parser.keyStart;
    // In `a-1` the value's sign ends the name, so another value could continue it.
    if (nameBytes[this.#page[parser.keyEnd - 1]] !== 0) this.matchable = false;
    this.#addSource(this.#pageAt + parser.keyStart, length | (this.#bound << lineFlag.boundShift));
    this.#at = parser.lineEnd;
  }

  /** A line to compare whole; it gets the line feed that the last line of a page may lack. */
  #addOpaque(start: number, end: number, flag: number): void {
    const length = end - start + (this.#page[end - 1] === 10 ? 0 : 1);
    this.#addSource(
      this.#pageAt + start,
      lineFlag.opaque | flag | (this.#bound << lineFlag.boundShift) | length,
    );
    this.#at = end;
  }

  /** What is left at the end: the end marker, blanks, or what the text format ignores behind a zero byte. */
  #end(start: number): void {
    const end = this.#sizeBytes;
    if (this.#format === "openmetrics") this.#ended = true;
    else if (!this.#page.subarray(start, end).every((byte) => byte === 32 || byte === 9 || byte === 10)) {
      this.matchable = false;
    }
    this.#addOpaque(start, end, 0);
  }
}
