/**
 * A YAML file as a tree of nodes that know where they stand. First step of reading a configuration file:
 *
 *   text → YAML DOCUMENT → decode → a section's own validation
 *
 * Scalars keep their source text: what a text means depends on the field it stands in (decode.ts), not on a
 * schema. Aliases and merge keys (`<<`) are resolved here; duplicate keys are kept, for the decoder to
 * refuse.
 *
 * Invariants
 *  - A node is shared where the file uses an alias, and the tree that results has at most `maxNodes` nodes
 *    when written out, so a few lines of aliases cannot make the decoder run for ever.
 */

import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from "yaml";
import { decodeBinary } from "./binary.ts";
import { ConfigError, type Position } from "./config-error.ts";

/** A single value. `tag` is the explicit tag (`!!str`, `!!binary`), "" without one. */
export interface ScalarNode {
  readonly kind: "scalar";
  readonly offset: number;
  readonly text: string;
  /** Written without quotes, so it may stand for a number, a boolean or null. */
  readonly plain: boolean;
  readonly tag: string;
}

/** A sequence. */
export interface ListNode {
  readonly kind: "list";
  readonly offset: number;
  readonly items: readonly ConfigNode[];
}

/** A key with its value; `offset` is the key's. */
export interface MapEntry {
  readonly key: string;
  readonly offset: number;
  readonly value: ConfigNode;
}

/** A mapping, entries in the order of the file. */
export interface MapNode {
  readonly kind: "map";
  readonly offset: number;
  readonly entries: readonly MapEntry[];
}

/** Any node. */
export type ConfigNode = ScalarNode | ListNode | MapNode;

/** A parsed file. `root` is null when the file holds nothing. */
export class YamlDocument {
  readonly file: string;
  readonly root: ConfigNode | null;
  readonly #lead: string;
  readonly #lines: LineCounter;

  constructor(file: string, root: ConfigNode | null, lead: string, lines: LineCounter) {
    this.file = file;
    this.root = root;
    this.#lead = lead;
    this.#lines = lines;
  }

