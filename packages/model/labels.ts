/**
 * A label set: the identity of a series. Immutable; names strictly ascend in UTF-8 byte order; no value is
 * empty (an empty value means the label is absent).
 */

import { assert } from "@narthex/platform/assert";
import { compareUtf8 } from "@narthex/bytes/utf8-order";

/** The label that holds the metric's name. */
export const metricNameLabel = "__name__";

/** An immutable, ordered set of label names with their values. */
export class Labels {
  /** name, value, name, value, …: names strictly ascend in UTF-8 order (`<` would compare UTF-16). */
  readonly pairs: readonly string[];

  static readonly empty = new Labels([]);

  constructor(pairs: readonly string[]) {
    assert(pairs.length % 2 === 0, "labels come as name, value pairs");
    for (let i = 2; i < pairs.length; i += 2) {
      assert(compareUtf8(pairs[i - 2], pairs[i]) < 0, "label names strictly ascend");
    }
    this.pairs = pairs;
  }

  /** From pairs in any order; empty values are left out; the last of equal names wins. */
  static from(entries: Iterable<readonly [string, string]>): Labels {
    const byName = new Map(entries);
    const names = [...byName.keys()].filter((name) => byName.get(name) !== "").toSorted(compareUtf8);
    return new Labels(names.flatMap((name) => [name, byName.get(name) as string]));
  }

  /** From an object's own fields. */
  static fromObject(fields: Readonly<Record<string, string>>): Labels {
    return Labels.from(Object.entries(fields));
  }

  /** How many labels. */
  get size(): number {
    return this.pairs.length / 2;
  }

  /** The value of `name`, "" when absent. */
  get(name: string): string {
    for (let i = 0; i < this.pairs.length; i += 2) {
      if (this.pairs[i] === name) return this.pairs[i + 1];
    }
    return "";
  }

  has(name: string): boolean {
    return this.get(name) !== "";
  }

  equals(other: Labels): boolean {
    return compareLabels(this, other) === 0;
  }

  *entries(): Generator<readonly [string, string]> {
    for (let i = 0; i < this.pairs.length; i += 2) yield [this.pairs[i], this.pairs[i + 1]];
  }

  /** A plain object, in label order. */
  toObject(): Record<string, string> {
    return Object.fromEntries(this.entries());
  }

  /** The same set with `name` set to `value`; an empty value removes it. */
  with(name: string, value: string): Labels {
    return Labels.from([...this.entries(), [name, value]]);
  }

  /** `{a="b", c="d"}` with Go-quoted values, as error texts show it. */
  toString(): string {
    const parts = [...this.entries()].map(([name, value]) => `${quoteName(name)}=${quoteGo(value)}`);
    return `{${parts.join(", ")}}`;
  }
}

/** The order of label sets: pair by pair by name, then value, in UTF-8 order; the shorter first. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.pairs.length, b.pairs.length);
  for (let i = 0; i < length; i++) {
    if (a.pairs[i] !== b.pairs[i]) return compareUtf8(a.pairs[i], b.pairs[i]);
  }
  return a.pairs.length - b.pairs.length;
}

const legacyLabelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/u;

function quoteName(name: string): string {
  return legacyLabelName.test(name) ? name : quoteGo(name);
}

const shortEscapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/**
 * A string in double quotes with Go's escapes (strconv.Quote). A lone surrogate from U+DC80 to U+DCFF stands
 * for a byte that is not UTF-8 and shows as that byte.
 */
export function quoteGo(text: string): string {
  const escaped = text.replace(/[\\"\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (char) => {
    const short = shortEscapes[char];
    if (short !== undefined) return short;
    const code = char.codePointAt(0) as number;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
    return code < 0x10000
      ? `\\u${code.toString(16).padStart(4, "0")}`
      : `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return `"${escaped}"`;
}
