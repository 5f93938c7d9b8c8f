/**
 * Turns the classic histograms of a page of lines into native ones with custom buckets.
 *
 *   text-parser or openmetrics-parser → NHCB PARSER → page-flattener
 *
 * Series of one classic histogram (same name but for the suffix, same labels but for `le`, under a TYPE that
 * says histogram) are collected; the native one comes behind the last of them. Classic series are given too
 * when asked for. What cannot be one histogram is silently not converted, as in the original.
 *
 * Lifetime: as the parser within, which must not be used beside this one.
 */

import { InvalidHistogramError, type FloatHistogram } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";
import { ClassicHistogram, ClassicHistogramError, classicSeriesName } from "@narthex/model/nhcb";
import type { Entry, ExpositionParser, MetricType, PageExemplar } from "./exposition-parser.ts";
import { parseGoFloat } from "./go-number.ts";

/** The series of one classic histogram so far. */
interface Collection {
  /** Name and labels without `le`, to compare by. */
  readonly identity: string;
  /** name, value, … of the native histogram. */
  readonly labelPairs: string[];
  readonly startTimeMs: number | null;
  readonly classic: ClassicHistogram;
  readonly exemplars: PageExemplar[];
  /** A series could not be part of any histogram: nothing is made of them. */
  isBroken: boolean;
}

/** See the head of the file. */
export class NhcbParser implements ExpositionParser {
  readonly #inner: ExpositionParser;
  readonly #keepsClassic: boolean;
  #family = "";
  #type: MetricType = "unknown";
  #collection: Collection | null = null;
  /** What was made and is being shown; the entry that ended it waits in `#waiting`. */
  #made: Collection | null = null;
  #histogram: Histogram | FloatHistogram | null = null;
  #madeTimeMs: number | null = null;
  #waiting: Entry | null = null;
  /** The series shown is one of a classic histogram, which has its exemplars. */
  #isCollected = false;

  constructor(inner: ExpositionParser, keepsClassic: boolean) {
    this.#inner = inner;
    this.#keepsClassic = keepsClassic;
  }

  get value(): number {
    return this.#inner.value;
  }

  get histogram(): Histogram | FloatHistogram | null {
    return this.#made === null ? this.#inner.histogram : this.#histogram;
  }

  get timeMs(): number | null {
    return this.#made === null ? this.#inner.timeMs : this.#madeTimeMs;
  }

  get startTimeMs(): number | null {
    return this.#made === null ? this.#inner.startTimeMs : this.#made.startTimeMs;
  }

  get family(): string {
    return this.#inner.family;
  }

  get text(): string {
    return this.#inner.text;
  }

  get metricType(): MetricType {
    return this.#made === null ? this.#inner.metricType : "histogram";
  }

  labelPairs(): string[] {
    return this.#made === null ? this.#inner.labelPairs() : this.#made.labelPairs;
  }

  exemplars(): readonly PageExemplar[] {
    if (this.#made !== null) return this.#made.exemplars;
    return this.#isCollected ? [] : this.#inner.exemplars();
  }

  next(): Entry {
    for (;;) {
      const entry = this.#take();
      if (this.#made !== null) return "histogram";
      if (entry !== "series") return entry;
      this.#isCollected = this.#collect();
      if (!this.#isCollected || this.#keepsClassic) return entry;
    }
  }

  /** The next entry of the parser within; when it ends a histogram, that is made and the entry waits. */
  #take(): Entry {
    if (this.#waiting !== null) {
      const entry = this.#waiting;
      this.#waiting = this.#made = null;
      return entry;
    }
    const timeMs = this.#inner.timeMs;
    const entry = this.#inner.next();
    if (entry === "type") {
      this.#family = this.#inner.family;
      this.#type = this.#inner.metricType;
    }
    if (this.#collection === null) return entry;
    if (entry === "series" && this.#identityOf(this.#inner.labelPairs()) === this.#collection.identity) {
      return entry;
    }
    this.#make(entry, timeMs);
    return entry;
  }

  #make(entry: Entry, timeMs: number | null): void {
    const collection = this.#collection as Collection;
    this.#collection = null;
    if (collection.isBroken) return;
    try {
      this.#histogram = collection.classic.toNative();
      this.#histogram.validate();
    } catch (cause) {
      if (cause instanceof ClassicHistogramError || cause instanceof InvalidHistogramError) return;
      throw cause;
    }
    this.#made = collection;
    this.#madeTimeMs = timeMs;
    this.#waiting = entry;
  }

  /** "" for a series that is not under a histogram's TYPE. */
  #identityOf(pairs: readonly string[]): string {
    if (this.#type !== "histogram") return "";
    let identity = classicSeriesName(pairs[1])?.base ?? pairs[1];
    for (const i of sortedPlaces(pairs)) {
      if (pairs[i] !== "le") identity += `\0${pairs[i]}\0${pairs[i + 1]}`;
    }
    return identity;
  }

  /** Takes the series into the collection if it is one of a classic histogram. */
  #collect(): boolean {
    if (this.#type !== "histogram") return false;
    const pairs = this.#inner.labelPairs();
    const name = classicSeriesName(pairs[1]);
    if (name === null || name.base !== this.#family) return false;
    let bound = NaN;
    if (name.part === "bucket") {
      const parsed = parseGoFloat(boundOf(pairs));
      if (typeof parsed !== "number" || Number.isNaN(parsed)) return false;
      bound = parsed;
    }
    this.#collection ??= {
      identity: this.#identityOf(pairs),
      labelPairs: basePairs(pairs, name.base),
      startTimeMs: this.#inner.startTimeMs,
      classic: new ClassicHistogram(),
      exemplars: [],
      isBroken: false,
    };
    const collection = this.#collection;
    collection.exemplars.push(...this.#inner.exemplars());
    if (collection.isBroken) return true;
    try {
      if (name.part === "bucket") collection.classic.addBucket(bound, this.#inner.value);
      else if (name.part === "count") collection.classic.setCount(this.#inner.value);
      else collection.classic.setSum(this.#inner.value);
    } catch (cause) {
      if (!(cause instanceof ClassicHistogramError)) throw cause;
      collection.isBroken = true;
    }
    return true;
  }
}

/** The value of `le`, "" without one. */
function boundOf(pairs: readonly string[]): string {
  for (let i = 2; i < pairs.length; i += 2) if (pairs[i] === "le") return pairs[i + 1];
  return "";
}

function basePairs(pairs: readonly string[], name: string): string[] {
  const base = [pairs[0], name];
  for (let i = 2; i < pairs.length; i += 2) if (pairs[i] !== "le") base.push(pairs[i], pairs[i + 1]);
  return base;
}

/** Places of label names behind the metric's name, in the order of names. */
function sortedPlaces(pairs: readonly string[]): number[] {
  const places: number[] = [];
  for (let i = 2; i < pairs.length; i += 2) places.push(i);
  return places.sort((a, b) => (pairs[a] < pairs[b] ? -1 : pairs[a] > pairs[b] ? 1 : 0));
}
