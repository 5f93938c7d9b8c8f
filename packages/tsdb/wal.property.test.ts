import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeError } from "@narthex/bytes/decode-error";
import { Arena } from "@narthex/kernel/arena";
import { forSeeds } from "@narthex/platform/for-seeds";
import { MemoryDisk } from "@narthex/platform/memory-disk";
import type { SeededRandom } from "@narthex/platform/random";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { WalReader } from "./wal-reader.ts";
import {
  decodeMetadata,
  decodeSamples,
  decodeSeries,
  decodeTombstones,
  firstSampleTime,
  SampleColumns,
} from "./wal-record.ts";
import { repairWal } from "./wal-repair.ts";
import { WalWriter } from "./wal-writer.ts";

const arena = Arena.create();

function randomRecord(random: SeededRandom): Buffer {
  const size = random.below([10, 200, 40_000][random.below(3)]);
  const alphabet = random.below(2) === 0 ? 3 : 256;
  return Buffer.from(Uint8Array.from({ length: size }, () => random.below(alphabet)));
}

function readAll(disk: MemoryDisk): { records: Buffer[]; error: CorruptionError | null } {
  const reader = WalReader.open(disk, "wal", { arena });
  const records: Buffer[] = [];
  try {
    while (reader.next()) records.push(Buffer.from(reader.record.slice()));
    return { records, error: null };
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    return { records, error };
  } finally {
    reader.close();
  }
}

test("after any crash, repair leaves all synced records and nothing invented", () =>
  forSeeds(150, (random) => {
    const disk = new MemoryDisk();
    const writer = WalWriter.open(disk, "wal", {
      arena,
      compress: random.below(2) === 0,
      segmentBytes: 65_536,
    });
    disk.syncDirectory("");
    const written: Buffer[] = [];
    let synced = 0;
    let flushed = 0;
    for (let i = random.below(30); i >= 0; i--) {
      const record = randomRecord(random);
      writer.log(record);
      written.push(record);
      if (random.below(3) > 0) {
        writer.flush();
        flushed = written.length;
        if (random.below(4) === 0) {
          writer.sync();
          synced = written.length;
        }
      }
    }
    const power = random.below(2) === 0;
    const found = disk.crash({ random, keepUnsynced: power ? "torn" : "all" });
    const first = readAll(found);
    if (first.error !== null) repairWal(found, "wal", first.error);
    const second = readAll(found);
    assert.equal(second.error, null);
    assert.deepEqual(second.records, first.records);
    assert.deepEqual(second.records, written.slice(0, second.records.length));
    assert.ok(second.records.length >= (power ? synced : flushed));
    writer.abandon();
  }));

test("a flipped bit is found", () =>
  forSeeds(150, (random) => {
    const disk = new MemoryDisk();
    const writer = WalWriter.open(disk, "wal", { arena, segmentBytes: 65_536 });
    const written: Buffer[] = [];
    for (let i = random.below(10); i >= 0; i--) {
      written.push(randomRecord(random));
      writer.log(written.at(-1) as Buffer);
    }
    writer.close();
    const names = disk.list("wal");
    const path = `wal/${names[random.below(names.length)]}`;
    const bytes = disk.readFile(path);
    if (bytes.length === 0) return;
    bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    disk.writeFile(path, bytes);
    const { records, error } = readAll(disk);
    // Flags of the first byte that mean nothing are not covered by the checksum.
    assert.ok(error !== null || records.length === written.length);
    assert.deepEqual(records, written.slice(0, records.length));
  }));

test("hostile records decode or throw DecodeError", () =>
  forSeeds(3000, (random) => {
    const record = Uint8Array.from({ length: random.below(60) }, () =>
      random.below(2) === 0 ? random.below(14) : random.below(256),
    );
    const columns = new SampleColumns();
    const samples = (each: Uint8Array) => decodeSamples(each, columns);
    for (const type of [1, 2, 3, 4, 6, 7, 11, 12]) {
      if (record.length > 0) record[0] = type;
      for (const decode of [decodeSeries, decodeTombstones, decodeMetadata, firstSampleTime, samples]) {
        try {
          decode(record);
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
      }
    }
  }));
