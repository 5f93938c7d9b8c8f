/** Label sets as ids. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@narthex/model/labels";
import { QuerySymbols } from "@narthex/storage/query-symbols";
import {
  labelOrder,
  labelsOf,
  LabelSet,
  LabelSetIndex,
  labelValueId,
  numberSets,
  pickSeries,
  withoutConstantLabels,
  type SeriesTable,
} from "./series-table.ts";

const symbols = new QuerySymbols();
const id = (text: string) => symbols.intern(text);

function tableOf(...sets: Record<string, string>[]): SeriesTable {
  const labels = sets.map((set) => Labels.fromObject(set).pairs);
  let end = 0;
  return {
    count: sets.length,
    labelIds: Uint32Array.from(labels.flat(), id),
    labelEnds: Uint32Array.from(labels, (pairs) => (end += pairs.length)),
    dropsName: null,
  };
}

function shown(table: SeriesTable): string[] {
  return Array.from({ length: table.count }, (_, i) => labelsOf(table, i, symbols).toString());
}

const table = tableOf(
  { __name__: "m", job: "b", z: "1" },
  { __name__: "m", job: "a" },
  { __name__: "m", job: "b" },
);

test("a label set is changed in name order", () => {
  const set = new LabelSet().load(table, 0);
  set.set(id("k"), id("v"), symbols).set(id("job"), 0, symbols);
  assert.deepEqual(
    Array.from(set.ids.subarray(0, set.length), (one) => symbols.text(one)),
    ["__name__", "m", "k", "v", "z", "1"],
  );
  assert.equal(symbols.text(set.get(id("z"))), "1");
  assert.equal(set.get(id("job")), 0);
  assert.equal(set.keep([id("k")]).length, 2);
  assert.equal(set.remove([id("k")]).length, 0);
});

test("equal sets get one number, however many there are", () => {
  const { indexOf, sets } = numberSets(table, (set) => set.keep([id("job")]));
  assert.deepEqual([...indexOf], [0, 1, 0]);
  assert.deepEqual(shown(sets.toTable()), ['{job="b"}', '{job="a"}']);
  const many = new LabelSetIndex();
  const set = new LabelSet();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 1000; i++) {
      assert.equal(many.add(set.clear().set(id("n"), id(String(i)), symbols)), i);
    }
  }
  assert.equal(many.count, 1000);
});

test("series are picked and ordered by labels", () => {
  assert.equal(symbols.text(labelValueId(table, 1, id("job"))), "a");
  assert.deepEqual([...(labelOrder(table, symbols) ?? [])], [1, 2, 0]);
  const sorted = pickSeries(table, [1, 2, 0]);
  assert.equal(labelOrder(sorted, symbols), null);
  assert.deepEqual(shown(sorted), [
    '{__name__="m", job="a"}',
    '{__name__="m", job="b"}',
    '{__name__="m", job="b", z="1"}',
  ]);
});

test("labels that are the same everywhere can be left out without looking at the rest", () => {
  const names = [id("__name__"), id("__type__")];
  assert.deepEqual(shown(withoutConstantLabels(table, names) as SeriesTable), [
    '{job="b", z="1"}',
    '{job="a"}',
    '{job="b"}',
  ]);
  assert.equal(
    withoutConstantLabels(tableOf({ __name__: "m", a: "1" }, { __name__: "n", a: "1" }), names),
    null,
  );
  assert.equal(withoutConstantLabels(tableOf({ __name__: "m", a: "1" }, { a: "1" }), names), null);
  assert.equal(withoutConstantLabels(tableOf({ a: "1" }, { __name__: "m", a: "1" }), names), null);
});
