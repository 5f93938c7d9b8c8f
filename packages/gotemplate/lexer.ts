/**
 * Cuts a template's text into tokens, as Go's text/template does: text outside of `{{ }}`, words inside,
 * spaces too, since they separate arguments.
 *
 *   text → LEXER → parser → execute
 *
 * Invariants
 *  - Positions count UTF-16 units of the text; whoever reports them turns them into bytes.
 *  - After an `error` token comes nothing more.
 */

import { quoteGo, unicodePoint } from "@narthex/bytes/go-quote";

/** Kinds of tokens. */
export type TokenKind =
  | "error"
  | "end of text"
  | "text"
  | "left delimiter"
  | "right delimiter"
  | "space"
  | "bool"
  | "char constant"
  | "complex"
  | "number"
  | "string"
  | "raw string"
  | "identifier"
  | "field"
  | "variable"
  | "dot"
  | "nil"
  | "keyword"
  | "declare"
  | "assign"
  | "pipe"
  | "left paren"
  | "right paren"
  | "char";

/** One token. */
export interface Token {
  readonly kind: TokenKind;
  readonly at: number;
  /** The text; of an error, what is wrong. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** Words with a meaning of their own; `.` and `nil` are kinds of their own. */
export const keywords: ReadonlySet<string> = new Set([
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "range",
  "template",
  "with",
]);

const leftDelimiter = "{{";
const rightDelimiter = "}}";
const spaceCharacters = " \t\r\n";
const letterOrDigit = /[\p{L}\p{Nd}_]/u;
const hexShape = "0[xX][0-9a-fA-F_]*(?:\\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?";
const octalShape = "0[oO][0-7_]*(?:\\.[0-7_]*)?";
const binaryShape = "0[bB][01_]*(?:\\.[01_]*)?";
const decimalShape = "[0-9_]*(?:\\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?";
const numberShape = new RegExp(`[+-]?(?:${hexShape}|${octalShape}|${binaryShape}|${decimalShape})i?`, "uy");
const printableAscii = /[ -~]/u;

/** Reads tokens one by one. */
export class Lexer {
  readonly #input: string;
  #at = 0;
  #start = 0;
  #line = 1;
  #startLine = 1;
  #parens = 0;
  #inAction = false;
  #failed = false;
  /** Whether `break` and `continue` are keywords: not when there are functions of these names. */
  readonly #loopWords: ReadonlySet<string>;

  constructor(input: string, loopWords: ReadonlySet<string>) {
    this.#input = input;
    this.#loopWords = loopWords;
  }

  /** The next token; `end of text` for ever at the end. */
  next(): Token {
    if (this.#failed) return { kind: "end of text", at: this.#at, text: "EOF", line: this.#line };
    return this.#inAction ? this.#insideAction() : this.#text();
  }

  #token(kind: TokenKind): Token {
    const text = this.#input.slice(this.#start, this.#at);
    const token = { kind, at: this.#start, text, line: this.#startLine };
    this.#countLines(text);
    this.#start = this.#at;
    return token;
  }

  #countLines(text: string): void {
    for (const char of text) if (char === "\n") this.#line++;
    this.#startLine = this.#line;
  }

  /** Drops what was read since the last token. */
  #ignore(): void {
    this.#countLines(this.#input.slice(this.#start, this.#at));
    this.#start = this.#at;
  }

  #fail(message: string): Token {
    this.#failed = true;
    // The line of the error is where its token began; what follows it is void.
    return { kind: "error", at: this.#start, text: message, line: this.#startLine };
  }

