/**
 * Go's float formats read back as the number, and round as they should.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { forSeeds } from "@narthex/platform/for-seeds";
import { formatGoFloat } from "./go-float-format.ts";

/** Format, precision and the text that strconv.FormatFloat gives. */
const facts: readonly (readonly [
  value: number,
  format: Parameters<typeof formatGoFloat>[1],
  precision: number,
  text: string,
])[] = [
  [0.5, "f", 0, "0"],
  [1.5, "f", 0, "2"],
  [2.5, "f", 0, "2"],
  [0.125, "f", 2, "0.12"],
  [9.995, "f", 2, "9.99"],
  [99.95, "g", 3, "100"],
  [1e6, "g", -1, "1e+06"],
  [123456, "g", -1, "123456"],
  [1e21, "f", -1, "1000000000000000000000"],
  [5e-324, "e", 3, "4.941e-324"],
  [1, "e", -1, "1e+00"],
  [-0, "g", -1, "-0"],
  [10, "x", -1, "0x1.4p+03"],
  [1, "b", -1, "4503599627370496p-52"],
  [NaN, "g", -1, "NaN"],
  [-Infinity, "f", 2, "-Inf"],
];

for (const [value, format, precision, text] of facts) {
  test(`${value} as %.${precision}${format}`, () =>
    assert.equal(formatGoFloat(value, format, precision), text));
}

test("the shortest text and 17 digits read back as the number", () => {
  forSeeds(500, (random) => {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setUint32(0, random.below(0x7ff00000));
    bits.setUint32(4, random.below(0x100000000));
    const value = bits.getFloat64(0);
    for (const format of ["e", "f", "g"] as const)
      assert.equal(Number(formatGoFloat(value, format, -1)), value);
    assert.equal(Number(formatGoFloat(value, "g", 17)), value);
    assert.equal(Number(formatGoFloat(value, "e", 16)), value);
  });
});
