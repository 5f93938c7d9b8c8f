import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { BitReader } from "./bit-reader.ts";
import { BitWriter } from "./bit-writer.ts";
import { DecodeError } from "./decode-error.ts";

test("bits read back in the order they were written", () =>
  forSeeds(500, (random) => {
    const fields = Array.from({ length: random.below(40) }, () => {
      const count = random.below(33);
      return { count, value: count === 0 ? 0 : random.bits() >>> (32 - count) };
    });
    const writer = new BitWriter(1);
    for (const { count, value } of fields) writer.bits(value, count);
    const reader = new BitReader(writer.take());
    for (const { count, value } of fields) assert.equal(reader.bits(count), value);
    assert.ok(reader.remainingBits < 8);
    assert.throws(() => reader.bits(8), DecodeError);
  }));

test("wide fields", () =>
  forSeeds(200, (random) => {
    const writer = new BitWriter();
    const [high, low, count] = [random.bits(), random.bits(), 1 + random.below(64)];
    writer.bits(0, random.below(8));
    const start = writer.lengthBits;
    writer.bits64(high, low, count);
    const reader = new BitReader(writer.take());
    reader.bits(start);
    const whole = (BigInt(high) << 32n) | BigInt(low);
    assert.equal(reader.bitsBig(count), BigInt.asUintN(count, whole));
  }));
