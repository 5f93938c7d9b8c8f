import assert from "node:assert/strict";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { DecodeError } from "./decode-error.ts";
import { ProtobufReader } from "./protobuf-reader.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

function reading(...bytes: number[]): ProtobufReader {
  const reader = new ProtobufReader();
  reader.assign(Uint8Array.from(bytes));
  return reader;
}

test("numbers read as they were written", () => {
  const writer = new ProtobufWriter();
  const edges = [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 32, 2 ** 35 + 5, 2 ** 52, Number.MAX_SAFE_INTEGER];
  for (const edge of edges) {
    for (const value of edge === 0 ? [0] : [edge, -edge]) {
      writer.reset();
      writer.uint(1, edge);
      writer.int64(2, value);
      writer.sint(3, value);
      writer.double(4, value);
      const reader = new ProtobufReader();
      reader.assign(writer.view());
      reader.next("M");
      assert.equal(reader.uint("A"), edge);
      reader.next("M");
      assert.equal(reader.int64("B"), value);
      reader.next("M");
      const into: number[] = [];
      reader.sint64s("C", into);
      assert.deepEqual(into, [value]);
      reader.next("M");
      assert.equal(reader.double("D"), value);
      assert.equal(reader.next("M"), false);
    }
  }
});

test("nested messages of any length", () =>
  forSeeds(50, (random) => {
    const writer = new ProtobufWriter();
    const sizes = Array.from({ length: 5 }, () => random.below(20_000));
    for (const size of sizes) {
      const outer = writer.open(7);
      writer.string(1, "é".repeat(size));
      writer.uint(2, size);
      writer.close(outer);
    }
    const reader = new ProtobufReader();
    reader.assign(writer.view());
    for (const size of sizes) {
      assert.equal(reader.next("M"), true);
      const end = reader.enter("F");
      assert.equal(reader.next("N"), true);
      const textEnd = reader.bytesEnd("S");
      assert.equal(textEnd - reader.at, 2 * size);
      reader.at = textEnd;
      assert.equal(reader.next("N"), true);
      assert.equal(reader.uint("U"), size);
      assert.equal(reader.next("N"), false);
      reader.leave(end);
    }
    assert.equal(reader.next("M"), false);
  }));

test("what is refused, and how", () => {
  const fails = (bytes: number[], text: string) =>
    assert.throws(() => {
      const reader = reading(...bytes);
      while (reader.next("M")) reader.skip();
    }, new DecodeError(text));
  fails([0x80], "unexpected EOF");
  fails([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], "proto: integer overflow");
  fails([0x0a, 5, 1], "unexpected EOF");
  fails([0x0c], "proto: M: wiretype end group for non-group");
  fails([0x0b, 0x08, 1], "unexpected EOF");
  fails([0x02], "proto: M: illegal tag 0 (wire type 2)");
  fails([0x0f], "proto: illegal wireType 7");
  fails(
    [0x0a, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
    "proto: negative length found during unmarshaling",
  );
  assert.throws(() => {
    const reader = reading(0x08, 1);
    reader.next("M");
    reader.double("Value");
  }, new DecodeError("proto: wrong wireType = 0 for field Value"));
});

test("a group is skipped with what is in it", () => {
  const reader = reading(0x0b, 0x13, 0x18, 5, 0x14, 0x0c, 0x20, 9);
  reader.next("M");
  reader.skip();
  reader.next("M");
  assert.equal(reader.field, 4);
  assert.equal(reader.uint("D"), 9);
});

test("any bytes end with a field, the end or an error, and never beyond the end", () =>
  forSeeds(2_000, (random) => {
    const bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(256));
    const reader = new ProtobufReader();
    reader.assign(bytes);
    try {
      while (reader.next("M")) reader.skip();
      assert.equal(reader.at, bytes.length);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }));
