import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compareUtf8 } from "./utf8-order.ts";

const text = fc.string({ unit: "binary", maxLength: 8 });

test("the order of strings is the order of their UTF-8 bytes", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(Math.sign(compareUtf8(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 5_000 },
  );
});
