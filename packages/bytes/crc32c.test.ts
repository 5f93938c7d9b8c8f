import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32c } from "./crc32c.ts";

const of = (text: string) => crc32c(new TextEncoder().encode(text));

test("checksums of RFC 3720 and of known texts", () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(of("123456789"), 0xe3069283);
  assert.equal(of(""), 0);
});

test("pieces give the checksum of the whole", () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i * 37);
  for (let cut = 0; cut <= 100; cut++) {
    assert.equal(crc32c(bytes, cut, 100, crc32c(bytes, 0, cut)), crc32c(bytes), `${cut}`);
  }
});
