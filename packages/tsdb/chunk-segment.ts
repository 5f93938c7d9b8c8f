/**
 * Chunk segments: the files of a block that hold its chunks, one after the other, and the refs that point
 * to them.
 *
 * A ref is the segment's ordinal (0 for file 000001) times 2^32, plus the offset in the file.
 * Layout: docs/formats/chunks.md
 */

import { ByteWriter } from "@narthex/bytes/byte-writer";
import { crc32c } from "@narthex/bytes/crc32c";
import type { Disk, DiskFile } from "@narthex/platform/disk";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { BlockFileWriter } from "./block-file.ts";

/** Magic number, version and padding. */
export const segmentHeaderBytes = 8;
/** Bytes at which the next segment is begun. */
export const chunkSegmentBytes = 512 * 1_048_576;
/** The most bytes that are not data: length, encoding, checksum. */
export const chunkFrameBytes = 10;
const magic = 0x85bd40dd;
const version = 1;
const refFactor = 4_294_967_296;

/** The segment's ordinal in a chunk ref. */
export function segmentOfRef(ref: number): number {
  return Math.floor(ref / refFactor);
}

/** The offset in a chunk ref. */
export function offsetOfRef(ref: number): number {
  return ref % refFactor;
}

/** Writes a block's chunks. */
export class ChunkSegmentWriter {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #limitBytes: number;
  readonly #frame = new ByteWriter(16);
  #file: BlockFileWriter | null = null;
  #segments = 0;

  /** Writes into `directory`, which exists. */
  constructor(disk: Disk, directory: string, limitBytes = chunkSegmentBytes) {
    this.#disk = disk;
    this.#directory = directory;
    this.#limitBytes = limitBytes;
  }

  /** Appends a chunk and returns its ref. */
  add(encoding: number, bytes: Uint8Array): number {
    if (this.#file === null || this.#file.position + bytes.length + chunkFrameBytes > this.#limitBytes)
      this.#begin();
    const file = this.#file as unknown as BlockFileWriter;
    const ref = (this.#segments - 1) * refFactor + file.position;
    const frame = this.#frame;
    frame.reset();
    frame.uvarint(bytes.length);
    const encodingAt = frame.length;
    frame.u8(encoding);
    const head = frame.view();
    const checksum = crc32c(bytes, 0, bytes.length, crc32c(head, encodingAt));
    file.write(head);
    file.write(bytes);
    frame.reset();
    frame.u32(checksum);
    file.write(frame.view());
    return ref;
  }

  /** Finishes the last segment and syncs the directory. */
  finish(): void {
    this.#file?.finish();
    this.#file = null;
    this.#disk.syncDirectory(this.#directory);
  }

  /** Closes after an error. */
  abandon(): void {
    this.#file?.abandon();
    this.#file = null;
  }

  #begin(): void {
    this.#file?.finish();
    this.#segments++;
    this.#file = new BlockFileWriter(
      this.#disk,
      `${this.#directory}/${String(this.#segments).padStart(6, "0")}`,
    );
    const frame = this.#frame;
    frame.reset();
    frame.u32(magic);
    frame.u8(version);
    frame.zeros(3);
    this.#file.write(frame.view());
  }
}

/** A block's chunk segments, open for reading. */
export class ChunkSegments {
  readonly #files: readonly DiskFile[];
  readonly #sizes: readonly number[];
  /** A stretch of one segment, for reading in order. */
  readonly #ahead = new Uint8Array(262_144);
  #aheadSegment = -1;
  #aheadStart = 0;
  #aheadEnd = 0;

  private constructor(files: readonly DiskFile[]) {
    this.#files = files;
    this.#sizes = files.map((file) => file.sizeBytes());
  }

