/** Start timestamps through whole queries. The long list of facts is in the conformance scripts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@narthex/model/labels";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { MemoryStorage } from "@narthex/storage/memory-storage";
import { Engine } from "../engine.ts";
import { ask, everySyntax, shown, testArena } from "../test-data.ts";

const on = { useStartTimestamps: true };

/** A storage with samples `[start, time, value]` in seconds; value null: a staleness marker. */
function storageWith(samples: readonly (readonly [number, number, number | null])[]): MemoryStorage {
  const storage = new MemoryStorage();
  const labels = Labels.fromObject({ __name__: "c_total" });
  for (const [start, time, value] of samples) storage.add(labels, time * 1000, value, start * 1000);
  return storage;
}

test("start_timestamp", () => {
  const storage = storageWith([
    [5, 60, 1],
    [0, 120, 2],
    [90, 180, 3],
    [0, 240, null],
  ]);
  const is = (minute: number, want: string, query = "start_timestamp(c_total)") =>
    assert.equal(ask(storage, query, minute, on), want, query);
  is(1, "{} 5");
  is(2, "{} 0");
  is(3.5, "{} 90");
  is(4, "");
  is(4, "{} 90", "start_timestamp(c_total offset 1m)");
  is(3, "", "start_timestamp(c_total * 1)");
  assert.equal(ask(storage, "start_timestamp(c_total)", 3), "", "only with the option");
});

test("resets that only start timestamps show", () => {
  const storage = storageWith([
    [30, 60, 10],
    [30, 120, 20],
    [150, 180, 40],
    [0, 200, null],
    [150, 240, 50],
  ]);
  const is = (query: string, want: string, options = on) =>
    assert.equal(ask(storage, query, 4, options), want, query);
  is("resets(c_total[5m])", "{} 1");
  is("resets(c_total[5m])", "{} 0", { useStartTimestamps: false });
  is("resets(c_total[1m] anchored)", "{} 0");
  is("resets(c_total[2m] anchored)", "{} 1");
  is("increase(c_total[4m])", "{} 70"); // from 0 at 30 s: 10 + 10 + 40 + 10
  is("increase(c_total[4m:1m])", "{} 50"); // subqueries do not hand starts on
  is("irate(c_total[2m])", `{} ${10 / 60}`);
});

test("overlapping starts are told, and counted", () => {
  const storage = storageWith([
    [30, 60, 1],
    [10, 120, 2],
    [20, 180, 3],
  ]);
  const engine = new Engine(testArena, on);
  const warnings = (text: string, endMs: number) => {
    const range = { startMs: 180_000, endMs, stepMs: 30_000 };
    const result = engine.range(storage.querier(), parseQuery(text, everySyntax), range, { text });
    assert.notEqual(shown(result), "");
    return result.warnings;
  };
  const warning =
    "PromQL warning: sample has start time that overlaps with previous sample timestamp for metric " +
    '"c_total"';
  assert.deepEqual(warnings("1 + rate(c_total[3m])", 180_000), [`${warning} (1:10)`]);
  assert.deepEqual(warnings("rate(c_total[3m])", 240_000), [`${warning} (3 occurrences) (1:6)`]);
  assert.deepEqual(warnings("irate(c_total[3m])", 180_000), []);
});
