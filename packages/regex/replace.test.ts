/** Replacement templates. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { compileReplacement } from "./replace.ts";

test("compileReplacement", () => {
  const is = (pattern: string, template: string, text: string, result: string | null) =>
    assert.equal(compileReplacement(pattern, template)(text), result, `${pattern} ${template} ${text}`);
  is("a(.*)", "$1", "abc", "bc");
  is("a(.*)", "$1", "xabc", null); // anchored
  is("(?P<host>[^:]+):.*", "${host}!", "db:90", "db!");
  is("(a)(b)?", "[$1|$2|$3]", "a", "[a||]");
  is("(a)", "$1x", "a", ""); // the name is 1x
  is("(a)", "${1}x$$", "a", "ax$");
  is(".*", "$", "a", "$");
  is("a.b", "y", "a\nb", "y");
});
