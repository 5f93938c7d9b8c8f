/**
 * Writes the write-ahead log: records into fragments, fragments into pages of 32 KiB, pages into segments.
 *
 *   head-appender → WAL WRITER → disk
 *
 * A batch is any number of `log` calls and one `flush`, after which its bytes are with the operating system
 * (they survive a killed process); `sync` makes them survive a power loss.
 *
 * Invariants
 *  - The segment's first `#end` bytes are final; of those, the last `#end − #written` wait in the buffer.
 *  - A fragment lies in one page, a batch in one segment: the next is begun when a batch's first record does
 *    not fit; what follows in the batch may make the segment longer than asked.
 *  - Opening never continues an old segment: what its end looks like is replay's business.
 *  - A `log` or `flush` that throws leaves the log as it was after the last `flush`: the batch's bytes are
 *    cut off again, at the latest by the next write.
 *
 * Lifetime: `close` or `abandon` gives file and buffers up. One thread only.
 * Layout: docs/formats/wal.md
 */

import { snappyBoundBytes } from "@narthex/bytes/snappy";
import { crcTable } from "@narthex/kernel/crc32c";
import type { Arena } from "@narthex/kernel/arena";
import { loadKernels, type Kernels } from "@narthex/kernel/load";
import type { Disk, DiskFile } from "@narthex/platform/disk";
import { borrowWalBuffers, giveBackWalBuffers, type WalBuffers } from "./wal-buffers.ts";
import {
  FragmentKind,
  listSegments,
  parentOf,
  segmentName,
  snappyFlag,
  walHeaderBytes,
  walPageBytes,
  walSegmentBytes,
} from "./wal-layout.ts";

/** Bytes that wait before they are handed to the disk even without a `flush`. */
const bufferBytes = 8 * walPageBytes;

/** How a log is written. */
export interface WalWriterOptions {
  readonly arena: Arena;
  /** Whether records are compressed; they are kept plain where that is not smaller. On when absent. */
  readonly compress?: boolean;
  /** Bytes of a segment, a multiple of 32 KiB. 128 MiB when absent. */
  readonly segmentBytes?: number;
}

/** The end of a log. */
export class WalWriter {
  readonly directory: string;
  readonly #disk: Disk;
  readonly #arena: Arena;
  readonly #kernels: Kernels;
  readonly #compress: boolean;
  readonly #segmentBytes: number;
  readonly #crcTable: number;
  readonly #buffers: WalBuffers;
  readonly #buffer: number;
  #file: DiskFile;
  #segment: number;
  /** Bytes of the segment that the disk has, those in all, and those that whole batches made. */
  #written = 0;
  #end = 0;
  #batchEnd = 0;
  #tailIsDirty = false;

  private constructor(disk: Disk, directory: string, options: WalWriterOptions, segment: number) {
    this.directory = directory;
    this.#disk = disk;
    this.#arena = options.arena;
    this.#kernels = loadKernels(options.arena);
    this.#compress = options.compress ?? true;
    this.#segmentBytes = options.segmentBytes ?? walSegmentBytes;
    this.#crcTable = crcTable(this.#arena, this.#kernels);
    this.#buffers = borrowWalBuffers(this.#arena);
    this.#buffer = this.#buffers.pages;
    this.#segment = segment;
    this.#file = this.#create(segment);
  }

  /**
   * Opens a log for writing: makes the directory if need be, and begins the segment after the newest there
   * is.
   */
  static open(disk: Disk, directory: string, options: WalWriterOptions): WalWriter {
    if (!disk.exists(directory)) {
      disk.makeDirectory(directory);
      disk.syncDirectory(parentOf(directory));
    }
    const newest = listSegments(disk, directory).at(-1);
    return new WalWriter(disk, directory, options, newest === undefined ? 0 : newest.index + 1);
  }

  /** Number of the segment that is being written. */
  get segment(): number {
    return this.#segment;
  }

  /** Bytes of the current segment so far. */
  get segmentSizeBytes(): number {
    return this.#end;
  }

  /**
   * Adds a record. It is with the operating system after `flush`. Throws the disk's error, as `flush` does.
   */
  log(record: Uint8Array): void {
    const { scratch } = this.#buffers;
    const mark = scratch.mark();
    const at = scratch.take(record.length);
    this.#arena.u8.set(record, at);
    this.logAt(at, record.length);
    scratch.release(mark);
  }

