/** Natural order, and sorting of whole queries. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, storageOf } from "../test-data.ts";
import { naturallyBefore } from "./sort.ts";

test("runs of digits compare as numbers", () => {
  const before = (a: string, b: string) => {
    assert.equal(naturallyBefore(a, b), true, `${a} < ${b}`);
    assert.equal(naturallyBefore(b, a), false, `${b} > ${a}`);
  };
  before("a2", "a10");
  before("4m5", "4m1000");
  before("a", "a1");
  before("1.9", "1.10");
  before("é", "😀");
  before("x18446744073709551616", "x2"); // no 64-bit integer: compared as text
  before("", "a");
});

test("sort_by_label", () => {
  const storage = storageOf(`
    m{i="10", z="b"} 1
    m{i="9", z="b"} 2
    m{i="9", z="a"} 3
  `);
  const values = (query: string) =>
    ask(storage, query, 0)
      .split("\n")
      .map((line) => line.slice(line.lastIndexOf(" ") + 1))
      .join(" ");
  assert.equal(values('sort_by_label(m, "i")'), "3 2 1");
  assert.equal(values('sort_by_label_desc(m, "i")'), "1 2 3");
  assert.equal(values('sort_by_label(m, "z", "i")'), "3 2 1");
  assert.equal(values('sort_by_label(m, "none")'), "1 3 2");
});
