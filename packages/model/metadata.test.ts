import assert from "node:assert/strict";
import { test } from "node:test";
import { metricType, metricTypes, sameMetadata, unknownMetadata } from "./metadata.ts";

test("words of expositions name types", () => {
  assert.equal(metricType("counter"), "counter");
  assert.equal(metricType("untyped"), "unknown");
  assert.equal(metricType("Counter"), undefined);
});

test("the place of a type is its number in WAL records", () => {
  assert.equal(metricTypes[3], "histogram");
  assert.equal(metricTypes[7], "stateset");
});

test("sameMetadata compares all three fields", () => {
  const gauge = { type: "gauge", help: "h", unit: "u" } as const;
  assert.equal(sameMetadata(gauge, { ...gauge }), true);
  assert.equal(sameMetadata(gauge, { ...gauge, help: "" }), false);
  assert.equal(sameMetadata(gauge, unknownMetadata), false);
});
