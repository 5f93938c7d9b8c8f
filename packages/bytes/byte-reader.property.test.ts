import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { DecodeError } from "./decode-error.ts";

/** An integer of any size below 2^53. */
const anySize = (random: SeededRandom) => Math.floor(random.next() * 2 ** random.below(54));

test("what is written reads back", () =>
  forSeeds(500, (random) => {
    const writer = new ByteWriter(4);
    const facts: Array<(reader: ByteReader) => void> = [];
    for (let i = random.below(30); i >= 0; i--) {
      const value = anySize(random);
      const signed = random.below(2) === 0 ? value : -value;
      const big = BigInt.asUintN(64, (BigInt(random.bits()) << 32n) | BigInt(random.bits()));
      const texts = [
        "\ufeffmark",
        "up",
        "é",
        "日本",
        "\u{1f600}".repeat(random.below(80)),
        "x".repeat(random.below(400)),
      ];
      const text = texts[random.below(6)];
      writer.uvarint(value);
      writer.varint(signed);
      writer.u64(value);
      writer.u64(signed);
      writer.uvarintBig(big);
      writer.varintBig(BigInt.asIntN(64, big));
      writer.u64Big(big);
      writer.uvarintString(text);
      writer.f64(value / 3);
      facts.push((reader) => {
        assert.equal(reader.uvarint(), value);
        assert.equal(reader.varint() + 0, signed + 0);
        assert.equal(reader.u64(), value);
        assert.equal(reader.i64() + 0, signed + 0);
        assert.equal(reader.uvarintBig(), big);
        assert.equal(reader.varintBig(), BigInt.asIntN(64, big));
        assert.equal(reader.u64Big(), big);
        assert.equal(reader.uvarintString(), text);
        assert.equal(reader.f64(), value / 3);
      });
    }
    const reader = new ByteReader(writer.take());
    for (const fact of facts) fact(reader);
    assert.equal(reader.remaining, 0);
  }));

test("number and BigInt varints write the same bytes", () =>
  forSeeds(2000, (random) => {
    const value = anySize(random);
    const bytes = (write: (writer: ByteWriter) => void) => {
      const writer = new ByteWriter();
      write(writer);
      return writer.take();
    };
    assert.deepEqual(
      bytes((w) => w.uvarint(value)),
      bytes((w) => w.uvarintBig(BigInt(value))),
    );
    assert.deepEqual(
      bytes((w) => w.varint(-value)),
      bytes((w) => w.varintBig(BigInt(-value))),
    );
  }));

test("hostile bytes throw DecodeError or read exactly", () =>
  forSeeds(2000, (random) => {
    const bytes = Uint8Array.from({ length: random.below(12) }, () =>
      random.below(3) === 0 ? 255 : random.below(256),
    );
    const attempt = <T>(read: (reader: ByteReader) => T): T | null => {
      try {
        return read(new ByteReader(bytes));
      } catch (error) {
        assert.ok(error instanceof DecodeError);
        return null;
      }
    };
    const big = attempt((reader) => reader.uvarintBig());
    const expected = big === null || big > 2n ** 53n - 1n ? null : Number(big);
    assert.equal(
      attempt((reader) => reader.uvarint()),
      expected,
    );
    const signed = attempt((reader) => reader.varintBig());
    const inside = signed !== null && signed <= 2n ** 53n && signed > -(2n ** 53n) - 1n;
    assert.equal(
      attempt((reader) => reader.varint() + 0),
      inside ? Number(signed) : null,
    );
  }));
