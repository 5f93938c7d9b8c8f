/**
 * The strings of one query as small integers, so that grouping, matching and joining compare numbers. Every
 * series set of one querier speaks the same ids; equal ids mean equal texts and the other way round.
 *
 * Id 0 is the empty string. Lifetime: one query (a worker may keep it for several).
 */

/** Interned strings. */
export class QuerySymbols {
  readonly #texts: string[] = [""];
  readonly #ids = new Map<string, number>([["", 0]]);

  /** How many ids exist. */
  get size(): number {
    return this.#texts.length;
  }

  /** The text of an id that this table gave out. */
  text(id: number): string {
    return this.#texts[id] as string;
  }

  /** The id of `text`, given out now if it has none. */
  intern(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#texts.length;
      this.#texts.push(text);
      this.#ids.set(text, id);
    }
    return id;
  }
}
