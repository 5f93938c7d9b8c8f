/**
 * The pages of one target over time: which series each line is, and what became of the series since the last
 * page.
 *
 *   scrape-request (chunks) → SCRAPE TEMPLATE → scrape-append (refs and values as columns)
 *
 * A page of lines whose series are stored as they stand is read in place. Any other page (protobuf,
 * histograms to convert, start times or type labels to add) is flattened first: lines as keys, and columns.
 *
 * A page with the lines of the last one costs the walk of the kernel; only new lines are looked at here.
 *
 * Invariants
 *  - A row's ref is 0 exactly when its series is dropped by a rule or was not resolved; with unresolved rows
 *    the template is unsettled, and the next page is learned, not matched.
 *  - `liveRefs` are the series that need a staleness marker when they are missing: those that the last good
 *    scrape stored without a time of their own, or that a page brought since before it failed.
 *
 * Lifetime: as long as its target is scraped, also across reloads that do not change the series; then `free`.
 */

import type { HttpAnswer } from "@narthex/http/client";
import { gunzipInto } from "@narthex/http/gunzip";
import {
  chooseFormat,
  parserFor,
  type ExpositionFormat,
  type LineFormat,
} from "@narthex/exposition/content-type";
import type { ExpositionParser, ParserOptions } from "@narthex/exposition/exposition-parser";
import { PageFlattener, type RowHistogram } from "@narthex/exposition/page-flattener";
import type { PageMemory, RowExemplars } from "@narthex/exposition/page-memory";
import { PageTemplate } from "@narthex/exposition/page-template";
import type { Labels } from "@narthex/model/labels";
import { emptyMetadataTable, type MetadataTable, type MetadataTables } from "./metadata-table.ts";
import { sampleLabels, type LabelRules } from "./sample-labels.ts";

/** What a template must know of its job. */
export interface TemplateRules extends LabelRules {
  readonly fallbackProtocol: string;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly nativeHistograms: boolean;
  readonly classicHistogramsAlways: boolean;
  readonly classicHistogramsToNhcb: boolean;
}

/** What the whole server decides about reading pages. */
export interface ScrapeFeatures {
  /** Start times of counters are passed to the storage. */
  readonly startTimestamps: boolean;
  /** Series say in `__type__` and `__unit__` what metadata says. */
  readonly typeAndUnitLabels: boolean;
}

/** Neither. */
export const noScrapeFeatures: ScrapeFeatures = { startTimestamps: false, typeAndUnitLabels: false };

/** A line seen for the first time. */
export interface FreshLine {
  readonly row: number;
  readonly labels: Labels;
}

/** Readable bytes that the kernels want behind a page. */
const pagePadding = 32;
const nothingNew: readonly FreshLine[] = [];
/** Serves all targets: nothing of a page is kept behind the end of its scrape. */
const flattener = new PageFlattener();

/** The series behind a target's pages. */
export class ScrapeTemplate {
  readonly #memory: PageMemory;
  readonly #tables: MetadataTables;
  readonly #features: ScrapeFeatures;
  /** What the last page was flattened into; null when its lines are read in place. */
  #flat: PageFlattener | null = null;
  #template: PageTemplate | null = null;
  /** Whether the template's lines are those of a flattener. */
  #isFlatTemplate = false;
  #unsettled = false;
  /** Rows of the template whose series a rule drops. */
  #dropped = 0;
  #isLive = false;
  /** Refs of live series whose lines are no longer in the template. */
  #gone: number[] = [];
  /** Refs that the last page brought before it failed. */
  #metRefs: readonly number[] = [];
  /** Refs whose lines give a time, and so need no markers. */
  #timed: ReadonlySet<number> = new Set();
  metadata: MetadataTable = emptyMetadataTable;
  /** Bytes of the last page, unpacked. */
  pageBytes = 0;

  constructor(memory: PageMemory, tables: MetadataTables, features: ScrapeFeatures = noScrapeFeatures) {
    this.#memory = memory;
    this.#tables = tables;
    this.#features = features;
  }

  /** Sample lines of the last page. */
  get sampleCount(): number {
    return this.#template?.sampleCount ?? 0;
  }

  /** Sample lines of the last page that no rule dropped. */
  get keptCount(): number {
    return this.sampleCount - this.#dropped;
  }

  /** Whether any line gives a time. */
  get hasTimes(): boolean {
    return this.#flat === null ? this.#hasTemplateTimes : this.#flat.hasTimes;
  }

  /** The native histograms of the last page, by row; they may be changed. Only until the next page. */
  get histograms(): readonly RowHistogram[] {
    return this.#flat?.histograms ?? [];
  }

  /** The exemplars of the last page. Only until the next page. */
  get exemplars(): readonly RowExemplars[] {
    return this.#flat === null ? (this.#template?.exemplars ?? []) : this.#flat.exemplars;
  }

