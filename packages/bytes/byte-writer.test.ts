import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

const hex = (write: (writer: ByteWriter) => void): string => {
  const writer = new ByteWriter(1);
  write(writer);
  return Buffer.from(writer.take()).toString("hex");
};

test("numbers as Go writes them", () => {
  assert.equal(
    hex((w) => w.u16(0x1234)),
    "1234",
  );
  assert.equal(
    hex((w) => w.u32(0xbaaad700)),
    "baaad700",
  );
  assert.equal(
    hex((w) => w.u64(2 ** 40 + 1)),
    "0000010000000001",
  );
  assert.equal(
    hex((w) => w.u64(-1)),
    "ffffffffffffffff",
  );
  assert.equal(
    hex((w) => w.uvarint(300)),
    "ac02",
  );
  assert.equal(
    hex((w) => w.varint(-1)),
    "01",
  );
  assert.equal(
    hex((w) => w.varint(64)),
    "8001",
  );
  assert.equal(
    hex((w) => w.varint(-65)),
    "8101",
  );
  assert.equal(
    hex((w) => w.uvarintString("é")),
    "02c3a9",
  );
  assert.equal(
    hex((w) => w.f64(1)),
    "3ff0000000000000",
  );
});

test("the staleness marker keeps its bits", () => {
  const words = Uint32Array.of(2, 0x7ff00000);
  assert.equal(
    hex((w) => w.f64At(words, 0)),
    "7ff0000000000002",
  );
  const read = new Uint32Array(2);
  new ByteReader(Uint8Array.of(0x7f, 0xf0, 0, 0, 0, 0, 0, 2)).f64To(read, 0);
  assert.deepEqual(read, words);
});