  /** The place of a node's offset. */
  position(offset: number): Position {
    return positionAt(this.#lines, offset);
  }

  /** The error of this file at `offset`. */
  error(offset: number, text: string): ConfigError {
    return new ConfigError(this.file, this.position(offset), this.#lead + text);
  }
}

const maxNodes = 4_000_000;
const maxDepth = 1_000;

/**
 * Parses the first document of `text`. Throws `ConfigError` on a syntax error. `lead` stands before every
 * error text of this file; the default is what Prometheus puts before errors of its main file.
 */
export function parseYaml(text: string, file: string, lead = `parsing YAML file ${file}: `): YamlDocument {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, {
    schema: "failsafe",
    uniqueKeys: false,
    lineCounter,
    prettyErrors: false,
    logLevel: "silent",
  });
  const first = documents[0];
  const fault = first?.errors[0];
  if (fault !== undefined) {
    const position = positionAt(lineCounter, fault.pos[0]);
    throw new ConfigError(
      file,
      position,
      `${lead}yaml: line ${position.line}: ${wording(fault.code, fault.message)}`,
    );
  }
  const contents = first?.contents ?? null;
  if (first === undefined || contents === null) return new YamlDocument(file, null, lead, lineCounter);
  const conversion = new Conversion(first, (offset, why) => {
    const position = positionAt(lineCounter, offset);
    return new ConfigError(file, position, `${lead}yaml: ${why}`);
  });
  const root = conversion.convert(contents, 0);
  return new YamlDocument(file, root, lead, lineCounter);
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** The words of libyaml for the two faults that people meet most; the parser's own for the rest. */
function wording(code: string, message: string): string {
  if (/Nested mappings are not allowed|BLOCK_AS_IMPLICIT_KEY/u.test(`${code} ${message}`)) {
    return "mapping values are not allowed in this context";
  }
  if (code === "TAB_AS_INDENT") return "found character that cannot start any token";
  return message;
}

/** Turns the parser's nodes into ours. Lifetime: one document. */
class Conversion {
  readonly #document: Document.Parsed;
  readonly #error: (offset: number, why: string) => ConfigError;
  /** Converted nodes with their size in nodes, so that an alias costs nothing but counts fully. */
  readonly #done = new Map<Node, { readonly node: ConfigNode; readonly size: number }>();
  readonly #open = new Set<Node>();
  #count = 0;

  constructor(document: Document.Parsed, error: (offset: number, why: string) => ConfigError) {
    this.#document = document;
    this.#error = error;
  }

  convert(node: Node | null, fallbackOffset: number): ConfigNode {
    if (node === null) return emptyScalar(fallbackOffset);
    const offset = node.range?.[0] ?? fallbackOffset;
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    if (target === undefined)
      throw this.#error(offset, `unknown anchor '${isAlias(node) ? node.source : ""}' referenced`);
    const known = this.#done.get(target);
    if (known !== undefined) {
      this.#add(known.size, offset);
      return known.node;
    }
    if (this.#open.has(target)) throw this.#error(offset, "anchor value contains itself");
    if (this.#open.size > maxDepth) throw this.#error(offset, "exceeded max depth of 1000");
    this.#open.add(target);
    const before = this.#count;
    this.#add(1, offset);
    const converted = this.#convertPlain(target, offset);
    this.#open.delete(target);
    this.#done.set(target, { node: converted, size: this.#count - before });
    return converted;
  }

  #add(size: number, offset: number): void {
    this.#count += size;
    if (this.#count > maxNodes) throw this.#error(offset, "document contains excessive aliasing");
  }

  #convertPlain(node: Node, offset: number): ConfigNode {
    if (isScalar(node)) {
      const text = node.source ?? (typeof node.value === "string" ? node.value : "");
      const tag = (node.tag ?? "").replace("tag:yaml.org,2002:", "!!");
      return { kind: "scalar", offset, text, plain: node.type === "PLAIN" || node.type === undefined, tag };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => this.convert(item as Node | null, offset));
      return { kind: "list", offset, items };
    }
    if (isMap(node)) return { kind: "map", offset, entries: this.#entries(node.items, offset) };
    return emptyScalar(offset);
  }

  #entries(items: readonly unknown[], mapOffset: number): readonly MapEntry[] {
    const own: MapEntry[] = [];
    const merged: MapEntry[] = [];
    for (const item of items) {
      if (!isPair(item)) continue;
      const key = this.convert(item.key as Node | null, mapOffset);
      if (key.kind !== "scalar") throw this.#error(key.offset, "invalid map key");
      const value = this.convert(item.value as Node | null, key.offset);
      if (key.text === "<<" && key.plain) merged.push(...this.#mergedEntries(value));
      else own.push({ key: this.#keyText(key), offset: key.offset, value });
    }
    if (merged.length === 0) return own;
    const taken = new Set(own.map((entry) => entry.key));
    for (const entry of merged) {
      if (taken.has(entry.key)) continue;
      taken.add(entry.key);
      own.push(entry);
    }
    return own;
  }

  #keyText(key: ScalarNode): string {
    if (key.tag !== "!!binary") return key.text;
    const text = decodeBinary(key.text);
    if (text === null) throw this.#error(key.offset, "!!binary value contains invalid base64 data");
    return text;
  }

  #mergedEntries(value: ConfigNode): readonly MapEntry[] {
    if (value.kind === "map") return value.entries;
    if (value.kind === "list") return value.items.flatMap((item) => this.#mergedEntries(item));
    throw this.#error(value.offset, "map merge requires map or sequence of maps as the value");
  }
}

function emptyScalar(offset: number): ScalarNode {
  return { kind: "scalar", offset, text: "", plain: true, tag: "" };
}
