/**
 * A block that promtool 3.5.3 wrote (`tsdb create-blocks-from openmetrics`), held against ours.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeXorChunk } from "@narthex/chunk/xor-chunk";
import { Labels } from "@narthex/model/labels";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import { SeededRandom } from "@narthex/platform/random";
import { writeBlock } from "./block-writer.ts";
import { ChunkSegments } from "./chunk-segment.ts";
import { IndexReader, IndexSeries } from "./index-reader.ts";
import { readTombstones } from "./tombstones.ts";

const indexFile = Buffer.from(
  `
uqrXAAIAAAAzAAAACgAIX19uYW1lX18BYQFiBGluc3QDam9iDnJlcXVlc3RzX3RvdGFsAnVwAXgDw6kw3h6/qREDAQYECAUDAYCg
q/75Yph1CG58Je4AAAAAAAAAAAAAEgMBBgQJBQIBgKCr/vliyN8CIU81SfEAAAAAAAAAAAAQAgEHBQIBgKCr/vli4NQDTNgtF6gA
AAAAAAAQAAAAAQAAAAIAAAAGAAAAB9uefe0AAAAQAAAAAQAAAAIAAAAIAAAACSLmqLMAAAAQAAAAAQAAAAIAAAACAAAAA/xBVEIA
AAAQAAAAAwAAAAQAAAAGAAAACNd3KVEAAAAMAAAAAgAAAAQAAAAGABU2ZAAAAAgAAAABAAAACD7ghekAAAAIAAAAAQAAAARzo0o5
AAAACAAAAAEAAAAGkpg6zgAAAAwAAAACAAAABgAAAAjcT1YbAAAACAAAAAEAAAAEc6NKOQAAAB8AAAADAQhfX25hbWVfX5gBAQRp
bnN0sAEBA2pvYsgBqvXkNwAAAFsAAAAHAgAA4AECCF9fbmFtZV9fDnJlcXVlc3RzX3RvdGFs+AECCF9fbmFtZV9fAnVwjAICBGlu
c3QBeJwCAgRpbnN0A8OpMKwCAgNqb2IBYbwCAgNqb2IBYtACLjZjlwAAAAAAAAAFAAAAAAAAAEAAAAAAAAAAlQAAAAAAAAFgAAAA
AAAAAOAAAAAAAAABhyZZJmo=`,
  "base64",
);
const chunkFile = Buffer.from(
  `
hb1A3QEAAAATAQACgKCr/vliQBwAAAAAAACYdQBTKUtbJQEABICgq/75Yj/wAAAAAAAAmHXCX/+AA9oO/+sX3/4AAAAAAACAPDZC
2hYBAAKAoKv++WI/8AAAAAAAAODUA8RX/tMSNEQ=`,
  "base64",
);
const tombstoneFile = Buffer.from("ATC6MAEAAAAA", "base64");

const start = 1_700_000_000_000;
const normalNaN = new Float64Array(new BigUint64Array([0x7ff8000000000001n]).buffer)[0];
/** The block's series: labels, times relative to the start, values. */
const content: readonly [Record<string, string>, number[], number[]][] = [
  [{ __name__: "requests_total", inst: "x", job: "b" }, [0, 15_000], [7, 7]],
  [{ __name__: "requests_total", inst: "é0", job: "a" }, [0, 15_000, 30_003, 45_000], [1, 2, 2.5, normalNaN]],
  [{ __name__: "up", job: "a" }, [0, 60_000], [1, 0]],
];

const source = content.map(([labels, offsets, values]) => ({
  labels: Labels.fromObject(labels),
  chunks: [
    {
      minTimeMs: start + offsets[0],
      maxTimeMs: start + offsets[offsets.length - 1],
      encoding: 1,
      bytes: encodeXorChunk(
        Float64Array.from(offsets, (offset) => start + offset),
        Float64Array.from(values),
      ),
    },
  ],
}));

function ours(): { disk: MemoryDisk; directory: string } {
  const disk = new MemoryDisk();
  const meta = writeBlock(
    disk,
    "data",
    {
      symbols: () => ["", ...source.flatMap(({ labels }) => labels.pairs)],
      series: () => source,
    },
    { minTimeMs: start, maxTimeMs: start + 60_001, nowMs: start, random: new SeededRandom(1) },
  );
  assert.ok(meta !== null);
  return { disk, directory: `data/${meta.ulid}` };
}

test("our chunks are byte for byte those of Prometheus", () => {
  const { disk, directory } = ours();
  assert.deepEqual(Buffer.from(disk.readFile(`${directory}/chunks/000001`)), chunkFile);
  assert.deepEqual(Buffer.from(disk.readFile(`${directory}/tombstones`)), tombstoneFile);
});

test("our symbols and series are byte for byte those of Prometheus", () => {
  const { disk, directory } = ours();
  // Behind them 3.5 writes label indices, which later versions and we leave out.
  const end = 0x95;
  assert.deepEqual(
    Buffer.from(disk.readFile(`${directory}/index`).subarray(0, end)),
    indexFile.subarray(0, end),
  );
});

test("Prometheus' block reads as what went in", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("block/chunks");
  disk.writeFile("block/index", indexFile);
  disk.writeFile("block/chunks/000001", chunkFile);
  disk.writeFile("block/tombstones", tombstoneFile);
  const index = IndexReader.open(disk, "block/index");
  const chunks = ChunkSegments.open(disk, "block/chunks");
  const series = new IndexSeries();
  const found = [...index.allSeries()].map((id) => {
    index.series(id, series);
    assert.equal(series.chunkCount, 1);
    const { encoding, bytes } = chunks.chunk(series.chunkRefs[0]);
    return {
      labels: index.labelsOf(series),
      chunks: [{ minTimeMs: series.chunkMinMs[0], maxTimeMs: series.chunkMaxMs[0], encoding, bytes }],
    };
  });
  assert.deepEqual(
    found.map(({ labels }) => labels),
    source.map(({ labels }) => labels),
  );
  found.forEach(({ chunks: got }, i) => {
    assert.deepEqual({ ...got[0], bytes: null }, { ...source[i].chunks[0], bytes: null });
    assert.deepEqual(new Uint8Array(got[0].bytes), source[i].chunks[0].bytes);
  });
  assert.deepEqual(index.table.names(), ["__name__", "inst", "job"]);
  assert.equal(readTombstones(disk, "block").isEmpty, true);
});
