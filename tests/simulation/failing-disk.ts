/**
 * A disk that dies: after a given number of changing operations, in the midst of the last one, every call
 * throws, as nothing of a killed process goes on. What is then on the disk below says `MemoryDisk.crash`.
 *
 * Invariants
 *  - The operation that kills is done in part (a write: some of its bytes), or not at all.
 *  - Reading counts as no operation, but is refused afterwards too.
 */

import type { Disk, DiskFile, OpenMode } from "@narthex/platform/disk";
import type { MemoryDisk } from "@narthex/platform/memory-disk";
import type { Random } from "@narthex/platform/random";

/** Thrown by every call after the end. */
export class KilledError extends Error {
  override readonly name = "KilledError";
  readonly code = "KILLED";
}

/** A memory disk with an end. */
export class FailingDisk implements Disk {
  readonly below: MemoryDisk;
  readonly #random: Random;
  #operationsLeft = Infinity;
  #isDead = false;
  /** Changing operations so far. */
  operations = 0;

  constructor(below: MemoryDisk, random: Random) {
    this.below = below;
    this.#random = random;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Lets `operations` more changes through; the next one kills. */
  killAfter(operations: number): void {
    this.#operationsLeft = operations;
  }

  /** Kills now. */
  kill(): void {
    this.#isDead = true;
  }

  #look(): void {
    if (this.#isDead) throw new KilledError("killed");
  }

  /** Counts a change. At the end does `part` of it and throws. */
  #change(part: () => void = () => {}): void {
    this.#look();
    this.operations++;
    if (this.#operationsLeft-- > 0) return;
    this.#isDead = true;
    part();
    throw new KilledError("killed");
  }

  open(path: string, mode: OpenMode): DiskFile {
    if (mode === "read") this.#look();
    else this.#change();
    const file = this.below.open(path, mode);
    return {
      path: file.path,
      read: (target, targetOffset, length, position) => {
        this.#look();
        return file.read(target, targetOffset, length, position);
      },
      write: (bytes, position) => {
        this.#change(() => file.write(bytes.subarray(0, this.#random.below(bytes.length + 1)), position));
        file.write(bytes, position);
      },
      sync: () => {
        this.#change();
        file.sync();
      },
      truncate: (sizeBytes) => {
        this.#change();
        file.truncate(sizeBytes);
      },
      sizeBytes: () => file.sizeBytes(),
      close: () => file.close(),
    };
  }

  readFile(path: string): Uint8Array {
    this.#look();
    return this.below.readFile(path);
  }

  writeFile(path: string, bytes: Uint8Array): void {
    const file = this.open(path, "create");
    try {
      file.write(bytes, 0);
      file.sync();
    } finally {
      file.close();
    }
  }

  exists(path: string): boolean {
    this.#look();
    return this.below.exists(path);
  }

  stat(path: string): ReturnType<Disk["stat"]> {
    this.#look();
    return this.below.stat(path);
  }

  list(path: string): string[] {
    this.#look();
    return this.below.list(path);
  }

  makeDirectory(path: string): void {
    this.#change();
    this.below.makeDirectory(path);
  }

  remove(path: string): void {
    this.#change();
    this.below.remove(path);
  }

  rename(from: string, to: string): void {
    this.#change();
    this.below.rename(from, to);
  }

  syncDirectory(path: string): void {
    this.#change();
    this.below.syncDirectory(path);
  }
}
