/**
 * Where the name and the labels of one series lie in the page: offsets only, so that a series whose labels
 * nobody asks for costs no string.
 */

import { metricNameLabel } from "@narthex/model/labels";
import type { MetricType } from "./exposition-parser.ts";
import { normalizeBound } from "./go-number.ts";
import { decodeText, unescapeLabel } from "./page-text.ts";
import { addSchemaLabels, isSchemaLabel } from "./schema-labels.ts";

/** The spans of one series; reused for the next one. */
export class LabelSpans {
  nameStart = -1;
  nameEnd = -1;
  readonly #page: Uint8Array;
  /** Four offsets per label: name start, name end, value start, value end. */
  readonly #offsets: number[] = [];
  #count = 0;

  constructor(page: Uint8Array) {
    this.#page = page;
  }

  get hasName(): boolean {
    return this.nameStart >= 0;
  }

  reset(): void {
    this.nameStart = this.nameEnd = -1;
    this.#count = 0;
  }

  /** The name as the page has it, escapes and all. */
  get name(): string {
    return decodeText(this.#page, this.nameStart, this.nameEnd);
  }

  setName(start: number, end: number): void {
    this.nameStart = start;
    this.nameEnd = end;
  }

  /** Takes the name of a metadata line, which may be in quotes. */
  setFamily(start: number, end: number): void {
    const quoted = this.#page[start] === 34 ? 1 : 0;
    this.setName(start + quoted, end - quoted);
  }

  add(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const offsets = this.#offsets;
    offsets[this.#count] = nameStart;
    offsets[this.#count + 1] = nameEnd;
    offsets[this.#count + 2] = valueStart;
    offsets[this.#count + 3] = valueEnd;
    this.#count += 4;
  }

  /**
   * name, value, …: `__name__` first (when there is a name), bounds in OpenMetrics form as `type` asks for.
   */
  pairs(type: MetricType): string[] {
    const page = this.#page;
    const bound = type === "histogram" ? "le" : type === "summary" ? "quantile" : "";
    const pairs = this.hasName ? [metricNameLabel, unescapeLabel(this.name)] : [];
    for (let i = 0; i < this.#count; i += 4) {
      const name = unescapeLabel(decodeText(page, this.#offsets[i], this.#offsets[i + 1]));
      const value = unescapeLabel(decodeText(page, this.#offsets[i + 2], this.#offsets[i + 3]));
      pairs.push(name, name === bound ? normalizeBound(value) : value);
    }
    return pairs;
  }

  /** As `pairs`, with labels that say type and unit in place of such labels in the page. */
  pairsWithSchema(type: MetricType, unit: string): string[] {
    const plain = this.pairs(type);
    const pairs = plain.slice(0, this.hasName ? 2 : 0);
    addSchemaLabels(pairs, type, unit);
    const added = pairs.slice();
    for (let i = this.hasName ? 2 : 0; i < plain.length; i += 2) {
      if (!isSchemaLabel(plain[i], added)) pairs.push(plain[i], plain[i + 1]);
    }
    return pairs;
  }

  /** name, value, … as written, no escapes resolved: labels of exemplars. */
  rawPairs(): string[] {
    const pairs: string[] = [];
    for (let i = 0; i < this.#count; i += 2) {
      pairs.push(decodeText(this.#page, this.#offsets[i], this.#offsets[i + 1]));
    }
    return pairs;
  }

  /**
   * The labels without `except`, and the first `nameLength` bytes of the name, as one string to compare by.
   */
  identity(nameLength: number, except: string): string {
    const page = this.#page;
    let text = decodeText(page, this.nameStart, Math.min(this.nameEnd, this.nameStart + nameLength));
    for (let i = 0; i < this.#count; i += 4) {
      const name = decodeText(page, this.#offsets[i], this.#offsets[i + 1]);
      if (name !== except)
        text += `\0${name}\0${decodeText(page, this.#offsets[i + 2], this.#offsets[i + 3])}`;
    }
    return text;
  }
}
