/**
 * The lexer: query text → tokens, one at a time, on demand.
 *
 *   text → byte-text → LEXER → token-stream → parser
 *
 * Which characters are legal depends on where they stand, as in the original: inside braces, inside brackets
 * (where a duration is expected first), and elsewhere. The faults it finds, unbalanced brackets among them,
 * are reported when the token that shows them is read; so the parser must not read further ahead than the
 * original does.
 *
 * Invariants
 *  - Tokens ascend and do not overlap; between them are only spaces and comments (lexer.test.ts).
 *  - After an error or the end no further token is read.
 */

import { quoteGo } from "@narthex/model/labels";
import { characterAt, fromByteText } from "./byte-text.ts";
import { ParseError } from "./parse-error.ts";
import { keywords, quoteCharacter, type Token, unicodeName } from "./token.ts";

const decimalDigits = "0123456789";
const hexDigits = "0123456789abcdefABCDEF";
const symbolTokens: ReadonlySet<string> = new Set(["*", "/", "%", "+", "-", "^", ",", "@"]);
const durationSymbols: ReadonlySet<string> = new Set(["*", "/", "%", "+", "-", "^", ","]);
const durationWords: ReadonlySet<string> = new Set(["step", "range", "max_of", "min_of"]);

/** Reads tokens from a query. */
export class Lexer {
  /** The query, one character per byte. */
  readonly input: string;
  /** Start of the last token that was returned. */
  lastStart = 0;

  #start = 0;
  #pos = 0;
  #parenDepth = 0;
  #braceOpen = false;
  #bracketOpen = false;
  #colonSeen = false;
  #durationSeen = false;
  /** Whether the next token stands where a duration is expected. */
  #inDuration = false;

  constructor(input: string) {
    this.input = input;
  }

  /** The next token; comments are skipped. Throws `ParseError`. */
  next(): Token {
    let token: Token | null = null;
    while (token === null) token = this.#inDuration ? this.#lexDuration() : this.#lexAny();
    this.lastStart = token.start;
    return token;
  }

  /** The end of the last `)` before the token read last, when only spaces lie between; else `fallback`. */
  endBeforeParen(fallback: number): number {
    const { input, lastStart } = this;
    const isParen = lastStart > 0 && lastStart < input.length && input[lastStart] === ")";
    if (fallback <= 0 || fallback > input.length || !isParen) return fallback;
    for (let i = lastStart - 1; i > 0; i--) {
      if (input[i] === ")") return i + 1;
      if (!isSpace(input[i] as string)) return fallback;
    }
    return fallback;
  }

