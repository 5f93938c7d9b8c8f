/**
 * Tokens of series descriptions (series-description.ts): the metric as in queries, then values in a small
 * language of their own.
 *
 * Which characters are legal depends on where they stand, as in the original: before the braces, inside them,
 * among values, inside `{{…}}`, and inside its lists. Tokens are read on demand, so that the fault that comes
 * first is reported first. Offsets count UTF-16 units; error positions are in bytes.
 */

import { quoteGo } from "@narthex/model/labels";
import { ParseError } from "@narthex/promql-syntax/parse-error";

/** What a token is. */
export type SeriesTokenKind =
  | "end"
  | "word"
  | "number"
  | "string"
  | "space"
  | "field"
  | "hint"
  | "{{"
  | "}}"
  | "{"
  | "}"
  | "["
  | "]"
  | ","
  | "="
  | ":"
  | "+"
  | "-"
  | "x"
  | "_"
  | "other";

/** A token; `text` is what stands there. */
export interface SeriesToken {
  readonly kind: SeriesTokenKind;
  readonly text: string;
  readonly start: number;
}

const fields = new Set(
  ["sum", "count", "schema", "offset", "n_offset", "buckets", "n_buckets", "z_bucket", "z_bucket_w"].concat([
    "custom_values",
    "counter_reset_hint",
  ]),
);
const hints: ReadonlySet<string> = new Set(["unknown", "reset", "not_reset", "gauge"]);
const comparison = /!=|!~|=~/y;
const word = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const name = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const letters = /[a-zA-Z_]+/y;
const number = /(?:\d(?:\d|_(?![._eE]|$))*(?:\.(?!_))?|\.)(?:\d|_(?![._eE]|$))*(?:[eE][+-]?\d*)?/y;
const string = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`/y;
const spaces = /[ \t\r\n]+/y;

/** Where the next token stands. */
type Place = "start" | "braces" | "values" | "histogram" | "list";

/** Reads tokens from a series description. */
export class SeriesTokens {
  readonly #input: string;
  #at = 0;
  #place: Place = "start";
  #peeked: SeriesToken | null = null;

  constructor(input: string) {
    this.#input = input;
  }

  /** The next token, which stays the next one. Throws `ParseError`. */
  peek(): SeriesToken {
    this.#peeked ??= this.#read();
    return this.#peeked;
  }

  /** Takes the next token. */
  next(): SeriesToken {
    const token = this.peek();
    this.#peeked = null;
    return token;
  }

  /** Takes the next token if it is of `kind`. */
  accept(kind: SeriesTokenKind): SeriesToken | null {
    return this.peek().kind === kind ? this.next() : null;
  }

  /** Says that a token stands where it must not; without context outside of every construct. */
  unexpected(token: SeriesToken, context: string, expected = ""): never {
    const wanted = expected === "" ? "" : `, expected ${expected}`;
    const place = context === "" ? "" : ` in ${context}`;
    return this.fail(token.start, `unexpected ${describe(token)}${place}${wanted}`, token.text.length);
  }

  /** Throws a `ParseError` about what stands at `start`. */
  fail(start: number, reason: string, length = 0): never {
    const bytes = (end: number): number => new TextEncoder().encode(this.#input.slice(0, end)).length;
    const characters = Array.from(new TextEncoder().encode(this.#input), (byte) => String.fromCharCode(byte));
    throw new ParseError(characters.join(""), { start: bytes(start), end: bytes(start + length) }, reason);
  }

  #read(): SeriesToken {
    switch (this.#place) {
      case "start":
        return this.#readStart();
      case "braces":
        return this.#readInBraces();
      case "values":
        return this.#readValue();
      case "histogram":
        return this.#readInHistogram();
      case "list":
        return this.#readInList();
    }
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#input)?.[0] ?? null;
  }

  #token(kind: SeriesTokenKind, text: string): SeriesToken {
    const start = this.#at;
    this.#at += text.length;
    return { kind, text, start };
  }

  #character(): string {
    const code = this.#input.codePointAt(this.#at);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  /** The current character as an error shows it. */
  #quoted(): string {
    const character = this.#character();
    return character === "" ? "'�'" : `'${quoteGo(character).slice(1, -1).replaceAll('\\"', '"')}'`;
  }

  #readStart(): SeriesToken {
    this.#at += this.#match(spaces)?.length ?? 0;
    const found = this.#match(word);
    if (found !== null) {
      const token = this.#token("word", found);
      if (this.#character() !== "{") this.#place = "values";
      return token;
    }
    if (this.#character() === "{") {
      this.#place = "braces";
      return this.#token("{", "{");
    }
    const text = this.#character();
    if (text === "") return this.#token("end", "");
    if (text === "+" || text === "-") return this.#token(text, text);
    if (/[0-9]/u.test(text)) return this.#readNumber(text);
    if (text === '"' || text === "'" || text === "`") return this.#readString(text);
    return this.fail(this.#at, `unexpected character: ${this.#quoted()}`);
  }

  #readInBraces(): SeriesToken {
    this.#at += this.#match(spaces)?.length ?? 0;
    const character = this.#character();
    if (character === "") return this.fail(this.#at, "unexpected end of input inside braces");
    const label = this.#match(name);
    if (label !== null) return this.#token("word", label);
    const other = this.#match(comparison);
    if (other !== null) return this.#token("other", other);
    switch (character) {
      case ",":
      case "=":
        return this.#token(character, character);
      case "}":
        this.#place = "values";
        return this.#token("}", "}");
      case "{":
        return this.fail(this.#at, "unexpected left brace '{'");
      case '"':
      case "'":
      case "`":
        return this.#readString(character);
      default:
        return this.fail(this.#at, `unexpected character inside braces: ${this.#quoted()}`);
    }
  }

  #readString(quote: string): SeriesToken {
    const text = this.#match(string);
    if (text !== null) return this.#token("string", text);
    return this.fail(this.#at, quote === "`" ? "unterminated raw string" : "unterminated quoted string");
  }

  #readValue(): SeriesToken {
    const space = this.#match(spaces);
    if (space !== null) return this.#token("space", space);
    const character = this.#character();
    if (character === "") return this.#token("end", "");
    if (this.#input.startsWith("{{", this.#at)) {
      this.#place = "histogram";
      return this.#token("{{", "{{");
    }
    if (character === "+" || character === "-" || character === "x" || character === "_") {
      return this.#token(character, character);
    }
    if (/[0-9.]/u.test(character)) return this.#readNumber(character);
    const found = this.#match(word);
    if (found === null || character === ":") {
      return this.fail(this.#at, `unexpected character in series sequence: ${this.#quoted()}`);
    }
    return this.#token(/^(?:inf|nan)$/iu.test(found) ? "number" : "word", found);
  }

  /** A number, behind which no letter but the `x` of a repetition may stand. */
  #readNumber(character: string): SeriesToken {
    const found = this.#match(number);
    if (found === null || found === ".") {
      return this.fail(this.#at, `unexpected character in series sequence: '${character}'`);
    }
    const after = this.#input.charAt(this.#at + found.length);
    if (after !== "x" && /[a-zA-Z0-9_.]/u.test(after)) {
      const bad = /[eE._]/u.test(after) ? found + after : found;
      return this.fail(this.#at, `bad number syntax: ${quoteGo(bad)}`);
    }
    return this.#token("number", found);
  }

  #readInHistogram(): SeriesToken {
    const space = this.#match(spaces);
    if (space !== null) return this.#token("space", space);
    if (this.#input.startsWith("}}", this.#at)) {
      this.#place = "values";
      return this.#token("}}", "}}");
    }
    const character = this.#character();
    if (/[0-9]/u.test(character)) return this.#readNumber(character);
    if (/[a-zA-Z_]/u.test(character)) return this.#readField();
    if (character === ":" || character === "-" || character === "x") return this.#token(character, character);
    if (character === "[") {
      this.#place = "list";
      return this.#token("[", "[");
    }
    return this.fail(this.#at, `histogram description incomplete unexpected: ${this.#quoted()}`);
  }

  #readField(): SeriesToken {
    const found = this.#match(letters) as string;
    const lower = found.toLowerCase();
    if (fields.has(lower)) {
      if (this.#input.charAt(this.#at + found.length) === ":") return this.#token("field", found);
      return this.fail(this.#at, "missing `:` for histogram descriptor");
    }
    if (lower === "inf" || lower === "nan") return this.#token("number", found);
    if (hints.has(lower)) return this.#token("hint", found);
    return this.fail(this.#at, `bad histogram descriptor found: ${quoteGo(found)}`);
  }

  #readInList(): SeriesToken {
    const space = this.#match(spaces);
    if (space !== null) return this.#token("space", space);
    const character = this.#character();
    if (character === "-") return this.#token("-", "-");
    if (/[0-9]/u.test(character)) return this.#readNumber(character);
    if (character === "]") {
      this.#place = "histogram";
      return this.#token("]", "]");
    }
    const found = this.#match(letters);
    if (found !== null && /^(?:inf|nan)$/iu.test(found)) return this.#token("number", found);
    this.#at += found?.length ?? 0; // letters alone are no fault there: what follows them is
    return this.fail(this.#at, `invalid character in buckets description: ${this.#quoted()}`);
  }
}

/** A token as error texts name it. */
function describe({ kind, text }: SeriesToken): string {
  switch (kind) {
    case "end":
      return "end of input";
    case "word":
      return `${text.includes(":") ? "metric identifier" : "identifier"} ${quoteGo(text)}`;
    case "number":
      return `number ${shortened(text)}`;
    case "string":
      return `string ${shortened(text)}`;
    case "+":
    case "-":
    case "other":
      return `<op:${text}>`;
    case "space":
      return '" "';
    default:
      return quoteGo(text);
  }
}

function shortened(text: string): string {
  return text.length > 10 ? `${quoteGo(text.slice(0, 10))}...` : quoteGo(text);
}
