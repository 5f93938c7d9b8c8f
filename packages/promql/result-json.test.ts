/** The API's data object, byte for byte. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "@narthex/promql-syntax/parser";
import { Engine } from "./engine.ts";
import type { QueryResult } from "./query-result.ts";
import { jsonChunkBytes, jsonString, resultJson } from "./result-json.ts";
import { storageOf, testArena } from "./test-data.ts";

const engine = new Engine(testArena);
const storage = storageOf(`
  up{job="a"} 1 1.5 _ 1e-7
  up{job="b",host="x\\"y<z"} NaN Inf -Inf 1e21
`);

function text(result: QueryResult, chunkBytes = jsonChunkBytes): string {
  const parts: Uint8Array[] = [];
  for (const { address, sizeBytes } of resultJson(result, { chunkBytes, reuseChunk: chunkBytes % 2 === 0 })) {
    assert.ok(sizeBytes > 0 && sizeBytes <= chunkBytes);
    parts.push(testArena.u8.slice(address, address + sizeBytes));
  }
  result.release();
  return parts.map((part) => new TextDecoder("latin1").decode(part)).join("");
}

const instant = (query: string, timeMs = 60_500) =>
  text(engine.instant(storage.querier(), parseQuery(query), timeMs));
const range = (query: string, chunkBytes?: number) =>
  text(
    engine.range(storage.querier(), parseQuery(query), { startMs: 0, endMs: 180_000, stepMs: 60_000 }),
    chunkBytes,
  );

test("instant results", () => {
  assert.equal(instant("1.50"), '{"resultType":"scalar","result":[60.5,"1.5"]}');
  assert.equal(instant("1e-7"), '{"resultType":"scalar","result":[60.5,"0.0000001"]}');
  assert.equal(instant('"a<b\\n"'), '{"resultType":"string","result":[60.5,"a\\u003cb\\n"]}');
  assert.equal(instant("nothing"), '{"resultType":"vector","result":[]}');
  assert.equal(
    instant('up{job="a"}'),
    '{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},"value":[60.500,"1.5"]}]}',
  );
  assert.equal(instant("vector(1)"), '{"resultType":"vector","result":[{"metric":{},"value":[60.500,"1"]}]}');
});

test("a matrix", () => {
  assert.equal(
    range('up{job="a"}'),
    '{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a"},"values":' +
      '[[0,"1"],[60,"1.5"],[120,"1.5"],[180,"1e-07"]]}]}',
  );
  assert.equal(
    range('up{job="b"}'),
    '{"resultType":"matrix","result":[{"metric":{"__name__":"up",' +
      '"host":"x\\"y<z","job":"b"},"values":[[0,"NaN"],[60,"+Inf"],[120,"-Inf"],[180,"1e+21"]]}]}',
  );
  assert.equal(range("nothing"), '{"resultType":"matrix","result":[]}');
});

test("samples of a range vector have times of their own", () => {
  assert.equal(
    instant('up{job="a"}[2m]', 180_000),
    '{"resultType":"matrix","result":[{"metric":' + '{"__name__":"up","job":"a"},"values":[[180,"1e-07"]]}]}',
  );
  assert.equal(
    instant('up{job="a"}[2m:30s]', 60_000),
    '{"resultType":"matrix","result":[{"metric":' +
      '{"__name__":"up","job":"a"},"values":[[0,"1"],[30,"1"],[60,"1.5"]]}]}',
  );
});

test("chunks of any size hold the same text", () => {
  const whole = range("up");
  for (const chunkBytes of [64, 65, 70, 100, 128, 1000]) assert.equal(range("up", chunkBytes), whole);
});

test("strings are escaped as the original's encoder does", () => {
  const is = (value: string, json: string) => assert.equal(jsonString(value), json);
  is('a"b\\', '"a\\"b\\\\"');
  is("\n\r\t\b\f\u0001\u007f", '"\\n\\r\\t\\u0008\\u000c\\u0001\u007f"');
  is("\\b \\\\f", '"\\\\b \\\\\\\\f"');
  is("<&>é\u2028", '"<&>é\u2028"');
});
