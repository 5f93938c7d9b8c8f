/** limit_ratio: the same share of the series every time. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { Engine } from "../engine.ts";
import { labelShare } from "../functions/label-hash.ts";
import { ask, askRange, everySyntax, storageOf, testArena } from "../test-data.ts";
import { isChosen } from "./limit-ratio.ts";

const names = Array.from({ length: 40 }, (_, i) => `i${i}`);
const storage = storageOf(names.map((i) => `m{i="${i}"} ${i.slice(1)}x9`).join("\n"));
const engine = new Engine(testArena);

function warnings(text: string): readonly string[] {
  const result = engine.instant(storage.querier(), parseQuery(text, everySyntax), 60_000, { text });
  result.release();
  return result.warnings;
}

test("who is chosen", () => {
  const chosen = (ratio: number, share: number, want: boolean) => assert.equal(isChosen(ratio, share), want);
  chosen(0.4, 0.3, true);
  chosen(0.4, 0.4, false);
  chosen(-0.6, 0.3, false);
  chosen(-0.6, 0.4, true);
  chosen(0, 0, false);
  chosen(1, 0.999, true);
  chosen(-1, 0, true);
});

test("series are chosen by the hash of their labels, name included", () => {
  const wanted = names.filter((i) => labelShare(["__name__", "m", "i", i]) < 0.3);
  const found = askRange(storage, "limit_ratio(0.3, m)", [0, 1]).split("\n");
  assert.ok(wanted.length > 4 && wanted.length < 20);
  assert.deepEqual(
    found.map((line) => /i="(\w+)"/u.exec(line)?.[1]),
    wanted.toSorted(),
  );
});

test("a ratio and its complement are everything", () => {
  assert.equal(ask(storage, "count(limit_ratio(0.3, m) or limit_ratio(-0.7, m))", 1), "{} 40");
  assert.equal(ask(storage, "limit_ratio(0.3, m) and limit_ratio(-0.7, m)", 1), "");
  assert.equal(ask(storage, "count(limit_ratio(1, m))", 1), "{} 40");
  assert.equal(ask(storage, "limit_ratio(0, m)", 1), "");
});

test("the ratio may differ from step to step", () => {
  const all = askRange(storage, "count(limit_ratio(time() / 60 % 2, m))", [0, 3]);
  assert.equal(all, "{} 1:40 3:40");
});

test("ratios beyond one are cut, NaN is an error", () => {
  assert.deepEqual(warnings("limit_ratio(1.1, m)"), [
    "PromQL warning: ratio value should be between -1 and 1, got 1.1, capping to 1 (1:13)",
  ]);
  assert.deepEqual(warnings("limit_ratio(-2, m)"), [
    "PromQL warning: ratio value should be between -1 and 1, got -2, capping to -1 (1:13)",
  ]);
  assert.throws(() => ask(storage, "limit_ratio(NaN, m)", 1), { message: "Ratio value is NaN" });
});
