/**
 * A series with its values, as test scripts and rule tests write it:
 *
 *   metric{label="value"} 1 _ _x2 3+1x4 5x2 stale {{sum:3 count:2 buckets:[1 1]}}x3
 *
 * Values stand at consecutive steps; `_` is none. `axn` is a, n + 1 times; `a+bxn` and `a-bxn` go on by b.
 * Histograms take the place of numbers, and may be added in the same way. Texts of errors are the original's.
 */

import { CounterResetHint } from "@narthex/model/counter-reset-hint";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { FloatSyntaxError, parseGoFloat } from "@narthex/model/go-float";
import { Labels, metricNameLabel, quoteGo } from "@narthex/model/labels";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { SeriesTokens, type SeriesToken } from "./series-tokens.ts";

/** A histogram; `isHintSet` when the text says what its counter reset hint is. */
export interface HistogramValue {
  readonly histogram: FloatHistogram;
  readonly isHintSet: boolean;
}

/** What stands at one step: a number, a histogram, a staleness marker, or nothing. */
export type SeriesValue = number | HistogramValue | "stale" | "none";

/** A parsed series. */
export interface SeriesDescription {
  readonly labels: Labels;
  readonly values: readonly SeriesValue[];
}

/** The most values a series may have. */
export const maxSeriesValues = 1_000_000;

/** Parses a series description. Throws `ParseError` of `@narthex/promql-syntax/parse-error`. */
export function parseSeriesDescription(text: string): SeriesDescription {
  return new SeriesParser(text).parse();
}

const valuesPlace = "series values";
/** What an item starts with, beside `_` and `{{`. */
const itemStarts: ReadonlySet<string> = new Set(["word", "number", "+", "-"]);

class SeriesParser {
  readonly #tokens: SeriesTokens;

  constructor(text: string) {
    this.#tokens = new SeriesTokens(text);
  }

  parse(): SeriesDescription {
    const tokens = this.#tokens;
    const name = tokens.accept("word")?.text;
    const first = tokens.peek();
    if (name === undefined && first.kind !== "{" && first.kind !== "end") {
      tokens.unexpected(first, valuesPlace);
    }
    const pairs = tokens.accept("{") === null ? [] : this.#labels();
    if (name !== undefined) pairs.push([metricNameLabel, name]);
    const values: SeriesValue[] = [];
    while (tokens.peek().kind !== "end") {
      if (tokens.accept("space") === null) {
        tokens.unexpected(tokens.peek(), values.length === 0 ? valuesPlace : "");
      }
      const { kind, start } = tokens.peek();
      if (kind === "end") break;
      for (const value of this.#item()) values.push(value);
      if (values.length > maxSeriesValues) tokens.fail(start, `more than ${maxSeriesValues} series values`);
    }
    return { labels: Labels.from(pairs), values };
  }

  /** The rest of a label set, behind `{`. */
  #labels(): [string, string][] {
    const tokens = this.#tokens;
    const pairs: [string, string][] = [];
    if (tokens.accept("}") !== null) return pairs;
    for (;;) {
      pairs.push(this.#label());
      if (tokens.accept("}") !== null) return pairs;
      if (tokens.accept(",") === null) tokens.unexpected(tokens.peek(), "label set", '"," or "}"');
      if (tokens.accept("}") !== null) return pairs;
    }
  }

  #label(): [string, string] {
    const tokens = this.#tokens;
    const token = tokens.next();
    if (token.kind === "string") {
      const name = this.#unquoted(token);
      if (tokens.accept("=") === null) return [metricNameLabel, name];
      return [name, this.#labelValue()];
    }
    if (token.kind !== "word") return tokens.unexpected(token, "label set", 'identifier or "}"');
    if (tokens.accept("=") === null) tokens.unexpected(tokens.peek(), "label set", '"="');
    return [token.text, this.#labelValue()];
  }

  #labelValue(): string {
    const token = this.#tokens.next();
    if (token.kind !== "string") return this.#tokens.unexpected(token, "label set", "string");
    return this.#unquoted(token);
  }

  #unquoted({ text, start }: SeriesToken): string {
    try {
      const expr = parseQuery(text);
      if (expr.kind === "string") return expr.value;
    } catch {
      // Said below, with the place in the description.
    }
    return this.#tokens.fail(start, `error unquoting string ${quoteGo(text)}: invalid syntax`, text.length);
  }

