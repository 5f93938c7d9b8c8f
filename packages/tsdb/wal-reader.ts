/**
 * Reads the write-ahead log: segments in order, out come records.
 *
 *   disk → WAL READER → replay (head), checkpoint
 *
 * Invariants
 *  - A record is returned only when every fragment's checksum fits, the fragments are in order, and it
 *    unpacks.
 *  - Otherwise `next` throws a `CorruptionError` with the segment's path and the offset at which the record
 *    began: cutting the segment off there leaves only good records. It is not read further after that.
 *  - The end of a segment within a page counts as zeros: so it looks after a killed process or a cut.
 *
 * Lifetime: `record` (and the bytes at `recordAt`) are valid until the next `next`. `close` gives file and
 * buffers up. Layout: docs/formats/wal.md
 */

import { zstdDecompressSync } from "@narthex/platform/zstd";
import { crcTable } from "@narthex/kernel/crc32c";
import type { Arena } from "@narthex/kernel/arena";
import { loadKernels, type Kernels } from "@narthex/kernel/load";
import type { Scratch } from "@narthex/kernel/scratch";
import type { Disk, DiskFile } from "@narthex/platform/disk";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { borrowWalBuffers, giveBackWalBuffers, walBufferBytes, type WalBuffers } from "./wal-buffers.ts";
import {
  FragmentKind,
  listSegments,
  newestCheckpoint,
  snappyFlag,
  walHeaderBytes,
  walPageBytes,
  zstdFlag,
  type WalSegment,
} from "./wal-layout.ts";

/** The most bytes a record may have: what is larger is not a record. */
const recordLimitBytes = 1_073_741_824;

/** What is read: everything by default. */
export interface WalReadOptions {
  readonly arena: Arena;
  /** Reads segments up to this one, inclusive. */
  readonly lastSegment?: number;
}

/**
 * The segments that make up a log, in the order of reading: of the newest checkpoint, then those after it.
 */
export function segmentsToRead(disk: Disk, walDirectory: string, lastSegment = Infinity): WalSegment[] {
  const checkpoint = newestCheckpoint(disk, walDirectory);
  const condensed = checkpoint === null ? [] : listSegments(disk, checkpoint.path);
  const after = listSegments(disk, walDirectory).filter(
    ({ index }) => index > (checkpoint?.index ?? -1) && index <= lastSegment,
  );
  return [...condensed, ...after];
}

/** Goes through the records of some segments. */
export class WalReader {
  readonly #disk: Disk;
  readonly #arena: Arena;
  readonly #kernels: Kernels;
  readonly #crcTable: number;
  readonly #segments: readonly WalSegment[];
  readonly #buffers: WalBuffers;
  readonly #window: number;
  /** Holds the assembled and the unpacked record. */
  readonly #scratch: Scratch;
  #file: DiskFile | null = null;
  #closed = false;
  #next = 0;
  /** Bytes of the current segment, the part of it that lies in the window, and the reading position. */
  #sizeBytes = 0;
  #windowStart = 0;
  #windowEnd = 0;
  #position = 0;
  #recordStart = 0;
  #recordAt = 0;
  #recordBytes = 0;

  constructor(disk: Disk, segments: readonly WalSegment[], arena: Arena) {
    this.#disk = disk;
    this.#arena = arena;
    this.#kernels = loadKernels(arena);
    this.#crcTable = crcTable(arena, this.#kernels);
    this.#segments = segments;
    this.#buffers = borrowWalBuffers(arena);
    this.#scratch = this.#buffers.scratch;
    this.#window = this.#buffers.pages;
  }

  /** Opens the newest checkpoint and the segments after it. */
  static open(disk: Disk, walDirectory: string, options: WalReadOptions): WalReader {
    return new WalReader(disk, segmentsToRead(disk, walDirectory, options.lastSegment), options.arena);
  }

  /** The record that `next` found, type byte first. */
  get record(): Uint8Array {
    return this.#arena.u8.subarray(this.#recordAt, this.#recordAt + this.#recordBytes);
  }

  /** Address of the record in the arena; 16 readable bytes lie behind it. */
  get recordAt(): number {
    return this.#recordAt;
  }

  get recordBytes(): number {
    return this.#recordBytes;
  }

  /** The segment that is being read, null before the first and after the last. */
  get segment(): WalSegment | null {
    return this.#file === null ? null : this.#segments[this.#next - 1];
  }

