/**
 * The tree of a parsed template. One file, since the nodes only make sense together.
 *
 * `nodeText` gives a node back as text: errors name the place where they happened by it, so it equals what
 * Go's parser prints.
 */

import { quoteGo } from "@narthex/bytes/go-quote";
import { unreachable } from "@narthex/platform/assert";

interface At {
  /** Where it begins, in UTF-16 units of the text it was parsed from. */
  readonly at: number;
}

/** `true`, `false`. */
export interface BoolNode extends At {
  readonly kind: "bool";
  readonly value: boolean;
}

/** A number with every reading it has. */
export interface NumberNode extends At {
  readonly kind: "number";
  readonly text: string;
  /** As an int64, if it is one. */
  readonly int: bigint | null;
  /** As a float64, if it is one. */
  readonly float: number | null;
}

/** A string: as written, and what it means. */
export interface StringNode extends At {
  readonly kind: "string";
  readonly quoted: string;
  readonly value: string;
}

/** `nil`. */
export interface NilNode extends At {
  readonly kind: "nil";
}

/** `.` alone. */
export interface DotNode extends At {
  readonly kind: "dot";
}

/** `.A.B`. */
export interface FieldNode extends At {
  readonly kind: "field";
  readonly names: readonly string[];
}

/** `$x.A.B`; the first name is the variable with its `$`. */
export interface VariableNode extends At {
  readonly kind: "variable";
  readonly names: readonly string[];
}

/** A function's name. */
export interface IdentifierNode extends At {
  readonly kind: "identifier";
  readonly name: string;
}

/** `(…).A.B`. */
export interface ChainNode extends At {
  readonly kind: "chain";
  readonly node: OperandNode;
  readonly names: readonly string[];
}

/** A command's words. */
export type OperandNode =
  | BoolNode
  | NumberNode
  | StringNode
  | NilNode
  | DotNode
  | FieldNode
  | VariableNode
  | IdentifierNode
  | ChainNode
  | PipeNode;

/** `word word …`. */
export interface CommandNode extends At {
  readonly kind: "command";
  readonly args: readonly OperandNode[];
}

/** `$x := command | command …`. */
export interface PipeNode extends At {
  readonly kind: "pipe";
  readonly line: number;
  readonly declares: readonly VariableNode[];
  /** `=` instead of `:=`. */
  readonly assigns: boolean;
  readonly commands: CommandNode[];
}

/** Text outside of actions. */
export interface TextNode extends At {
  readonly kind: "text";
  text: string;
}

/** `{{pipe}}`. */
export interface ActionNode extends At {
  readonly kind: "action";
  pipe: PipeNode;
}

/** `{{if}}`, `{{with}}`, `{{range}}`. */
export interface BranchNode extends At {
  readonly kind: "if" | "with" | "range";
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly elseList: ListNode | null;
}

/** `{{template "name" pipe}}`. */
export interface TemplateNode extends At {
  readonly kind: "template";
  name: string;
  readonly pipe: PipeNode | null;
}

/** `{{break}}` or `{{continue}}`. */
export interface JumpNode extends At {
  readonly kind: "break" | "continue";
}

/** `{{end}}` or `{{else}}`: never part of a finished tree. */
export interface EndNode extends At {
  readonly kind: "end" | "else";
}

/** What a list holds. */
export type ItemNode = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode;

/** Items one after the other. */
export interface ListNode extends At {
  readonly kind: "list";
  readonly items: ItemNode[];
}

/** Any node. */
export type TemplateTreeNode = OperandNode | CommandNode | ItemNode | ListNode | EndNode;

/** A node as text, as Go prints it. */
export function nodeText(node: TemplateTreeNode): string {
  switch (node.kind) {
    case "bool":
      return String(node.value);
    case "number":
      return node.text;
    case "string":
      return node.quoted;
    case "nil":
      return "nil";
    case "dot":
      return ".";
    case "field":
      return node.names.map((name) => `.${name}`).join("");
    case "variable":
      return node.names.join(".");
    case "identifier":
      return node.name;
    case "chain":
      return `${inParens(node.node)}${node.names.map((name) => `.${name}`).join("")}`;
    case "command":
      return node.args.map(inParens).join(" ");
    case "pipe":
      return pipeText(node);
    case "text":
      return node.text;
    case "action":
      return `{{${pipeText(node.pipe)}}}`;
    case "list":
      return node.items.map(nodeText).join("");
    case "if":
    case "with":
    case "range":
      return branchText(node);
    case "template":
      return `{{template ${quoteGo(node.name)}${node.pipe === null ? "" : ` ${pipeText(node.pipe)}`}}}`;
    case "break":
    case "continue":
    case "end":
    case "else":
      return `{{${node.kind}}}`;
    default:
      return unreachable(node);
  }
}

function inParens(node: OperandNode): string {
  return node.kind === "pipe" ? `(${pipeText(node)})` : nodeText(node);
}

function pipeText({ declares, assigns, commands }: PipeNode): string {
  const head = declares.map(nodeText).join(", ");
  const sign = assigns ? " = " : " := ";
  return `${head}${declares.length > 0 ? sign : ""}${commands.map(nodeText).join(" | ")}`;
}

function branchText({ kind, pipe, list, elseList }: BranchNode): string {
  const otherwise = elseList === null ? "" : `{{else}}${nodeText(elseList)}`;
  return `{{${kind} ${pipeText(pipe)}}}${nodeText(list)}${otherwise}{{end}}`;
}
