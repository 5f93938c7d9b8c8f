/**
 * Parser of the Prometheus text format, versions 0.0.4 and 1.0.0.
 *
 *   page → text-lexer → TEXT PARSER → page-template, scrape
 *
 * It is the definition of the kernel `page-diff` for this format: whatever the kernel accepts, this accepts
 * with the same values. Blanks before a metric name are skipped, as the format says; the original takes them
 * into the name.
 */

import {
  ExpositionError,
  type Entry,
  type LineParser,
  type MetricType,
  type PageExemplar,
  type ParserOptions,
} from "./exposition-parser.ts";
import { floatIn } from "./go-number.ts";
import { LabelSpans } from "./label-spans.ts";
import { checkHelp, checkLabelValue, decodeText, quoteBytes, unescapeHelp } from "./page-text.ts";
import { TextLexer } from "./text-lexer.ts";
import { Token, tokenName, unexpected } from "./token.ts";

const types: Readonly<Record<string, MetricType>> = {
  counter: "counter",
  gauge: "gauge",
  histogram: "histogram",
  summary: "summary",
  untyped: "unknown",
};

const noExemplars: readonly PageExemplar[] = [];

/** Parses one page. See `ExpositionParser` for what its members promise. */
export class TextParser implements LineParser {
  value = 0;
  timeMs: number | null = null;
  readonly startTimeMs = null;
  readonly histogram = null;
  metricType: MetricType = "unknown";
  lineStart = 0;
  keyEnd = 0;
  /** Where the entry starts for error texts: blank lines before it are not part of it. */
  #entryStart = 0;
  readonly #page: Uint8Array;
  readonly #lexer: TextLexer;
  readonly #spans: LabelSpans;
  #textStart = 0;
  #textEnd = 0;
  #isHelp = false;
  readonly #hasSchemaLabels: boolean;

  constructor(page: Uint8Array, options: ParserOptions = {}) {
    this.#hasSchemaLabels = options.typeAndUnitLabels === true;
    this.#page = page;
    this.#lexer = new TextLexer(page);
    this.#spans = new LabelSpans(page);
  }

  get keyStart(): number {
    return this.lineStart;
  }

  get lineEnd(): number {
    return Math.min(this.#lexer.at, this.#page.length);
  }

  get family(): string {
    return this.#spans.name;
  }

  get text(): string {
    const text = decodeText(this.#page, this.#textStart, this.#textEnd);
    return this.#isHelp ? unescapeHelp(text) : text;
  }

  seek(offset: number, type: MetricType): void {
    this.#lexer.seek(offset);
    this.metricType = type;
  }

  labelPairs(): string[] {
    if (this.#hasSchemaLabels) return this.#spans.pairsWithSchema(this.metricType, "");
    return this.#spans.pairs(this.metricType);
  }

  exemplars(): readonly PageExemplar[] {
    return noExemplars;
  }

  next(): Entry {
    const lexer = this.#lexer;
    this.lineStart = lexer.at;
    for (;;) {
      this.#entryStart = lexer.at;
      this.#spans.reset();
      const token = lexer.next();
      switch (token) {
        case Token.End:
          return "end";
        case Token.Linebreak:
          continue; // a blank line
        case Token.Help:
        case Token.Type:
          return this.#metadata(token);
        case Token.Comment:
          return this.#comment();
        case Token.BraceOpen:
          this.#labels();
          return this.#series(lexer.next());
        case Token.MetricName:
          return this.#namedSeries();
        default:
          throw this.#unexpected("expected a valid start token", token);
      }
    }
  }

  #unexpected(expected: string, token: Token): ExpositionError {
    return unexpected(expected, token, this.#lexer, this.#entryStart);
  }

  #metadata(kind: typeof Token.Help | typeof Token.Type): Entry {
    const lexer = this.#lexer;
    let token = lexer.next();
    if (token !== Token.MetricName) {
      throw this.#unexpected(`expected metric name after ${tokenName(kind)}`, token);
    }
    this.#spans.setFamily(lexer.start, lexer.at);
    lexer.next(); // always Token.Text
    this.#textStart = Math.min(lexer.start + 1, lexer.at);
    this.#textEnd = lexer.at;
    this.#isHelp = kind === Token.Help;
    if (this.#isHelp) {
      checkHelp(this.#page, this.#textStart, this.#textEnd);
    } else {
      const type = types[decodeText(this.#page, this.#textStart, this.#textEnd)];
      if (type === undefined) {
        const shown = quoteBytes(this.#page, this.#textStart, this.#textEnd);
        throw new ExpositionError(`invalid metric type ${shown}`);
      }
      this.metricType = type;
    }
    token = lexer.next();
    if (token !== Token.Linebreak) throw this.#unexpected("linebreak expected after metadata", token);
    return this.#isHelp ? "help" : "type";
  }

  #comment(): Entry {
    this.#textStart = this.#lexer.start;
    this.#textEnd = this.#lexer.at;
    this.#isHelp = false;
    const token = this.#lexer.next();
    if (token !== Token.Linebreak) throw this.#unexpected("linebreak expected after comment", token);
    return "comment";
  }

  #namedSeries(): Entry {
    const lexer = this.#lexer;
    this.#spans.setName(lexer.start, lexer.at);
    let token = lexer.next();
    if (token === Token.BraceOpen) {
      this.#labels();
      token = lexer.next();
    }
    return this.#series(token);
  }

  #labels(): void {
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
        this.#quotedName(start + 1, end - 1);
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
      this.#labelValue(start, end);
      // A comma may follow, also before the brace; the original does not miss it between two labels either.
      token = lexer.next();
      if (token === Token.Comma) token = lexer.next();
    }
  }

  #quotedName(start: number, end: number): void {
    if (this.#spans.hasName) {
      const parsed = quoteBytes(this.#page, this.#entryStart, this.#lexer.at);
      throw new ExpositionError(`metric name already set while parsing: ${parsed}`);
    }
    this.#spans.setName(start, end);
  }

  #labelValue(nameStart: number, nameEnd: number): void {
    const { start, at, isAscii } = this.#lexer;
    if (!isAscii) checkLabelValue(this.#page, start, at);
    this.#spans.add(nameStart, nameEnd, start + 1, at - 1);
  }

  #series(valueToken: Token): Entry {
    const lexer = this.#lexer;
    if (!this.#spans.hasName) {
      const parsed = quoteBytes(this.#page, this.#entryStart, lexer.at);
      throw new ExpositionError(`metric name not set while parsing: ${parsed}`);
    }
    if (valueToken !== Token.Value) throw this.#unexpected("expected value after metric", valueToken);
    this.keyEnd = lexer.start;
    this.value = floatIn(this.#page, lexer.start, lexer.at, this.#entryStart);
    this.timeMs = null;
    const token = lexer.next();
    if (token === Token.Linebreak) return "series";
    if (token !== Token.Timestamp) throw this.#unexpected("expected timestamp or new record", token);
    this.timeMs = this.#timestamp();
    const last = lexer.next();
    if (last !== Token.Linebreak) throw this.#unexpected("expected next entry after timestamp", last);
    return "series";
  }

  #timestamp(): number {
    const { start, at } = this.#lexer;
    const digits = decodeText(this.#page, start, at);
    if (digits.length > 18 && BigInt(digits) > 9223372036854775807n) {
      const parsed = quoteBytes(this.#page, this.#entryStart, at);
      throw new ExpositionError(
        `strconv.ParseInt: parsing "${digits}": value out of range while parsing: ${parsed}`,
      );
    }
    return Number(digits);
  }
}
