/**
 * Splits a page of the text format (0.0.4 and 1.0.0) into tokens.
 *
 * A state machine as the original's: what a byte means depends on what came before it in the line, and
 * blanks between tokens mean nothing. The lexer sees one line feed more than the page has.
 *
 * Invariants
 *  - `start <= at <= length`; `at` grows with every token except at the end.
 *  - After `Token.Invalid`, `at` is the byte that did not fit (error texts show it).
 */

import { Token, type LexerState } from "./token.ts";

const State = { Init: 0, Meta: 1, MetaText: 2, Labels: 3, LabelValue: 4, Value: 5, Timestamp: 6 } as const;
type State = (typeof State)[keyof typeof State];

const nul = 0;
const tab = 9;
const lineFeed = 10;
const blank = 32;
const quote = 34;
const backslash = 92;

/**
 * Classes of bytes: bit 0 starts a metric name, bit 1 continues one, bit 2 starts a label name, bit 3
 * continues one.
 */
export const nameBytes: Uint8Array = classifyBytes();

function classifyBytes(): Uint8Array {
  const classes = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const char = String.fromCharCode(byte);
    if (/[a-zA-Z_]/u.test(char)) classes[byte] = 15;
    else if (char === ":") classes[byte] = 3;
    else if (/[0-9]/u.test(char)) classes[byte] = 10;
  }
  return classes;
}

/**
 * 1 for bytes that a string in quotes must look at: its end, escapes, line feeds, zero, and all that is not
 * ASCII.
 */
export const stringBytes: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x80 || byte === quote || byte === backslash || byte === nul || byte === lineFeed),
);

/** Where the run of bytes of `kind` that starts at `at` ends. */
export function nameEnd(page: Uint8Array, at: number, kind: 2 | 8): number {
  const { length } = page;
  let i = at;
  while (i < length && (nameBytes[page[i]] & kind) !== 0) i++;
  return i;
}

/** The tokens of one page. */
export class TextLexer implements LexerState {
  readonly page: Uint8Array;
  readonly length: number;
  start = 0;
  at = 0;
  /** Whether the last token in quotes has only ASCII. */
  isAscii = true;
  #state: State = State.Init;

  constructor(page: Uint8Array) {
    this.page = page;
    this.length = page.length + 1;
  }

  /** Goes to the start of an entry. */
  seek(offset: number): void {
    this.start = this.at = offset;
    this.#state = State.Init;
  }

  /** The next token; blanks are skipped. */
  next(): Token {
    if (this.#state === State.MetaText) return this.#metaText();
    const { page } = this;
    let i = this.at;
    while (page[i] === blank || page[i] === tab) i++;
    if (i >= this.length) {
      this.at = i;
      return Token.End;
    }
    this.start = this.at = i;
    const byte = this.#byteAt(i);
    switch (this.#state) {
      case State.Init:
        return this.#lineStart(byte);
      case State.Meta:
        return this.#metaName(byte);
      case State.Labels:
        return this.#insideBraces(byte);
      case State.LabelValue:
        return byte === quote ? this.#quoted(Token.LabelValue, State.Labels, true) : Token.Invalid;
      case State.Value:
        return this.#value(byte);
      default:
        return this.#timestamp(byte);
    }
  }

  #byteAt(i: number): number {
    return i < this.page.length ? this.page[i] : i < this.length ? lineFeed : nul;
  }

