/**
 * Parser of OpenMetrics text, version 1.0 (and 0.0.1).
 *
 *   page → openmetrics-lexer → OPENMETRICS PARSER → page-template, scrape
 *
 * As lenient as the original: suffixes, order of families, values of counters and lengths of exemplars are
 * not checked. It is the definition of the kernel `page-diff` for this format.
 *
 * Start times: a series of a counter, histogram or summary has the time of the `_created` line that follows
 * among its family's samples with the same labels (without `le` and `quantile`).
 */

import {
  ExpositionError,
  type Entry,
  type LineParser,
  type MetricType,
  type PageExemplar,
  type ParserOptions,
} from "./exposition-parser.ts";
import { floatIn, formatFloat } from "./go-number.ts";
import { LabelSpans } from "./label-spans.ts";
import { OpenMetricsLexer } from "./openmetrics-lexer.ts";
import { checkHelp, checkLabelValue, decodeText, quoteBytes, unescapeLabel } from "./page-text.ts";
import { Token, tokenName, unexpected } from "./token.ts";

const types: ReadonlySet<string> = new Set<MetricType>([
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
  "unknown",
]);

const createdSuffix = "_created";
const noEof = "data does not end with # EOF";

/** Parses one page. See `ExpositionParser` for what its members promise. */
export class OpenMetricsParser implements LineParser {
  value = 0;
  timeMs: number | null = null;
  metricType: MetricType = "unknown";
  readonly histogram = null;
  lineStart = 0;
  keyEnd = 0;
  readonly #page: Uint8Array;
  readonly #lexer: OpenMetricsLexer;
  readonly #spans: LabelSpans;
  readonly #exemplarSpans: LabelSpans;
  readonly #options: ParserOptions;
  #familyLength = 0;
  #textStart = 0;
  #textEnd = 0;
  #unit = "";
  #hasExemplar = false;
  #exemplarValue = 0;
  #exemplarTimeMs: number | null = null;
  /** Reads ahead for `_created` lines; made when first needed. */
  #ahead: OpenMetricsParser | null = null;
  #startIdentity = "";
  #startMs: number | null = null;

  constructor(page: Uint8Array, options: ParserOptions = {}) {
    this.#page = page;
    this.#lexer = new OpenMetricsLexer(page);
    this.#spans = new LabelSpans(page);
    this.#exemplarSpans = new LabelSpans(page);
    this.#options = options;
  }

  get keyStart(): number {
    return this.lineStart;
  }

  get lineEnd(): number {
    return this.#lexer.at;
  }

  get family(): string {
    return this.#spans.name;
  }

