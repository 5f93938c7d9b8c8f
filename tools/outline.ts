/**
 * The outline of a source file, drawn from its tokens: which brace opens what, how long functions are and how
 * deep blocks nest, what is imported, what is exported and whether it is documented.
 *
 * It is no parser. It reads a brace as the body of a function when it follows `=>`, or a parameter list (and
 * a return type) that belongs to no control keyword; that is enough for formatted code, and the tests pin it
 * down.
 */

import type { Token } from "./tokens.ts";

/** A function with a body in braces: first line of its head, last line of its body. */
export interface FunctionExtent {
  readonly name: string;
  readonly line: number;
  readonly endLine: number;
  /** The deepest level of blocks and inner functions inside it, itself not counted. */
  readonly depth: number;
  /** True when no other function surrounds it. */
  readonly outermost: boolean;
}

/** One `import` or `export … from`, static or dynamic. */
export interface ImportEdge {
  readonly specifier: string;
  readonly line: number;
}

/** One exported name. */
export interface ExportedName {
  readonly name: string;
  readonly line: number;
  readonly documented: boolean;
}

type BraceRole = "function" | "control" | "other";

const controlHeads = new Set(["if", "for", "while", "switch", "catch", "with"]);
const controlWords = new Set(["else", "try", "finally", "do", "catch"]);
/** After one of these a brace opens an object type, not a body, as long as a return type is being read. */
const typeOpeners = new Set([
  ":",
  "|",
  "&",
  "<",
  ",",
  "(",
  "[",
  "=>",
  "?",
  "extends",
  "is",
  "keyof",
  "readonly",
]);
const closers: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** The tokens without comments, and for each bracket the index of its partner. */
export class Outline {
  readonly code: readonly Token[];
  readonly #partner = new Map<number, number>();
  readonly #all: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#all = tokens;
    this.code = tokens.filter((token) => token.kind !== "comment");
    const open: number[] = [];
    this.code.forEach((token, index) => {
      if (token.kind !== "punctuation") return;
      if (token.text in closers) open.push(index);
      else if (")]}".includes(token.text)) {
        const start = open.pop();
        if (start === undefined) return;
        this.#partner.set(start, index);
        this.#partner.set(index, start);
      }
    });
  }

  /** All functions of the file, by the end of their bodies. */
  functions(): FunctionExtent[] {
    const roles = this.#braceRoles();
    const found: FunctionExtent[] = [];
    const open: { role: BraceRole; head: number; depth: number }[] = [];
    for (let index = 0; index < this.code.length; index++) {
      if (this.#is(index, "{")) {
        const brace = roles.get(index) ?? { role: "other" as const, head: index };
        open.push({ ...brace, depth: 0 });
      } else if (this.#is(index, "}")) {
        const closed = open.pop();
        if (closed === undefined) continue;
        const parent = open.at(-1);
        const counts = closed.role === "other" ? 0 : 1;
        if (parent !== undefined) parent.depth = Math.max(parent.depth, closed.depth + counts);
        if (closed.role === "function") {
          const outermost = open.every((brace) => brace.role !== "function");
          found.push(this.#extent(closed.head, index, closed.depth, outermost));
        }
      }
    }
    return found;
  }

  /** Every import of the file, in order. */
  imports(): ImportEdge[] {
    const found: ImportEdge[] = [];
    for (let index = 0; index < this.code.length; index++) {
      const specifier = this.#specifierAt(index);
      if (specifier === undefined) continue;
      found.push({ specifier: specifier.text.slice(1, -1), line: specifier.line });
    }
    return found;
  }

  /**
   * Every name the file declares and exports; a name declared twice (value and type, overloads) needs one
   * comment.
   */
  exports(): ExportedName[] {
    const found = new Map<string, ExportedName>();
    for (const { name, token, exported } of this.#declarations()) {
      const before = found.get(name);
      const documented = before?.documented === true || this.#hasDoc(token);
      if (exported || before !== undefined)
        found.set(name, { name, line: before?.line ?? token.line, documented });
    }
    return [...found.values()];
  }

  /** Tokens at which the global `name` is used, or its `member` when one is given. */
  uses(name: string, member?: string): Token[] {
    return this.code.filter((token, index) => {
      if (token.kind !== "word" || token.text !== name) return false;
      if (this.#is(index - 1, ".") || this.#is(index - 1, "?."))
        return this.#text(index - 2) === "globalThis";
      if (member === undefined) return !this.#is(index + 1, ":") && this.#text(index - 1) !== "function";
      return this.#is(index + 1, ".") && this.#text(index + 2) === member;
    });
  }

  /** Tokens at which the texts given follow each other. */
  sequences(...texts: readonly string[]): Token[] {
    return this.code.filter((_, index) => texts.every((text, offset) => this.#text(index + offset) === text));
  }

  #is(index: number, text: string): boolean {
    const token = this.code[index];
    return token !== undefined && token.kind === "punctuation" && token.text === text;
  }

  #text(index: number): string {
    return this.code[index]?.text ?? "";
  }

  /** For every brace that opens a block: what kind, and the token at which its head starts. */
  #braceRoles(): Map<number, { role: BraceRole; head: number }> {
    const roles = new Map<number, { role: BraceRole; head: number }>();
    for (let index = 0; index < this.code.length; index++) {
      if (this.#is(index, ")")) this.#afterParentheses(index, roles);
      const word = this.#text(index);
      if (!this.#is(index + 1, "{")) continue;
      if (this.#is(index, "=>")) roles.set(index + 1, { role: "function", head: this.#arrowHead(index) });
      else if (controlWords.has(word)) roles.set(index + 1, { role: "control", head: index });
    }
    return roles;
  }

  /** The brace that belongs to the parentheses which close at `close`, if one does. */
  #afterParentheses(close: number, roles: Map<number, { role: BraceRole; head: number }>): void {
    const open = this.#partner.get(close);
    if (open === undefined) return;
    let before = open - 1;
    if (this.#text(before) === "await") before--;
    if (controlHeads.has(this.#text(before)) && !this.#is(before - 1, ".")) {
      if (this.#is(close + 1, "{")) roles.set(close + 1, { role: "control", head: before });
      return;
    }
    if (this.#text(open - 2) === "extends") return;
    const body = this.#bodyAfter(close);
    if (body !== undefined) roles.set(body, { role: "function", head: this.#functionHead(open) });
  }

  /** The brace that opens a function body after the parameter list closed at `close`, past a return type. */
  #bodyAfter(close: number): number | undefined {
    if (this.#is(close + 1, "{")) return close + 1;
    if (!this.#is(close + 1, ":")) return undefined;
    for (let index = close + 2; index < this.code.length; index++) {
      const token = this.code[index]!;
      if (token.kind === "punctuation" && token.text in closers) {
        if (token.text === "{" && !typeOpeners.has(this.#text(index - 1))) return index;
        index = this.#partner.get(index) ?? this.code.length;
      } else if (
        token.kind === "punctuation" &&
        [";", "=", ",", ")", "]", "}", "=>", "??"].includes(token.text)
      ) {
        if (token.text !== "," || !this.#insideAngles(close + 2, index)) return undefined;
      }
    }
    return undefined;
  }

  #insideAngles(from: number, to: number): boolean {
    let depth = 0;
    for (let index = from; index < to; index++) {
      if (this.#is(index, "<")) depth++;
      if (this.#is(index, ">")) depth--;
    }
    return depth > 0;
  }

  /** Steps back from a parameter list over type parameters, name and modifiers. */
  #functionHead(open: number): number {
    let head = open - 1;
    for (let depth = 0; this.#is(head, ">") || depth > 0; head--) {
      if (this.#is(head, ">")) depth++;
      if (this.#is(head, "<")) depth--;
      if (head <= 0) break;
    }
    if (this.#is(head, "]")) head = this.#partner.get(head) ?? head;
    while (head > 0 && (this.code[head - 1]!.kind === "word" || this.#is(head - 1, "*"))) {
      if (this.code[head - 1]!.line !== this.code[head]!.line) break;
      head--;
    }
    return Math.max(0, head);
  }

  #arrowHead(arrow: number): number {
    if (this.#is(arrow - 1, ")")) return this.#partner.get(arrow - 1) ?? arrow - 1;
    // Past a return type, back to the parameter list: `(a, b): Type =>`.
    for (let index = arrow - 1; index > 0 && !this.#is(index, ";"); index--) {
      if (this.#is(index, ":") && this.#is(index - 1, ")")) return this.#partner.get(index - 1) ?? index;
      if (this.#is(index, ")") || this.#is(index, "}")) index = this.#partner.get(index) ?? index;
    }
    return arrow - 1;
  }

  #extent(head: number, end: number, depth: number, outermost: boolean): FunctionExtent {
    const { line } = this.code[head]!;
    return { name: this.#nameAt(head), line, endLine: this.code[end]!.endLine, depth, outermost };
  }

  /** The last word before the parameters, or before the type parameters. */
  #nameAt(head: number): string {
    let name = "";
    for (let index = head; this.code[index]?.kind === "word" || this.#is(index, "*"); index++) {
      if (this.code[index]!.kind === "word" && this.#text(index) !== "function") name = this.#text(index);
    }
    return name === "" || name === "async" ? "(unnamed)" : name;
  }

  #specifierAt(index: number): Token | undefined {
    const word = this.code[index]!;
    if (word.kind !== "word" || this.#is(index - 1, ".") || this.#is(index + 1, ":")) return undefined;
    if (word.text === "import" && this.#is(index + 1, "(")) return this.#stringAt(index + 2);
    if (word.text === "import") {
      return this.#stringAt(index + 1) ?? this.#stringAfterFrom(index + 1);
    }
    if (word.text !== "export") return undefined;
    const next = this.#text(index + 1) === "type" ? index + 2 : index + 1;
    return this.#is(next, "{") || this.#is(next, "*") ? this.#stringAfterFrom(next) : undefined;
  }

  #stringAt(index: number): Token | undefined {
    return this.code[index]?.kind === "string" ? this.code[index] : undefined;
  }

  /** The string after the next `from` of the same statement. */
  #stringAfterFrom(start: number): Token | undefined {
    for (let index = start; index < this.code.length && !this.#is(index, ";"); index++) {
      if (this.#is(index, "{")) index = this.#partner.get(index) ?? index;
      else if (this.#text(index) === "from" && this.code[index + 1]?.kind === "string")
        return this.code[index + 1];
    }
    return undefined;
  }

  /** Declarations at the top level, exported in place or by a list. */
  #declarations(): { name: string; token: Token; exported: boolean }[] {
    const found: { name: string; token: Token; exported: boolean }[] = [];
    const listed = this.#listedNames();
    for (let index = 0; index < this.code.length; index++) {
      const first = this.code[index]!;
      if (first.kind === "punctuation" && first.text in closers) index = this.#partner.get(index) ?? index;
      if (first.kind !== "word" || this.#is(index - 1, ".")) continue;
      let at = index;
      while (["export", "declare", "abstract", "async", "default"].includes(this.#text(at))) at++;
      const keyword = this.#text(at);
      if (!["function", "class", "interface", "type", "const", "let", "var"].includes(keyword)) continue;
      if (this.#is(at + 1, "*")) at++;
      const name = this.code[at + 1];
      if (name?.kind !== "word") continue;
      found.push({
        name: name.text,
        token: first,
        exported: first.text === "export" || listed.has(name.text),
      });
      index = at + 1;
    }
    return found;
  }

  #listedNames(): Set<string> {
    const names = new Set<string>();
    this.code.forEach((token, index) => {
      if (token.text !== "export" || token.kind !== "word") return;
      const open = this.#text(index + 1) === "type" ? index + 2 : index + 1;
      const close = this.#partner.get(open);
      if (!this.#is(open, "{") || close === undefined || this.#text(close + 1) === "from") return;
      for (const inner of this.code.slice(open + 1, close)) names.add(inner.text);
    });
    return names;
  }

  /** True when the comment right above (decorations aside) is a doc comment. */
  #hasDoc(token: Token): boolean {
    const before = this.#all[this.#all.indexOf(token) - 1];
    return before?.kind === "comment" && before.text.startsWith("/**") && before.endLine >= token.line - 1;
  }
}