  /** Opens the segments in `directory` and checks their headers. Throws `CorruptionError`. */
  static open(disk: Disk, directory: string): ChunkSegments {
    const names = disk.exists(directory) ? disk.list(directory).filter((name) => /^\d{6,}$/u.test(name)) : [];
    const files: DiskFile[] = [];
    try {
      for (const name of names) {
        const file = disk.open(`${directory}/${name}`, "read");
        files.push(file);
        checkHeader(file);
      }
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
    return new ChunkSegments(files);
  }

  get count(): number {
    return this.#files.length;
  }

  pathOf(segment: number): string {
    return this.#files[segment]?.path ?? "";
  }

  /** Bytes of a segment, 0 for one that is not there. */
  sizeOf(segment: number): number {
    return this.#sizes[segment] ?? 0;
  }

  /**
   * Reads `length` bytes at `offset` of a segment into `target`. Throws `CorruptionError` when they are not
   * there.
   */
  read(segment: number, offset: number, length: number, target: Uint8Array, targetOffset: number): void {
    const file = this.#files[segment];
    if (file === undefined) throw new CorruptionError("chunks", offset, `there is no segment ${segment + 1}`);
    for (let got = 0; got < length;) {
      const n = file.read(target, targetOffset + got, length - got, offset + got);
      if (n === 0) throw new CorruptionError(file.path, offset, `want ${length} bytes, have ${got}`);
      got += n;
    }
  }

  /**
   * The chunk at `ref`, its checksum checked; the bytes are a view, valid until the next call. For reading
   * in order.
   */
  chunk(ref: number): { readonly encoding: number; readonly bytes: Uint8Array } {
    const segment = segmentOfRef(ref);
    const offset = offsetOfRef(ref);
    let frame = this.#stretch(segment, offset, chunkFrameBytes);
    const { length, size } = readLength(frame, this.pathOf(segment), offset);
    const whole = size + 1 + length + 4;
    if (frame.length < whole) frame = this.#stretch(segment, offset, whole);
    if (frame.length < whole) {
      throw new CorruptionError(
        this.pathOf(segment),
        offset,
        `a chunk of ${length} bytes reaches behind the end`,
      );
    }
    const end = size + 1 + length;
    const expected =
      ((frame[end] << 24) | (frame[end + 1] << 16) | (frame[end + 2] << 8) | frame[end + 3]) >>> 0;
    const got = crc32c(frame, size, end);
    if (got !== expected) {
      throw new CorruptionError(
        this.pathOf(segment),
        offset,
        `checksum mismatch expected:${expected.toString(16)}, actual:${got.toString(16)}`,
      );
    }
    return { encoding: frame[size], bytes: frame.subarray(size + 1, end) };
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  /** Bytes from `offset` on: `length` of them or more, fewer only at the segment's end. */
  #stretch(segment: number, offset: number, length: number): Uint8Array {
    const available = this.sizeOf(segment) - offset;
    if (available <= 0)
      throw new CorruptionError(this.pathOf(segment), offset, "a chunk begins behind the end");
    const want = Math.min(length, available);
    if (segment === this.#aheadSegment && offset >= this.#aheadStart && offset + want <= this.#aheadEnd) {
      return this.#ahead.subarray(offset - this.#aheadStart, this.#aheadEnd - this.#aheadStart);
    }
    if (want > this.#ahead.length) {
      const own = new Uint8Array(want);
      this.read(segment, offset, want, own, 0);
      return own;
    }
    const size = Math.min(this.#ahead.length, available);
    this.#aheadSegment = -1;
    this.read(segment, offset, size, this.#ahead, 0);
    this.#aheadSegment = segment;
    this.#aheadStart = offset;
    this.#aheadEnd = offset + size;
    return this.#ahead.subarray(0, size);
  }
}

function checkHeader(file: DiskFile): void {
  const header = new Uint8Array(segmentHeaderBytes);
  const got = file.read(header, 0, segmentHeaderBytes, 0);
  const view = new DataView(header.buffer);
  if (got < segmentHeaderBytes || view.getUint32(0) !== magic) {
    throw new CorruptionError(file.path, 0, "this is not a chunk segment");
  }
  if (header[4] !== version)
    throw new CorruptionError(file.path, 4, `invalid chunk format version ${header[4]}`);
}

/** The uvarint before a chunk. */
function readLength(bytes: Uint8Array, path: string, offset: number): { length: number; size: number } {
  let length = 0;
  for (let i = 0; i < 5 && i < bytes.length; i++) {
    length += (bytes[i] & 127) * 2 ** (7 * i);
    if (bytes[i] < 128) return { length, size: i + 1 };
  }
  throw new CorruptionError(path, offset, "a chunk's length is not readable");
}
