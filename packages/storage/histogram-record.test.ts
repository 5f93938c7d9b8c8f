/** Records give back what was written, whatever histogram it is. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "@narthex/kernel/arena";
import { Scratch } from "@narthex/kernel/scratch";
import { FloatHistogram } from "@narthex/model/float-histogram";
import { randomFloatHistogram } from "@narthex/model/random-histogram";
import { forSeeds } from "@narthex/platform/for-seeds";
import {
  readRecord,
  recordBytes,
  recordCount,
  recordSampleSize,
  recordSum,
  recordUsesCustomBuckets,
  writeRecord,
} from "./histogram-record.ts";

test("a record is its histogram", () => {
  const arena = Arena.create();
  const scratch = new Scratch(arena);
  forSeeds(500, (random) => {
    scratch.reset();
    const written = Array.from({ length: 4 }, () => randomFloatHistogram(random, { hasFractions: true }));
    const at = written.map((h) => writeRecord(scratch, h));
    const reused = new FloatHistogram();
    written.forEach((h, i) => {
      const address = at[i] as number;
      assert.equal(address % 16, 0);
      assert.deepEqual(readRecord(arena, address), h);
      assert.deepEqual(readRecord(arena, address, reused), h);
      assert.equal(recordCount(arena, address), h.count);
      assert.equal(recordSum(arena, address), h.sum);
      assert.equal(recordUsesCustomBuckets(arena, address), h.usesCustomBuckets());
      assert.equal(recordSampleSize(arena, address), Math.floor((h.size() + 8) / 16));
      assert.equal(recordBytes(arena, address) % 8, 0);
    });
  });
});
