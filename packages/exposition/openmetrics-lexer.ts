/**
 * Splits a page of OpenMetrics 1.0 into tokens: single blanks belong to the token behind them, and every
 * line but the last ends in a line feed.
 *
 * Invariants
 *  - `start <= at <= length`; after `Token.Invalid`, `at` is the byte that did not fit (error texts show it).
 *  - As in the original, the lexer does not go back: what it has read of an invalid token stays read.
 */

import { nameBytes, nameEnd, stringBytes } from "./text-lexer.ts";
import { Token, type LexerState } from "./token.ts";

const State = {
  Init: 0,
  Meta: 1,
  MetaText: 2,
  Labels: 3,
  LabelValue: 4,
  Value: 5,
  Timestamp: 6,
  Exemplar: 7,
  ExemplarValue: 8,
  ExemplarTimestamp: 9,
  Comment: 10,
} as const;
type State = (typeof State)[keyof typeof State];

const nul = 0;
const lineFeed = 10;
const blank = 32;
const quote = 34;
const hash = 35;
const openBrace = 123;

/** The tokens of one page. */
export class OpenMetricsLexer implements LexerState {
  readonly page: Uint8Array;
  readonly length: number;
  start = 0;
  at = 0;
  /** Whether the last token in quotes has only ASCII. */
  isAscii = true;
  #state: State = State.Init;

  constructor(page: Uint8Array) {
    this.page = page;
    this.length = page.length;
  }

  /** Goes to the start of an entry. */
  seek(offset: number): void {
    this.start = this.at = offset;
    this.#state = State.Init;
  }

  /** The next token. */
  next(): Token {
    if (this.at >= this.length) return Token.End;
    this.start = this.at;
    const byte = this.page[this.at];
    switch (this.#state) {
      case State.Init:
        return this.#lineStart(byte);
      case State.Comment:
        return this.#commentWord();
      case State.Meta:
        return this.#metaName(byte);
      case State.MetaText:
        return this.#metaText(byte);
      case State.Labels:
        return this.#insideBraces(byte, State.LabelValue, State.Value, true);
      case State.Exemplar:
        return this.#insideBraces(byte, State.ExemplarValue, State.ExemplarValue, false);
      case State.LabelValue:
        return byte === quote ? this.#quoted(Token.LabelValue, State.Labels, false, true) : Token.Invalid;
      case State.Value:
        return byte === openBrace
          ? this.#take(Token.BraceOpen, State.Labels)
          : this.#word(byte, Token.Value, State.Timestamp);
      case State.ExemplarValue:
        return byte === quote
          ? this.#quoted(Token.LabelValue, State.Exemplar, false, false)
          : this.#word(byte, Token.Value, State.ExemplarTimestamp);
      case State.Timestamp:
        return this.#timestamp(byte);
      default:
        if (byte === lineFeed) return this.#take(Token.Linebreak, State.Init);
        return this.#word(byte, Token.Timestamp, State.ExemplarTimestamp);
    }
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
    if (byte === openBrace) return this.#take(Token.BraceOpen, State.Labels);
    if (byte !== hash) return Token.Invalid;
    this.at++;
    if (this.page[this.at] !== blank) return Token.Invalid;
    this.at++;
    this.#state = State.Comment;
    return this.#commentWord();
  }

  /** HELP, TYPE and UNIT with the blank behind them, or EOF; `start` stays at the hash. */
  #commentWord(): Token {
    switch (this.page[this.at]) {
      case 72:
        return this.#keyword("HELP ", Token.Help);
      case 84:
        return this.#keyword("TYPE ", Token.Type);
      case 85:
        return this.#keyword("UNIT ", Token.Unit);
      case 69:
        return this.#keyword("EOF", Token.EofWord);
      default:
        return Token.Invalid;
    }
  }

  #keyword(word: string, token: Token): Token {
    for (let i = 0; i < word.length; i++, this.at++) {
      if (this.page[this.at] !== word.charCodeAt(i)) return Token.Invalid;
    }
    this.#state = State.Meta;
    if (token === Token.EofWord) {
      this.#state = State.Init;
      if (this.page[this.at] === lineFeed) this.at++;
    }
    return token;
  }

  #metaName(byte: number): Token {
    if (byte === quote) return this.#quoted(Token.MetricName, State.MetaText, true, false);
    if ((nameBytes[byte] & 1) === 0) return Token.Invalid;
    this.at = nameEnd(this.page, this.at, 2);
    this.#state = State.MetaText;
    return Token.MetricName;
  }

  /** A blank, the text and the line feed. */
  #metaText(byte: number): Token {
    if (byte !== blank) return Token.Invalid;
    const end = this.page.indexOf(lineFeed, this.at);
    if (end < 0) {
      this.at = this.length;
      return Token.Invalid;
    }
    this.at = end + 1;
    this.#state = State.Init;
    return Token.Text;
  }

  #insideBraces(byte: number, afterEqual: State, afterBrace: State, lineFeeds: boolean): Token {
    if ((nameBytes[byte] & 4) !== 0) {
      this.at = nameEnd(this.page, this.at, 8);
      return Token.LabelName;
    }
    if (byte === 61) return this.#take(Token.Equal, afterEqual);
    if (byte === 44) return this.#take(Token.Comma, this.#state);
    if (byte === 125) return this.#take(Token.BraceClose, afterBrace);
    return byte === quote ? this.#quoted(Token.Quoted, this.#state, lineFeeds, false) : Token.Invalid;
  }

  #quoted(token: Token, state: State, lineFeeds: boolean, zeroBytes: boolean): Token {
    const { page, length } = this;
    let i = this.at + 1;
    this.isAscii = true;
    for (; i < length; i++) {
      while (i < length && stringBytes[page[i]] === 0) i++;
      if (i >= length) break;
      const byte = page[i];
      if (byte === quote) {
        this.at = i + 1;
        this.#state = state;
        return token;
      }
      if (byte >= 0x80) this.isAscii = false;
      if ((byte === lineFeed && !lineFeeds) || (byte === nul && !zeroBytes)) break;
      if (byte === 92) {
        i++;
        if (i >= length || page[i] === lineFeed || (page[i] === nul && !zeroBytes)) break;
        if (page[i] >= 0x80) this.isAscii = false;
      }
    }
    this.at = Math.min(i, length);
    return Token.Invalid;
  }

  /** A blank and what follows up to the next blank or line feed. */
  #word(byte: number, token: Token, state: State): Token {
    if (byte !== blank) return Token.Invalid;
    const first = this.at + 1;
    const end = wordEnd(this.page, first);
    this.at = end;
    if (end === first) return Token.Invalid;
    this.#state = state;
    return token;
  }

  /** A timestamp, or ` # {`, which opens an exemplar. */
  #timestamp(byte: number): Token {
    if (byte === lineFeed) return this.#take(Token.Linebreak, State.Init);
    const { page, at } = this;
    if (byte === blank && page[at + 1] === hash && page[at + 2] === blank) {
      this.at += 3;
      return page[this.at] === openBrace ? this.#take(Token.Comment, State.Exemplar) : Token.Invalid;
    }
    return this.#word(byte, Token.Timestamp, State.Timestamp);
  }
}

function wordEnd(page: Uint8Array, at: number): number {
  let i = at;
  while (i < page.length && page[i] !== blank && page[i] !== lineFeed && page[i] !== nul) i++;
  return i;
}
