import assert from "node:assert/strict";
import { test } from "node:test";
import { RE2JS } from "re2js";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { compileAnchored } from "./matcher.ts";
import { literalPrefix, matchesGlob, parseGlobs } from "./shortcuts.ts";

const atoms = [
  "a",
  "b",
  "ab",
  "foo",
  "x-",
  "é",
  "😀",
  "\\.",
  "\\-",
  "[abc]",
  "[0-2]",
  "[a-c]",
  ".",
  ".*",
  ".+",
  ".*?",
  "a?",
  "b??",
  "b*",
  "[0-9]+",
  "\\d",
  "^",
  "$",
  "(?i)",
  "a{2}",
  "",
  " ",
];

function pattern(random: SeededRandom, depth: number): string {
  const pick = (from: readonly string[]): string => from[random.below(from.length)] as string;
  if (depth === 0) return pick(atoms);
  const part = (): string => pattern(random, depth - 1);
  switch (random.below(5)) {
    case 0:
      return `(${part()})`;
    case 1:
      return `(?:${part()})`;
    case 2:
      return `${part()}|${part()}`;
    case 3:
      return `(${part()})${pick(["?", "*", "+", "??"])}`;
    default:
      return `${part()}${part()}`;
  }
}

/** Texts near the pattern: its own letters, and what its globs hold. */
function texts(random: SeededRandom, source: string): string[] {
  const letters = ["a", "b", "foo", "x-", "é", "😀", ".", "0", "1", " ", "\n", "A"];
  const some = Array.from({ length: 12 }, () =>
    Array.from({ length: random.below(6) }, () => letters[random.below(letters.length)]).join(""),
  );
  const held = (parseGlobs(source) ?? [])
    .slice(0, 8)
    .flatMap(({ literals }) => [literals.join(""), literals.join("z")]);
  return [...some, ...held];
}

function compiles(source: string): RE2JS | null {
  try {
    return RE2JS.compile(`^(?s:${source})$`);
  } catch {
    return null;
  }
}

test("a matcher agrees with the engine, whatever it knows of its pattern", () => {
  let short = 0;
  forSeeds(3000, (random) => {
    const source = pattern(random, random.below(4));
    const engine = compiles(source);
    const globs = parseGlobs(source);
    if (engine === null) {
      assert.equal(globs, null, `shortcuts take only valid patterns: ${source}`);
      return;
    }
    const matcher = compileAnchored(source);
    if (globs !== null) short++;
    for (const text of texts(random, source)) {
      const expected = engine.matches(text);
      const about = `${source} on ${JSON.stringify(text)}`;
      assert.equal(matcher.matches(text), expected, about);
      if (globs !== null)
        assert.equal(
          globs.some((glob) => matchesGlob(glob, text)),
          expected,
          about,
        );
      if (expected)
        assert.ok(text.startsWith(matcher.prefix) && text.startsWith(literalPrefix(source)), about);
      if (expected && matcher.setMatches !== null) assert.ok(matcher.setMatches.includes(text), about);
      if (matcher.matchesAll) assert.ok(expected, about);
      if (matcher.matchesNonEmpty) assert.equal(expected, text !== "", about);
    }
    assert.equal(matcher.matchesEmpty, engine.matches(""), source);
    for (const text of matcher.setMatches ?? []) assert.ok(engine.matches(text), `${source} lists ${text}`);
  });
  assert.ok(short > 500, `enough patterns took the short way: ${short}`);
});