  /** Segments begun so far, of all. */
  get progress(): { readonly begun: number; readonly all: number } {
    return { begun: this.#next, all: this.#segments.length };
  }

  /** Goes on to the next record; false at the end of the last segment. Throws `CorruptionError`. */
  next(): boolean {
    for (;;) {
      if (this.#file === null) {
        if (this.#next === this.#segments.length) return false;
        this.#openSegment();
      }
      if (this.#readRecord()) return true;
      this.#closeFile();
    }
  }

  /** The error to throw when the current record does not make sense to its decoder. */
  corruption(what: string, cause?: unknown): CorruptionError {
    const segment = this.#segments[this.#next - 1];
    return new CorruptionError(segment.path, this.#recordStart, what, { cause });
  }

  /** Gives up file and buffers; needed after the last record too. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeFile();
    giveBackWalBuffers(this.#arena, this.#buffers);
  }

  #closeFile(): void {
    this.#file?.close();
    this.#file = null;
  }

  #openSegment(): void {
    const segment = this.#segments[this.#next];
    const before = this.#segments[this.#next - 1];
    this.#recordStart = 0;
    this.#next++;
    if (
      before !== undefined &&
      directoryOf(before.path) === directoryOf(segment.path) &&
      segment.index !== before.index + 1
    ) {
      throw this.corruption(`segment ${before.index + 1} is missing before it`);
    }
    this.#file = this.#disk.open(segment.path, "read");
    this.#sizeBytes = this.#file.sizeBytes();
    [this.#windowStart, this.#windowEnd, this.#position] = [0, 0, 0];
  }

  /** Reads one record; false at the end of the segment. */
  #readRecord(): boolean {
    const mark = this.#scratch.mark();
    this.#recordStart = this.#position;
    let [at, size, capacity] = [0, 0, 0];
    for (let fragment = 0; ; fragment++) {
      if (!this.#seekFragment()) {
        if (fragment === 0) return false;
        throw this.corruption("the last record is cut");
      }
      if (fragment === 0) this.#recordStart = this.#position;
      const header = this.#windowAddress();
      const bytes = this.#arena.u8;
      const length = (bytes[header + 1] << 8) | bytes[header + 2];
      this.#checkFragment(header, length, fragment);
      if (size + length > capacity) {
        // Blocks of the scratch do not grow: take a larger one and move.
        capacity = Math.max(walPageBytes, 2 * (size + length));
        const larger = this.#scratch.take(capacity);
        this.#arena.u8.copyWithin(larger, at, at + size);
        at = larger;
      }
      this.#arena.u8.copyWithin(at + size, header + walHeaderBytes, header + walHeaderBytes + length);
      size += length;
      const kindByte = bytes[header];
      this.#position += walHeaderBytes + length;
      const kind = kindByte & 7;
      if (kind === FragmentKind.Full || kind === FragmentKind.Last) {
        this.#unpack(kindByte, at, size);
        // What was taken stays readable until the next record takes it again.
        this.#scratch.release(mark);
        return true;
      }
      if (size > recordLimitBytes) throw this.corruption("the record is too large");
    }
  }

  /** Moves to the next fragment, over the padding of pages; false at the segment's end. */
  #seekFragment(): boolean {
    for (;;) {
      if (this.#position >= this.#sizeBytes) return false;
      this.#fill();
      const address = this.#windowAddress();
      if ((this.#arena.u8[address] & 7) !== FragmentKind.PageEnd) return true;
      const left = walPageBytes - (this.#position % walPageBytes);
      const padding = Math.min(left, this.#windowEnd - this.#position);
      const bytes = this.#arena.u8;
      for (let i = 0; i < padding; i++) {
        if (bytes[address + i] === 0) continue;
        this.#recordStart = this.#position;
        throw this.corruption("a byte of a padded page is not zero");
      }
      this.#position += left;
    }
  }

  /** Makes the window hold the current page. */
  #fill(): void {
    if (this.#position < this.#windowEnd) return;
    this.#windowStart = this.#position - (this.#position % walPageBytes);
    const want = Math.min(walBufferBytes, this.#sizeBytes - this.#windowStart);
    let got = 0;
    while (got < want) {
      const n = (this.#file as DiskFile).read(
        this.#arena.u8,
        this.#window + got,
        want - got,
        this.#windowStart + got,
      );
      if (n === 0) break;
      got += n;
    }
    if (got < want) this.#sizeBytes = this.#windowStart + got;
    this.#windowEnd = this.#windowStart + got;
    // Zeros behind a page that ends early, so that a cut header reads as nothing.
    const pageEnd = Math.ceil(got / walPageBytes) * walPageBytes;
    this.#arena.u8.fill(0, this.#window + got, this.#window + pageEnd);
  }

  #windowAddress(): number {
    return this.#window + this.#position - this.#windowStart;
  }

  #checkFragment(header: number, length: number, fragment: number): void {
    const bytes = this.#arena.u8;
    const kind = bytes[header] & 7;
    const inPage = walPageBytes - (this.#position % walPageBytes);
    if (walHeaderBytes + length > inPage || this.#position + walHeaderBytes + length > this.#sizeBytes) {
      throw this.corruption(`a fragment of ${length} bytes does not fit its page`);
    }
    const expected =
      bytes[header + 3] * 0x1000000 +
      ((bytes[header + 4] << 16) | (bytes[header + 5] << 8) | bytes[header + 6]);
    const got = this.#kernels.crc32c(this.#crcTable, header + walHeaderBytes, length, 0) >>> 0;
    if (got !== expected) {
      throw this.corruption(`unexpected checksum ${got.toString(16)}, expected ${expected.toString(16)}`);
    }
    const begins = kind === FragmentKind.Full || kind === FragmentKind.First;
    if (kind > FragmentKind.Last || begins !== (fragment === 0)) {
      throw this.corruption(`fragment ${fragment} of a record has kind ${kind}`);
    }
  }

  #unpack(kindByte: number, at: number, size: number): void {
    this.#recordAt = at;
    this.#recordBytes = size;
    if ((kindByte & snappyFlag) !== 0) {
      const plain = this.#kernels.snappyPlainBytes(at, size);
      if (plain < 0 || plain > recordLimitBytes) throw this.corruption("the record does not unpack");
      this.#recordAt = this.#scratch.take(plain);
      this.#recordBytes = plain;
      if (this.#kernels.snappyDecode(at, size, this.#recordAt, plain) < 0) {
        throw this.corruption("the record does not unpack");
      }
    } else if ((kindByte & zstdFlag) !== 0) {
      this.#unpackZstd(at, size);
    }
  }

  #unpackZstd(at: number, size: number): void {
    let plain: Uint8Array;
    try {
      plain = zstdDecompressSync(this.#arena.u8.slice(at, at + size), recordLimitBytes);
    } catch (error) {
      throw this.corruption("the record does not unpack", error);
    }
    this.#recordAt = this.#scratch.take(plain.length);
    this.#recordBytes = plain.length;
    this.#arena.u8.set(plain, this.#recordAt);
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