  /**
   * When counters began, per row, milliseconds, 0 for unknown; null when none is known or wanted. As `refs`.
   */
  starts(): Float64Array | null {
    if (!this.#features.startTimestamps) return null;
    return this.#flat?.hasStarts === true ? this.#flat.starts.subarray(0, this.sampleCount) : null;
  }

  get #hasTemplateTimes(): boolean {
    return (this.#template?.timesAt ?? 0) !== 0;
  }

  /** The refs of the rows; a view that holds until the next page. */
  refs(): Uint32Array {
    const { refsAt, sampleCount } = this.#template ?? { refsAt: 0, sampleCount: 0 };
    return this.#memory.arena.u32.subarray(refsAt / 4, refsAt / 4 + sampleCount);
  }

  /** The values of the rows, as `refs`. */
  values(): Float64Array {
    const { valuesAt, sampleCount } = this.#template ?? { valuesAt: 0, sampleCount: 0 };
    return this.#memory.arena.f64.subarray(valuesAt / 8, valuesAt / 8 + sampleCount);
  }

  /** The times of the rows in milliseconds, NaN for none, as `refs`. Only when `hasTimes`. */
  times(): Float64Array {
    if (this.#flat !== null) return this.#flat.times.subarray(0, this.sampleCount);
    const { timesAt, sampleCount } = this.#template ?? { timesAt: 0, sampleCount: 0 };
    return this.#memory.arena.f64.subarray(timesAt / 8, timesAt / 8 + sampleCount);
  }

  /** The labels of a row as its page has them, name, value, … */
  pageLabels(row: number): readonly string[] {
    return this.#template?.labelPairs(row) ?? [];
  }

  /** The labels of a row's series; null when a rule drops it. Throws `ScrapeError`. */
  labelsOf(row: number, target: Labels, rules: LabelRules): Labels | null {
    return this.#template === null ? null : sampleLabels(this.#template.labelPairs(row), target, rules);
  }

  /**
   * Takes a page and gives its new lines: the caller sets their refs, then calls `settle`. Throws
   * `ExpositionError` when it is none, or `ScrapeError` when the labels of a new line are not allowed.
   */
  read(answer: HttpAnswer, target: Labels, rules: TemplateRules): readonly FreshLine[] {
    const { format } = chooseFormat(answer.contentType, rules.fallbackProtocol);
    const { scratch } = this.#memory;
    const mark = scratch.mark();
    try {
      const { pageAt, sizeBytes } = this.#placePage(answer);
      this.pageBytes = sizeBytes;
      const options = this.#options(rules);
      if (format !== "protobuf" && isPlain(format, options)) {
        const isSame = !this.#isFlatTemplate && this.#template?.format === format;
        this.#flat = null;
        const template = this.#templateOf(isSame, format);
        return this.#readLines(template, pageAt, sizeBytes, target, rules);
      }
      return this.#readFlat(format, options, pageAt, sizeBytes, target, rules);
    } finally {
      scratch.release(mark);
    }
  }

  /** A parser over a page that `read` has refused. Throws `ExpositionError` for a content type of none. */
  parser(answer: HttpAnswer, rules: TemplateRules): ExpositionParser {
    const { format } = chooseFormat(answer.contentType, rules.fallbackProtocol);
    const { scratch, arena } = this.#memory;
    const mark = scratch.mark();
    const { pageAt, sizeBytes } = this.#placePage(answer);
    const page = arena.u8.slice(pageAt, pageAt + sizeBytes);
    scratch.release(mark);
    return parserFor(format, page, this.#options(rules));
  }

  #options(rules: TemplateRules): ParserOptions {
    return {
      startTimestamps: this.#features.startTimestamps,
      typeAndUnitLabels: this.#features.typeAndUnitLabels,
      ignoresNative: !rules.nativeHistograms,
      classicToNhcb: rules.classicHistogramsToNhcb,
      keepsClassic: rules.classicHistogramsAlways,
    };
  }

  #templateOf(isSame: boolean, format: LineFormat): PageTemplate {
    const known = this.#template;
    return known !== null && isSame ? known : new PageTemplate(this.#memory, format);
  }

  #readLines(
    template: PageTemplate,
    pageAt: number,
    sizeBytes: number,
    target: Labels,
    rules: TemplateRules,
  ): readonly FreshLine[] {
    const isKnown = template === this.#template && !this.#unsettled;
    if (isKnown && template.match(pageAt, sizeBytes)) return nothingNew;
    return this.#learn(template, pageAt, sizeBytes, target, rules);
  }

  #readFlat(
    format: ExpositionFormat,
    options: ParserOptions,
    pageAt: number,
    sizeBytes: number,
    target: Labels,
    rules: TemplateRules,
  ): readonly FreshLine[] {
    const { scratch, arena } = this.#memory;
    flattener.read(parserFor(format, arena.u8.subarray(pageAt, pageAt + sizeBytes), options));
    const { lines } = flattener;
    const linesAt = scratch.take(lines.length + pagePadding);
    arena.u8.set(lines, linesAt);
    const template = this.#templateOf(this.#isFlatTemplate, "text");
    this.#flat = flattener;
    const fresh = this.#readLines(template, linesAt, lines.length, target, rules);
    if (flattener.metadata.length > 0) {
      this.metadata = this.#tables.extend(this.metadata, flattener.metadata);
    }
    const { values } = flattener;
    for (let row = 0; row < template.sampleCount; row++) {
      this.#memory.writeValue(template.valuesAt + row * 8, values[row] as number);
    }
    return fresh;
  }