  /** One item: the values of a repetition, or one value. */
  #item(): Iterable<SeriesValue> {
    const tokens = this.#tokens;
    const first = tokens.peek();
    if (tokens.accept("_") !== null) {
      return repeated("none", tokens.accept("x") === null ? 1 : this.#count());
    }
    if (first.kind === "{{") return this.#histograms();
    if (itemStarts.has(first.kind) && !first.text.includes(":")) tokens.next();
    else tokens.unexpected(first, "");
    if (first.kind === "word") {
      if (first.text !== "stale") tokens.unexpected(first, valuesPlace, 'number or "stale"');
      return repeated("stale", tokens.accept("x") === null ? 1 : this.#count() + 1);
    }
    const start = this.#signedNumber(first);
    if (tokens.accept("x") !== null) return repeated(start, this.#count() + 1);
    const { kind } = tokens.peek();
    if (kind !== "+" && kind !== "-") return [start];
    const step = this.#signedNumber(tokens.next());
    if (tokens.accept("x") === null) tokens.unexpected(tokens.peek(), valuesPlace);
    let value = start - step;
    return Array.from({ length: this.#count() + 1 }, (_, i) => (i === 0 ? (value = start) : (value += step)));
  }

  /** How often, behind `x`. */
  #count(): number {
    const token = this.#tokens.next();
    if (token.kind !== "number") return this.#tokens.unexpected(token, valuesPlace);
    const count = this.#unsigned(token);
    if (count > maxSeriesValues) this.#tokens.fail(token.start, `more than ${maxSeriesValues} series values`);
    return count;
  }

  #unsigned({ text, start }: SeriesToken): number {
    if (/^\d+$/u.test(text) && BigInt(text) < 1n << 64n) return Number(text);
    const why = /^\d+$/u.test(text) ? "value out of range" : "invalid syntax";
    const cause = `strconv.ParseUint: parsing ${quoteGo(text)}: ${why}`;
    return this.#tokens.fail(start, `invalid repetition in series values: ${cause}`, text.length);
  }

  /** The number that starts with this token. */
  #signedNumber(first: SeriesToken): number {
    if (first.kind === "number") return this.#number(first);
    const token = this.#tokens.next();
    if (token.kind !== "number") return this.#tokens.unexpected(token, valuesPlace);
    const value = this.#number(token);
    return first.kind === "-" ? -value : value;
  }

  #number({ text, start }: SeriesToken): number {
    try {
      // With a leading zero, digits are octal.
      const plain = text.replaceAll(/(?<=\d)_(?=\d)/gu, "");
      return /^0[0-7]+$/u.test(plain) ? Number(`0o${plain}`) : parseGoFloat(text);
    } catch (error) {
      if (!(error instanceof FloatSyntaxError)) throw error;
      return this.#tokens.fail(start, `error parsing number: ${error.message}`, text.length);
    }
  }

  #histograms(): Iterable<HistogramValue> {
    const tokens = this.#tokens;
    const first = this.#histogram();
    const operator = tokens.peek();
    if (tokens.accept("x") !== null) return repeated(first, this.#count() + 1);
    if (operator.kind !== "+" && operator.kind !== "-") return [first];
    tokens.next();
    if (tokens.peek().kind !== "{{") tokens.unexpected(tokens.peek(), valuesPlace);
    const step = this.#histogram();
    if (tokens.accept("x") === null) tokens.unexpected(tokens.peek(), valuesPlace);
    const at = tokens.peek().start;
    const count = this.#count();
    try {
      return histogramRun(first.histogram, step, operator.kind, count);
    } catch (error) {
      return tokens.fail(at, error instanceof Error ? error.message : String(error));
    }
  }

  /** From `{{` to `}}`. */
  #histogram(): HistogramValue {
    const tokens = this.#tokens;
    tokens.next();
    const fields = new Map<string, FieldValue>();
    if (tokens.accept("space") !== null && tokens.peek().kind !== "}}") this.#unexpectedInHistogram(0);
    while (tokens.accept("}}") === null) {
      if (fields.size > 0 && tokens.accept("space") === null) this.#unexpectedInHistogram(fields.size);
      if (fields.size > 0 && tokens.accept("}}") !== null) break;
      const name = this.#expect("field", fields.size).text.toLowerCase();
      this.#expect(":", fields.size);
      if (fields.has(name)) tokens.fail(0, `duplicate key "${name}" in histogram`);
      fields.set(name, this.#field(name, fields.size));
    }
    return histogramOf(fields);
  }

