/**
 * The database: a data directory with its head, log and blocks, as the main thread holds it.
 *
 *   open: lock → blocks → replay → new segment · append: head · every minute: block → truncation → checkpoint
 *   → compaction → retention
 *
 * Readers on other threads (db-reader.ts) are told of new blocks through `onBlocks` before the head lets go
 * of what is in them.
 *
 * Invariants
 *  - The directory is one that Prometheus opens, at every moment, also after a crash.
 *  - Samples leave the head only when a whole block holds them and every reader knows it.
 *  - A failed step (disk full, damaged block) leaves everything as it was; it is logged, counted and tried
 *    again.
 */

import type { Arena } from "@narthex/kernel/arena";
import { ByteWriter } from "@narthex/bytes/byte-writer";
import type { Clock, Timer } from "@narthex/platform/clock";
import type { Disk } from "@narthex/platform/disk";
import type { Logger } from "@narthex/platform/logger";
import type { Appendable, Appender } from "@narthex/storage/appender";
import {
  directorySizeBytes,
  listBlocks,
  removeBlock,
  removeUnfinishedBlocks,
  supersededBlocks,
  type BlockEntry,
} from "./block-set.ts";
import { lastSegmentToCondense, removeCheckpointed } from "./checkpoint.ts";
import { compactionRanges, largestBlockMs } from "./compaction-plan.ts";
import { lockDirectory, type DirectoryLock } from "./directory-lock.ts";
import { Head, type StartTimes } from "./head.ts";
import { replayHead, setReplayFloor, type ReplayReport } from "./head-replay.ts";
import { truncateHead } from "./head-truncation.ts";
import type { Maintenance } from "./maintenance.ts";
import { blocksBeyondSize, blocksBeyondTime } from "./retention.ts";
import { encodeHistograms } from "./wal-histograms.ts";
import { listSegments, parentOf } from "./wal-layout.ts";
import { encodeSeries } from "./wal-record.ts";
import { WalWriter } from "./wal-writer.ts";

/** Settings of a database. Zero retention means none. */
export interface DbOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly arena: Arena;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Width of a block in ms (2 h). */
  readonly minBlockMs: number;
  /** Most width of a compacted block, 0: from the retention. */
  readonly maxBlockMs: number;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly samplesPerChunk: number;
  readonly compressWal: boolean;
  /** Bytes of a log segment, 0 for the default. */
  readonly walSegmentBytes: number;
  readonly useLock: boolean;
  /** What becomes of start times; "ignore" when absent. */
  readonly startTimes?: StartTimes;
  /** Makes the maintenance for this head. */
  readonly maintenance: (headRootAt: number) => Maintenance;
}

/** What happened so far, for the metrics. */
export interface DbCounts {
  compactions: number;
  compactionsFailed: number;
  headTruncations: number;
  headTruncationsFailed: number;
  checkpoints: number;
  checkpointsFailed: number;
  walTruncations: number;
  walCorruptions: number;
  reloads: number;
  reloadsFailed: number;
  seriesRemoved: number;
  chunksRemoved: number;
  timeRetentions: number;
  sizeRetentions: number;
}

const maintenanceMs = 60_000;
/** The longest that truncation keeps the main thread. */
const sliceMs = 3;