  #text(): Token {
    for (;;) {
      const open = this.#input.indexOf(leftDelimiter, this.#at);
      if (open < 0) {
        this.#at = this.#input.length;
        if (this.#at > this.#start) return this.#token("text");
        return { kind: "end of text", at: this.#at, text: "EOF", line: this.#startLine };
      }
      if (open > this.#at) {
        const trims = hasLeftTrim(this.#input, open + leftDelimiter.length);
        const text = this.#input.slice(this.#start, open);
        this.#at = trims ? this.#start + trimRight(text).length : open;
        const token = this.#token("text");
        this.#at = open;
        this.#ignore();
        if (token.text !== "") return token;
      }
      const token = this.#leftDelimiter();
      if (token !== null) return token;
    }
  }

  /** The delimiter, or null when it opens a comment, which is skipped. */
  #leftDelimiter(): Token | null {
    const after = this.#at + leftDelimiter.length;
    const trim = hasLeftTrim(this.#input, after) ? 2 : 0;
    if (this.#input.startsWith("/*", after + trim)) return this.#comment(after + trim);
    this.#at = after;
    const token = this.#token("left delimiter");
    this.#at += trim;
    this.#ignore();
    this.#inAction = true;
    this.#parens = 0;
    return token;
  }

  #comment(at: number): Token | null {
    this.#at = at;
    this.#ignore();
    const close = this.#input.indexOf("*/", at + 2);
    if (close < 0) return this.#fail("unclosed comment");
    this.#at = close + 2;
    const { isDelimiter, trims } = this.#rightDelimiter();
    if (!isDelimiter) return this.#fail("comment ends before closing delimiter");
    this.#at += (trims ? 2 : 0) + rightDelimiter.length;
    if (trims) this.#skipSpaces();
    this.#ignore();
    return null;
  }

  #skipSpaces(): void {
    while (this.#at < this.#input.length && spaceCharacters.includes(this.#peek())) this.#at++;
  }

  #rightDelimiter(): { isDelimiter: boolean; trims: boolean } {
    if (hasRightTrim(this.#input, this.#at) && this.#input.startsWith(rightDelimiter, this.#at + 2)) {
      return { isDelimiter: true, trims: true };
    }
    return { isDelimiter: this.#input.startsWith(rightDelimiter, this.#at), trims: false };
  }

  #closeAction(): Token {
    const { trims } = this.#rightDelimiter();
    if (trims) {
      this.#at += 2;
      this.#ignore();
    }
    this.#at += rightDelimiter.length;
    const token = this.#token("right delimiter");
    if (trims) {
      this.#skipSpaces();
      this.#ignore();
    }
    this.#inAction = false;
    return token;
  }

  /** The character at the position, "" at the end. */
  #peek(): string {
    const code = this.#input.codePointAt(this.#at);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  #read(): string {
    const char = this.#peek();
    this.#at += char.length;
    return char;
  }

  #insideAction(): Token {
    if (this.#rightDelimiter().isDelimiter) {
      return this.#parens === 0 ? this.#closeAction() : this.#fail("unclosed left paren");
    }
    const char = this.#read();
    if (char === "") return this.#fail("unclosed action");
    if (spaceCharacters.includes(char)) return this.#space();
    const simple = this.#punctuation(char);
    if (simple !== null) return simple;
    if (char === "." && !/[0-9]/u.test(this.#peek()) && this.#at < this.#input.length) {
      return this.#fieldOrVariable("field");
    }
    if (/[.+\-0-9]/u.test(char)) {
      this.#at -= 1;
      return this.#number();
    }
    if (letterOrDigit.test(char)) return this.#identifier();
    if (printableAscii.test(char)) return this.#token("char");
    return this.#fail(`unrecognized character in action: ${unicodePoint(char)}`);
  }

  #punctuation(char: string): Token | null {
    switch (char) {
      case "=":
        return this.#token("assign");
      case ":":
        return this.#read() === "=" ? this.#token("declare") : this.#fail("expected :=");
      case "|":
        return this.#token("pipe");
      case '"':
        return this.#quoted('"', "string", "unterminated quoted string");
      case "'":
        return this.#quoted("'", "char constant", "unterminated character constant");
      case "`":
        return this.#rawString();
      case "$":
        return this.#fieldOrVariable("variable");
      case "(":
        this.#parens++;
        return this.#token("left paren");
      case ")":
        this.#parens--;
        return this.#parens < 0 ? this.#fail("unexpected right paren") : this.#token("right paren");
      default:
        return null;
    }
  }

  #space(): Token {
    this.#skipSpaces();
    // The last space may belong to a trimming delimiter.
    const before = this.#at - 1;
    if (hasRightTrim(this.#input, before) && this.#input.startsWith(rightDelimiter, before + 2)) {
      this.#at = before;
      if (this.#at === this.#start) return this.#closeAction();
    }
    return this.#token("space");
  }

  #identifier(): Token {
    while (letterOrDigit.test(this.#peek())) this.#read();
    const word = this.#input.slice(this.#start, this.#at);
    if (!this.#atTerminator()) return this.#badCharacter();
    if (word === "nil") return this.#token("nil");
    const isLoopWord = word === "break" || word === "continue";
    if (keywords.has(word) && (!isLoopWord || this.#loopWords.has(word))) return this.#token("keyword");
    return this.#token(word === "true" || word === "false" ? "bool" : "identifier");
  }

  #fieldOrVariable(kind: "field" | "variable"): Token {
    if (this.#atTerminator()) return this.#token(kind === "variable" ? "variable" : "dot");
    while (letterOrDigit.test(this.#peek())) this.#read();
    return this.#atTerminator() ? this.#token(kind) : this.#badCharacter();
  }

  #badCharacter(): Token {
    return this.#fail(`bad character ${unicodePoint(this.#peek())}`);
  }

  #atTerminator(): boolean {
    const char = this.#peek();
    return char === "" || " \t\r\n.,|:)(".includes(char) || this.#input.startsWith(rightDelimiter, this.#at);
  }

  #quoted(quote: string, kind: TokenKind, message: string): Token {
    for (;;) {
      let char = this.#read();
      if (char === quote) return this.#token(kind);
      if (char === "\\") {
        char = this.#read();
        if (char !== "" && char !== "\n") continue;
      }
      if (char === "" || char === "\n") return this.#fail(message);
    }
  }

  #rawString(): Token {
    const close = this.#input.indexOf("`", this.#at);
    if (close < 0) return this.#fail("unterminated raw quoted string");
    this.#at = close + 1;
    return this.#token("raw string");
  }

  #number(): Token {
    const isNumber = this.#scanNumber();
    if (!isNumber) return this.#badNumber();
    const sign = this.#peek();
    if (sign !== "+" && sign !== "-") return this.#token("number");
    if (!this.#scanNumber() || this.#input[this.#at - 1] !== "i") return this.#badNumber();
    return this.#token("complex");
  }

  #badNumber(): Token {
    return this.#fail(`bad number syntax: ${quoteGo(this.#input.slice(this.#start, this.#at))}`);
  }

  /** The shape of a number; whether it is one is the parser's to find out. */
  #scanNumber(): boolean {
    numberShape.lastIndex = this.#at;
    numberShape.test(this.#input);
    this.#at = numberShape.lastIndex;
    if (!letterOrDigit.test(this.#peek())) return true;
    this.#read();
    return false;
  }
}

function hasLeftTrim(input: string, at: number): boolean {
  return input[at] === "-" && spaceCharacters.includes(input[at + 1] ?? "x");
}

function hasRightTrim(input: string, at: number): boolean {
  return input[at + 1] === "-" && spaceCharacters.includes(input[at] ?? "x");
}

function trimRight(text: string): string {
  return text.replace(/[ \t\r\n]+$/u, "");
}