  #expect(kind: SeriesToken["kind"], fieldCount: number): SeriesToken {
    return this.#tokens.accept(kind) ?? this.#unexpectedInHistogram(fieldCount);
  }

  /** The original tells of the histogram only behind its first field. */
  #unexpectedInHistogram(fieldCount: number): never {
    const token = this.#tokens.peek();
    if (fieldCount === 0) return this.#tokens.unexpected(token, valuesPlace);
    const expected = "histogram description key, e.g. buckets:[5 10 7]";
    return this.#tokens.unexpected(token, "histogram description", expected);
  }

  #field(name: string, fieldCount: number): FieldValue {
    switch (name) {
      case "counter_reset_hint":
        return this.#expect("hint", fieldCount).text.toLowerCase();
      case "buckets":
      case "n_buckets":
      case "custom_values":
        return this.#list(fieldCount);
      case "schema":
      case "offset":
      case "n_offset": {
        const isNegative = this.#tokens.accept("-") !== null;
        const value = this.#unsigned(this.#expect("number", fieldCount));
        return isNegative ? -value : value;
      }
      default: {
        const isNegative = this.#tokens.accept("-") !== null;
        const value = this.#number(this.#expect("number", fieldCount));
        return isNegative ? -value : value;
      }
    }
  }

  #list(fieldCount: number): readonly number[] {
    const tokens = this.#tokens;
    this.#expect("[", fieldCount);
    const numbers: number[] = [];
    while (numbers.length === 0 || tokens.accept("]") === null) {
      if (numbers.length > 0) {
        this.#expect("space", fieldCount);
        if (tokens.accept("]") !== null) break;
      }
      const isNegative = tokens.accept("-") !== null;
      const value = this.#number(this.#expect("number", fieldCount));
      numbers.push(isNegative ? -value : value);
    }
    return numbers;
  }
}

function* repeated<T>(value: T, count: number): Generator<T, void, undefined> {
  for (let i = 0; i < count; i++) yield value;
}

type FieldValue = number | string | readonly number[];

const hintOf: Readonly<Record<string, CounterResetHint>> = {
  unknown: CounterResetHint.Unknown,
  reset: CounterResetHint.Reset,
  not_reset: CounterResetHint.NotReset,
  gauge: CounterResetHint.Gauge,
};

function histogramOf(fields: ReadonlyMap<string, FieldValue>): HistogramValue {
  const number = (name: string): number => (fields.get(name) as number | undefined) ?? 0;
  const list = (name: string): number[] => [...((fields.get(name) as readonly number[] | undefined) ?? [])];
  const spans = (prefix: string) => {
    const { length } = list(`${prefix}buckets`);
    return length === 0 ? [] : [{ offset: number(`${prefix}offset`), length }];
  };
  const hint = fields.get("counter_reset_hint") as string | undefined;
  const histogram = FloatHistogram.of({
    counterResetHint: hint === undefined ? CounterResetHint.Unknown : hintOf[hint],
    schema: number("schema"),
    zeroThreshold: number("z_bucket_w"),
    zeroCount: number("z_bucket"),
    count: number("count"),
    sum: number("sum"),
    positiveSpans: spans(""),
    positiveBuckets: list("buckets"),
    negativeSpans: spans("n_"),
    negativeBuckets: list("n_buckets"),
    customValues: list("custom_values"),
  });
  return { histogram, isHintSet: hint !== undefined };
}

function histogramRun(
  first: FloatHistogram,
  { histogram: step, isHintSet }: HistogramValue,
  operator: "+" | "-",
  count: number,
): HistogramValue[] {
  const run: HistogramValue[] = [{ histogram: first, isHintSet }];
  let current = first;
  for (let i = 0; i < count; i++) {
    if (current.schema > step.schema) {
      throw new Error(
        `error combining histograms: cannot merge from schema ${step.schema} to ${current.schema}`,
      );
    }
    current = current.copy();
    if (operator === "+") current.add(step);
    else current.sub(step);
    run.push({ histogram: current, isHintSet });
  }
  return run;
}
