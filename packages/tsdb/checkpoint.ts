/**
 * Checkpoints: the older part of the write-ahead log, condensed to what is still needed.
 *
 * `checkpoint.NNNNNNNN` holds, as segments of its own, what segments up to N (and the checkpoint before)
 * said about series that still live and samples that are not in a block yet. It is written under a side
 * name, synced and renamed; only then the segments it stands for are removed.
 *
 * Invariants
 *  - Whatever a block does not hold (samples at or after `minTimeMs`, of kept series) is in it.
 *  - A corrupt source is not repaired here: nothing is written, the `CorruptionError` goes to the caller.
 */

import { ByteWriter } from "@narthex/bytes/byte-writer";
import type { Arena } from "@narthex/kernel/arena";
import type { Disk } from "@narthex/platform/disk";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { listCheckpoints, segmentName } from "./wal-layout.ts";
import { decodeHistograms, encodeHistogramRecord, isHistogramRecord } from "./wal-histograms.ts";
import { segmentsToRead, WalReader } from "./wal-reader.ts";
import {
  decodeMetadata,
  decodeSamples,
  decodeSeries,
  decodeTombstones,
  encodeMetadata,
  encodeSamples,
  encodeSeries,
  encodeTombstones,
  firstSampleTime,
  RecordType,
  SampleColumns,
  type MetadataEntry,
} from "./wal-record.ts";
import { WalWriter } from "./wal-writer.ts";

/** What a checkpoint keeps. */
export interface CheckpointOptions {
  readonly arena: Arena;
  /** The last segment to condense. */
  readonly lastSegment: number;
  /** Whether a series is still needed. Its answers must not change while the checkpoint is written. */
  readonly keepSeries: (ref: number) => boolean;
  /** Samples before this time (milliseconds) are in blocks and go. */
  readonly minTimeMs: number;
  readonly compress?: boolean;
  readonly segmentBytes?: number;
}

/** What a checkpoint took over and left out. */
export interface CheckpointCounts {
  seriesKept: number;
  seriesDropped: number;
  samplesKept: number;
  samplesDropped: number;
  tombstonesKept: number;
  tombstonesDropped: number;
  /** Records of types that are copied whole: exemplars and unknown ones. */
  otherKept: number;
  otherDropped: number;
}

/** Records whose samples are judged by their first one are kept this much longer, so that none is lost. */
const slackMs = 7_200_000;
const flushBytes = 1_048_576;

/**
 * The last of the lower two thirds of the segments `first` … `last`, −1 when that is too little to condense.
 */
export function lastSegmentToCondense(first: number, last: number): number {
  // The segment that is being written is never condensed.
  const newest = last - 1;
  const until = first + Math.floor(((newest - first) * 2) / 3);
  return newest < 0 || until <= first ? -1 : until;
}

/** Condenses the segments up to `options.lastSegment` of the log in `walDirectory`. */
export function writeCheckpoint(
  disk: Disk,
  walDirectory: string,
  options: CheckpointOptions,
): CheckpointCounts {
  removeUnfinishedCheckpoints(disk, walDirectory);
  const path = `${walDirectory}/checkpoint.${segmentName(options.lastSegment)}`;
  const sidePath = `${path}.tmp`;
  const { arena, compress = true } = options;
  const writer = WalWriter.open(disk, sidePath, {
    arena,
    compress,
    ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
  });
  let [closed, done] = [false, false];
  try {
    const counts = condense(disk, walDirectory, options, writer);
    closed = true;
    writer.close();
    disk.syncDirectory(sidePath);
    disk.remove(path);
    disk.rename(sidePath, path);
    disk.syncDirectory(walDirectory);
    done = true;
    return counts;
  } finally {
    if (!done) {
      if (!closed) writer.abandon();
      disk.remove(sidePath);
    }
  }
}

/**
 * Removes what a checkpoint up to `lastSegment` has made superfluous: earlier checkpoints and its segments.
 */
export function removeCheckpointed(disk: Disk, writer: WalWriter, lastSegment: number): void {
  for (const { index, path } of listCheckpoints(disk, writer.directory)) {
    if (index < lastSegment) disk.remove(path);
  }
  writer.removeSegmentsBefore(lastSegment + 1);
}

/** Removes checkpoints that were never finished. */
export function removeUnfinishedCheckpoints(disk: Disk, walDirectory: string): void {
  if (!disk.exists(walDirectory)) return;
  for (const name of disk.list(walDirectory)) {
    if (/^checkpoint\.\d+\.tmp$/u.test(name)) disk.remove(`${walDirectory}/${name}`);
  }
}

