import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeXorChunk, encodeXorChunk } from "./xor-chunk.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const encode = (times: number[], values: number[]) =>
  encodeXorChunk(Float64Array.from(times), Float64Array.from(values));

test("an XOR chunk, bit by bit", () => {
  assert.equal(hex(encode([], [])), "0000");
  // count, varint 1000 = d0 0f, 1.0
  assert.equal(hex(encode([1000], [1])), "0001d00f3ff0000000000000");
  // uvarint 15000 = 98 75, then `0`: the same value
  assert.equal(hex(encode([1000, 16000], [1, 1])), "0002d00f3ff0000000000000987500");
  // third: `0` same difference, `0` same value: three zero bits in the last byte
  assert.equal(hex(encode([1000, 16000, 31000], [1, 1, 1])), "0003d00f3ff0000000000000987500");
  // second value 2: XOR 7ff0…, `11`, 1 leading (00001), width 11 (001011), eleven ones
  assert.equal(hex(encode([0, 1], [1, 2])), "0002003ff000000000000001" + "c25fff");
});

test("time changes at the edges of their widths", () => {
  for (const change of [
    0,
    1,
    -1,
    8192,
    8193,
    -8191,
    -8192,
    65536,
    65537,
    -65535,
    -65536,
    524288,
    524289,
    -524287,
    -524288,
    2 ** 40,
  ]) {
    const times = [0, 2 ** 41, 2 ** 42 + change];
    const chunk = encode(times, [1, 2, 3]);
    assert.deepEqual([...decodeXorChunk(chunk).timesMs], times, `${change}`);
  }
});

test("bits of special values survive", () => {
  const bits = new BigUint64Array([
    0x7ff0000000000002n,
    0x7ff8000000000001n,
    0xfff0000000000000n,
    1n,
    1n << 63n,
  ]);
  const chunk = encodeXorChunk(Float64Array.of(1, 2, 3, 4, 5), new Float64Array(bits.buffer));
  assert.deepEqual(new BigUint64Array(decodeXorChunk(chunk).values.buffer), bits);
});

test("cut chunks", () => {
  const chunk = encode([1000, 16000, 31000], [1, 2, 3]);
  for (let size = 0; size < chunk.length; size++) {
    assert.throws(() => decodeXorChunk(chunk.subarray(0, size), 3), /DecodeError|early|varint/u, `${size}`);
  }
  assert.throws(() => decodeXorChunk(new Uint8Array(1)), /two bytes/u);
});
