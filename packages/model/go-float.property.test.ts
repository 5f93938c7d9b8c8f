import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import {
  formatFloat,
  formatGoE,
  formatGoF,
  formatGoG,
  formatOpenMetricsFloat,
  parseGoFloat,
} from "./go-float.ts";

const bits = new Uint32Array(2);
const asFloat = new Float64Array(bits.buffer);

/** Any 64 bits half of the time, else a number with few digits. */
function anyFloat(random: SeededRandom): number {
  if (random.below(2) === 0) return (random.below(20_000) - 10_000) * 10 ** (random.below(40) - 20);
  bits[0] = random.bits();
  bits[1] = random.bits();
  return asFloat[0];
}

test("what a format prints reads back as the same number", () =>
  forSeeds(3000, (random) => {
    const value = anyFloat(random);
    for (const format of [formatFloat, formatGoG, formatGoE, formatGoF]) {
      assert.ok(Object.is(parseGoFloat(format(value)), value), format(value));
    }
    assert.ok(parseGoFloat(formatOpenMetricsFloat(value)) === value || Number.isNaN(value));
  }));

test("a hexadecimal float with at most 53 bits is exact", () =>
  forSeeds(1000, (random) => {
    const mantissa = random.bits() * 2 ** 20 + random.below(2 ** 20);
    const exponent = random.below(1500) - 900;
    const value = mantissa * 2 ** Math.max(exponent, -1000) * 2 ** Math.min(0, exponent + 1000);
    if (!Number.isFinite(value)) return;
    assert.equal(parseGoFloat(`0x${mantissa.toString(16)}p${exponent}`), value);
  }));