function condense(
  disk: Disk,
  walDirectory: string,
  options: CheckpointOptions,
  writer: WalWriter,
): CheckpointCounts {
  const reader = new WalReader(disk, segmentsToRead(disk, walDirectory, options.lastSegment), options.arena);
  const filter = new RecordFilter(options);
  let waiting = 0;
  try {
    while (reader.next()) {
      let kept: Uint8Array | null;
      try {
        kept = filter.keep(reader.record);
      } catch (error) {
        if (error instanceof CorruptionError) throw error;
        throw reader.corruption("a record does not decode", error);
      }
      if (kept === null) continue;
      writer.log(kept);
      waiting += kept.length;
      if (waiting < flushBytes) continue;
      writer.flush();
      waiting = 0;
    }
  } finally {
    reader.close();
  }
  const metadata = filter.takeMetadata();
  if (metadata !== null) writer.log(metadata);
  writer.flush();
  return filter.counts;
}

/** Takes what is still needed out of one record after the other. */
class RecordFilter {
  readonly counts: CheckpointCounts = {
    seriesKept: 0,
    seriesDropped: 0,
    samplesKept: 0,
    samplesDropped: 0,
    tombstonesKept: 0,
    tombstonesDropped: 0,
    otherKept: 0,
    otherDropped: 0,
  };
  readonly #options: CheckpointOptions;
  readonly #out = new ByteWriter(65_536);
  readonly #samples = new SampleColumns();
  readonly #metadata = new Map<number, MetadataEntry>();

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  /** The record to keep (valid until the next call), null when nothing of it is needed. */
  keep(record: Uint8Array): Uint8Array | null {
    this.#out.reset();
    switch (record[0]) {
      case RecordType.Series:
        return this.#series(record);
      case RecordType.Samples:
      case RecordType.SamplesWithStart:
        return this.#keepSamples(record);
      case RecordType.Tombstones:
        return this.#tombstones(record);
      case RecordType.Metadata:
        for (const entry of decodeMetadata(record)) {
          if (this.#options.keepSeries(entry.ref)) this.#metadata.set(entry.ref, entry);
        }
        return null;
      default:
        return isHistogramRecord(record[0]) ? this.#histograms(record) : this.#other(record);
    }
  }

  /** One record with the newest metadata of each series, null when there is none. */
  takeMetadata(): Uint8Array | null {
    if (this.#metadata.size === 0) return null;
    this.#out.reset();
    encodeMetadata(this.#out, this.#metadata.values());
    return this.#out.view();
  }

  #series(record: Uint8Array): Uint8Array | null {
    const all = decodeSeries(record);
    const kept = all.filter(({ ref }) => this.#options.keepSeries(ref));
    this.counts.seriesKept += kept.length;
    this.counts.seriesDropped += all.length - kept.length;
    if (kept.length === 0) return null;
    if (kept.length === all.length) return record;
    encodeSeries(this.#out, kept);
    return this.#out.view();
  }

  #keepSamples(record: Uint8Array): Uint8Array | null {
    const samples = this.#samples;
    decodeSamples(record, samples);
    const words = new Uint32Array(samples.values.buffer);
    const all = samples.count;
    let kept = 0;
    for (let i = 0; i < all; i++) {
      if (samples.timesMs[i] < this.#options.minTimeMs) continue;
      samples.refs[kept] = samples.refs[i];
      samples.timesMs[kept] = samples.timesMs[i];
      words[2 * kept] = words[2 * i];
      words[2 * kept + 1] = words[2 * i + 1];
      kept++;
    }
    this.counts.samplesKept += kept;
    this.counts.samplesDropped += all - kept;
    if (kept === 0) return null;
    if (kept === all) return record;
    encodeSamples(this.#out, samples.refs, samples.timesMs, samples.values, kept);
    return this.#out.view();
  }

  #tombstones(record: Uint8Array): Uint8Array | null {
    const all = decodeTombstones(record);
    const kept = all.filter(
      (entry) => entry.maxTimeMs >= this.#options.minTimeMs && this.#options.keepSeries(entry.ref),
    );
    this.counts.tombstonesKept += kept.length;
    this.counts.tombstonesDropped += all.length - kept.length;
    if (kept.length === 0) return null;
    encodeTombstones(this.#out, kept);
    return this.#out.view();
  }

  #histograms(record: Uint8Array): Uint8Array | null {
    const all = decodeHistograms(record);
    const kept = all.filter(({ timeMs }) => timeMs >= this.#options.minTimeMs);
    this.counts.samplesKept += kept.length;
    this.counts.samplesDropped += all.length - kept.length;
    if (kept.length === 0) return null;
    if (kept.length === all.length) return record;
    encodeHistogramRecord(this.#out, record[0], kept[0], kept);
    return this.#out.view();
  }

  /** Samples of other kinds are kept or dropped by record; what is not known is kept. */
  #other(record: Uint8Array): Uint8Array | null {
    const timeMs = firstSampleTime(record);
    const needed = timeMs === null ? record.length > 1 : timeMs >= this.#options.minTimeMs - slackMs;
    if (needed) this.counts.otherKept++;
    else this.counts.otherDropped++;
    return needed ? record : null;
  }
}
