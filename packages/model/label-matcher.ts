/**
 * A matcher: a condition on one label of a series. Four kinds, as in selectors: `=`, `!=`, `=~`, `!~`.
 * An absent label matches like an empty value.
 */

import { compileAnchored, type RegexMatcher } from "@narthex/regex/matcher";
import { quoteGo } from "./labels.ts";

/** The four kinds, as written. */
export type MatchKind = "=" | "!=" | "=~" | "!~";

/** One condition on one label. */
export class LabelMatcher {
  readonly kind: MatchKind;
  readonly name: string;
  readonly value: string;
  /** The compiled pattern of `=~` and `!~`, anchored at both ends; null for the others. */
  readonly regex: RegexMatcher | null;

  /** Throws the RE2 error of `value` when it is a pattern that does not compile. */
  constructor(kind: MatchKind, name: string, value: string) {
    this.kind = kind;
    this.name = name;
    this.value = value;
    this.regex = kind === "=~" || kind === "!~" ? compileAnchored(value) : null;
  }

  /** Whether a label value ("" when absent) satisfies the condition. */
  matches(value: string): boolean {
    switch (this.kind) {
      case "=":
        return value === this.value;
      case "!=":
        return value !== this.value;
      case "=~":
        return (this.regex as RegexMatcher).matches(value);
      case "!~":
        return !(this.regex as RegexMatcher).matches(value);
    }
  }

  /** `name="value"` with the value Go-quoted. */
  toString(): string {
    const name = /^[a-zA-Z_][a-zA-Z0-9_]*$/u.test(this.name) ? this.name : quoteGo(this.name);
    return `${name}${this.kind}${quoteGo(this.value)}`;
  }
}
