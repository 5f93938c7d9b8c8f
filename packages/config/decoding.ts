/**
 * One run of the decoder over one document: collects type errors, remembers which value came from which node.
 *
 * Two kinds of fault, as in the original. A *type error* (unknown field, wrong kind of value) is collected,
 * and all of them are reported together. A *refusal* (a value that makes no sense) ends the run at once.
 */

import type { ConfigError } from "./config-error.ts";
import type { ConfigNode, YamlDocument } from "./yaml-document.ts";

interface TypeFault {
  readonly offset: number;
  readonly text: string;
}

/** A refusal by code that sees decoded objects only: `section` is the one at fault. */
export class SectionError extends Error {
  override readonly name = "SectionError";
  readonly section: object;

  constructor(section: object, message: string, options?: ErrorOptions) {
    super(message, options);
    this.section = section;
  }
}

/** State of one run. Lifetime: one document; `failAt` works as long as it is kept. */
export class Decoding {
  readonly document: YamlDocument;
  readonly #faults: TypeFault[] = [];
  readonly #nodes = new WeakMap<object, ConfigNode>();

  constructor(document: YamlDocument) {
    this.document = document;
  }

  /** How many type errors were collected. */
  get faultCount(): number {
    return this.#faults.length;
  }

  /** Collects a type error at `offset`; `text` without its leading `line N: `. */
  collect(offset: number, text: string): void {
    this.#faults.push({ offset, text });
  }

  /** Ends the run: a refusal at a node. */
  fail(node: ConfigNode, text: string): never {
    throw this.document.error(node.offset, text);
  }

  /** Remembers where a decoded object stands in the file. */
  remember(value: object, node: ConfigNode): void {
    this.#nodes.set(value, node);
  }

  /**
   * The refusal of a decoded object, or of one of its fields when `field` is given and written in the file.
   */
  errorAt(value: object, text: string, field?: string): ConfigError {
    const node = this.#nodes.get(value);
    const entry = node?.kind === "map" ? node.entries.find(({ key }) => key === field) : undefined;
    return this.document.error(entry?.offset ?? node?.offset ?? 0, text);
  }

  /** Throws the collected type errors, if any, as one error that stands where the first one does. */
  finish(): void {
    const first = this.#faults[0];
    if (first === undefined) return;
    const lines = this.#faults.map(
      ({ offset, text }) => `  line ${this.document.position(offset).line}: ${text}`,
    );
    throw this.document.error(first.offset, `yaml: unmarshal errors:\n${lines.join("\n")}`);
  }
}
