import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "@narthex/bytes/byte-writer";
import { Arena } from "@narthex/kernel/arena";
import { Labels } from "@narthex/model/labels";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { lastSegmentToCondense, removeCheckpointed, writeCheckpoint } from "./checkpoint.ts";
import { WalReader } from "./wal-reader.ts";
import {
  decodeMetadata,
  decodeSamples,
  decodeSeries,
  decodeTombstones,
  encodeMetadata,
  encodeSamples,
  encodeSeries,
  encodeTombstones,
  SampleColumns,
} from "./wal-record.ts";
import { repairWal } from "./wal-repair.ts";
import { WalWriter } from "./wal-writer.ts";

const arena = Arena.create();
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const record = (encode: (out: ByteWriter) => void) => {
  const out = new ByteWriter();
  encode(out);
  return out.take();
};

function write(disk: MemoryDisk, records: readonly Uint8Array[], options = {}): void {
  const writer = WalWriter.open(disk, "wal", { arena, ...options });
  for (const each of records) {
    writer.log(each);
    writer.flush();
  }
  writer.close();
}

function read(disk: MemoryDisk): { records: Uint8Array[]; error: CorruptionError | null } {
  const reader = WalReader.open(disk, "wal", { arena });
  const records: Uint8Array[] = [];
  try {
    while (reader.next()) records.push(reader.record.slice());
    return { records, error: null };
  } catch (error) {
    assert.ok(error instanceof CorruptionError);
    return { records, error };
  } finally {
    reader.close();
  }
}

test("records as bytes", () => {
  const labels = Labels.fromObject({ __name__: "up", job: "a" });
  assert.equal(
    hex(record((out) => encodeSeries(out, [{ ref: 7, labels }]))),
    "01" + "0000000000000007" + "02" + "085f5f6e616d655f5f" + "027570" + "036a6f62" + "0161",
  );
  const samples = record((out) => encodeSamples(out, [7, 5], [1000, 999], Float64Array.of(1, 2), 2));
  assert.equal(
    hex(samples),
    "02" +
      "0000000000000007" +
      "00000000000003e8" +
      "0000" +
      "3ff0000000000000" +
      "0301" +
      "4000000000000000",
  );
  assert.equal(
    hex(record((out) => encodeTombstones(out, [{ ref: 1, minTimeMs: -1, maxTimeMs: 1 }]))),
    "03" + "0000000000000001" + "01" + "02",
  );
  assert.equal(
    hex(record((out) => encodeMetadata(out, [{ ref: 1, type: "counter", unit: "", help: "h" }]))),
    "06" + "01" + "01" + "02" + "04554e4954" + "00" + "0448454c50" + "0168",
  );
});

test("records read back", () => {
  const series = [
    { ref: 7, labels: Labels.fromObject({ a: "b" }) },
    { ref: 2 ** 40, labels: Labels.empty },
  ];
  assert.deepEqual(decodeSeries(record((out) => encodeSeries(out, series))), series);
  const stones = [{ ref: 3, minTimeMs: -(2 ** 53), maxTimeMs: 2 ** 52 }];
  assert.deepEqual(decodeTombstones(record((out) => encodeTombstones(out, stones))), stones);
  const metadata = [{ ref: 1, type: "gauge", unit: "s", help: "é" }];
  assert.deepEqual(decodeMetadata(record((out) => encodeMetadata(out, metadata))), metadata);
  const bits = new BigUint64Array([0x7ff0000000000002n, 1n]);
  const columns = new SampleColumns();
  decodeSamples(
    record((out) => encodeSamples(out, [9, 4], [5, -6], new Float64Array(bits.buffer), 2)),
    columns,
  );
  assert.deepEqual([...columns.refs.subarray(0, columns.count)], [9, 4]);
  assert.deepEqual([...columns.timesMs.subarray(0, 2)], [5, -6]);
  assert.deepEqual(new BigUint64Array(columns.values.buffer).slice(0, 2), bits);
});

