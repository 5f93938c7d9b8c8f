/**
 * Reads an index file piece by piece: there is no mapping of files in Node, so windows of 64 KiB stay in
 * memory, the most recently used 128 of them. Label names and values of a block and its series are read
 * through it.
 *
 * Lifetime: returned bytes are views into a window or copies; they stay readable, also after the window is
 * gone.
 */

import { crc32c } from "@narthex/bytes/crc32c";
import type { Disk, DiskFile } from "@narthex/platform/disk";
import { CorruptionError } from "@narthex/storage/corruption-error";

const windowBytes = 65_536;
const windowLimit = 128;

/** An open index file. */
export class IndexFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly #file: DiskFile;
  readonly #windows = new Map<number, Uint8Array>();

  constructor(disk: Disk, path: string) {
    this.path = path;
    this.#file = disk.open(path, "read");
    this.sizeBytes = this.#file.sizeBytes();
  }

  /** Exactly `length` bytes at `offset`. Throws `CorruptionError` when the file does not have them. */
  bytes(offset: number, length: number): Uint8Array {
    return this.from(offset, length).subarray(0, length);
  }

  /**
   * At least `length` bytes at `offset`, and what else of the window lies behind them. Throws
   * `CorruptionError`.
   */
  from(offset: number, length: number): Uint8Array {
    if (offset + length > this.sizeBytes) {
      throw new CorruptionError(this.path, offset, `want ${length} bytes, have ${this.sizeBytes - offset}`);
    }
    const number = Math.floor(offset / windowBytes);
    const start = number * windowBytes;
    if (offset + length <= start + windowBytes) return this.#window(number).subarray(offset - start);
    return this.#read(offset, length);
  }

  /** The checksum of `length` bytes at `offset`, read in pieces. */
  checksum(offset: number, length: number): number {
    let sum = 0;
    for (let done = 0; done < length;) {
      const piece = this.#read(offset + done, Math.min(1_048_576, length - done));
      sum = crc32c(piece, 0, piece.length, sum);
      done += piece.length;
    }
    return sum;
  }

  close(): void {
    this.#windows.clear();
    this.#file.close();
  }

  #window(number: number): Uint8Array {
    let window = this.#windows.get(number);
    if (window !== undefined) {
      // A map keeps the order of insertion: what is used moves to the end.
      this.#windows.delete(number);
    } else {
      const start = number * windowBytes;
      window = this.#read(start, Math.min(windowBytes, this.sizeBytes - start));
      if (this.#windows.size >= windowLimit) {
        for (const oldest of this.#windows.keys()) {
          this.#windows.delete(oldest);
          break;
        }
      }
    }
    this.#windows.set(number, window);
    return window;
  }

  #read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let got = 0; got < length;) {
      const n = this.#file.read(bytes, got, length - got, offset + got);
      if (n === 0) throw new CorruptionError(this.path, offset, `want ${length} bytes, have ${got}`);
      got += n;
    }
    return bytes;
  }
}
