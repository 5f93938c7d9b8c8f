/**
 * Lays what a parser yields out as a page of plain lines beside columns, so that a page in any format, or one
 * whose series are made (histograms with custom buckets, labels that say the type), is read by the same
 * template as a page of text.
 *
 *   page → parser → PAGE FLATTENER → page-template (the lines as keys) → scrape-append
 *
 * Each series becomes one line of the text format with the value 0; what it stands for lies in the columns.
 * Histograms are rows too.
 *
 * Invariants
 *  - Equal labels in equal order make equal lines, so a template knows a series again.
 *  - The lines hold no metadata, no times and no blank lines, so row i is line i.
 *
 * Lifetime: columns and lines are the flattener's own and hold until the next call.
 */

import { ByteWriter } from "@narthex/bytes/byte-writer";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import type { Histogram } from "@narthex/model/histogram";
import { ExpositionError, type ExpositionParser } from "./exposition-parser.ts";
import { labelText, seriesText } from "./metric-family.ts";
import type { RowExemplars } from "./page-memory.ts";
import type { MetadataLine } from "./page-reading.ts";

/** A native histogram in a page. */
export interface RowHistogram {
  readonly row: number;
  readonly histogram: Histogram | FloatHistogram;
}

/** Reads pages into lines and columns. One serves all targets of a thread. */
export class PageFlattener {
  sampleCount = 0;
  /** One per row; 0 where a histogram is. */
  values = new Float64Array(1_024);
  /** Milliseconds, NaN for none. */
  times = new Float64Array(1_024);
  /** When the counter began, milliseconds, 0 for unknown. */
  starts = new Float64Array(1_024);
  hasTimes = false;
  hasStarts = false;
  /** By ascending row. */
  histograms: RowHistogram[] = [];
  exemplars: RowExemplars[] = [];
  metadata: MetadataLine[] = [];
  readonly #lines = new ByteWriter(65_536);

  /** The lines; valid until the next call. */
  get lines(): Uint8Array {
    return this.#lines.view();
  }

  /** Reads all that `parser` yields. Throws `ExpositionError`. */
  read(parser: ExpositionParser): void {
    this.#lines.reset();
    this.sampleCount = 0;
    this.hasTimes = this.hasStarts = false;
    this.histograms = [];
    this.exemplars = [];
    this.metadata = [];
    for (let entry = parser.next(); entry !== "end"; entry = parser.next()) {
      switch (entry) {
        case "series":
          this.#addRow(parser, parser.value);
          break;
        case "histogram": {
          const { histogram } = parser;
          if (histogram !== null) this.histograms.push({ row: this.sampleCount, histogram });
          this.#addRow(parser, 0);
          break;
        }
        case "help":
        case "unit":
          this.metadata.push({ kind: entry, family: parser.family, text: parser.text });
          break;
        case "type":
          this.metadata.push({ kind: entry, family: parser.family, text: parser.metricType });
          break;
        case "comment":
      }
    }
  }

  #addRow(parser: ExpositionParser, value: number): void {
    const row = this.sampleCount++;
    if (row === this.values.length) this.#grow();
    const { timeMs, startTimeMs } = parser;
    this.values[row] = value;
    this.times[row] = timeMs ?? NaN;
    this.starts[row] = startTimeMs ?? 0;
    if (timeMs !== null) this.hasTimes = true;
    if (startTimeMs !== null && startTimeMs !== 0) this.hasStarts = true;
    const exemplars = parser.exemplars();
    if (exemplars.length > 0) this.exemplars.push({ row, exemplars });
    this.#lines.utf8(`${lineOf(parser.labelPairs())} 0\n`);
  }

  #grow(): void {
    const larger = (old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const copy = new Float64Array(2 * old.length);
      copy.set(old);
      return copy;
    };
    this.values = larger(this.values);
    this.times = larger(this.times);
    this.starts = larger(this.starts);
  }
}

/** A series in the text format, its labels in the order given. */
function lineOf(pairs: readonly string[]): string {
  let labels = "";
  for (let i = 2; i < pairs.length; i += 2) {
    labels += `${i === 2 ? "" : ","}${labelText(pairs[i], pairs[i + 1])}`;
  }
  const line = seriesText(pairs[1], labels);
  // No format but protobuf can say it, and no line can.
  if (line.includes("\0") && hasZero(pairs)) {
    throw new ExpositionError("a metric or label name holds a zero byte");
  }
  return line;
}

function hasZero(pairs: readonly string[]): boolean {
  return pairs.some((text, i) => (i === 1 || i % 2 === 0) && text.includes("\0"));
}