  /** Puts a page into the scratch, unpacking it there if need be. */
  #placePage({ chunks, sizeBytes, packed }: HttpAnswer): { pageAt: number; sizeBytes: number } {
    const { scratch, arena } = this.#memory;
    if (packed !== null) {
      let pageAt = 0;
      const contentBytes = gunzipInto(packed, (bytes) => {
        pageAt = scratch.take(bytes + pagePadding);
        return { output: arena.u8, at: pageAt, roomBytes: bytes + 1 };
      });
      return { pageAt, sizeBytes: contentBytes };
    }
    const pageAt = scratch.take(sizeBytes + pagePadding);
    let at = pageAt;
    for (const chunk of chunks) {
      arena.u8.set(chunk, at);
      at += chunk.length;
    }
    return { pageAt, sizeBytes };
  }

  /** The rows are resolved and stored: their series are the live ones now. */
  settle(rules: TemplateRules): void {
    if (this.#unsettled || this.#flat !== null) this.#timed = this.#timedRefs(rules);
    this.#unsettled = false;
    this.#isLive = true;
    this.#gone = [];
    this.#metRefs = [];
  }

  /** Lines of a page that is not stored after all lose their refs. */
  abandon(fresh: readonly FreshLine[]): void {
    const refs = this.refs();
    for (const { row } of fresh) refs[row] = 0;
  }

  /** The series that need a marker when all of them are missing. */
  liveRefs(): readonly number[] {
    const stored = this.#isLive ? [...this.refs(), ...this.#gone] : [];
    const refs = [...new Set([...stored, ...this.#metRefs])];
    return refs.filter((ref) => ref !== 0 && !this.#timed.has(ref));
  }

  /**
   * The series that need a marker because the last page does not have them; after the new lines have their
   * refs.
   */
  missingRefs(fresh: readonly FreshLine[]): readonly number[] {
    const gone = this.#isLive ? [...this.#gone, ...this.#metRefs] : this.#metRefs;
    if (gone.length === 0) return [];
    const refs = this.refs();
    const found =
      this.#metRefs.length > 0 ? new Set(refs) : new Set(fresh.map(({ row }) => refs[row] as number));
    return gone.filter((ref) => !found.has(ref) && !this.#timed.has(ref));
  }

  /** The live series got their markers, but for those that the page brought before it failed. */
  markersWritten(metRefs: readonly number[] = []): void {
    this.#isLive = false;
    this.#gone = [];
    this.#metRefs = metRefs;
  }

  /** Bytes of the arena that are held. */
  get sizeBytes(): number {
    return this.#template?.sizeBytes ?? 0;
  }

  /** Gives the memory back. */
  free(): void {
    this.#template?.free();
    this.#template = null;
    this.markersWritten();
  }

  #learn(
    template: PageTemplate,
    pageAt: number,
    sizeBytes: number,
    target: Labels,
    rules: TemplateRules,
  ): readonly FreshLine[] {
    const learned = template.learn(pageAt, sizeBytes);
    this.#unsettled = true;
    if (template === this.#template) {
      if (this.#isLive) this.#gone.push(...learned.gone);
    } else {
      // The target answers in another format: all lines are new, all series known so far may be gone.
      if (this.#isLive) this.#gone.push(...this.refs().filter((ref) => ref !== 0));
      this.#template?.free();
      this.#template = template;
      this.#isFlatTemplate = this.#flat !== null;
    }
    if (learned.metadata.length > 0) this.metadata = this.#tables.extend(this.metadata, learned.metadata);
    const fresh: FreshLine[] = [];
    for (const row of learned.fresh) {
      const labels = sampleLabels(template.labelPairs(row), target, rules);
      if (labels !== null) fresh.push({ row, labels });
    }
    this.#dropped = learned.fresh.length - fresh.length;
    return fresh;
  }

  #timedRefs(rules: TemplateRules): ReadonlySet<number> {
    if (!this.hasTimes || !rules.honorTimestamps || rules.trackTimestampsStaleness) return new Set();
    const times = this.times();
    return new Set(this.refs().filter((_, row) => !Number.isNaN(times[row])));
  }
}

/** Whether a page of lines is stored as it stands. Text has no start times. */
function isPlain(format: LineFormat, options: ParserOptions): boolean {
  if (options.typeAndUnitLabels === true || options.classicToNhcb === true) return false;
  return format === "text" || options.startTimestamps !== true;
}
