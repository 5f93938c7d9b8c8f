/**
 * RE2 patterns as label matchers use them: anchored at both ends, `.` matches a newline, linear time.
 *
 *   selector → label-matcher → MATCHER (→ shortcuts, or re2js) → postings look-up
 *
 * Most patterns never reach the engine: see shortcuts.ts. What is known about a pattern (the texts it can
 * match, how they begin) is there for the index, which can then look values up instead of testing them all.
 */

import { RE2JS } from "re2js";
import { PatternCache } from "./pattern-cache.ts";
import { patternError } from "./pattern-error.ts";
import { type Glob, literalPrefix, matchesGlob, parseGlobs } from "./shortcuts.ts";

/** A compiled pattern. */
export interface RegexMatcher {
  readonly pattern: string;
  /** Whether `text` as a whole matches. */
  matches(text: string): boolean;
  /** Every text the pattern matches, each once, when these are few; null when they are many or not known. */
  readonly setMatches: readonly string[] | null;
  /** What every matching text begins with; "" when nothing is known. */
  readonly prefix: string;
  /** Whether the empty text, and so an absent label, matches. */
  readonly matchesEmpty: boolean;
  /** Whether every text matches: `.*`. */
  readonly matchesAll: boolean;
  /** Whether every text but the empty one matches, and no other: `.+`. */
  readonly matchesNonEmpty: boolean;
}

const cache = new PatternCache<RegexMatcher>(1024);

/** Compiles `pattern`, anchored. Throws `RegexError` with Go's message when it does not compile. */
export function compileAnchored(pattern: string): RegexMatcher {
  return cache.get(pattern, compile);
}

function compile(pattern: string): RegexMatcher {
  const globs = parseGlobs(pattern);
  return globs === null ? engineMatcher(pattern) : globMatcher(pattern, globs);
}

function globMatcher(pattern: string, globs: readonly Glob[]): RegexMatcher {
  const texts = new Set(globs.filter(isText).map((glob) => glob.literals[0] as string));
  const open = globs.filter((glob) => !isText(glob));
  const bare = open.filter(({ literals }) => literals.every((literal) => literal === ""));
  const leastGap = Math.min(...bare.map(({ gaps }) => gaps[0] as number));
  const matchesAll = leastGap === 0 || (leastGap === 1 && texts.has(""));
  const matchesNonEmpty = !matchesAll && leastGap === 1;
  return {
    pattern,
    matches: chooseMatch(texts, open, matchesAll, matchesNonEmpty),
    setMatches: open.length === 0 ? [...texts] : null,
    prefix: commonPrefix(globs.map((glob) => glob.literals[0] as string)),
    matchesEmpty: matchesAll || globs.some((glob) => matchesGlob(glob, "")),
    matchesAll,
    matchesNonEmpty,
  };
}

function chooseMatch(
  texts: ReadonlySet<string>,
  open: readonly Glob[],
  matchesAll: boolean,
  matchesNonEmpty: boolean,
): (text: string) => boolean {
  if (matchesAll) return () => true;
  if (matchesNonEmpty) return (text) => text !== "";
  const [only] = open;
  if (only === undefined) return (text) => texts.has(text);
  if (open.length === 1 && texts.size === 0) return (text) => matchesGlob(only, text);
  return (text) => texts.has(text) || open.some((glob) => matchesGlob(glob, text));
}

function isText(glob: Glob): boolean {
  return glob.literals.length === 1;
}

function commonPrefix(texts: readonly string[]): string {
  const [first = "", ...rest] = texts;
  let length = first.length;
  for (const text of rest) {
    let same = 0;
    while (same < length && text[same] === first[same]) same++;
    length = same;
  }
  return first.slice(0, length);
}

function engineMatcher(pattern: string): RegexMatcher {
  const compiled = compileEngine(pattern);
  const prefix = literalPrefix(pattern);
  const matches =
    prefix === ""
      ? (text: string) => compiled.testExact(text)
      : (text: string) => text.startsWith(prefix) && compiled.testExact(text);
  return {
    pattern,
    matches,
    prefix,
    setMatches: null,
    matchesEmpty: matches(""),
    matchesAll: false,
    matchesNonEmpty: false,
  };
}

function compileEngine(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (cause) {
    throw patternError(cause, pattern);
  }
}
