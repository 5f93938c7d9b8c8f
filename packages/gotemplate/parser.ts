/**
 * Tokens → the tree of a template, and those of the templates it defines. Rules and error texts are those of
 * Go's text/template/parse.
 *
 *   lexer → PARSER → execute
 *
 * Invariant: a finished tree holds no `end` and no `else`, and every function it names is known.
 */

import { quoteGo, unquoteGo } from "@narthex/bytes/go-quote";
import { Lexer, type Token, type TokenKind } from "./lexer.ts";
import {
  nodeText,
  type BranchNode,
  type CommandNode,
  type EndNode,
  type ItemNode,
  type JumpNode,
  type ListNode,
  type OperandNode,
  type PipeNode,
  type TemplateNode,
  type VariableNode,
} from "./node.ts";
import { parseNumber } from "./number.ts";

/** One template, parsed. */
export interface ParsedTemplate {
  readonly name: string;
  readonly root: ListNode;
  /** What it was parsed from, and the name that errors call that. */
  readonly source: TemplateSource;
}

/** A text with templates in it. */
export interface TemplateSource {
  readonly name: string;
  readonly text: string;
}

/** A text that is no template. The message is the original's. */
export class TemplateSyntaxError extends Error {
  override readonly name = "TemplateSyntaxError";
}

/** The deepest nesting of parentheses. */
const maxParens = 10_000;
const endOfText: TokenKind = "end of text";

/**
 * Adds the templates in `source` to `templates`: itself under its name, and those it defines. Throws
 * `TemplateSyntaxError`.
 */
export function parseTemplate(
  source: TemplateSource,
  functions: { has(name: string): boolean },
  templates: Map<string, ParsedTemplate>,
): void {
  new Parser(source, functions, templates).parse();
}

/** Whether nothing is in it but spaces. */
export function isEmptyList(list: ListNode): boolean {
  return list.items.every((item) => item.kind === "text" && item.text.trim() === "");
}

function isEnd(item: ItemNode | EndNode): item is EndNode {
  return item.kind === "end" || item.kind === "else";
}

class Parser {
  readonly #source: TemplateSource;
  readonly #functions: { has(name: string): boolean };
  readonly #templates: Map<string, ParsedTemplate>;
  readonly #lexer: Lexer;
  /** Tokens given back, the next one last. */
  #back: Token[] = [];
  /** The line of the token read last from the text. */
  #line = 1;
  #variables: string[] = ["$"];
  #ranges = 0;
  #parens = 0;
  #actionLine = 0;

  constructor(
    source: TemplateSource,
    functions: { has(name: string): boolean },
    templates: Map<string, ParsedTemplate>,
  ) {
    this.#source = source;
    this.#functions = functions;
    this.#templates = templates;
    const loopWords = new Set(["break", "continue"].filter((word) => !functions.has(word)));
    this.#lexer = new Lexer(source.text, loopWords);
  }

  parse(): void {
    const root: ListNode = { kind: "list", at: this.#peek().at, items: [] };
    while (this.#peek().kind !== endOfText) {
      if (this.#peek().kind === "left delimiter") {
        const delimiter = this.#next();
        const word = this.#nextWord();
        if (word.kind === "keyword" && word.text === "define") {
          this.#definition();
          continue;
        }
        this.#back.push(word, delimiter);
      }
      const item = this.#textOrAction();
      if (isEnd(item)) this.#fail(`unexpected ${nodeText(item)}`);
      root.items.push(item);
    }
    this.#add(this.#source.name, root);
  }

  #add(name: string, root: ListNode): void {
    const known = this.#templates.get(name);
    if (known !== undefined && !isEmptyList(known.root)) {
      if (!isEmptyList(root)) this.#fail(`template: multiple definition of template ${quoteGo(name)}`);
      return;
    }
    this.#templates.set(name, { name, root, source: this.#source });
  }

