import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32c } from "@narthex/bytes/crc32c";
import { snappyBoundBytes, snappyDecode, snappyEncode } from "@narthex/bytes/snappy";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { Arena } from "./arena.ts";
import { crcTable } from "./crc32c.ts";
import { loadKernels } from "./load.ts";
import { Scratch } from "./scratch.ts";

const arena = Arena.create();
const kernels = loadKernels(arena);
const scratch = new Scratch(arena);

/** Bytes with repeats near and far, and stretches that do not compress. */
function plainBytes(random: SeededRandom): Uint8Array {
  const size = random.below([20, 300, 5000, 200_000][random.below(8) === 0 ? 3 : random.below(3)]);
  const out = new Uint8Array(size);
  const alphabet = 1 + random.below(256);
  for (let i = 0; i < size;) {
    const run = 1 + random.below(100);
    const back = random.below(2) === 0 && i > 0 ? 1 + random.below(Math.min(i, 70_000)) : 0;
    const end = Math.min(size, i + run);
    for (; i < end; i++) out[i] = back > 0 ? out[i - back] : random.below(alphabet);
  }
  return out;
}

function place(bytes: Uint8Array): number {
  const at = scratch.take(bytes.length);
  arena.u8.set(bytes, at);
  return at;
}

function decodeByKernel(block: Uint8Array, capacity: number): Uint8Array | null {
  const guard = scratch.take(capacity + 8);
  arena.u8.fill(0xaa, guard, guard + capacity + 8);
  const size = kernels.snappyDecode(place(block), block.length, guard, capacity);
  assert.deepEqual(arena.u8.slice(guard + capacity, guard + capacity + 8), new Uint8Array(8).fill(0xaa));
  return size < 0 ? null : arena.u8.slice(guard, guard + size);
}

test("kernel and definition encode the same bytes, and both decode them", () =>
  forSeeds(300, (random) => {
    scratch.reset();
    const plain = plainBytes(random);
    const block = snappyEncode(plain);
    const target = scratch.take(snappyBoundBytes(plain.length));
    const size = kernels.snappyEncode(place(plain), plain.length, target, scratch.take(32_768));
    assert.deepEqual(arena.u8.slice(target, target + size), block.slice());
    assert.deepEqual(snappyDecode(block), plain);
    assert.deepEqual(decodeByKernel(block, plain.length), plain);
    assert.equal(kernels.snappyPlainBytes(place(block), block.length), plain.length);
  }));

test("hostile blocks: the kernel refuses exactly what the definition refuses", () =>
  forSeeds(4000, (random) => {
    scratch.reset();
    let block = snappyEncode(plainBytes(random).subarray(0, 400)).slice();
    const kind = random.below(3);
    if (kind === 0) block = block.slice(0, random.below(block.length + 1));
    if (kind === 1)
      for (let i = random.below(4); i >= 0; i--) block[random.below(block.length)] ^= 1 << random.below(8);
    if (kind === 2) block = Uint8Array.from({ length: random.below(60) }, () => random.below(256));
    const capacity = 1000;
    let expected: Uint8Array | null;
    try {
      expected = snappyDecode(block, capacity);
    } catch {
      expected = null;
    }
    const got = decodeByKernel(block, capacity);
    // The definition also refuses announcements that the block cannot fulfil: so does the kernel, at the end.
    assert.deepEqual(got, expected);
  }));

test("checksums by kernel and definition", () =>
  forSeeds(300, (random) => {
    scratch.reset();
    const bytes = plainBytes(random).subarray(0, 3000);
    const before = random.bits();
    const at = place(bytes);
    assert.equal(
      kernels.crc32c(crcTable(arena, kernels), at, bytes.length, before) >>> 0,
      crc32c(bytes, 0, bytes.length, before),
    );
  }));