test("a record's fragment", () => {
  const disk = new MemoryDisk();
  write(disk, [Buffer.from("abc")], { compress: false });
  // full, length 3, CRC-32C of "abc"
  assert.equal(hex(disk.readFile("wal/00000000")), "01" + "0003" + "364b3fb7" + "616263");
});

test("pages and segments", () => {
  const disk = new MemoryDisk();
  const sizes = [0, 1, 32_761 - 8 - 7, 5, 40_000, 32_768, 100_000, 3, 200_000];
  const records = sizes.map((size, i) => new Uint8Array(size).map((_, k) => (k * 31 + i) ^ (k >> 8)));
  write(disk, records, { compress: false, segmentBytes: 4 * 32_768 });
  assert.deepEqual(disk.list("wal"), ["00000000", "00000001", "00000002"]);
  assert.equal((disk.stat("wal/00000000")?.sizeBytes ?? 1) % 32_768, 0);
  const { records: got, error } = read(disk);
  assert.equal(error, null);
  assert.deepEqual(
    got.map((each) => each.length),
    sizes,
  );
  assert.deepEqual(got, records);
});

test("compressed records, and those that do not get smaller", () => {
  const disk = new MemoryDisk();
  const records = [Buffer.from("a".repeat(1000)), Buffer.from("xyz")];
  write(disk, records);
  const bytes = disk.readFile("wal/00000000");
  assert.equal(bytes[0], 9);
  assert.ok(bytes.length < 100);
  assert.deepEqual(read(disk).records.map(text), records.map(text));
});

test("reopening begins the next segment", () => {
  const disk = new MemoryDisk();
  write(disk, [Buffer.from("one")]);
  write(disk, [Buffer.from("two")]);
  assert.deepEqual(disk.list("wal"), ["00000000", "00000001"]);
  assert.deepEqual(read(disk).records.map(text), ["one", "two"]);
});

test("a full disk takes the batch back", () => {
  const disk = new MemoryDisk({ budgetBytes: 40 });
  const writer = WalWriter.open(disk, "wal", { arena, compress: false });
  writer.log(Buffer.from("first"));
  writer.flush();
  writer.log(Buffer.from("x".repeat(40)));
  assert.throws(() => writer.flush(), { code: "ENOSPC" });
  disk.budgetBytes = 1000;
  writer.log(Buffer.from("second"));
  writer.flush();
  assert.deepEqual(read(disk), { records: read(disk).records, error: null });
  assert.deepEqual(read(disk).records.map(text), ["first", "second"]);
  writer.close();
});

test("a batch lies in one segment, and is taken back from it when the disk runs full", () => {
  const disk = new MemoryDisk();
  const writer = WalWriter.open(disk, "wal", { arena, compress: false, segmentBytes: 32_768 });
  writer.log(new Uint8Array(30_000).fill(1));
  writer.flush();
  // Does not fit behind the first batch: a segment of its own, made longer by the batch's second record.
  writer.log(new Uint8Array(20_000).fill(2));
  writer.log(new Uint8Array(20_000).fill(3));
  writer.flush();
  assert.deepEqual([writer.segment, writer.segmentSizeBytes > 40_000], [1, true]);
  disk.budgetBytes = disk.usedBytes + 50_000;
  writer.log(new Uint8Array(20_000).fill(4));
  writer.log(new Uint8Array(20_000).fill(5));
  assert.throws(() => writer.flush(), /ENOSPC/u);
  // Ended here, the log has the first two batches and needs no repair.
  const after = (found: MemoryDisk) => {
    const { records, error } = read(found);
    assert.equal(error, null);
    return records.map((bytes) => bytes[0]);
  };
  assert.deepEqual(after(disk), [1, 2, 3]);
  disk.budgetBytes = Infinity;
  writer.log(Uint8Array.of(6));
  writer.close();
  assert.deepEqual(after(disk), [1, 2, 3, 6]);
});