  #lexAny(): Token | null {
    if (this.#skipComment()) return null;
    if (this.#skipSpaces()) return null;
    return this.#braceOpen ? this.#lexInsideBraces() : this.#lexOutsideBraces();
  }

  #lexOutsideBraces(): Token | null {
    const char = this.input[this.#pos] ?? "";
    if (char === "") return this.#lexEnd();
    if (symbolTokens.has(char)) return this.#symbol(char);
    if (isDigit(char) || (char === "." && isDigit(this.input[this.#pos + 1] ?? ""))) return this.#lexNumber();
    if (char === '"' || char === "'" || char === "`") return this.#lexString(char);
    if (isAlpha(char) || char === ":") return this.#bracketOpen ? this.#lexInBrackets(char) : this.#lexWord();
    switch (char) {
      case "=":
      case "!":
      case "<":
      case ">":
        return this.#lexComparison(char);
      case "(":
      case ")":
        return this.#lexParen(char);
      case "{":
        this.#braceOpen = true;
        return this.#symbol(char);
      case "[":
        return this.#lexLeftBracket();
      case "]":
        if (!this.#bracketOpen) throw this.#fail(`unexpected right bracket '${char}'`);
        this.#bracketOpen = false;
        return this.#symbol(char);
      default:
        throw this.#fail(`unexpected character: ${quoteCharacter(this.#peek())}`);
    }
  }

  #lexEnd(): Token {
    if (this.#parenDepth !== 0) throw this.#fail("unclosed left parenthesis");
    if (this.#bracketOpen) throw this.#fail("unclosed left bracket");
    return this.#symbol("", "end of input");
  }

  #lexComparison(char: string): Token {
    const after = this.input[this.#pos + 1] ?? "";
    const code = characterAt(this.input, this.#pos + 1).code;
    if (char === "=" && after === "~")
      throw this.#fail(`unexpected character after '=': ${quoteCharacter(code)}`);
    if (char === "!" && after !== "=")
      throw this.#fail(`unexpected character after '!': ${quoteCharacter(code)}`);
    const pairs = char === "<" || char === ">" ? "=/" : "=";
    return this.#symbol(after !== "" && pairs.includes(after) ? char + after : char);
  }

  #lexParen(char: string): Token {
    const token = this.#symbol(char);
    this.#parenDepth += char === "(" ? 1 : -1;
    if (this.#parenDepth < 0) throw this.#fail("unexpected right parenthesis ')'");
    return token;
  }

  #lexLeftBracket(): Token {
    if (this.#bracketOpen) throw this.#fail("unexpected left bracket '['");
    this.#colonSeen = false;
    this.#bracketOpen = true;
    this.#inDuration = true;
    return this.#symbol("[");
  }

  /** A colon or a word behind the first duration in brackets. */
  #lexInBrackets(char: string): Token {
    if (char === ":") {
      if (this.#colonSeen) throw this.#fail("unexpected colon ':'");
      this.#colonSeen = true;
      return this.#symbol(":");
    }
    const word = this.#durationWord(char);
    if (word === null)
      throw this.#fail(`unexpected character: ${quoteCharacter(char.charCodeAt(0))}, expected ':'`);
    return word;
  }

  /** Where a duration is expected: numbers, arithmetic, parentheses and the words of duration expressions. */
  #lexDuration(): Token | null {
    if (this.#skipSpaces()) return null;
    const char = this.input[this.#pos] ?? "";
    if (char === "") throw this.#fail("unexpected end of input in duration expression");
    if (durationSymbols.has(char)) return this.#symbol(char);
    if (char === "(" || char === ")") return this.#lexParen(char);
    if (char === "]") {
      this.#bracketOpen = false;
      this.#colonSeen = false;
      this.#inDuration = false;
      return this.#symbol(char);
    }
    if (char === ":") return this.#lexDurationColon();
    if (isDigit(char) || (char === "." && isDigit(this.input[this.#pos + 1] ?? ""))) {
      this.#durationSeen = true;
      this.#inDuration = false;
      return this.#lexNumber();
    }
    const word = this.#durationWord(char);
    if (word !== null) return word;
    throw this.#fail(`unexpected character in duration expression: ${quoteCharacter(this.#peek())}`);
  }

  #lexDurationColon(): Token {
    const token = this.#symbol(":");
    if (!this.#durationSeen) throw this.#fail("unexpected colon before duration in duration expression");
    if (this.#colonSeen) throw this.#fail("unexpected repeated colon in duration expression");
    this.#colonSeen = true;
    return token;
  }

  /** `step`, `range`, `min_of` or `max_of`; null for any other word. */
  #durationWord(first: string): Token | null {
    if (!"srm".includes(first.toLowerCase())) return null;
    let end = this.#pos + 1;
    while (isAlpha(this.input[end] ?? "")) end++;
    const word = this.input.slice(this.#pos, end).toLowerCase();
    return durationWords.has(word) ? this.#take(end, word) : null;
  }

  #lexInsideBraces(): Token {
    const char = this.input[this.#pos] ?? "";
    if (char === "") throw this.#fail("unexpected end of input inside braces");
    if (isAlpha(char)) {
      let end = this.#pos + 1;
      while (isAlphaNumeric(this.input[end] ?? "")) end++;
      return this.#take(end, "identifier");
    }
    if (char === '"' || char === "'" || char === "`") return this.#lexString(char);
    switch (char) {
      case ",":
        return this.#symbol(char);
      case "=":
        return this.#symbol(this.input[this.#pos + 1] === "~" ? "=~" : "=");
      case "!": {
        const after = this.input[this.#pos + 1] ?? "";
        if (after === "~" || after === "=") return this.#symbol(`!${after}`);
        const { code } = characterAt(this.input, this.#pos + 1);
        throw this.#fail(`unexpected character after '!' inside braces: ${quoteCharacter(code)}`);
      }
      case "{":
        throw this.#fail("unexpected left brace '{'");
      case "}":
        this.#braceOpen = false;
        return this.#symbol(char);
      default:
        throw this.#fail(`unexpected character inside braces: ${quoteCharacter(this.#peek())}`);
    }
  }

  /** A keyword, a number word or an identifier. */
  #lexWord(): Token {
    let end = this.#pos + 1;
    while (isAlphaNumeric(this.input[end] ?? "") || this.input[end] === ":") end++;
    const word = this.input.slice(this.#pos, end);
    const lower = word.toLowerCase();
    if (lower === "inf" || lower === "nan") return this.#take(end, "number");
    // A metric may be called fill: it is a modifier only before a parenthesis.
    const isModifier = !lower.startsWith("fill") || /^[ \t\n\r]*\(/u.test(this.input.slice(end));
    if (keywords.has(lower) && isModifier) return this.#take(end, lower);
    return this.#take(end, word.includes(":") ? "metric identifier" : "identifier");
  }

  /** A string with its quotes; escapes are checked here, so that unquoting cannot fail. */
  #lexString(quote: string): Token {
    let at = this.#pos + 1;
    for (;;) {
      const { code, width } = characterAt(this.input, at);
      if (code === 0xfffd) throw this.#fail("invalid UTF-8 rune");
      if (code === -1) throw this.#fail(`unterminated ${quote === "`" ? "raw" : "quoted"} string`);
      at += width;
      const char = this.input[at - 1];
      if (width === 1 && char === quote) return this.#take(at, "string");
      if (quote === "`") continue;
      if (code === 0x0a) throw this.#fail("unterminated quoted string");
      if (code === 0x5c) at = this.#checkEscape(at, quote);
    }
  }

  /** Checks the escape whose letter is at `at`; returns where it ends. */
  #checkEscape(at: number, quote: string): number {
    const { code, width } = characterAt(this.input, at);
    if (code === -1) throw this.#fail("escape sequence not terminated");
    const letter = String.fromCodePoint(code);
    if ("abfnrtv\\".includes(letter) || letter === quote) return at + width;
    if (/[0-7]/u.test(letter)) return this.#checkDigits(at, 3, 8, 255);
    if (letter === "x") return this.#checkDigits(at + 1, 2, 16, 255);
    if (letter === "u") return this.#checkDigits(at + 1, 4, 16, 0x10ffff);
    if (letter === "U") return this.#checkDigits(at + 1, 8, 16, 0x10ffff);
    throw this.#fail(`unknown escape sequence ${unicodeName(code)}`);
  }

  #checkDigits(from: number, count: number, radix: number, highest: number): number {
    let value = 0;
    for (let at = from; at < from + count; at++) {
      const { code } = characterAt(this.input, at);
      if (code === -1) throw this.#fail("escape sequence not terminated");
      const digit = Number.parseInt(String.fromCodePoint(code), radix);
      if (Number.isNaN(digit)) throw this.#fail(`illegal character ${unicodeName(code)} in escape sequence`);
      value = value * radix + digit;
    }
    if (value > highest || (value >= 0xd800 && value < 0xe000)) {
      throw this.#fail("escape sequence is an invalid Unicode code point");
    }
    return from + count;
  }

  /** A number or a duration; whether a number is valid is for the parser to find out. */
  #lexNumber(): Token {
    if (this.#scanNumber()) return this.#take(this.#pos, "number");
    if (this.#scanDurationRest()) return this.#take(this.#pos, "duration");
    const text = fromByteText(this.input.slice(this.#start, this.#pos));
    throw this.#fail(`bad number or duration syntax: ${quoteGo(text)}`);
  }

  /** Moves over `[0x][.]digits…` with exponent and underscores; false where it cannot be a number. */
  #scanNumber(): boolean {
    let digits = decimalDigits;
    if (this.#accept("0") && this.#accept("xX")) {
      this.#accept("_");
      digits = hexDigits;
    }
    this.#accept(".");
    this.#accept(digits);
    let dotSeen = false;
    let exponentSeen = false;
    while (this.#is(`${digits}._eE`)) {
      if (this.#is(".") && dotSeen) return !this.#accept(".");
      if (this.#is("eE") && exponentSeen) return !this.#accept("eE");
      if (this.#accept(".")) {
        dotSeen = true;
        if (this.#accept("_.") || digits === hexDigits) return false;
      } else if (this.#accept("eE")) {
        exponentSeen = true;
        this.#accept("+-");
        if (this.#accept("._eE") || this.#pos >= this.input.length) return false;
      } else if (this.#accept("_")) {
        if (this.#accept("._eE") || this.#pos >= this.input.length) return false;
      } else {
        while (this.#accept(digits));
      }
    }
    return !isAlphaNumeric(this.input[this.#pos] ?? "");
  }

  /**
   * Moves from the first unit to the end of a duration; on failure one character further, for the error text.
   */
  #scanDurationRest(): boolean {
    if (!this.#accept("smhdwy")) return false;
    this.#accept("s");
    while (this.#accept(decimalDigits)) {
      while (this.#accept(decimalDigits));
      if (!this.#accept("smhdw")) return false;
      this.#accept("s");
    }
    if (!isAlphaNumeric(this.input[this.#pos] ?? "")) return true;
    this.#pos++;
    return false;
  }

  #accept(valid: string): boolean {
    if (!this.#is(valid)) return false;
    this.#pos++;
    return true;
  }

  #is(valid: string): boolean {
    return this.#pos < this.input.length && valid.includes(this.input[this.#pos] as string);
  }

  #peek(): number {
    return characterAt(this.input, this.#pos).code;
  }

  #skipSpaces(): boolean {
    if (!isSpace(this.input[this.#pos] ?? "")) return false;
    while (isSpace(this.input[this.#pos] ?? "")) this.#pos++;
    this.#start = this.#pos;
    return true;
  }

  #skipComment(): boolean {
    if (this.input[this.#pos] !== "#") return false;
    while (this.#pos < this.input.length && !/[\r\n]/u.test(this.input[this.#pos] as string)) this.#pos++;
    this.#start = this.#pos;
    return true;
  }

  #symbol(text: string, kind = text): Token {
    return this.#take(this.#start + text.length, kind);
  }

  /** Ends the token at `end`. */
  #take(end: number, kind: string): Token {
    const token = { kind, start: this.#start, end, text: this.input.slice(this.#start, end) };
    this.#pos = end;
    this.#start = end;
    return token;
  }

  #fail(reason: string): ParseError {
    return new ParseError(this.input, { start: this.#start, end: this.input.length }, reason);
  }
}

/** Whether a character is a space of the language. */
export function isSpace(char: string): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r";
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9" && char !== "";
}

function isAlpha(char: string): boolean {
  return char === "_" || (char >= "a" && char <= "z") || (char >= "A" && char <= "Z");
}

function isAlphaNumeric(char: string): boolean {
  return isAlpha(char) || isDigit(char);
}