  /** Fails with Go's words at the line of the last token. */
  #fail(message: string): never {
    throw new TemplateSyntaxError(`template: ${this.#source.name}:${this.#line}: ${message}`);
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind !== "error") this.#fail(`unexpected ${tokenText(token)} in ${context}`);
    let extra = "";
    if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
      extra = ` in action started at ${this.#source.name}:${this.#actionLine}`;
      if (token.text.endsWith(" action")) extra = extra.slice(" in action".length);
    }
    this.#fail(`${token.text}${extra}`);
  }

  #next(): Token {
    const token = this.#back.pop();
    if (token !== undefined) return token;
    const fresh = this.#lexer.next();
    this.#line = fresh.line;
    return fresh;
  }

  #peek(): Token {
    const token = this.#next();
    this.#back.push(token);
    return token;
  }

  /** The next token that is no space. */
  #nextWord(): Token {
    let token = this.#next();
    while (token.kind === "space") token = this.#next();
    return token;
  }

  #peekWord(): Token {
    const token = this.#nextWord();
    this.#back.push(token);
    return token;
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#nextWord();
    return token.kind === kind ? token : this.#unexpected(token, context);
  }

  #definition(): void {
    const context = "define clause";
    const token = this.#nextWord();
    const name = this.#templateName(token, context);
    this.#expect("right delimiter", context);
    this.#add(name, this.#ownList(context));
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== "string" && token.kind !== "raw string") this.#unexpected(token, context);
    return unquoteGo(token.text) ?? this.#fail("invalid syntax");
  }

  /** The body of a template inside this one: with variables and loops of its own. */
  #ownList(context: string): ListNode {
    const [variables, ranges, actionLine] = [this.#variables, this.#ranges, this.#actionLine];
    this.#variables = ["$"];
    this.#ranges = 0;
    const { list, end } = this.#list();
    if (end.kind !== "end") this.#fail(`unexpected ${nodeText(end)} in ${context}`);
    this.#variables = variables;
    this.#ranges = ranges;
    this.#actionLine = actionLine;
    return list;
  }

  #list(): { list: ListNode; end: EndNode } {
    const list: ListNode = { kind: "list", at: this.#peekWord().at, items: [] };
    while (this.#peekWord().kind !== endOfText) {
      const item = this.#textOrAction();
      if (isEnd(item)) return { list, end: item };
      list.items.push(item);
    }
    return this.#fail("unexpected EOF");
  }

  #textOrAction(): ItemNode | EndNode {
    const token = this.#nextWord();
    if (token.kind === "text") return { kind: "text", at: token.at, text: token.text };
    if (token.kind !== "left delimiter") this.#unexpected(token, "input");
    this.#actionLine = token.line;
    const item = this.#action();
    this.#actionLine = 0;
    return item;
  }

  #action(): ItemNode | EndNode {
    const token = this.#nextWord();
    if (token.kind === "keyword") {
      switch (token.text) {
        case "block":
          return this.#block();
        case "break":
        case "continue":
          return this.#jump(token.text, token);
        case "else":
          return this.#else();
        case "end":
          return { kind: "end", at: this.#expect("right delimiter", "end").at };
        case "if":
        case "range":
        case "with":
          return this.#branch(token.text);
        case "template":
          return this.#call();
        default: // "define" is only known at the top
      }
    }
    this.#back.push(token);
    const { at } = token;
    return { kind: "action", at, pipe: this.#pipeline("command", "right delimiter") };
  }

  #jump(kind: JumpNode["kind"], { at }: Token): JumpNode {
    const token = this.#nextWord();
    if (token.kind !== "right delimiter") this.#unexpected(token, `{{${kind}}}`);
    if (this.#ranges === 0) this.#fail(`{{${kind}}} outside {{range}}`);
    return { kind, at };
  }

  #else(): EndNode {
    const word = this.#peekWord();
    if (word.kind === "keyword" && (word.text === "if" || word.text === "with")) {
      return { kind: "else", at: word.at };
    }
    return { kind: "else", at: this.#expect("right delimiter", "else").at };
  }

  #branch(kind: BranchNode["kind"]): BranchNode {
    const known = this.#variables.length;
    const pipe = this.#pipeline(kind, "right delimiter");
    if (kind === "range") this.#ranges++;
    const { list, end } = this.#list();
    if (kind === "range") this.#ranges--;
    const elseList = end.kind === "else" ? this.#elseList(kind, end) : null;
    this.#variables.length = known;
    return { kind, at: pipe.at, pipe, list, elseList };
  }

  #elseList(kind: BranchNode["kind"], { at }: EndNode): ListNode {
    const word = this.#peek();
    // After {{else if …}} and {{else with …}} the inner branch takes the {{end}}.
    if (kind !== "range" && word.kind === "keyword" && word.text === kind) {
      this.#next();
      return { kind: "list", at, items: [this.#branch(kind)] };
    }
    const { list, end } = this.#list();
    if (end.kind !== "end") this.#fail(`expected end; found ${nodeText(end)}`);
    return list;
  }

  #block(): TemplateNode {
    const context = "block clause";
    const token = this.#nextWord();
    const name = this.#templateName(token, context);
    const pipe = this.#pipeline(context, "right delimiter");
    this.#add(name, this.#ownList(context));
    return { kind: "template", at: token.at, name, pipe };
  }

  #call(): TemplateNode {
    const context = "template clause";
    const token = this.#nextWord();
    const name = this.#templateName(token, context);
    const after = this.#nextWord();
    if (after.kind === "right delimiter") return { kind: "template", at: token.at, name, pipe: null };
    this.#back.push(after);
    return { kind: "template", at: token.at, name, pipe: this.#pipeline(context, "right delimiter") };
  }

  #pipeline(context: string, end: TokenKind): PipeNode {
    const { at, line } = this.#peekWord();
    const { declares, assigns } = this.#declarations(context);
    const pipe: PipeNode = { kind: "pipe", at, line, declares, assigns, commands: [] };
    for (;;) {
      const token = this.#nextWord();
      if (token.kind === end) {
        this.#checkPipeline(pipe, context);
        return pipe;
      }
      if (!operandKinds.has(token.kind)) this.#unexpected(token, context);
      this.#back.push(token);
      pipe.commands.push(this.#command());
    }
  }

  #declarations(context: string): { declares: VariableNode[]; assigns: boolean } {
    const declares: VariableNode[] = [];
    for (;;) {
      const variable = this.#peekWord();
      if (variable.kind !== "variable") return { declares, assigns: false };
      this.#next();
      const after = this.#next();
      const next = after.kind === "space" ? this.#nextWord() : after;
      const isList = next.kind === "char" && next.text === ",";
      if (next.kind !== "assign" && next.kind !== "declare" && !isList) {
        // No declaration: the variable is the first word of a command, and the space behind it counts.
        this.#back.push(next);
        if (after.kind === "space") this.#back.push(after);
        this.#back.push(variable);
        return { declares, assigns: false };
      }
      declares.push({ kind: "variable", at: variable.at, names: variable.text.split(".") });
      this.#variables.push(variable.text);
      if (!isList) return { declares, assigns: next.kind === "assign" };
      this.#checkSecondVariable(context, declares.length);
    }
  }

  #checkSecondVariable(context: string, count: number): void {
    if (context !== "range" || count >= 2) this.#fail(`too many declarations in ${context}`);
    const { kind } = this.#peekWord();
    if (kind === "variable" || kind === "right delimiter" || kind === "right paren") return;
    this.#fail("range can only initialize variables");
  }

  #checkPipeline({ commands }: PipeNode, context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    for (const [stage, { args }] of commands.entries()) {
      const kind = args[0]?.kind ?? "";
      if (stage > 0 && ["bool", "dot", "nil", "number", "string"].includes(kind)) {
        this.#fail(`non executable command in pipeline stage ${stage + 1}`);
      }
    }
  }

  #command(): CommandNode {
    const { at } = this.#peekWord();
    const args: OperandNode[] = [];
    for (;;) {
      this.#peekWord();
      const operand = this.#operand();
      if (operand !== null) args.push(operand);
      const token = this.#next();
      if (token.kind === "space") continue;
      if (token.kind === "right delimiter" || token.kind === "right paren") this.#back.push(token);
      else if (token.kind !== "pipe") this.#unexpected(token, "operand");
      break;
    }
    if (args.length === 0) this.#fail("empty command");
    return { kind: "command", at, args };
  }

  #operand(): OperandNode | null {
    const node = this.#term();
    if (node === null || this.#peek().kind !== "field") return node;
    const { at } = this.#peek();
    const names: string[] = [];
    while (this.#peek().kind === "field") names.push(this.#next().text.slice(1));
    switch (node.kind) {
      case "field":
      case "variable":
        return { kind: node.kind, at, names: [...node.names, ...names] };
      case "bool":
      case "string":
      case "number":
      case "nil":
      case "dot":
        return this.#fail(`unexpected . after term ${quoteGo(nodeText(node))}`);
      default:
        return { kind: "chain", at, node, names };
    }
  }

  #term(): OperandNode | null {
    const token = this.#nextWord();
    const { kind, text, at } = token;
    switch (kind) {
      case "identifier":
        if (!this.#functions.has(text)) this.#fail(`function ${quoteGo(text)} not defined`);
        return { kind, at, name: text };
      case "dot":
      case "nil":
        return { kind, at };
      case "variable":
        return this.#useVariable(text, at);
      case "field":
        return { kind, at, names: [text.slice(1)] };
      case "bool":
        return { kind, at, value: text === "true" };
      case "number":
      case "complex":
      case "char constant":
        return this.#inOwnWords(() => parseNumber(text, at, kind));
      case "left paren":
        return this.#parenthesized();
      case "string":
      case "raw string":
        return { kind: "string", at, quoted: text, value: unquoteGo(text) ?? this.#fail("invalid syntax") };
      default:
        this.#back.push(token);
        return null;
    }
  }

  #inOwnWords<T>(parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      return this.#fail((error as Error).message);
    }
  }

  #parenthesized(): PipeNode {
    if (this.#parens >= maxParens) this.#fail("max expression depth exceeded");
    this.#parens++;
    const pipe = this.#pipeline("parenthesized pipeline", "right paren");
    this.#parens--;
    return pipe;
  }

  #useVariable(text: string, at: number): VariableNode {
    const names = text.split(".");
    if (!this.#variables.includes(names[0] ?? ""))
      this.#fail(`undefined variable ${quoteGo(names[0] ?? "")}`);
    return { kind: "variable", at, names };
  }
}

const operandKinds: ReadonlySet<TokenKind> = new Set([
  "bool",
  "char constant",
  "complex",
  "dot",
  "field",
  "identifier",
  "number",
  "nil",
  "raw string",
  "string",
  "variable",
  "left paren",
]);

/** A token as errors show it. */
function tokenText({ kind, text }: Token): string {
  if (kind === endOfText) return "EOF";
  if (kind === "keyword" || kind === "nil" || kind === "dot") return `<${text}>`;
  const chars = [...text];
  return chars.length > 10 ? `${quoteGo(chars.slice(0, 10).join(""))}...` : quoteGo(text);
}
