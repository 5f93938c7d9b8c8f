/**
 * Runs a parsed template over data. Meaning and error texts are those of Go's text/template, with the option
 * `missingkey=zero` or without.
 *
 *   parser → EXECUTE → text
 *
 * A template is a program that users write, so it has limits: steps (nodes walked), output, and depth of
 * calls. Beyond one of them the execution fails, as any other error does.
 */

import { quoteGo } from "@narthex/bytes/go-quote";
import { assert, unreachable } from "@narthex/platform/assert";
import { builtins, type Functions } from "./builtins.ts";
import { formatValue } from "./format.ts";
import { HtmlMarkupError } from "./html/context.ts";
import { HtmlWriter, type NamedEscaper } from "./html/html-writer.ts";
import { argumentsText } from "./print.ts";
import {
  nodeText,
  type ActionNode,
  type BranchNode,
  type CommandNode,
  type ItemNode,
  type ListNode,
  type OperandNode,
  type PipeNode,
  type TemplateNode,
  type TemplateTreeNode,
  type VariableNode,
} from "./node.ts";
import type { ParsedTemplate } from "./parser.ts";
import {
  byteLength,
  GoFunction,
  GoList,
  GoMap,
  GoStruct,
  isTrue,
  TemplateFunctionError,
  typeName,
  type ParameterType,
  type Value,
} from "./value.ts";

/** What an execution may use. */
export interface ExecutionLimits {
  /** Nodes walked and iterations made. */
  readonly maxSteps: number;
  /** Bytes of output, about (counted in UTF-16 units). */
  readonly maxOutput: number;
  /** Templates calling templates. */
  readonly maxDepth: number;
}

/** Generous for people, short of what would hold the server up. */
export const defaultExecutionLimits: ExecutionLimits = {
  maxSteps: 5_000_000,
  maxOutput: 64 * 1_048_576,
  maxDepth: 2_000,
};

/** How to run. */
export interface Execution {
  readonly templates: ReadonlyMap<string, ParsedTemplate>;
  readonly functions: Functions;
  /** What a key gives that a map does not have: the zero value of its kind, or nothing. */
  readonly missingKey: "zero" | "invalid";
  readonly limits: ExecutionLimits;
  /** Whether the output is a page, in which values are made safe. */
  readonly asHtml: boolean;
}

/** A template that failed while running. The message is the original's. */
export class TemplateExecutionError extends Error {
  override readonly name = "TemplateExecutionError";
}

/** Runs `template` with `data` as the dot. Throws `TemplateExecutionError`. */
export function executeTemplate(template: ParsedTemplate, data: Value, execution: Execution): string {
  const page = execution.asHtml ? new HtmlWriter() : null;
  const account: Account = { steps: 0, output: [], outputLength: 0, page };
  const frame = new Frame(template, data, execution, account, 0);
  frame.run();
  frame.end();
  return account.output.join("");
}

interface Account {
  steps: number;
  readonly output: string[];
  outputLength: number;
  /** Null when the output is plain text. */
  readonly page: HtmlWriter | null;
}

/** No argument comes from the pipe. */
const nothing = Symbol("nothing");
type Final = Value | typeof nothing;

/** The escaper that a pipe names at its end. */
function namedEscaper({ commands }: PipeNode): NamedEscaper | null {
  const last = commands[commands.length - 1]?.args[0];
  if (last?.kind !== "identifier") return null;
  return last.name === "html" || last.name === "urlquery" ? last.name : null;
}

type Flow = "on" | "break" | "continue";

/** The execution of one template with variables of its own. */
class Frame {
  readonly #template: ParsedTemplate;
  readonly #data: Value;
  readonly #execution: Execution;
  readonly #account: Account;
  readonly #depth: number;
  readonly #variables: { name: string; value: Value }[];
  /** Where errors happen. */
  #node: TemplateTreeNode;

  constructor(template: ParsedTemplate, data: Value, execution: Execution, account: Account, depth: number) {
    this.#template = template;
    this.#data = data;
    this.#execution = execution;
    this.#account = account;
    this.#depth = depth;
    this.#variables = [{ name: "$", value: data }];
    this.#node = template.root;
  }