  #take(token: Token, state: State): Token {
    this.at++;
    this.#state = state;
    return token;
  }

  #lineStart(byte: number): Token {
    if ((nameBytes[byte] & 1) !== 0) {
      this.at = nameEnd(this.page, this.at, 2);
      this.#state = State.Value;
      return Token.MetricName;
    }
    if (byte === lineFeed) return this.#take(Token.Linebreak, State.Init);
    if (byte === 123) return this.#take(Token.BraceOpen, State.Labels);
    if (byte === 35) return this.#comment();
    return byte === nul ? Token.End : Token.Invalid;
  }

  /** `# HELP `, `# TYPE `, or a comment, which goes to the end of the line. */
  #comment(): Token {
    const { page } = this;
    let i = this.at + 1;
    while (page[i] === blank || page[i] === tab) i++;
    const blanksAfterHash = i > this.at + 1;
    if (blanksAfterHash) {
      const token = wordAt(page, i, "HELP")
        ? Token.Help
        : wordAt(page, i, "TYPE")
          ? Token.Type
          : Token.Invalid;
      if (token !== Token.Invalid) {
        i += 4;
        while (page[i] === blank || page[i] === tab) i++;
        this.at = i;
        this.#state = State.Meta;
        return token;
      }
    }
    let first = true;
    for (; ; i++) {
      const byte = this.#byteAt(i);
      if (byte === lineFeed) break;
      // A zero byte ends the page here, as in the original, except inside a comment that has begun with a
      // blank.
      if (byte === nul && (first || !blanksAfterHash)) return this.#stopAt(i);
      first = false;
    }
    this.at = i;
    return Token.Comment;
  }

  #stopAt(i: number): Token {
    this.at = i;
    return Token.End;
  }

  #metaName(byte: number): Token {
    if (byte === quote) return this.#quoted(Token.MetricName, State.MetaText, false);
    if ((nameBytes[byte] & 1) === 0) return Token.Invalid;
    this.at = nameEnd(this.page, this.at, 2);
    this.#state = State.MetaText;
    return Token.MetricName;
  }

  /** The rest of a HELP or TYPE line with the blanks before it; blanks alone are no text. */
  #metaText(): Token {
    const { page } = this;
    this.start = this.at;
    let i = this.at;
    let onlyBlanks = true;
    for (; i < page.length; i++) {
      const byte = page[i];
      if (byte === lineFeed || (byte === nul && i === this.at)) break;
      onlyBlanks &&= byte === blank || byte === tab;
    }
    this.at = i;
    if (onlyBlanks) this.start = i;
    this.#state = State.Init;
    return Token.Text;
  }

  #insideBraces(byte: number): Token {
    if ((nameBytes[byte] & 4) !== 0) {
      this.at = nameEnd(this.page, this.at, 8);
      return Token.LabelName;
    }
    if (byte === 61) return this.#take(Token.Equal, State.LabelValue);
    if (byte === 44) return this.#take(Token.Comma, State.Labels);
    if (byte === 125) return this.#take(Token.BraceClose, State.Value);
    return byte === quote ? this.#quoted(Token.Quoted, State.Labels, false) : Token.Invalid;
  }

  /** A string in double quotes; line feeds are allowed inside. */
  #quoted(token: Token, state: State, zeroBytes: boolean): Token {
    const { page } = this;
    const { length } = page;
    let i = this.at + 1;
    this.isAscii = true;
    for (; i < length; i++) {
      while (i < length && stringBytes[page[i]] === 0) i++;
      const byte = i < length ? page[i] : lineFeed;
      if (byte === quote) {
        this.at = i + 1;
        this.#state = state;
        return token;
      }
      if (byte >= 0x80) this.isAscii = false;
      if (byte === nul && !zeroBytes) break;
      if (byte === backslash) {
        i++;
        if (i >= length || page[i] === lineFeed || (page[i] === nul && !zeroBytes)) break;
        if (page[i] >= 0x80) this.isAscii = false;
      }
    }
    // Unterminated: the lexer has seen all of the page and the line feed behind it, or stands at a bad byte.
    this.at = i < length ? i : this.length;
    return Token.Invalid;
  }

  #value(byte: number): Token {
    if (byte === 123) return this.#take(Token.BraceOpen, State.Labels);
    const { page } = this;
    let i = this.at;
    for (; i < page.length; i++) {
      const c = page[i];
      if (c === lineFeed || c === blank || c === 123 || c === tab || c === nul) break;
    }
    if (i === this.at) return Token.Invalid;
    this.at = i;
    this.#state = State.Timestamp;
    return Token.Value;
  }

  #timestamp(byte: number): Token {
    if (byte === lineFeed) return this.#take(Token.Linebreak, State.Init);
    const { page } = this;
    let i = this.at;
    while (page[i] >= 48 && page[i] <= 57) i++;
    if (i === this.at) return Token.Invalid;
    this.at = i;
    return Token.Timestamp;
  }
}

function wordAt(page: Uint8Array, at: number, word: string): boolean {
  for (let i = 0; i < 4; i++) if (page[at + i] !== word.charCodeAt(i)) return false;
  return page[at + 4] === blank || page[at + 4] === tab;
}
