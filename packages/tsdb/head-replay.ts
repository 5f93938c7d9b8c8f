/**
 * Replay: the write-ahead log back into an empty head.
 *
 *   wal-reader → REPLAY → series and open chunks
 *
 * Series keep the refs that the log has for them, so that later records (ours, and Prometheus' after a switch
 * back) go on meaning the same series. A second ref for the same labels is translated. Samples before the
 * head's floor are in blocks and are skipped. A torn or flipped record ends the replay there: the rest is set
 * aside (wal-repair.ts), reported, and the head goes on with what came before.
 *
 * Invariants: after replay the head holds exactly the samples of the whole records up to the first bad one.
 */

import type { Disk } from "@narthex/platform/disk";
import { AppendResult } from "@narthex/storage/append-result";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { makeBatchColumns, type BatchColumns } from "./batch-columns.ts";
import type { Head } from "./head.ts";
import { root } from "./head-layout.ts";
import { decodeHistograms, isHistogramRecord, type HistogramEntry } from "./wal-histograms.ts";
import { WalReader } from "./wal-reader.ts";
import { decodeSamples, decodeSeries, recordTypeName, RecordType, SampleColumns } from "./wal-record.ts";
import { repairWal, type WalRepair } from "./wal-repair.ts";

/** What a replay met. */
export interface ReplayReport {
  series: number;
  samples: number;
  histograms: number;
  /** Samples that were not stored: before the floor, repeats. */
  skippedSamples: number;
  /** Samples of series that the log does not introduce. */
  unknownRefs: number;
  /** Records of kinds that are not kept yet, by name. */
  readonly skippedRecords: Map<string, number>;
  /** Refs of the log that are other refs in the head, with the newest time of their samples. */
  readonly translated: Map<number, number>;
  /** What was repaired, null when the log was whole. */
  repair: WalRepair | null;
}

/** Called now and then with the segments begun so far and all. */
export type ReplayProgress = (begun: number, all: number) => void;

/** Reads the log in `walDirectory` into `head`. Throws the disk's errors. */
export function replayHead(
  head: Head,
  disk: Disk,
  walDirectory: string,
  onProgress: ReplayProgress,
): ReplayReport {
  const replay = new Replay(head);
  if (!disk.exists(walDirectory)) return replay.report;
  const reader = WalReader.open(disk, walDirectory, { arena: head.arena });
  let begun = -1;
  try {
    while (reader.next()) {
      if (reader.progress.begun !== begun) onProgress((begun = reader.progress.begun), reader.progress.all);
      replay.take(reader);
    }
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    reader.close();
    replay.report.repair = repairWal(disk, walDirectory, error);
  } finally {
    reader.close();
    replay.end();
  }
  return replay.report;
}

class Replay {
  readonly report: ReplayReport = {
    series: 0,
    samples: 0,
    histograms: 0,
    skippedSamples: 0,
    unknownRefs: 0,
    skippedRecords: new Map(),
    translated: new Map(),
    repair: null,
  };
  readonly #head: Head;
  #columns: BatchColumns;
  readonly #word: number;
  readonly #decoded = new SampleColumns();
  /** Refs of the log that are other refs here: repeats, and those beyond 32 bits. */
  readonly #translated = new Map<number, number>();

  constructor(head: Head) {
    this.#head = head;
    this.#columns = head.borrowColumns(8_192);
    this.#word = head.kernels.slabAllocate(head.slab, 16) >>> 0;
  }

  /** Hands the working memory on. */
  end(): void {
    this.#head.giveBackColumns(this.#columns);
    this.#head.kernels.slabFree(this.#head.slab, this.#word, 16);
  }

  take(reader: WalReader): void {
    const type = reader.record[0];
    try {
      if (type === RecordType.Series) this.#takeSeries(reader.record);
      else if (type === RecordType.Samples) this.#takeSamples(reader);
      else if (type === RecordType.SamplesWithStart) this.#takeOtherSamples(reader.record);
      else if (isHistogramRecord(type)) this.#takeHistograms(reader.record);
      else this.#skip(type);
    } catch (error) {
      if (error instanceof Error && error.name === "DecodeError")
        throw reader.corruption(error.message, error);
      throw error;
    }
  }