  /** Adds the record of `sizeBytes` bytes at an address of the arena, with 16 readable bytes behind it. */
  logAt(address: number, sizeBytes: number): void {
    let [at, size, flag] = [address, sizeBytes, 0];
    const { scratch, snappyTable } = this.#buffers;
    const mark = scratch.mark();
    if (this.#compress && sizeBytes > 0) {
      const target = scratch.take(snappyBoundBytes(sizeBytes));
      const packed = this.#kernels.snappyEncode(address, sizeBytes, target, snappyTable);
      if (packed < sizeBytes) [at, size, flag] = [target, packed, snappyFlag];
    }
    this.#guard(() => {
      const isFirst = this.#end === this.#batchEnd;
      if (isFirst && this.#end > 0 && size > this.#leftInSegment()) this.#cut();
      this.#writeFragments(at, size, flag);
    });
    scratch.release(mark);
  }

  /**
   * Ends a batch: hands all bytes to the operating system. When that fails, the batch is taken back and
   * this throws.
   */
  flush(): void {
    this.#guard(() => this.#drain());
    this.#batchEnd = this.#end;
  }

  /** Forces all flushed bytes to the medium. */
  sync(): void {
    this.#file.sync();
  }

  /** Begins the next segment and returns its number. Call between batches. */
  cutSegment(): number {
    this.#guard(() => this.#cut());
    return this.#segment;
  }

  /** Removes the segments before `segment`, which a checkpoint has made superfluous. */
  removeSegmentsBefore(segment: number): void {
    for (const { index, path } of listSegments(this.#disk, this.directory)) {
      if (index < segment && index !== this.#segment) this.#disk.remove(path);
    }
    this.#disk.syncDirectory(this.directory);
  }

  /** Bytes of all segments; checkpoints are not counted. */
  sizeBytes(): number {
    let sum = 0;
    for (const { path } of listSegments(this.#disk, this.directory))
      sum += this.#disk.stat(path)?.sizeBytes ?? 0;
    return sum;
  }

  /** Flushes, syncs and closes. */
  close(): void {
    this.flush();
    this.#file.sync();
    this.abandon();
  }

  /** Closes without a last flush: after an error, or when the log is thrown away. */
  abandon(): void {
    this.#file.close();
    giveBackWalBuffers(this.#arena, this.#buffers);
  }

  #writeFragments(address: number, sizeBytes: number, flag: number): void {
    let [at, left] = [address, sizeBytes];
    let first = true;
    // One round at least: an empty record is a fragment too.
    do {
      if (this.#buffer + bufferBytes - this.#place() < walPageBytes) this.#drain();
      const space = walPageBytes - (this.#end % walPageBytes) - walHeaderBytes;
      const size = Math.min(left, space);
      const last = size === left;
      const kind = first
        ? last
          ? FragmentKind.Full
          : FragmentKind.First
        : last
          ? FragmentKind.Last
          : FragmentKind.Middle;
      this.#writeFragment(kind | flag, at, size);
      at += size;
      left -= size;
      first = false;
    } while (left > 0);
  }

  #writeFragment(kindByte: number, at: number, size: number): void {
    const place = this.#place();
    const bytes = this.#arena.u8;
    const checksum = this.#kernels.crc32c(this.#crcTable, at, size, 0);
    bytes[place] = kindByte;
    bytes[place + 1] = size >>> 8;
    bytes[place + 2] = size;
    bytes[place + 3] = checksum >>> 24;
    bytes[place + 4] = checksum >>> 16;
    bytes[place + 5] = checksum >>> 8;
    bytes[place + 6] = checksum;
    bytes.copyWithin(place + walHeaderBytes, at, at + size);
    this.#end += walHeaderBytes + size;
    const rest = walPageBytes - (this.#end % walPageBytes);
    if (rest < walHeaderBytes) this.#padPage();
  }

  /** Where in the buffer the segment's end is. */
  #place(): number {
    return this.#buffer + this.#end - this.#written;
  }

  /** Zeroes up to the end of the page. */
  #padPage(): void {
    const rest = (walPageBytes - (this.#end % walPageBytes)) % walPageBytes;
    const place = this.#place();
    this.#arena.u8.fill(0, place, place + rest);
    this.#end += rest;
  }

  #leftInSegment(): number {
    const inPage = walPageBytes - (this.#end % walPageBytes) - walHeaderBytes;
    const pages = Math.floor(this.#segmentBytes / walPageBytes) - Math.floor(this.#end / walPageBytes) - 1;
    return inPage + pages * (walPageBytes - walHeaderBytes);
  }

  #drain(): void {
    if (this.#tailIsDirty) {
      this.#file.truncate(this.#written);
      this.#tailIsDirty = false;
    }
    if (this.#end === this.#written) return;
    this.#file.write(this.#arena.u8.subarray(this.#buffer, this.#place()), this.#written);
    this.#written = this.#end;
  }

  #cut(): void {
    if (this.#end % walPageBytes !== 0 && this.#buffer + bufferBytes - this.#place() < walPageBytes)
      this.#drain();
    this.#padPage();
    this.#drain();
    this.#file.sync();
    const next = this.#create(this.#segment + 1);
    this.#file.close();
    this.#file = next;
    this.#segment++;
    [this.#written, this.#end, this.#batchEnd] = [0, 0, 0];
  }

  #create(segment: number): DiskFile {
    const file = this.#disk.open(`${this.directory}/${segmentName(segment)}`, "create");
    this.#disk.syncDirectory(this.directory);
    return file;
  }

  /** Tries to take back at once what a failed write has left; the next write does it otherwise. */
  #cutTail(): void {
    try {
      this.#file.truncate(this.#written);
      this.#tailIsDirty = false;
    } catch {
      // The error that led here is the one to report.
    }
  }

  /** Runs a step that writes; when it fails, goes back to the end of the last whole batch. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#written = Math.min(this.#written, this.#batchEnd);
      this.#end = this.#written;
      this.#batchEnd = this.#written;
      this.#tailIsDirty = true;
      this.#cutTail();
      throw error;
    }
  }
}
