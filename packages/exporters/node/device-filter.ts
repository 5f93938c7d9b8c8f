/**
 * Which devices, mount points or fields a collector shows, by two patterns (RE2, not anchored).
 */

import { compileAnchored, type RegexMatcher } from "@narthex/regex/matcher";

/** A pattern that may match anywhere in a text. Throws `RegexError`. */
export function compileAnywhere(pattern: string): RegexMatcher {
  return compileAnchored(`.*(?:${pattern}).*`);
}

/** Shows what the excluding pattern does not match and the including one does; "" is no pattern. */
export class DeviceFilter {
  readonly #exclude: RegexMatcher | null;
  readonly #include: RegexMatcher | null;

  constructor(exclude: string, include: string) {
    this.#exclude = exclude === "" ? null : compileAnywhere(exclude);
    this.#include = include === "" ? null : compileAnywhere(include);
  }

  ignores(name: string): boolean {
    return this.#exclude?.matches(name) === true || this.#include?.matches(name) === false;
  }
}
