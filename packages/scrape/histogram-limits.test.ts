import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "@narthex/model/histogram";
import { limitHistogram, schemaOfFactor } from "./histogram-limits.ts";

test("schemaOfFactor", () => {
  const is = (factor: number, schema: number) => assert.equal(schemaOfFactor(factor), schema, String(factor));
  is(65536, -4);
  is(256, -3);
  is(16, -2);
  is(4, -1);
  is(2, 0);
  is(1.4, 1);
  is(1.1, 2);
  is(1.09, 3);
  is(1.04, 4);
  is(1.02, 5);
  is(1.01, 6);
  is(1.005, 7);
  is(1.002, 8);
  is(0, 8);
});

function histogram(schema: number, buckets: number): Histogram {
  return Histogram.of({
    schema,
    count: buckets,
    positiveSpans: [{ offset: 0, length: buckets }],
    positiveBuckets: Array.from({ length: buckets }, (_, i) => (i === 0 ? 1 : 0)),
  });
}

test("limitHistogram", () => {
  const is = (h: Histogram, nativeBucketLimit: number, maxSchema: number, schema: number | null) => {
    const kept = limitHistogram(h, { nativeBucketLimit, maxSchema });
    assert.equal(kept ? h.schema : null, schema);
  };
  is(histogram(3, 8), 0, 8, 3);
  is(histogram(3, 8), 0, 1, 1);
  is(histogram(3, 9), 4, 8, 1);
  is(histogram(9, 4), 0, 8, 8);
  is(histogram(-4, 9), 4, 8, null);
  is(histogram(-53, 9), 4, 8, null);
});
