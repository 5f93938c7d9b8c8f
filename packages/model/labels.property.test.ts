import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { compareLabels, Labels } from "./labels.ts";

const name = fc.string({ unit: "binary", minLength: 1, maxLength: 4 });
const entries = fc.array(fc.tuple(name, fc.string({ maxLength: 3 })), { maxLength: 8 });

test("labels are a sorted map without empty values, whatever order they came in", () => {
  fc.assert(
    fc.property(entries, (pairs) => {
      const labels = Labels.from(pairs);
      const expected = new Map(pairs);
      const names = [...labels.entries()].map(([key]) => key);
      assert.deepEqual(names, names.toSorted(compareUtf8));
      for (const [key, value] of expected) assert.equal(labels.get(key), value);
      assert.equal(labels.size, [...expected.values()].filter((value) => value !== "").length);
      assert.ok(Labels.from([...labels.entries()].toReversed()).equals(labels));
    }),
    { numRuns: 2_000 },
  );
});

test("the order of label sets is a total order, and setting a label is what it says", () => {
  fc.assert(
    fc.property(entries, entries, name, fc.string({ maxLength: 3 }), (left, right, key, value) => {
      const [a, b] = [Labels.from(left), Labels.from(right)];
      assert.equal(Math.sign(compareLabels(a, b)) + Math.sign(compareLabels(b, a)), 0);
      assert.equal(compareLabels(a, b) === 0, a.toString() === b.toString());
      assert.equal(a.with(key, value).get(key), value);
      assert.ok(a.with(key, "").with(key, value).equals(a.with(key, value)));
    }),
    { numRuns: 2_000 },
  );
});