  run(): void {
    this.#list(this.#data, this.#template.root);
  }

  /** After the whole page. */
  end(): void {
    this.#node = this.#template.root;
    this.#inPage((page) => {
      page.end();
      return "";
    });
  }

  /** Markup that cannot be understood is an error of the template. */
  #inPage(write: (page: HtmlWriter) => string): string {
    const { page } = this.#account;
    if (page === null) return "";
    try {
      return write(page);
    } catch (error) {
      if (!(error instanceof HtmlMarkupError)) throw error;
      const { line } = this.#place();
      const { name } = this.#template;
      throw new TemplateExecutionError(`html/template:${name}:${line}: ${error.message}`, { cause: error });
    }
  }

  #place(): { line: number; column: number } {
    const before = this.#template.source.text.slice(0, this.#node.at);
    const lineStart = before.lastIndexOf("\n") + 1;
    return { line: before.split("\n").length, column: byteLength(before.slice(lineStart)) };
  }

  #fail(message: string): never {
    const { name, source } = this.#template;
    const { line, column } = this.#place();
    const place = `${source.name}:${line}:${column}`;
    throw new TemplateExecutionError(
      `template: ${place}: executing ${quoteGo(name)} at <${nodeText(this.#node)}>: ${message}`,
    );
  }

  #step(): void {
    const { limits } = this.#execution;
    if (++this.#account.steps > limits.maxSteps) this.#fail(`exceeded ${limits.maxSteps} steps`);
  }

  #write(text: string): void {
    const { maxOutput } = this.#execution.limits;
    this.#account.outputLength += text.length;
    if (this.#account.outputLength > maxOutput) this.#fail(`output exceeds ${maxOutput} bytes`);
    this.#account.output.push(text);
  }

  #list(dot: Value, list: ListNode): Flow {
    for (const item of list.items) {
      const flow = this.#item(dot, item);
      if (flow !== "on") return flow;
    }
    return "on";
  }

  #item(dot: Value, item: ItemNode): Flow {
    this.#step();
    this.#node = item;
    switch (item.kind) {
      case "text":
        this.#write(this.#account.page === null ? item.text : this.#inPage((page) => page.text(item.text)));
        return "on";
      case "action":
        this.#action(dot, item);
        return "on";
      case "if":
      case "with":
        return this.#branch(dot, item);
      case "range":
        return this.#range(dot, item);
      case "template":
        this.#call(dot, item);
        return "on";
      case "break":
      case "continue":
        return item.kind;
      default:
        return unreachable(item);
    }
  }

  #action(dot: Value, node: ActionNode): void {
    const { pipe } = node;
    const isPage = this.#account.page !== null && pipe.declares.length === 0;
    const named = isPage ? namedEscaper(pipe) : null;
    const value = named === null ? this.#pipe(dot, pipe) : this.#pipeBefore(dot, pipe);
    if (pipe.declares.length > 0) return;
    this.#node = node;
    if (value instanceof GoFunction) {
      this.#fail(`can't print ${nodeText(node)} of type ${value.typeName}`);
    }
    if (isPage) this.#write(this.#inPage((page) => page.value(value, named)));
    else this.#write(value === null ? "<no value>" : formatValue(value));
  }

  /** The value that a pipe hands to the escaper it ends with. */
  #pipeBefore(dot: Value, pipe: PipeNode): Value {
    const [first, ...rest] = pipe.commands;
    if (first !== undefined && rest.length === 0) {
      return argumentsText(first.args.slice(1).map((arg) => this.#argument(dot, arg, null)));
    }
    return this.#pipe(dot, { ...pipe, commands: pipe.commands.slice(0, -1) });
  }

  #branch(dot: Value, { kind, pipe, list, elseList }: BranchNode): Flow {
    const known = this.#variables.length;
    const value = this.#pipe(dot, pipe);
    let flow: Flow = "on";
    if (isTrue(value)) flow = this.#list(kind === "with" ? value : dot, list);
    else if (elseList !== null) flow = this.#list(dot, elseList);
    this.#variables.length = known;
    return flow;
  }

  #range(dot: Value, node: BranchNode): Flow {
    const known = this.#variables.length;
    const over = this.#pipe(dot, node.pipe);
    const inner = this.#variables.length;
    let ran = false;
    for (const [key, value] of this.#elements(node, over)) {
      ran = true;
      this.#step();
      this.#bind(node.pipe, key, value);
      const flow = this.#list(value, node.list);
      this.#variables.length = inner;
      if (flow === "break") break;
    }
    this.#variables.length = known;
    if (ran || node.elseList === null) return "on";
    const flow = this.#list(dot, node.elseList);
    this.#variables.length = known;
    return flow;
  }

  /** What a range goes over: keys or indexes with values. */
  *#elements(node: BranchNode, over: Value): Generator<[Value, Value], void, undefined> {
    if (over === null) return;
    if (over instanceof GoList) {
      for (const [i, item] of over.items.entries()) yield [BigInt(i), item];
    } else if (over instanceof GoMap) {
      for (const key of over.sortedKeys()) yield [key, over.entries.get(key) ?? null];
    } else if (typeof over === "bigint") {
      if (node.pipe.declares.length > 1) {
        this.#fail(`can't use ${over} to iterate over more than one variable`);
      }
      for (let i = 0n; i < over; i++) yield [null, i];
    } else {
      this.#node = node;
      this.#fail(`range can't iterate over ${formatValue(over)}`);
    }
  }

  #bind({ declares, assigns }: PipeNode, key: Value, value: Value): void {
    const [first, second] = declares;
    if (first === undefined) return;
    const [keyName, valueName] = second === undefined ? [undefined, first] : [first, second];
    const set = (variable: VariableNode, to: Value, fromTop: number): void => {
      if (assigns) this.#assign(variable.names[0] ?? "", to);
      else (this.#variables[this.#variables.length - fromTop] as { value: Value }).value = to;
    };
    set(valueName, value, 1);
    if (keyName !== undefined) set(keyName, key, 2);
  }

  #assign(name: string, value: Value): void {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (found === undefined) this.#fail(`undefined variable: ${name}`);
    else found.value = value;
  }

  #call(dot: Value, node: TemplateNode): void {
    const template = this.#execution.templates.get(node.name);
    if (template === undefined) return this.#fail(`template ${quoteGo(node.name)} not defined`);
    const { maxDepth } = this.#execution.limits;
    if (this.#depth === maxDepth) this.#fail(`exceeded maximum template depth (${maxDepth})`);
    const data = node.pipe === null ? null : this.#pipe(dot, node.pipe);
    new Frame(template, data, this.#execution, this.#account, this.#depth + 1).run();
  }

  #pipe(dot: Value, pipe: PipeNode): Value {
    this.#step();
    this.#node = pipe;
    let value: Final = nothing;
    for (const command of pipe.commands) value = this.#command(dot, command, value);
    assert(value !== nothing, "a pipeline has a command");
    for (const { names } of pipe.declares) {
      const [name = ""] = names;
      if (pipe.assigns) this.#assign(name, value);
      else this.#variables.push({ name, value });
    }
    return value;
  }

  #command(dot: Value, command: CommandNode, final: Final): Value {
    const [first, ...rest] = command.args as [OperandNode, ...OperandNode[]];
    switch (first.kind) {
      case "field":
        this.#node = first;
        return this.#fields(dot, dot, first, first.names, rest, final);
      case "chain":
        return this.#chain(dot, first, rest, final);
      case "identifier":
        return this.#function(dot, first, command, rest, final);
      case "variable":
        return this.#variable(dot, first, rest, final);
      case "pipe":
        this.#notFunction(command, final);
        return this.#pipe(dot, first);
      default:
        this.#node = first;
        this.#notFunction(command, final);
        if (first.kind === "nil") return this.#fail("nil is not a command");
        return this.#literal(dot, first);
    }
  }

  #notFunction({ args }: CommandNode, final: Final): void {
    const [first] = args;
    if ((args.length > 1 || final !== nothing) && first !== undefined) {
      this.#fail(`can't give argument to non-function ${nodeText(first)}`);
    }
  }

  #literal(dot: Value, node: OperandNode): Value {
    switch (node.kind) {
      case "dot":
        return dot;
      case "bool":
      case "string":
        return node.value;
      case "number":
        return this.#number(node.text, node.int, node.float);
      default:
        return this.#fail(`can't evaluate command ${quoteGo(nodeText(node))}`);
    }
  }

  /** A number without a type that asks for one: a float when it looks like one. */
  #number(text: string, int: bigint | null, float: number | null): Value {
    const isHex = /^0[xX]/u.test(text) && !/[pP]/u.test(text);
    if (float !== null && !isHex && !text.startsWith("'") && /[.eEpP]/u.test(text)) return float;
    return int ?? this.#fail(`${text} overflows int`);
  }

  #chain(
    dot: Value,
    node: OperandNode & { kind: "chain" },
    args: readonly OperandNode[],
    final: Final,
  ): Value {
    this.#node = node;
    if (node.node.kind === "nil") this.#fail(`indirection through explicit nil in ${nodeText(node)}`);
    const receiver = this.#argument(dot, node.node, null);
    return this.#fields(dot, receiver, node, node.names, args, final);
  }

  #variable(dot: Value, node: VariableNode, args: readonly OperandNode[], final: Final): Value {
    this.#node = node;
    const [name = "", ...names] = node.names;
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (found === undefined) return this.#fail(`undefined variable: ${name}`);
    if (names.length > 0) return this.#fields(dot, found.value, node, names, args, final);
    if (args.length > 0 || final !== nothing) {
      this.#fail(`can't give argument to non-function ${nodeText(node)}`);
    }
    return found.value;
  }

  #fields(
    dot: Value,
    receiver: Value,
    node: OperandNode,
    names: readonly string[],
    args: readonly OperandNode[],
    final: Final,
  ): Value {
    let value = receiver;
    for (const [i, name] of names.entries()) {
      const isLast = i === names.length - 1;
      value = this.#field(dot, name, node, isLast ? args : [], isLast ? final : nothing, value);
    }
    return value;
  }

  #field(
    dot: Value,
    name: string,
    node: OperandNode,
    args: readonly OperandNode[],
    final: Final,
    receiver: Value,
  ): Value {
    if (receiver === null) return null;
    const hasMethods =
      receiver instanceof GoList || receiver instanceof GoMap || receiver instanceof GoStruct;
    const method = hasMethods ? receiver.methods.get(name) : undefined;
    if (method !== undefined) return this.#invoke(dot, method, node, name, args, final);
    const hasArgs = args.length > 0 || final !== nothing;
    if (receiver instanceof GoStruct && receiver.fields.has(name)) {
      if (hasArgs) this.#fail(`${name} has arguments but cannot be invoked as function`);
      return receiver.fields.get(name) ?? null;
    }
    if (receiver instanceof GoMap) {
      if (hasArgs) this.#fail(`${name} is not a method but has arguments`);
      const { missingKey } = this.#execution;
      return receiver.entries.get(name) ?? (missingKey === "zero" ? receiver.zero : null);
    }
    return this.#fail(`can't evaluate field ${name} in type ${typeName(receiver)}`);
  }

  #function(
    dot: Value,
    node: OperandNode & { kind: "identifier" },
    command: TemplateTreeNode,
    args: readonly OperandNode[],
    final: Final,
  ): Value {
    this.#node = node;
    const { name } = node;
    const own = this.#execution.functions.get(name);
    if (own !== undefined) return this.#invoke(dot, own, command, name, args, final);
    const builtin = builtins.get(name);
    if (builtin === undefined) return this.#fail(`${quoteGo(name)} is not a defined function`);
    if (name !== "and" && name !== "or") return this.#invoke(dot, builtin, command, name, args, final);
    this.#checkCount(builtin, name, args.length, final);
    return this.#shortCircuit(dot, builtin, name === "or", args, final);
  }

  #shortCircuit(
    dot: Value,
    { parameters }: GoFunction,
    until: boolean,
    args: readonly OperandNode[],
    final: Final,
  ): Value {
    let value: Value = null;
    for (const arg of args) {
      value = this.#argument(dot, arg, parameters[0] ?? null);
      if (isTrue(value) === until) return value;
    }
    return final === nothing ? value : final;
  }

  #checkCount({ parameters, rest }: GoFunction, name: string, args: number, final: Final): void {
    const given = args + (final === nothing ? 0 : 1);
    if (rest === null && given !== parameters.length) {
      this.#fail(`wrong number of args for ${name}: want ${parameters.length} got ${given}`);
    }
    if (given < parameters.length) {
      this.#fail(`wrong number of args for ${name}: want at least ${parameters.length} got ${args}`);
    }
  }

  #invoke(
    dot: Value,
    callee: GoFunction,
    node: TemplateTreeNode,
    name: string,
    args: readonly OperandNode[],
    final: Final,
  ): Value {
    this.#checkCount(callee, name, args.length, final);
    const typeOf = (i: number): ParameterType | null => callee.parameters[i] ?? callee.rest;
    const values = args.map((arg, i) => this.#argument(dot, arg, typeOf(i)));
    if (final !== nothing) values.push(this.#checked(final, typeOf(values.length)));
    try {
      return callee.call(...values);
    } catch (error) {
      if (!(error instanceof TemplateFunctionError)) throw error;
      this.#node = node;
      return this.#fail(`error calling ${name}: ${error.message}`);
    }
  }

  /** A value where a type is asked for (null: any). */
  #checked(value: Value, type: ParameterType | null): Value {
    if (type === null) return value;
    if (value === null) return type.nilable ? null : this.#fail(`invalid value; expected ${type.name}`);
    if (type.accepts(value)) return value;
    return this.#fail(`wrong type for value; expected ${type.name}; got ${typeName(value)}`);
  }

  #argument(dot: Value, node: OperandNode, type: ParameterType | null): Value {
    this.#node = node;
    switch (node.kind) {
      case "dot":
        return this.#checked(dot, type);
      case "nil":
        return type === null || type.nilable ? null : this.#fail(`cannot assign nil to ${type.name}`);
      case "field":
        return this.#checked(this.#fields(dot, dot, node, node.names, [], nothing), type);
      case "variable":
        return this.#checked(this.#variable(dot, node, [], nothing), type);
      case "pipe":
        return this.#checked(this.#pipe(dot, node), type);
      case "identifier":
        return this.#checked(this.#function(dot, node, node, [], nothing), type);
      case "chain":
        return this.#checked(this.#chain(dot, node, [], nothing), type);
      default:
        return this.#typedLiteral(dot, node, type);
    }
  }

  /** A literal becomes what the parameter asks for: `1` is a float where a float is wanted. */
  #typedLiteral(
    dot: Value,
    node: OperandNode & { kind: "bool" | "string" | "number" },
    type: ParameterType | null,
  ): Value {
    switch (type?.literal ?? "any") {
      case "bool":
        return node.kind === "bool" ? node.value : this.#fail(`expected bool; found ${nodeText(node)}`);
      case "string":
        return node.kind === "string" ? node.value : this.#fail(`expected string; found ${nodeText(node)}`);
      case "int":
        return node.kind === "number" && node.int !== null
          ? node.int
          : this.#fail(`expected integer; found ${nodeText(node)}`);
      case "float64":
        return node.kind === "number" && node.float !== null
          ? node.float
          : this.#fail(`expected float; found ${nodeText(node)}`);
      case "any":
        return this.#literal(dot, node);
      default:
        return this.#fail(`can't handle ${nodeText(node)} for arg of type ${type?.name ?? ""}`);
    }
  }
}
