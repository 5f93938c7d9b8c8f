import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { FetchError } from "./fetch-error.ts";
import { claimedBytes, gunzipBody, gunzipInto, type Room } from "./gunzip.ts";

const page = Buffer.from("a 1\nb 2\n".repeat(5_000));
const memory = new Uint8Array(new SharedArrayBuffer(200_000));

function unpack(bytes: Uint8Array, limitBytes = 1_000_000): string {
  const rooms: Room[] = [];
  const size = gunzipInto({ bytes, limitBytes }, (contentBytes) => {
    const room = { output: memory, at: 16 * (rooms.length + 1), roomBytes: contentBytes + 1 };
    rooms.push(room);
    return room;
  });
  const at = (rooms.at(-1) as Room).at;
  return Buffer.from(memory.slice(at, at + size)).toString();
}

test("a body is unpacked into the caller's memory, again and again", () => {
  for (let i = 1; i < 50; i++) {
    const content = page.subarray(0, i * 700);
    assert.equal(unpack(gzipSync(content)), content.toString());
  }
});

test("a body of several parts claims the last one's size and is still unpacked whole", () => {
  const packed = Buffer.concat([gzipSync(page), gzipSync("c 3\n")]);
  assert.equal(claimedBytes(packed), 4);
  assert.equal(unpack(packed), `${page.toString()}c 3\n`);
});

test("what is no gzip, cut off or too large is an error, and the next body is read", () => {
  const packed = gzipSync(page);
  const fails = (bytes: Uint8Array, why: RegExp, limitBytes = 1_000_000): void => {
    assert.throws(
      () => unpack(bytes, limitBytes),
      (error) => error instanceof FetchError && why.test(error.message),
    );
    assert.equal(unpack(packed), page.toString());
  };
  fails(packed.subarray(0, packed.length - 30), /unexpected EOF/u);
  fails(Buffer.from("plain text, not gzip at all"), /gzip: invalid header/u);
  const flipped = Buffer.from(packed);
  flipped.writeUInt8(flipped.readUInt8(40) ^ 0xff, 40);
  assert.throws(() => unpack(flipped), FetchError);
  fails(Buffer.concat([gzipSync(page), gzipSync("c 3\n")]), /body size limit exceeded/u, 10_000);
});

test("bodies off the calling thread have the same limits", async () => {
  assert.equal(Buffer.from(await gunzipBody(gzipSync(page), 50_000)).toString(), page.toString());
  await assert.rejects(gunzipBody(gzipSync(page), 40_000), /body size limit exceeded/u);
});
