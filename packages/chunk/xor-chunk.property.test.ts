import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { loadKernels } from "@narthex/kernel/load";
import { Scratch } from "@narthex/kernel/scratch";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { decodeXorChunk, decodeXorChunkRange, encodeXorChunk } from "./xor-chunk.ts";

const arena = Arena.create();
const kernels = loadKernels(arena);
const scratch = new Scratch(arena);

/** Columns of one of several shapes: counters, gauges, raw bits with staleness markers, jumps in time. */
function columns(random: SeededRandom): { times: Float64Array; values: Float64Array } {
  const count = 1 + random.below(random.below(4) === 0 ? 300 : 20);
  const shape = random.below(4);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  const bits = new BigUint64Array(values.buffer);
  let time = random.below(2) === 0 ? 1_700_000_000_000 : Math.floor((random.next() - 0.5) * 2 ** 50);
  let value = random.below(1000);
  for (let i = 0; i < count; i++) {
    time += [15_000, 15_000 + random.below(20), random.below(100_000), 2 ** random.below(40)][shape];
    value += random.below(3) === 0 ? random.below(100) : 0;
    times[i] = time;
    values[i] = [value, random.next() * 100, value / 10, value][shape];
    if (shape === 3) bits[i] = (BigInt(random.bits()) << 32n) | BigInt(random.bits());
    if (random.below(20) === 0) bits[i] = 0x7ff0000000000002n;
  }
  return { times, values };
}

function place(bytes: Uint8Array): number {
  const at = scratch.take(bytes.length);
  arena.u8.set(bytes, at);
  return at;
}

/** What the kernel decodes, null when it refuses. */
function decodeByKernel(chunk: Uint8Array, limit: number): { times: number[]; bits: bigint[] } | null {
  const times = scratch.take(limit * 8);
  const values = scratch.take(limit * 8);
  const count = kernels.xorDecode(place(chunk), chunk.length, limit, times, values);
  if (count < 0) return null;
  assert.equal(count, limit);
  return {
    times: [...arena.f64.subarray(times / 8, times / 8 + limit)],
    bits: [...arena.u64.subarray(values / 8, values / 8 + limit)],
  };
}

function decodeByDefinition(chunk: Uint8Array, limit: number): { times: number[]; bits: bigint[] } | null {
  try {
    const { timesMs, values } = decodeXorChunk(chunk, limit);
    return { times: [...timesMs], bits: [...new BigUint64Array(values.buffer)] };
  } catch {
    return null;
  }
}

test("what is encoded decodes to the same bits, by definition and kernel", () =>
  forSeeds(600, (random) => {
    scratch.reset();
    const { times, values } = columns(random);
    const chunk = encodeXorChunk(times, values);
    const expected = { times: [...times], bits: [...new BigUint64Array(values.buffer)] };
    assert.deepEqual(decodeByDefinition(chunk, times.length), expected);
    assert.deepEqual(decodeByKernel(chunk, times.length), expected);
  }));

test("the kernel encodes the definition's bytes", () =>
  forSeeds(600, (random) => {
    scratch.reset();
    const { times, values } = columns(random);
    const timesAt = place(new Uint8Array(times.buffer));
    const valuesAt = place(new Uint8Array(values.buffer));
    const target = scratch.take(32 + 19 * times.length);
    const size = kernels.xorEncode(timesAt, valuesAt, times.length, target);
    assert.deepEqual(arena.u8.slice(target, target + size), encodeXorChunk(times, values));
  }));

test("hostile bytes: the kernel refuses exactly what the definition refuses", () =>
  forSeeds(4000, (random) => {
    scratch.reset();
    const { times, values } = columns(random);
    let chunk = encodeXorChunk(times, values);
    const kind = random.below(3);
    if (kind === 0) chunk = chunk.slice(0, random.below(chunk.length + 1));
    if (kind === 1)
      for (let i = random.below(4); i >= 0; i--) chunk[random.below(chunk.length)] ^= 1 << random.below(8);
    if (kind === 2) chunk = Uint8Array.from({ length: random.below(60) }, () => random.below(256));
    const limit = random.below(times.length + 4);
    assert.deepEqual(decodeByKernel(chunk, limit), decodeByDefinition(chunk, limit));
  }));

test("ranges", () =>
  forSeeds(600, (random) => {
    scratch.reset();
    const { times, values } = columns(random);
    const count = times.length;
    const chunk = encodeXorChunk(times, values);
    const [from, to] = [
      times[random.below(count)] + random.below(3) - 1,
      times[random.below(count)] + random.below(3) - 1,
    ];
    const expected = decodeXorChunkRange(chunk, count, from, to);
    const [timesAt, valuesAt, stale] = [scratch.take(count * 8), scratch.take(count * 8), scratch.take(4)];
    arena.u32[stale / 4] = 5;
    const kept = kernels.xorDecodeRange(
      place(chunk),
      chunk.length,
      count,
      from,
      to,
      timesAt,
      valuesAt,
      stale,
    );
    assert.equal(kept, expected.timesMs.length);
    assert.deepEqual(arena.f64.slice(timesAt / 8, timesAt / 8 + kept), expected.timesMs);
    assert.deepEqual(
      arena.u64.slice(valuesAt / 8, valuesAt / 8 + kept),
      new BigUint64Array(expected.values.buffer),
    );
    assert.equal(arena.u32[stale / 4] - 5, expected.staleCount);
  }));
