import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { fnv64a, hexOf, xorModulo } from "./target-hash.ts";

test("FNV-64a", () => {
  const is = (text: string, hex: string) => assert.equal(hexOf(fnv64a(text)), hex, text);
  is("", "cbf29ce484222325");
  is("a", "af63dc4c8601ec8c");
  is("foobar", "85944171f73967e8");
});

/** The hash by its definition. */
function slowHash(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash;
}

test("the halves equal the definition", () =>
  forSeeds(200, (random) => {
    const text = Array.from({ length: random.below(40) }, () =>
      String.fromCodePoint(1 + random.below(3_000)),
    ).join("");
    const hash = fnv64a(text);
    const seed = fnv64a(String(random.below(1e9)));
    assert.equal(hexOf(hash), slowHash(text).toString(16).padStart(16, "0"));
    const modulus = 1 + random.below(4_000_000_000);
    const wide = ({ high, low }: typeof hash) => (BigInt(high) << 32n) | BigInt(low);
    assert.equal(xorModulo(hash, seed, modulus), Number((wide(hash) ^ wide(seed)) % BigInt(modulus)));
  }));