  get text(): string {
    return unescapeLabel(decodeText(this.#page, this.#textStart, this.#textEnd));
  }

  get startTimeMs(): number | null {
    if (this.#options.startTimestamps !== true || !this.#typeHasStart()) return null;
    const identity = this.#identity(this.#familyLength);
    if (identity === this.#startIdentity) return this.#startMs;
    this.#startIdentity = identity;
    this.#startMs = this.#findStart(identity);
    return this.#startMs;
  }

  seek(offset: number, type: MetricType): void {
    this.#lexer.seek(offset);
    this.metricType = type;
  }

  labelPairs(): string[] {
    const { typeAndUnitLabels } = this.#options;
    if (typeAndUnitLabels === true) return this.#spans.pairsWithSchema(this.metricType, this.#unit);
    return this.#spans.pairs(this.metricType);
  }

  exemplars(): readonly PageExemplar[] {
    if (!this.#hasExemplar) return [];
    const labelPairs = this.#exemplarSpans.rawPairs();
    return [{ labelPairs, value: this.#exemplarValue, timeMs: this.#exemplarTimeMs }];
  }

  /** Whether `exemplars` would give one. */
  get hasExemplar(): boolean {
    return this.#hasExemplar;
  }

  next(): Entry {
    const lexer = this.#lexer;
    for (;;) {
      this.lineStart = lexer.at;
      this.#spans.reset();
      this.#hasExemplar = false;
      const token = lexer.next();
      switch (token) {
        case Token.EofWord:
          if (lexer.next() !== Token.End) throw new ExpositionError("unexpected data after # EOF");
          return "end";
        case Token.End:
          throw new ExpositionError(noEof);
        case Token.Help:
        case Token.Type:
        case Token.Unit:
          return this.#metadata(token);
        case Token.BraceOpen:
          this.#labels(this.#spans, false);
          this.#series(lexer.next());
          break;
        case Token.MetricName:
          this.#namedSeries();
          break;
        default:
          throw this.#unexpected("expected a valid start token", token);
      }
      if (this.#options.startTimestamps === true && this.#isCreated()) continue;
      return "series";
    }
  }

  #unexpected(expected: string, token: Token): ExpositionError {
    return unexpected(expected, token, this.#lexer, this.lineStart);
  }

  #parsed(): string {
    return quoteBytes(this.#page, this.lineStart, this.#lexer.at);
  }

  #metadata(kind: typeof Token.Help | typeof Token.Type | typeof Token.Unit): Entry {
    const lexer = this.#lexer;
    const page = this.#page;
    const token = lexer.next();
    if (token !== Token.MetricName) {
      throw this.#unexpected(`expected metric name after ${tokenName(kind)}`, token);
    }
    this.#spans.setFamily(lexer.start, lexer.at);
    this.#familyLength = this.#spans.nameEnd - this.#spans.nameStart;
    if (lexer.next() !== Token.Text) throw new ExpositionError(`expected text in ${tokenName(kind)}`);
    this.#textStart = lexer.start + 1;
    this.#textEnd = lexer.at - 1;
    if (kind === Token.Help) {
      checkHelp(page, this.#textStart, this.#textEnd);
      return "help";
    }
    const shown = (): string => quoteBytes(page, this.#textStart, this.#textEnd);
    const text = decodeText(page, this.#textStart, this.#textEnd);
    if (kind === Token.Type) {
      if (!types.has(text)) throw new ExpositionError(`invalid metric type ${shown()}`);
      this.metricType = text as MetricType;
      return "type";
    }
    if (text !== "" && !this.family.endsWith(`_${text}`)) {
      const family = quoteBytes(page, this.#spans.nameStart, this.#spans.nameEnd);
      throw new ExpositionError(`unit ${shown()} not a suffix of metric ${family}`);
    }
    this.#unit = text;
    return "unit";
  }

  #namedSeries(): void {
    const lexer = this.#lexer;
    this.#spans.setName(lexer.start, lexer.at);
    let token = lexer.next();
    if (token === Token.BraceOpen) {
      this.#labels(this.#spans, false);
      token = lexer.next();
    }
    this.#series(token);
  }

  /** Labels up to the closing brace. In an exemplar a quoted name cannot stand alone. */
  #labels(spans: LabelSpans, isExemplar: boolean): void {
    const lexer = this.#lexer;
    let token = lexer.next();
    for (;;) {
      let start = lexer.start;
      let end = lexer.at;
      if (token === Token.BraceClose) return;
      if (token !== Token.LabelName && token !== Token.Quoted)
        throw this.#unexpected("expected label name", token);
      const quoted = token === Token.Quoted;
      token = lexer.next();
      if (quoted && (token === Token.Comma || token === Token.BraceClose)) {
        if (isExemplar) throw this.#unexpected("expected label name", token);
        if (spans.hasName)
          throw new ExpositionError(`metric name already set while parsing: ${this.#parsed()}`);
        spans.setName(start + 1, end - 1);
        if (token === Token.BraceClose) return;
        token = lexer.next();
        continue;
      }
      if (quoted) {
        start++;
        end--;
      }
      if (token !== Token.Equal) throw this.#unexpected("expected equal", token);
      token = lexer.next();
      if (token !== Token.LabelValue) throw this.#unexpected("expected label value", token);
      this.#labelValue(spans, start, end);
      token = lexer.next();
      if (token === Token.Comma) token = lexer.next();
      else if (token !== Token.BraceClose) throw this.#unexpected("expected comma or brace close", token);
    }
  }

  #labelValue(spans: LabelSpans, nameStart: number, nameEnd: number): void {
    const { start, at, isAscii } = this.#lexer;
    if (!isAscii) checkLabelValue(this.#page, start, at);
    spans.add(nameStart, nameEnd, start + 1, at - 1);
  }

  #series(valueToken: Token): void {
    const lexer = this.#lexer;
    if (!this.#spans.hasName)
      throw new ExpositionError(`metric name not set while parsing: ${this.#parsed()}`);
    this.value = this.#float(valueToken, "metric");
    this.keyEnd = lexer.start + 1;
    this.timeMs = null;
    const token = lexer.next();
    if (token === Token.End) throw new ExpositionError(noEof);
    if (token === Token.Comment) this.#exemplar();
    // Any other token passes here, as in the original: what is left of the line then fails as the next entry.
    if (token !== Token.Timestamp) return;
    this.timeMs = this.#time("invalid timestamp");
    const last = lexer.next();
    if (last === Token.Comment) this.#exemplar();
    else if (last !== Token.Linebreak) throw this.#unexpected("expected next entry after timestamp", last);
  }

  #float(token: Token, after: string): number {
    if (token !== Token.Value) throw this.#unexpected(`expected value after ${after}`, token);
    return floatIn(this.#page, this.#lexer.start + 1, this.#lexer.at, this.lineStart);
  }

  /** The time in the current token, which is in seconds, as whole milliseconds. */
  #time(error: string): number {
    const seconds = floatIn(this.#page, this.#lexer.start + 1, this.#lexer.at, this.lineStart);
    if (!Number.isFinite(seconds)) throw new ExpositionError(`${error} ${formatFloat(seconds)}`);
    const timeMs = Math.trunc(seconds * 1000) + 0;
    return Math.abs(timeMs) < 2 ** 63 ? timeMs : -(2 ** 63); // what no int64 holds ends there
  }

  #exemplar(): void {
    const lexer = this.#lexer;
    this.#exemplarSpans.reset();
    this.#labels(this.#exemplarSpans, true);
    this.#exemplarValue = this.#float(lexer.next(), "exemplar labels");
    this.#exemplarTimeMs = null;
    const token = lexer.next();
    if (token === Token.End) throw new ExpositionError(noEof);
    if (token === Token.Timestamp) {
      this.#exemplarTimeMs = this.#time("invalid exemplar timestamp");
      const last = lexer.next();
      if (last !== Token.Linebreak)
        throw this.#unexpected("expected next entry after exemplar timestamp", last);
    } else if (token !== Token.Linebreak) {
      throw this.#unexpected("expected timestamp or comment", token);
    }
    this.#hasExemplar = true;
  }

  #typeHasStart(): boolean {
    return this.metricType === "counter" || this.metricType === "histogram" || this.metricType === "summary";
  }

  #isCreated(): boolean {
    return this.#typeHasStart() && this.#spans.name.endsWith(createdSuffix);
  }

  #identity(nameLength: number): string {
    const except = this.metricType === "histogram" ? "le" : this.metricType === "summary" ? "quantile" : "";
    return this.#spans.identity(nameLength, except);
  }

  /**
   * The time on the first `_created` line behind this one, if it is of the same metric; null when it is not.
   */
  #findStart(identity: string): number | null {
    this.#ahead ??= new OpenMetricsParser(this.#page);
    const ahead = this.#ahead;
    ahead.seek(this.lineEnd, this.metricType);
    try {
      while (ahead.next() === "series") {
        if (!ahead.#spans.name.endsWith(createdSuffix)) continue;
        const nameLength = ahead.#spans.nameEnd - ahead.#spans.nameStart - createdSuffix.length;
        return ahead.#identity(nameLength) === identity ? Math.trunc(ahead.value * 1000) : null;
      }
    } catch (cause) {
      // A bad line ahead: no start time is found, and the parser itself throws when it gets there.
      if (!(cause instanceof ExpositionError)) throw cause;
    }
    return null;
  }
}
