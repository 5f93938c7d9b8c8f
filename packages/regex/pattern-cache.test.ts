import assert from "node:assert/strict";
import { test } from "node:test";
import { PatternCache } from "./pattern-cache.ts";

test("the least recently used pattern goes first", () => {
  const cache = new PatternCache<string>(2);
  const compiled: string[] = [];
  const get = (pattern: string) => cache.get(pattern, (text) => (compiled.push(text), text.toUpperCase()));
  assert.equal(get("a"), "A");
  get("b");
  get("a");
  get("c");
  get("a");
  get("b");
  assert.deepEqual(compiled, ["a", "b", "c", "b"]);
  assert.equal(cache.size, 2);
});

test("errors and very long patterns are not kept", () => {
  const cache = new PatternCache<string>(2);
  assert.throws(
    () =>
      cache.get("a", () => {
        throw new Error("no");
      }),
    /no/u,
  );
  cache.get("x".repeat(5000), (text) => text);
  assert.equal(cache.size, 0);
});
