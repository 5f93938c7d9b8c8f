/** Laws of XOR2 chunks, by definition (xor2-chunk.ts) and kernel. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { decodeXor2ChunkRange, encodeXor2Chunk } from "./xor2-chunk.ts";

const arena = Arena.create();
const kernels = loadKernels(arena);
const scratch = new Scratch(arena);

interface Columns {
  readonly times: number[];
  readonly bits: bigint[];
  readonly starts: number[];
  readonly stale: number;
}

/** Counters, gauges, raw bits with staleness markers; start times of several habits. */
function columns(random: SeededRandom): Columns {
  const count = 1 + random.below(random.below(4) === 0 ? 300 : 20);
  const shape = random.below(4);
  const habit = random.below(4);
  const times = new Float64Array(count);
  const starts = new Float64Array(count);
  const values = new Float64Array(count);
  const bits = new BigUint64Array(values.buffer);
  let time = random.below(2) === 0 ? 1_700_000_000_000 : Math.floor((random.next() - 0.5) * 2 ** 50);
  let value = random.below(1000);
  let start = habit === 0 ? 0 : time - 1000;
  for (let i = 0; i < count; i++) {
    time += [15_000, 15_000 + random.below(20), random.below(100_000), 2 ** random.below(40)][shape];
    value += random.below(3) === 0 ? random.below(100) : 0;
    if (habit === 2 && random.below(8) === 0) start = time - random.below(30_000);
    if (habit === 3) start = time - 15_000 + random.below(40);
    times[i] = time;
    starts[i] = start;
    values[i] = [value, random.next() * 100, value / 10, value][shape];
    if (shape === 3) bits[i] = (BigInt(random.bits()) << 32n) | BigInt(random.bits());
    if (random.below(20) === 0) bits[i] = 0x7ff0000000000002n;
  }
  const stale = bits.filter((b) => b === 0x7ff0000000000002n).length;
  return { times: [...times], bits: [...bits], starts: [...starts], stale };
}

function encode({ times, bits, starts }: Columns): Uint8Array {
  const values = new Float64Array(new BigUint64Array(bits).buffer);
  return encodeXor2Chunk(Float64Array.from(times), values, Float64Array.from(starts));
}

/** What the kernel decodes, null when it refuses. */
function byKernel(chunk: Uint8Array, limit: number, min: number, max: number): Columns | null {
  const at = scratch.take(chunk.length);
  arena.u8.set(chunk, at);
  const [times, values, starts] = [0, 0, 0].map(() => scratch.take(limit * 8));
  const stale = scratch.take(4);
  arena.u32[stale / 4] = 5;
  const kept = kernels.xor2DecodeRange(at, chunk.length, limit, min, max, times, values, starts, stale);
  if (kept < 0) return null;
  return {
    times: [...arena.f64.subarray(times / 8, times / 8 + kept)],
    bits: [...arena.u64.subarray(values / 8, values / 8 + kept)],
    starts: [...arena.f64.subarray(starts / 8, starts / 8 + kept)],
    stale: arena.u32[stale / 4] - 5,
  };
}

function byDefinition(chunk: Uint8Array, limit: number, min: number, max: number): Columns | null {
  try {
    const { timesMs, values, startsMs, staleCount } = decodeXor2ChunkRange(chunk, limit, min, max);
    const bits = [...new BigUint64Array(values.buffer)];
    return { times: [...timesMs], bits, starts: [...startsMs], stale: staleCount };
  } catch {
    return null;
  }
}

test("what is encoded decodes to the same bits, by definition and kernel", () =>
  forSeeds(600, (random) => {
    scratch.reset();
    const given = columns(random);
    const chunk = encode(given);
    const limit = given.times.length;
    assert.deepEqual(byDefinition(chunk, limit, -Infinity, Infinity), given);
    assert.deepEqual(byKernel(chunk, limit, -Infinity, Infinity), given);
  }));

test("hostile bytes: the kernel refuses exactly what the definition refuses", () =>
  forSeeds(4000, (random) => {
    scratch.reset();
    const given = columns(random);
    let chunk = encode(given);
    const kind = random.below(3);
    if (kind === 0) chunk = chunk.slice(0, random.below(chunk.length + 1));
    if (kind === 1)
      for (let i = random.below(4); i >= 0; i--) chunk[random.below(chunk.length)] ^= 1 << random.below(8);
    if (kind === 2) chunk = Uint8Array.from({ length: random.below(60) }, () => random.below(256));
    const limit = random.below(given.times.length + 4);
    assert.deepEqual(
      byKernel(chunk, limit, -Infinity, Infinity),
      byDefinition(chunk, limit, -Infinity, Infinity),
    );
  }));

test("ranges", () =>
  forSeeds(600, (random) => {
    scratch.reset();
    const given = columns(random);
    const { times } = given;
    const chunk = encode(given);
    const edge = () => times[random.below(times.length)] + random.below(3) - 1;
    const [min, max] = [edge(), edge()];
    assert.deepEqual(byKernel(chunk, times.length, min, max), byDefinition(chunk, times.length, min, max));
  }));
