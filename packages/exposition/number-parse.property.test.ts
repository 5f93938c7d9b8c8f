/** The kernel `number-parse` equals its definition wherever it does not decline. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { powersOfTen } from "@narthex/kernel/number-parse";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { formatFloat, formatOpenMetricsValue, formatTextValue, parseGoFloat } from "./go-number.ts";

const arena = Arena.create();
const kernels = loadKernels(arena);
const powers = powersOfTen(arena);
const at = arena.allocatePages(65_536);
const out = at + 32_768;
const encoder = new TextEncoder();

/** What the kernel reads: the value, or null when it declines. Checks that it reads the whole text. */
function read(text: string): number | null {
  const bytes = arena.u8;
  const { written } = encoder.encodeInto(text, bytes.subarray(at, at + 30_000));
  bytes[at + written] = 10;
  const end = kernels.numberParse(at, powers, out) >>> 0;
  if (end === 0) return null;
  if (end !== at + written) return null; // something follows the number: the caller sees it
  return arena.f64[out / 8];
}

const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);

function randomFloat(random: SeededRandom): number {
  words[0] = random.bits();
  words[1] = random.bits();
  return bits[0];
}

test("random bit patterns in three spellings", () =>
  forSeeds(50, (random) => {
    let declined = 0;
    for (let i = 0; i < 7_000; i++) {
      const value = randomFloat(random);
      if (!Number.isFinite(value)) continue;
      for (const text of [String(value), formatFloat(value), value.toPrecision(17)]) {
        const got = read(text);
        if (got === null) declined += text.length < 20 ? 1 : 0; // 20 digits and more are the definition's
        else if (!Object.is(got, value)) assert.fail(`${text} was read as ${got}`);
      }
    }
    assert.equal(declined, 0);
  }));

test("decimals of every length near the limits", () => {
  let read20 = 0;
  forSeeds(300, (random) => {
    for (let i = 0; i < 300; i++) {
      const digits = Array.from({ length: 1 + random.below(20) }, () => random.below(10)).join("");
      const point = random.below(digits.length + 1);
      const exponent = random.below(3) === 0 ? "" : `e${random.below(700) - 350}`;
      const sign = ["", "-", "+"][random.below(3)];
      const text = `${sign}${digits.slice(0, point)}.${digits.slice(point)}${exponent}`;
      const got = read(text);
      if (got === null) continue;
      read20++;
      assert.ok(Object.is(got, parseGoFloat(text)), text);
    }
  });
  assert.ok(read20 > 45_000, `the kernel read ${read20} of 90000`);
});

test("half way between two floats, and one digit beside it", () => {
  let readMiddles = 0;
  forSeeds(2_000, (random) => {
    const exponent = random.below(53);
    const odd = BigInt(random.bits()) * 2097152n + BigInt(random.below(2097152));
    const middle = ((odd | (1n << 52n)) * 2n + 1n) << BigInt(Math.max(0, exponent - 40));
    for (const text of [String(middle), String(middle + 1n), String(middle - 1n), `${middle}e-5`]) {
      const got = read(text);
      if (got === null) continue;
      readMiddles++;
      assert.ok(Object.is(got, Number(text)), text);
    }
  });
  assert.ok(readMiddles > 0, "the kernel reads some of them");
});

test("what is no number is declined", () => {
  const alphabet = "0123456789+-.eEnNaAiIfF _xX\t";
  let numbers = 0;
  forSeeds(3_000, (random) => {
    const text = Array.from({ length: random.below(8) }, () => alphabet[random.below(alphabet.length)]).join(
      "",
    );
    const got = read(text);
    if (got === null) return;
    numbers++;
    assert.ok(Object.is(got, parseGoFloat(text)), text);
  });
  assert.ok(numbers > 0 && numbers < 2_000, `${numbers} of 3000 are numbers`);
});

test("special values", () => {
  assert.equal(read("+Inf"), Infinity);
  assert.equal(read("-Inf"), -Infinity);
  assert.equal(read("Inf"), Infinity);
  assert.equal(read("+NaN"), null);
  assert.equal(read("1e999"), null);
  assert.ok(Object.is(read("-0"), -0));
  assert.ok(Number.isNaN(read("NaN")));
  assert.deepEqual([...arena.u32.subarray(out / 4, out / 4 + 2)], [1, 0x7ff80000]);
});

const vectors = fileURLToPath(new URL("../../../shared/fixtures/exposition/numbers.json", import.meta.url));

test("numbers as Go prints them", { skip: existsSync(vectors) ? false : `no ${vectors}` }, () => {
  interface Vector {
    readonly bits: string;
    readonly text: string;
    readonly openmetrics: string;
  }
  const { cases } = JSON.parse(readFileSync(vectors, "utf8")) as { cases: Vector[] };
  assert.ok(cases.length > 200);
  for (const { bits: hex, text, openmetrics } of cases) {
    words[1] = Number.parseInt(hex.slice(0, 8), 16);
    words[0] = Number.parseInt(hex.slice(8), 16);
    const value = bits[0];
    assert.equal(formatTextValue(value), text, hex);
    assert.equal(formatOpenMetricsValue(value), openmetrics, hex);
    const positive = value === 0 ? 0 : value;
    assert.ok(Object.is(read(text), positive), text);
    assert.ok(Object.is(read(openmetrics), positive), openmetrics);
  }
});
