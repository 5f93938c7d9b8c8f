/**
 * Tokens with one token of lookahead, and the place an error text names.
 *
 * The original is a table-driven parser: a token out of place is reported by the innermost construct that
 * says what it expects. Here that construct is `place`, which each parse function sets while it is inside and
 * restores after.
 *
 * Invariants
 *  - A token is read when `peek` or `next` is called and not before: faults of the lexer show at the
 *    original's time.
 */

import type { Span } from "./ast.ts";
import type { Lexer } from "./lexer.ts";
import { ParseError } from "./parse-error.ts";
import { describeToken, type Token, type TokenKind } from "./token.ts";

/** What an error text says beyond the token: `in <construct>, expected <expected>`. */
export interface Place {
  readonly construct: string;
  /** "" when the text names no expectation. */
  readonly expected: string;
}

const closingKinds: ReadonlySet<TokenKind> = new Set(["}", ")", "]", "duration", "number"]);

/**
 * The deepest tree a query may have, as a long chain of operators makes it: every pass over a tree recurses.
 */
export const maxDepth = 2000;

/**
 * The most constructs (parentheses, calls, signs, right sides) that may be open at once: parsing recurses
 * deeper.
 */
export const maxNesting = 400;

/** A cursor over the tokens of one query. */
export class TokenStream {
  readonly lexer: Lexer;
  /** Where in the grammar we are; null outside of every construct that names itself. */
  place: Place | null = null;
  /**
   * End of the last token read that can end an expression: where the original says that some expressions end.
   */
  lastClosing = 0;
  /** Depth of the tree that was built last. */
  depth = 0;

  #peeked: Token | null = null;
  #nesting = 0;

  constructor(lexer: Lexer) {
    this.lexer = lexer;
  }

  /** The next token, which stays the next one. */
  peek(): Token {
    if (this.#peeked === null) {
      this.#peeked = this.lexer.next();
      if (closingKinds.has(this.#peeked.kind)) this.lastClosing = this.#peeked.end;
    }
    return this.#peeked;
  }

  /** Takes the next token. */
  next(): Token {
    const token = this.peek();
    this.#peeked = null;
    return token;
  }

  /** Takes the next token if it is of `kind`. */
  accept(kind: TokenKind): Token | null {
    return this.peek().kind === kind ? this.next() : null;
  }

  /** Takes the next token, which must be of `kind`; else reports it at the current place. */
  expect(kind: TokenKind): Token {
    return this.accept(kind) ?? this.#throwUnexpected(this.place);
  }

  /** Reports the next token as out of place. */
  unexpected(place: Place | null = this.place): never {
    return this.#throwUnexpected(place);
  }

  /** Reports a fault. */
  fail(span: Span, reason: string): never {
    throw new ParseError(this.lexer.input, span, reason);
  }

  /** Runs `parse` inside of `place`. */
  inside<T>(place: Place, parse: () => T): T {
    const outer = this.place;
    this.place = place;
    const result = parse();
    this.place = outer;
    return result;
  }

  /** Runs `parse` one level deeper. */
  nested<T>(parse: () => T): T {
    this.#checkDepth(++this.#nesting, maxNesting);
    const result = parse();
    this.#nesting--;
    return result;
  }

  /** States that a tree of `depth` levels was built. */
  built(depth: number): void {
    this.#checkDepth(depth, maxDepth);
    this.depth = depth;
  }

  #checkDepth(depth: number, limit: number): void {
    if (depth <= limit) return;
    const start = this.#peeked?.start ?? this.lexer.lastStart;
    this.fail({ start, end: start }, `query is nested too deeply, at most ${limit} levels are allowed`);
  }

  #throwUnexpected(place: Place | null): never {
    const token = this.peek();
    const where = place === null ? "" : ` in ${place.construct}`;
    const wanted = place === null || place.expected === "" ? "" : `, expected ${place.expected}`;
    return this.fail(
      { start: token.start, end: token.end },
      `unexpected ${describeToken(token)}${where}${wanted}`,
    );
  }
}
