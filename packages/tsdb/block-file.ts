/**
 * A file of a block while it is written: sequential, buffered, with its position and a way back to fill in
 * what was not known before (lengths).
 */

import type { Disk, DiskFile } from "@narthex/platform/disk";

const bufferBytes = 1_048_576;

/** A file that is written from its beginning to its end. */
export class BlockFileWriter {
  readonly path: string;
  readonly #file: DiskFile;
  readonly #buffer = new Uint8Array(bufferBytes);
  #buffered = 0;
  #position = 0;

  constructor(disk: Disk, path: string) {
    this.path = path;
    this.#file = disk.open(path, "create");
  }

  /** Bytes written so far. */
  get position(): number {
    return this.#position;
  }

  write(bytes: Uint8Array): void {
    if (this.#buffered + bytes.length > bufferBytes) this.flush();
    if (bytes.length > bufferBytes) {
      this.#file.write(bytes, this.#position);
    } else {
      this.#buffer.set(bytes, this.#buffered);
      this.#buffered += bytes.length;
    }
    this.#position += bytes.length;
  }

  /** Writes zeros up to a multiple of `size` (≤ 64). */
  pad(size: number): void {
    const rest = (size - (this.#position % size)) % size;
    if (rest > 0) this.write(zeros.subarray(0, rest));
  }

  /** Overwrites bytes that were written before. */
  writeAt(position: number, bytes: Uint8Array): void {
    this.flush();
    this.#file.write(bytes, position);
  }

  flush(): void {
    if (this.#buffered === 0) return;
    this.#file.write(this.#buffer.subarray(0, this.#buffered), this.#position - this.#buffered);
    this.#buffered = 0;
  }

  /** Flushes, forces all to the medium and closes. */
  finish(): void {
    this.flush();
    this.#file.sync();
    this.#file.close();
  }

  /** Closes without writing what is buffered, after an error. */
  abandon(): void {
    this.#file.close();
  }
}

const zeros = new Uint8Array(64);
