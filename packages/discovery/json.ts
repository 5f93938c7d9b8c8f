/**
 * Answers of APIs, read with the leniency of Go's encoding/json: what is absent or null is the zero value,
 * and what is of another kind than asked for is an error that says so.
 */

const kinds = new Map<string, string>([
  ["boolean", "bool"],
  ["number", "number"],
  ["string", "string"],
]);

function kindOf(value: unknown): string {
  return kinds.get(typeof value) ?? (Array.isArray(value) ? "array" : "object");
}

/** A part of an answer, perhaps absent. */
export class Json {
  readonly #value: unknown;
  readonly #path: string;

  constructor(value: unknown, path = "") {
    this.#value = value;
    this.#path = path;
  }

  /** Reads a document. Throws what the runtime's parser throws. */
  static parse(text: string): Json {
    return new Json(JSON.parse(text));
  }

  /** Whether it is there and not null. */
  get exists(): boolean {
    return this.#value !== undefined && this.#value !== null;
  }

  /** The value itself, as the parser gave it. */
  get raw(): unknown {
    return this.#value;
  }

  /** The part under a chain of names; absent when one of them is. */
  at(...names: readonly string[]): Json {
    let value = this.#value;
    let path = this.#path;
    for (const name of names) {
      if (value !== undefined && value !== null && (typeof value !== "object" || Array.isArray(value)))
        throw mismatch(value, path, "object");
      value = value === undefined || value === null ? undefined : (value as Record<string, unknown>)[name];
      path = path === "" ? name : `${path}.${name}`;
    }
    return new Json(value, path);
  }

  /** A text, "" when absent. */
  text(): string {
    if (!this.exists) return "";
    if (typeof this.#value !== "string") throw mismatch(this.#value, this.#path, "string");
    return this.#value;
  }

  /** A text, or a number or truth value written as one; "" when absent. */
  shown(): string {
    if (!this.exists) return "";
    const value = this.#value;
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    throw mismatch(value, this.#path, "string");
  }

  /** A number, 0 when absent. */
  number(): number {
    if (!this.exists) return 0;
    if (typeof this.#value !== "number") throw mismatch(this.#value, this.#path, "number");
    return this.#value;
  }

  /** A truth value, false when absent. */
  flag(): boolean {
    if (!this.exists) return false;
    if (typeof this.#value !== "boolean") throw mismatch(this.#value, this.#path, "bool");
    return this.#value;
  }

  /** The items of a list, none when absent. */
  items(): readonly Json[] {
    if (!this.exists) return [];
    if (!Array.isArray(this.#value)) throw mismatch(this.#value, this.#path, "array");
    return this.#value.map((item) => new Json(item, `${this.#path}[]`));
  }

  /** The texts of a list. */
  texts(): readonly string[] {
    return this.items().map((item) => item.text());
  }

  /** The fields of an object, none when absent. */
  fields(): readonly (readonly [string, Json])[] {
    if (!this.exists) return [];
    if (typeof this.#value !== "object" || Array.isArray(this.#value))
      throw mismatch(this.#value, this.#path, "object");
    return Object.entries(this.#value as object).map(([name, value]) => [
      name,
      new Json(value, `${this.#path}.${name}`),
    ]);
  }
}

function mismatch(value: unknown, path: string, want: string): Error {
  const where = path === "" ? "value" : `struct field ${path}`;
  return new Error(`json: cannot unmarshal ${kindOf(value)} into Go ${where} of type ${want}`);
}
