import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { forSeeds } from "@narthex/platform/for-seeds";
import { md5 } from "./md5.ts";

test("the vectors of RFC 1321", () => {
  const is = (text: string, hex: string) =>
    assert.equal(Buffer.from(md5(new TextEncoder().encode(text))).toString("hex"), hex, text);
  is("", "d41d8cd98f00b204e9800998ecf8427e");
  is("a", "0cc175b9c0f1b6a831c399e269772661");
  is("abc", "900150983cd24fb0d6963f7d28e17f72");
  is("message digest", "f96b697d7cb7938d525a2f31aaf161d0");
  is("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b");
  is("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f");
  is("1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a");
});

test("equals the platform's MD5 at every length around a block", () =>
  forSeeds(200, (random, seed) => {
    const bytes = Uint8Array.from({ length: seed }, () => random.below(256));
    assert.equal(Buffer.from(md5(bytes)).toString("hex"), createHash("md5").update(bytes).digest("hex"));
  }));
