/**
 * Compiled patterns by their text, the least recently used ones dropped: compiling costs 50 to 200 µs, and
 * the same few patterns come with every query and scrape.
 */

/** Patterns longer than this are not kept: a cache of them would hold much memory for little. */
const longestKept = 4096;

/** A cache of at most `capacity` patterns. */
export class PatternCache<T> {
  readonly #capacity: number;
  /** In order of use: the first is the one to drop. */
  readonly #compiled = new Map<string, T>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The compiled `pattern`; calls `compile` when it is not here. Errors are not kept. */
  get(pattern: string, compile: (pattern: string) => T): T {
    const known = this.#compiled.get(pattern);
    if (known !== undefined) {
      this.#compiled.delete(pattern);
      this.#compiled.set(pattern, known);
      return known;
    }
    const compiled = compile(pattern);
    if (pattern.length > longestKept) return compiled;
    this.#compiled.set(pattern, compiled);
    if (this.#compiled.size > this.#capacity) {
      const [oldest] = this.#compiled.keys();
      this.#compiled.delete(oldest as string);
    }
    return compiled;
  }

  /** How many patterns are kept. */
  get size(): number {
    return this.#compiled.size;
  }
}