  #skip(type: number): void {
    const name = recordTypeName(type);
    this.report.skippedRecords.set(name, (this.report.skippedRecords.get(name) ?? 0) + 1);
  }

  #takeSeries(record: Uint8Array): void {
    for (const { ref, labels } of decodeSeries(record)) {
      const given = this.#head.restore(ref, labels);
      if (given !== ref) this.#translated.set(ref, given);
      else if (this.#translated.size > 0) this.#translated.delete(ref);
      this.report.series++;
    }
  }

  /** The common kind, by kernel. */
  #takeSamples(reader: WalReader): void {
    this.#makeRoom(Math.ceil(reader.recordBytes / 10));
    const { refsAt, timesAt, valuesAt } = this.#columns;
    const { kernels } = this.#head;
    const count = kernels.recordDecodeSamples(
      reader.recordAt,
      reader.recordBytes,
      refsAt,
      timesAt,
      valuesAt,
      this.#word,
    );
    if (count < 0) throw reader.corruption("samples record does not decode");
    this.#translate(count);
    this.#store(count);
  }

  /** Samples with start times: the definition decodes, the start times are not kept yet. */
  #takeOtherSamples(record: Uint8Array): void {
    decodeSamples(record, this.#decoded);
    const { count, refs, timesMs, values } = this.#decoded;
    this.#makeRoom(count);
    const { refsAt, timesAt, valuesAt } = this.#columns;
    const { u32, f64, u64 } = this.#head.arena;
    const bits = new BigUint64Array(values.buffer);
    for (let i = 0; i < count; i++) {
      const ref = refs[i];
      const given = this.#translated.get(ref);
      if (given !== undefined) this.#noteTranslated(ref, timesMs[i]);
      u32[(refsAt >>> 2) + i] = given ?? (ref <= 0xffffffff ? ref : 0);
      f64[(timesAt >>> 3) + i] = timesMs[i];
      u64[(valuesAt >>> 3) + i] = bits[i];
    }
    this.#store(count);
  }

  #takeHistograms(record: Uint8Array): void {
    const head = this.#head;
    const floorMs = head.arena.f64[(head.rootAt + root.minValid) >>> 3];
    const admitted: HistogramEntry[] = [];
    for (const entry of decodeHistograms(record)) {
      const given = this.#translated.get(entry.ref);
      if (given !== undefined) this.#noteTranslated(entry.ref, entry.timeMs);
      const ref = given ?? entry.ref;
      const result = head.histograms.admit(ref, entry.timeMs, floorMs, entry.histogram);
      if (result === AppendResult.Accepted) admitted.push({ ...entry, ref });
      else if (result === AppendResult.UnknownSeries) this.report.unknownRefs++;
      else this.report.skippedSamples++;
    }
    const before = head.histograms.appendedCount;
    head.apply(this.#columns, 0, admitted);
    const stored = head.histograms.appendedCount - before;
    this.report.histograms += stored;
    this.report.skippedSamples += admitted.length - stored;
  }

  #translate(count: number): void {
    if (this.#translated.size === 0) return;
    const { u32, f64 } = this.#head.arena;
    const refs = this.#columns.refsAt >>> 2;
    const times = this.#columns.timesAt >>> 3;
    for (let i = 0; i < count; i++) {
      const ref = u32[refs + i];
      const given = this.#translated.get(ref);
      if (given === undefined) continue;
      this.#noteTranslated(ref, f64[times + i]);
      u32[refs + i] = given;
    }
  }

  #noteTranslated(ref: number, timeMs: number): void {
    const { translated } = this.report;
    translated.set(ref, Math.max(timeMs, translated.get(ref) ?? -Infinity));
  }

  #store(count: number): void {
    const { refsAt, timesAt, valuesAt, resultsAt, keepAt } = this.#columns;
    const head = this.#head;
    const refused = head.kernels.headAdmit(
      head.rootAt,
      refsAt,
      timesAt,
      8,
      valuesAt,
      count,
      resultsAt,
      keepAt,
    );
    const before = head.appendedCount;
    head.apply(this.#columns, count);
    const stored = head.appendedCount - before;
    this.report.samples += stored;
    if (refused > 0 || stored < count) this.#countUnstored(count, stored);
  }

  #countUnstored(count: number, stored: number): void {
    const { refsAt, resultsAt } = this.#columns;
    const { u32, u8 } = this.#head.arena;
    let unknown = 0;
    for (let i = 0; i < count; i++) {
      if (u32[(refsAt >>> 2) + i] === 0 || u8[resultsAt + i] === 4) unknown++;
    }
    this.report.unknownRefs += unknown;
    this.report.skippedSamples += count - stored - unknown;
  }

  #makeRoom(count: number): void {
    if (count <= this.#columns.capacity) return;
    let capacity = this.#columns.capacity;
    while (capacity < count) capacity *= 2;
    this.#head.giveBackColumns(this.#columns);
    this.#columns = makeBatchColumns(this.#head.arena, capacity);
  }
}

/** Before `replayHead`: samples before `floorMs` are in blocks and are skipped. */
export function setReplayFloor(head: Head, floorMs: number): void {
  head.raiseMinValid(floorMs);
  head.arena.f64[(head.rootAt + root.minValid) >>> 3] = floorMs;
  head.arena.f64[(head.rootAt + root.floorTime) >>> 3] = floorMs;
}
