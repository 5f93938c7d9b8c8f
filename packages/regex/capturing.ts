/**
 * Patterns with groups, anchored at both ends, and Go's replacement templates: what relabelling and
 * label_replace use.
 */

import { RE2JS } from "re2js";
import { PatternCache } from "./pattern-cache.ts";
import { patternError } from "./pattern-error.ts";
import { matchesGlob, parseGlobs } from "./shortcuts.ts";

/** The groups of one match. */
export interface RegexMatch {
  /** Group 0 is the whole text; undefined: the group took no part. */
  readonly groups: readonly (string | undefined)[];
  /** Group numbers by name; of equal names the first that took part counts. */
  readonly names: ReadonlyMap<string, number>;
}

/** A compiled pattern with groups. */
export interface CapturingRegex {
  readonly pattern: string;
  /** Whether the text as a whole matches; cheaper than `match`. */
  matches(text: string): boolean;
  /** null: the text does not match as a whole. */
  match(text: string): RegexMatch | null;
}

const cache = new PatternCache<CapturingRegex>(512);
const noNames: ReadonlyMap<string, number> = new Map();

/**
 * Compiles `pattern`, anchored, `.` matches a newline. Throws `RegexError`, whose text shows the anchors, as
 * the original does where it compiles patterns with groups.
 */
export function compileCapturing(pattern: string): CapturingRegex {
  return cache.get(pattern, compile);
}

function compile(pattern: string): CapturingRegex {
  if (pattern === "(.*)") {
    return { pattern, matches: () => true, match: (text) => ({ groups: [text, text], names: noNames }) };
  }
  const compiled = wrapped(pattern);
  const names = new Map(Object.entries(compiled.namedGroups()));
  const count = compiled.groupCount();
  const globs = parseGlobs(pattern);
  const matches =
    globs === null
      ? (text: string) => compiled.test(text)
      : (text: string) => globs.some((glob) => matchesGlob(glob, text));
  return {
    pattern,
    matches,
    match(text) {
      if (!matches(text)) return null;
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return null;
      const groups: (string | undefined)[] = [];
      for (let i = 0; i <= count; i++) groups.push(matcher.group(i) ?? undefined);
      return { groups, names };
    },
  };
}

function wrapped(pattern: string): RE2JS {
  try {
    return RE2JS.compile(`^(?s:${pattern})$`);
  } catch (cause) {
    throw patternError(cause, pattern);
  }
}
