/**
 * Law of the kernel head-append: what the head shows is what was appended, and each of its chunks has the
 * bits of the definition (chunk/xor-chunk.ts), whatever values, gaps and batch sizes come.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeXorChunk } from "@narthex/chunk/xor-chunk";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { LabelMatcher } from "@narthex/model/label-matcher";
import { Labels } from "@narthex/model/labels";
import { forSeeds } from "@narthex/platform/for-seeds";
import type { SeededRandom } from "@narthex/platform/random";
import { QuerySymbols } from "@narthex/storage/query-symbols";
import { SeriesBatch } from "@narthex/storage/series-batch";
import { Head } from "./head.ts";
import { chunk, series } from "./head-layout.ts";
import { openHeadQuerier } from "./head-querier.ts";

const rangeMs = 60_000;

/** A column of values of the kinds that programs expose. */
function nextValue(random: SeededRandom, before: number): number {
  switch (random.below(6)) {
    case 0:
      return before;
    case 1:
      return before + random.below(10);
    case 2:
      return random.next() * 1e6;
    case 3:
      return Math.round(random.next() * 1e5) / 100;
    case 4:
      return [0, -0, Infinity, -Infinity, 5e-324, 1.7976931348623157e308][random.below(6)];
    default:
      return -before;
  }
}

/** The sealed chunks' bytes of a series, oldest first, then the open one's. */
function chunkBytes(head: Head, record: number): Uint8Array[] {
  const { u32, u8 } = head.arena;
  const found: Uint8Array[] = [];
  for (let at = u32[(record + series.sealed) >>> 2]; at !== 0; at = u32[at >>> 2]) {
    const size = u32[(at + chunk.dataBytes) >>> 2];
    found.unshift(u8.slice(at + chunk.data, at + chunk.data + size));
  }
  const open = u32[(record + series.chunk) >>> 2];
  if (open !== 0) found.push(u8.slice(open, open + ((u32[(record + series.bits) >>> 2] + 7) >>> 3)));
  return found;
}

test("chunks in the head are those of the definition, and are read back", () => {
  forSeeds(150, (random) => {
    const head = new Head(Arena.create(), { chunkRangeMs: rangeMs, samplesPerChunk: 4 + random.below(120) });
    const scratch = new Scratch(head.arena);
    const batch = head.appender();
    const ref = batch.resolve(Labels.fromObject({ __name__: "m" }));
    const times: number[] = [];
    const values: number[] = [];
    let timeMs = random.below(1e9);
    let value = random.below(100);
    for (let i = 0, n = 1 + random.below(600); i < n; i++) {
      timeMs += 1 + random.below(random.below(20) === 0 ? 100_000 : 300);
      value = nextValue(random, value);
      times.push(timeMs);
      values.push(value);
      const single = head.appender();
      single.append(ref, timeMs, value);
      void single.commit();
    }
    const got = chunkBytes(head, head.reader.recordOf(ref));
    let from = 0;
    for (const bytes of got) {
      const count = (bytes[0] << 8) | bytes[1];
      const expected = encodeXorChunk(
        Float64Array.from(times.slice(from, from + count)),
        Float64Array.from(values.slice(from, from + count)),
      );
      assert.deepEqual(bytes, expected, `chunk at sample ${from}`);
      const ranges = new Set(times.slice(from, from + count).map((time) => Math.floor(time / rangeMs)));
      assert.equal(ranges.size, 1, "a chunk stays inside one block range");
      from += count;
    }
    assert.equal(from, times.length);
    const querier = openHeadQuerier(head.reader, 0, new QuerySymbols());
    const set = querier.select({
      minTimeMs: 0,
      maxTimeMs: 2 ** 50,
      matchers: [new LabelMatcher("=", "__name__", "m")],
    });
    const columns = new SeriesBatch();
    set.read(0, 1, columns, scratch);
    const at = columns.valuesAt[0] >>> 3;
    assert.deepEqual([...head.arena.f64.subarray(at, at + columns.count[0])], values);
    querier.close();
  });
});