test("repair cuts and sets aside", () => {
  const disk = new MemoryDisk();
  write(
    disk,
    ["one", "two", "three"].map((each) => Buffer.from(each)),
    { compress: false },
  );
  write(disk, [Buffer.from("later")], { compress: false });
  const file = disk.open("wal/00000000", "update");
  file.write(Buffer.from("X"), 17); // in "two"
  file.close();
  const { records, error } = read(disk);
  assert.deepEqual(records.map(text), ["one"]);
  assert.ok(error !== null);
  assert.deepEqual([error.file, error.offset], ["wal/00000000", 10]);
  const repair = repairWal(disk, "wal", error);
  assert.deepEqual(repair.setAside, ["wal-corrupt/00000000.from-10", "wal-corrupt/00000001"]);
  assert.equal(repair.setAsideBytes, 22 + 12);
  assert.deepEqual(disk.list("wal"), ["00000000"]);
  write(disk, [Buffer.from("after")], { compress: false });
  assert.deepEqual(read(disk).records.map(text), ["one", "after"]);
});

test("a missing segment is a corruption", () => {
  const disk = new MemoryDisk();
  for (const each of ["one", "two", "three"]) write(disk, [Buffer.from(each)]);
  disk.remove("wal/00000001");
  assert.match(String(read(disk).error), /segment 1 is missing/u);
});

test("which segments a checkpoint condenses", () => {
  assert.equal(lastSegmentToCondense(0, 0), -1);
  assert.equal(lastSegmentToCondense(0, 1), -1);
  assert.equal(lastSegmentToCondense(0, 3), 1);
  assert.equal(lastSegmentToCondense(0, 10), 6);
  assert.equal(lastSegmentToCondense(5, 7), -1);
});

test("a checkpoint keeps what is needed", () => {
  const disk = new MemoryDisk();
  const writer = WalWriter.open(disk, "wal", { arena });
  const series = [1, 2].map((ref) => ({ ref, labels: Labels.fromObject({ n: `${ref}` }) }));
  const log = (encode: (out: ByteWriter) => void) => {
    writer.log(record(encode));
    writer.flush();
  };
  log((out) => encodeSeries(out, series));
  log((out) => encodeSamples(out, [1, 2], [100, 200], Float64Array.of(1, 2), 2));
  log((out) => encodeMetadata(out, [{ ref: 1, type: "gauge", unit: "", help: "old" }]));
  writer.cutSegment();
  log((out) => encodeMetadata(out, [{ ref: 1, type: "gauge", unit: "", help: "new" }]));
  log((out) => encodeSamples(out, [1], [50], Float64Array.of(3), 1));
  log((out) => encodeTombstones(out, [{ ref: 2, minTimeMs: 0, maxTimeMs: 300 }]));
  writer.cutSegment();
  log((out) => encodeSamples(out, [1], [300], Float64Array.of(4), 1));
  const counts = writeCheckpoint(disk, "wal", {
    arena,
    lastSegment: 1,
    keepSeries: (ref) => ref === 1,
    minTimeMs: 150,
  });
  assert.deepEqual(counts, {
    seriesKept: 1,
    seriesDropped: 1,
    samplesKept: 1,
    samplesDropped: 2,
    tombstonesKept: 0,
    tombstonesDropped: 1,
    otherKept: 0,
    otherDropped: 0,
  });
  removeCheckpointed(disk, writer, 1);
  writer.close();
  assert.deepEqual(disk.list("wal"), ["00000002", "checkpoint.00000001"]);
  const { records } = read(disk);
  assert.deepEqual(
    records.map((each) => each[0]),
    [1, 2, 6, 2],
  );
  assert.deepEqual(
    decodeSeries(records[0]).map(({ ref }) => ref),
    [1],
  );
  assert.deepEqual(
    decodeMetadata(records[2]).map(({ help }) => help),
    ["new"],
  );
});
