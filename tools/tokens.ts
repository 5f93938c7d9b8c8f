/**
 * A tokenizer for TypeScript that knows just enough to check layout: it tells words, punctuation, strings,
 * template literals, regular expressions and comments apart, and never mistakes the content of one for
 * another.
 *
 * A template literal comes as its text pieces (`template`) with the tokens of its expressions between them;
 * the `${` and `}` around an expression are part of the pieces, so braces among the punctuation always pair
 * up. Whether a slash divides or opens a regular expression is told from the token before it.
 */

/** What a token is; `word` covers keywords, names and #private names. */
export type TokenKind = "word" | "number" | "string" | "template" | "regex" | "punctuation" | "comment";

/**
 * One token: its text, where it starts in the file (0-based offset), and its first and last line (1-based).
 */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly line: number;
  readonly endLine: number;
}

/** Words after which an operand follows, so that a slash opens a regular expression. */
const operators = new Set(
  "return typeof case in of new delete void instanceof throw else do await yield extends default".split(" "),
);

const longPunctuation = ["=>", "++", "--", "**", "?.", "??", "&&", "||", "..."];
const wordPattern = /[#@]?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const numberPattern = /(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)n?/y;
const stringPattern = /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y;
const regexPattern = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const commentPattern = /\/\/[^\n]*|\/\*[^]*?\*\/|^#![^\n]*/y;
/** A piece of a template literal, from its opening backtick or from the brace that closed an expression. */
const templatePattern = /[`}](?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;

/** All tokens of `source`, comments included. Throws where the text is no TypeScript at all. */
export function tokenize(source: string): Token[] {
  return new Tokenizer(source).run();
}

class Tokenizer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  /** One entry per open brace: true when it is the `${` of a template literal. */
  readonly #braces: boolean[] = [];
  #at = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    while (this.#skipBlank()) this.#next();
    return this.#tokens;
  }

  #skipBlank(): boolean {
    for (; this.#at < this.#source.length; this.#at++) {
      const char = this.#source[this.#at]!;
      if (char === "\n") this.#line++;
      else if (!/[\s\uFEFF]/.test(char)) return true;
    }
    return false;
  }

  #next(): void {
    const char = this.#source[this.#at]!;
    if (this.#try(commentPattern, "comment")) return;
    if (char === "`" || (char === "}" && this.#braces.at(-1) === true)) return this.#template(char);
    if (this.#try(stringPattern, "string") || this.#try(wordPattern, "word")) return;
    if (this.#try(numberPattern, "number")) return;
    if (char === "/" && !this.#afterOperand() && this.#try(regexPattern, "regex")) return;
    if (char === "{") this.#braces.push(false);
    if (char === "}") this.#braces.pop();
    const long = longPunctuation.find((text) => this.#source.startsWith(text, this.#at));
    this.#push("punctuation", long ?? char);
  }

  #template(opening: string): void {
    if (opening === "}") this.#braces.pop();
    if (!this.#try(templatePattern, "template"))
      throw new Error(`line ${this.#line}: template literal without end`);
    if (this.#tokens.at(-1)!.text.endsWith("${")) this.#braces.push(true);
  }

  #try(pattern: RegExp, kind: TokenKind): boolean {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0];
    if (text === undefined || text === "") return false;
    this.#push(kind, text);
    return true;
  }

  #push(kind: TokenKind, text: string): void {
    const line = this.#line;
    this.#line += text.split("\n").length - 1;
    this.#tokens.push({ kind, text, start: this.#at, line, endLine: this.#line });
    this.#at += text.length;
  }

  /** True when the token before ends an operand, so that a slash here divides. */
  #afterOperand(): boolean {
    let at = this.#tokens.length - 1;
    const back = (): Token | undefined => {
      while (this.#tokens[at]?.kind === "comment") at--;
      return this.#tokens[at--];
    };
    let token = back();
    // `x! / y` and `x++ / y`: what counts is the token before.
    while (token !== undefined && ["!", "++", "--"].includes(token.text)) {
      token = back();
      if (token !== undefined && token.kind === "punctuation" && !")]!".includes(token.text)) return false;
    }
    if (token === undefined) return false;
    if (token.kind === "word") return !operators.has(token.text);
    if (token.kind === "template") return token.text.endsWith("`");
    return token.kind !== "punctuation" || ")]}".includes(token.text);
  }
}
