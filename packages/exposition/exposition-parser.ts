/**
 * The interface of the exposition parsers: pull one entry after the other out of a page (the body of one
 * scrape).
 *
 *   page bytes → content-type.ts chooses → TEXT, OPENMETRICS or PROTOBUF PARSER (→ nhcb-parser)
 *     → page-template, page-flattener → scrape; family-reader → push gateway, textfile collector
 *
 * A parser accepts and refuses exactly what the original server's parser does, with its error texts; what
 * the server checks later (unique label names, an empty metric name) is not checked here.
 *
 * Lifetime: a parser reads from the page while it lives and never writes to it. All fields describe the
 * entry that `next` returned last.
 */

import type { FloatHistogram } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";
import type { MetricType } from "@narthex/model/metadata";

export type { MetricType } from "@narthex/model/metadata";

/** What `next` found: "series" has a number as its value, "histogram" a native histogram. */
export type Entry = "series" | "histogram" | "help" | "type" | "unit" | "comment" | "end";

/** The page is not what its format allows. The message is the original's, letter for letter. */
export class ExpositionError extends Error {
  override readonly name = "ExpositionError";
  readonly code = "EXPOSITION";
}

/** A sample of what a series' value stood for. */
export interface PageExemplar {
  /** name, value, … as written. */
  readonly labelPairs: readonly string[];
  readonly value: number;
  /** Milliseconds; null when the exemplar has no time. */
  readonly timeMs: number | null;
}

/** A cursor over a page. */
export interface ExpositionParser {
  /** Goes to the next entry; after "end" it must not be called again. Throws `ExpositionError`. */
  next(): Entry;

  /**
   * After "series" and "histogram": name, value, name, value, … with `__name__` first, then as written
   * (duplicates and empty values kept), escapes resolved; `le` of histograms and `quantile` of summaries in
   * OpenMetrics form (`1` becomes `1.0`).
   */
  labelPairs(): string[];
  /**
   * After "series": the value. Any NaN means the ordinary one: store it with the bits of model/sample's
   * normal NaN.
   */
  readonly value: number;
  /**
   * After "histogram": the value, not validated; the caller may keep and change it. A format without native
   * histograms has null.
   */
  readonly histogram: Histogram | FloatHistogram | null;
  /** After either: the time that the page gives, in milliseconds (integer); null when it gives none. */
  readonly timeMs: number | null;
  /**
   * After either: when the counter began, in milliseconds, if known; else null. OpenMetrics tells only when
   * asked (`startTimestamps`).
   */
  readonly startTimeMs: number | null;
  /** After either: its exemplars; those of native histograms all have a time. */
  exemplars(): readonly PageExemplar[];

  /** After "help", "type" and "unit": the family's name. */
  readonly family: string;
  /** After "help", "type" and "unit": the text, escapes resolved. After "comment": the line, with its `#`. */
  readonly text: string;
  /** The type in force: that of the last TYPE line. */
  readonly metricType: MetricType;
}

/** A cursor over a page of lines, which also tells where it stands. */
export interface LineParser extends ExpositionParser {
  /**
   * Where the entry starts in the page: the end of the entry before, so blank lines in between are included.
   */
  readonly lineStart: number;
  /** After "series": where its key starts, the same as `lineStart`. */
  readonly keyStart: number;
  /** After "series": the end of its key, where the value starts: name, labels and blanks lie before it. */
  readonly keyEnd: number;
  /** Where the next entry starts: behind the line feed. */
  readonly lineEnd: number;

  /**
   * Moves to `offset`, the start of some entry, as if the TYPE lines before it had last said `type`. For
   * callers who know the page's lines from an earlier page (page-template.ts).
   */
  seek(offset: number, type: MetricType): void;
}

/** What callers can choose; all default to false. */
export interface ParserOptions {
  /** Read `_created` lines of OpenMetrics as start times of their siblings, not as series. */
  readonly startTimestamps?: boolean;
  /** Add labels `__type__` and `__unit__` with what metadata says, in place of such labels in the page. */
  readonly typeAndUnitLabels?: boolean;
  /** Read histograms that have native parts by their classic buckets alone (protobuf). */
  readonly ignoresNative?: boolean;
  /** Turn classic histograms into native ones with custom buckets. */
  readonly classicToNhcb?: boolean;
  /** Give classic series too where a native histogram, exposed or made, stands for them. */
  readonly keepsClassic?: boolean;
}
