/**
 * The interface of the exposition parsers: pull one entry after the other out of a page (the body of one
 * scrape).
 *
 *   page bytes → content-type.ts chooses → TEXT or OPENMETRICS PARSER → scrape, promtool, textfile collector
 *
 * A parser accepts and refuses exactly what the original server's parser does, with its error texts; what
 * the server checks later (unique label names, an empty metric name) is not checked here.
 *
 * Lifetime: a parser reads from the page while it lives and never writes to it. All fields describe the
 * entry that `next` returned last.
 */

/** What `next` found. */
export type Entry = "series" | "help" | "type" | "unit" | "comment" | "end";

/** The type of a metric family; text's `untyped` is `unknown`. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset"
  | "unknown";

/** The page is not what its format allows. The message is the original's, letter for letter. */
export class ExpositionError extends Error {
  override readonly name = "ExpositionError";
  readonly code = "EXPOSITION";
}

/** A sample of what a series' value stood for: labels as written, name, value, … */
export interface Exemplar {
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
   * After "series": name, value, name, value, … with `__name__` first, then as written (duplicates and empty
   * values kept), escapes resolved; `le` of histograms and `quantile` of summaries in OpenMetrics form (`1`
   * becomes `1.0`).
   */
  labelPairs(): string[];
  /**
   * After "series": the value. Any NaN means the ordinary one: store it with the bits of model/sample's
   * normal NaN.
   */
  readonly value: number;
  /** After "series": the time that the page gives, in milliseconds (integer); null when it gives none. */
  readonly timeMs: number | null;
  /**
   * After "series": when the counter began, in milliseconds, if asked for and known (OpenMetrics); else null.
   */
  readonly startTimeMs: number | null;
  /** After "series": its exemplar, null when there is none. */
  exemplar(): Exemplar | null;

  /** After "help", "type" and "unit": the family's name. */
  readonly family: string;
  /** After "help", "type" and "unit": the text, escapes resolved. After "comment": the line, with its `#`. */
  readonly text: string;
  /** The type in force: that of the last TYPE line. */
  readonly metricType: MetricType;

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

/** What callers can choose. */
export interface ParserOptions {
  /** Read `_created` lines of OpenMetrics as start times of their siblings, not as series. Default false. */
  readonly startTimestamps?: boolean;
}