/** An open data directory. */
export class Db implements Appendable {
  readonly head: Head;
  readonly replay: ReplayReport;
  readonly counts: DbCounts = {
    compactions: 0,
    compactionsFailed: 0,
    headTruncations: 0,
    headTruncationsFailed: 0,
    checkpoints: 0,
    checkpointsFailed: 0,
    walTruncations: 0,
    walCorruptions: 0,
    reloads: 0,
    reloadsFailed: 0,
    seriesRemoved: 0,
    chunksRemoved: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
  };
  readonly wasClean: boolean;
  readonly #options: DbOptions;
  readonly #lock: DirectoryLock | null;
  readonly #wal: WalWriter;
  readonly #maintenance: Maintenance;
  #blocks: readonly BlockEntry[] = [];
  #onBlocks: (directories: readonly string[]) => Promise<void> = () => Promise.resolve();
  #timer: Timer | null = null;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: DbOptions, lock: DirectoryLock | null) {
    const { disk, directory, arena, logger } = options;
    this.#options = options;
    this.#lock = lock;
    this.wasClean = lock?.wasClean ?? true;
    removeUnfinishedBlocks(disk, directory);
    this.#blocks = this.#readBlocks();
    this.head = new Head(arena, {
      chunkRangeMs: options.minBlockMs,
      samplesPerChunk: options.samplesPerChunk,
      startTimes: options.startTimes ?? "ignore",
    });
    const newest = Math.max(-Infinity, ...this.#blocks.map(({ meta }) => meta.maxTime));
    if (this.#blocks.length > 0) setReplayFloor(this.head, newest);
    this.#setAsideForeign();
    this.replay = replayHead(this.head, disk, this.#walDirectory, (begun, all) => {
      logger.info("WAL segment loading", { segment: begun, maxSegment: all });
    });
    this.#reportReplay();
    const segment = options.walSegmentBytes > 0 ? { segmentBytes: options.walSegmentBytes } : {};
    this.#wal = WalWriter.open(disk, this.#walDirectory, {
      arena,
      compress: options.compressWal,
      ...segment,
    });
    this.head.attachLog(this.#walLog());
    this.#maintenance = options.maintenance(this.head.rootAt);
  }

  /**
   * Opens a data directory, making it if need be. Throws `DirectoryLockedError`, `CorruptionError` or disk
   * errors.
   */
  static open(options: DbOptions): Db {
    const { disk, directory } = options;
    if (!disk.exists(directory)) {
      disk.makeDirectory(directory);
      disk.syncDirectory(parentOf(directory));
    }
    const lock = options.useLock ? lockDirectory(disk, directory) : null;
    try {
      return new Db(options, lock);
    } catch (error) {
      lock?.release();
      throw error;
    }
  }

  get #walDirectory(): string {
    return `${this.#options.directory}/wal`;
  }

  /** The blocks there are, oldest first. */
  get blocks(): readonly BlockEntry[] {
    return this.#blocks;
  }

  /** Number of the log segment that is written. */
  get walSegment(): number {
    return this.#wal.segment;
  }

  /** Bytes of the log. */
  walSizeBytes(): number {
    return this.#wal.sizeBytes();
  }

  /** Bytes of all blocks. */
  blocksSizeBytes(): number {
    return this.#blocks.reduce(
      (sum, { directory }) => sum + directorySizeBytes(this.#options.disk, directory),
      0,
    );
  }

  appender(): Appender {
    return this.head.appender();
  }

  /**
   * `onBlocks` is told the block directories now and at every change, and resolves when all readers know
   * them.
   */
  async start(onBlocks: (directories: readonly string[]) => Promise<void>): Promise<void> {
    this.#onBlocks = onBlocks;
    await onBlocks(this.#blocks.map(({ directory }) => directory));
    this.#schedule();
  }

  /** Does what is due now; also runs every minute by itself. Never rejects. */
  maintain(): Promise<void> {
    this.#running = this.#running.then(() => this.#maintainOnce());
    return this.#running;
  }

  /** Ends maintenance, flushes and syncs the log, gives the directory free. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.stop();
    await this.#running;
    await this.#maintenance.stop();
    this.#wal.close();
    this.#lock?.release();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = this.#options.clock.after(maintenanceMs, () => {
      void this.maintain().then(() => this.#schedule());
    });
  }

  async #maintainOnce(): Promise<void> {
    try {
      while (!this.#isClosed && this.#isHeadDue()) await this.#cutBlock();
      await this.#compact();
      await this.#enforceRetention();
    } catch (error) {
      this.counts.compactionsFailed++;
      this.#options.logger.error("compaction failed", { err: error });
    }
  }

  /** More than one and a half block ranges in the head. */
  #isHeadDue(): boolean {
    const { minTimeMs, maxTimeMs } = this.head;
    return maxTimeMs - minTimeMs > this.#options.minBlockMs * 1.5;
  }

  /** The oldest range of the head becomes a block; then the head and the log let go of it. */
  async #cutBlock(): Promise<void> {
    const { minBlockMs, clock, logger } = this.#options;
    const minTimeMs = Math.floor(this.head.minTimeMs / minBlockMs) * minBlockMs;
    const endMs = minTimeMs + minBlockMs;
    const startedMs = clock.monotonicMs();
    // No sample of the range may come while it is written.
    this.head.raiseMinValid(endMs);
    const ulid = await this.#maintenance.run({ kind: "write block", minTimeMs, endMs, nowMs: clock.nowMs() });
    this.counts.compactions++;
    logger.info("write block", {
      mint: minTimeMs,
      maxt: endMs,
      ulid,
      duration_ms: clock.monotonicMs() - startedMs,
    });
    await this.#reload();
    await this.#truncate(endMs);
    await this.#condenseLog(endMs);
  }

  async #truncate(floorMs: number): Promise<void> {
    const { clock } = this.#options;
    let dueMs = clock.monotonicMs() + sliceMs;
    const pause = async (): Promise<void> => {
      await clock.sleep(0);
      dueMs = clock.monotonicMs() + sliceMs;
    };
    this.counts.headTruncations++;
    try {
      const removed = await truncateHead(this.head, floorMs, () => clock.monotonicMs() >= dueMs, pause);
      this.counts.seriesRemoved += removed.seriesRemoved;
      this.counts.chunksRemoved += removed.chunksRemoved;
    } catch (error) {
      this.counts.headTruncationsFailed++;
      throw error;
    }
  }

  /** Begins a segment and condenses the older two thirds of the log. */
  async #condenseLog(minTimeMs: number): Promise<void> {
    const { disk, compressWal } = this.#options;
    this.counts.walTruncations++;
    this.#wal.cutSegment();
    const segments = listSegments(disk, this.#walDirectory);
    const lastSegment = lastSegmentToCondense(segments[0]?.index ?? 0, this.#wal.segment);
    if (lastSegment < 0) return;
    const { translated } = this.replay;
    for (const [ref, newestMs] of translated) if (newestMs < minTimeMs) translated.delete(ref);
    const alsoKeep = [...translated.keys()];
    try {
      await this.#maintenance.run({
        kind: "checkpoint",
        lastSegment,
        minTimeMs,
        compress: compressWal,
        alsoKeep,
      });
      removeCheckpointed(disk, this.#wal, lastSegment);
      this.counts.checkpoints++;
    } catch (error) {
      this.counts.checkpointsFailed++;
      this.#options.logger.error("checkpoint failed", { err: error });
    }
  }

  async #compact(): Promise<void> {
    const { minBlockMs, maxBlockMs, retentionMs, clock } = this.#options;
    const largest = maxBlockMs > 0 ? maxBlockMs : largestBlockMs(retentionMs, minBlockMs);
    const ranges = compactionRanges(minBlockMs, largest);
    while (!this.#isClosed) {
      const changed = await this.#maintenance.run({ kind: "compact", ranges, nowMs: clock.nowMs() });
      if (changed !== true) return;
      this.counts.compactions++;
      await this.#reload();
    }
  }

  async #enforceRetention(): Promise<void> {
    const { disk, retentionMs, retentionBytes, logger } = this.#options;
    const sized = this.#blocks.map((block) => ({
      ...block,
      sizeBytes: directorySizeBytes(disk, block.directory),
    }));
    const tooOld = blocksBeyondTime(sized, retentionMs);
    const tooMuch = blocksBeyondSize(sized, retentionBytes, this.walSizeBytes());
    this.counts.timeRetentions += tooOld.length > 0 ? 1 : 0;
    this.counts.sizeRetentions += tooMuch.length > 0 ? 1 : 0;
    const doomed = new Set([...tooOld, ...tooMuch].map(({ directory }) => directory));
    if (doomed.size === 0) return;
    this.#blocks = this.#blocks.filter(({ directory }) => !doomed.has(directory));
    await this.#tellReaders();
    for (const directory of doomed) {
      logger.info("Deleting obsolete block", { block: directory });
      removeBlock(disk, directory);
    }
  }

  /** Takes over what blocks there are now, and removes those that others have replaced. */
  async #reload(): Promise<void> {
    const { disk, logger } = this.#options;
    this.counts.reloads++;
    const all = this.#readBlocks();
    const replaced = new Set(supersededBlocks(all).map(({ directory }) => directory));
    for (const { directory, meta } of all) if (meta.compaction.deletable) replaced.add(directory);
    this.#blocks = all.filter(({ directory }) => !replaced.has(directory));
    await this.#tellReaders();
    for (const directory of replaced) {
      logger.info("Deleting obsolete block", { block: directory });
      removeBlock(disk, directory);
    }
  }

  #tellReaders(): Promise<void> {
    return this.#onBlocks(this.#blocks.map(({ directory }) => directory));
  }

  #readBlocks(): readonly BlockEntry[] {
    const { disk, directory, logger } = this.#options;
    const { blocks, unreadable } = listBlocks(disk, directory);
    for (const bad of unreadable) {
      this.counts.reloadsFailed++;
      logger.error("Block cannot be read, it stays where it is", { block: bad.directory, err: bad.error });
    }
    return blocks;
  }

  /** Chunk files of the original's head hold what its log holds too; ours would grow stale beside them. */
  #setAsideForeign(): void {
    const { disk, directory, logger } = this.#options;
    const foreign = `${directory}/chunks_head`;
    if (!disk.exists(foreign) || disk.list(foreign).length === 0) return;
    disk.remove(`${foreign}.unused`);
    disk.rename(foreign, `${foreign}.unused`);
    logger.info("Head chunk files set aside, their samples are in the WAL", { dir: `${foreign}.unused` });
  }

  #reportReplay(): void {
    const { logger } = this.#options;
    const { series, samples, histograms, unknownRefs, skippedRecords, repair } = this.replay;
    logger.info("WAL replay completed", { series, samples, histograms });
    if (unknownRefs > 0) logger.warn("Unknown series references", { samples: unknownRefs });
    for (const [type, count] of skippedRecords) logger.warn("WAL records not kept yet", { type, count });
    if (repair === null) return;
    this.counts.walCorruptions++;
    logger.warn("Encountered WAL read error, repaired", { ...repair, setAside: repair.setAside.join(",") });
  }

  #walLog(): Parameters<Head["attachLog"]>[0] {
    const wal = this.#wal;
    const out = new ByteWriter();
    return {
      logSeries: (entries) => {
        out.reset();
        encodeSeries(out, entries);
        wal.log(out.view());
      },
      logAt: (address, sizeBytes) => wal.logAt(address, sizeBytes),
      logHistograms: (entries) =>
        encodeHistograms(out, entries, this.head.startTimes === "store", (record) => wal.log(record)),
      flush: () => wal.flush(),
    };
  }
}
