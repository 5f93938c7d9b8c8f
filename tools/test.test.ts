import assert from "node:assert/strict";
import { test } from "node:test";

import { selectTests } from "./test.ts";

test("which files are tests", () => {
  const paths = [
    "packages/a/b.test.ts",
    "packages/a/b.ts",
    "tests/peers/c.test.ts",
    "tools/d.test.ts",
    "docs/e.test.ts",
  ];
  const is = (unitOnly: boolean, parts: string[], ...want: string[]) =>
    assert.deepEqual(selectTests(paths, unitOnly, parts), want);
  is(false, [], "packages/a/b.test.ts", "tests/peers/c.test.ts", "tools/d.test.ts");
  is(true, [], "packages/a/b.test.ts", "tools/d.test.ts");
  is(false, ["peers"], "tests/peers/c.test.ts");
  is(false, ["nothing"]);
});
