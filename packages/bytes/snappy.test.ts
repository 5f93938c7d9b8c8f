import assert from "node:assert/strict";
import { test } from "node:test";
import { snappyDecode, snappyEncode } from "./snappy.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const decode = (text: string) => hex(snappyDecode(Buffer.from(text, "hex")));

test("elements", () => {
  assert.equal(hex(snappyEncode(new Uint8Array(0))), "00");
  assert.equal(hex(snappyEncode(Buffer.from("abc"))), "0308616263");
  assert.equal(decode("00"), "");
  assert.equal(decode("0308616263"), "616263");
  // a literal of one byte, then a copy of 7 from 1 back: a run
  assert.equal(decode("080061" + "0d01"), "61".repeat(8));
  assert.equal(decode("080061" + "1a0100"), "61".repeat(8));
  assert.equal(decode("080061" + "1b01000000"), "61".repeat(8));
});

test("broken blocks", () => {
  const fails = (text: string) => assert.throws(() => decode(text), /snappy/u, text);
  fails("");
  fails("ffffffffff");
  fails("04" + "08616263"); // announces one byte more
  fails("03" + "086162"); // the literal is cut
  fails("08" + "0061" + "0d02"); // reaches before the start
  fails("08" + "0061" + "0d00"); // distance 0
  fails("ffffffff0f" + "0061"); // announces 4 GiB
});
