/**
 * The file system as a value that is handed in: the storage writes and reads through this and nothing else,
 * so the simulation can put a disk under it that tears writes and loses power.
 *
 * All calls are synchronous: they run on workers, or move so few bytes that a thread hop would cost more.
 * Errors are the system's own, with `code` ("ENOENT", "ENOSPC", …).
 */

import * as fs from "node:fs";

/** How a file is opened. `create` truncates; `append` and `update` create what is missing. */
export type OpenMode = "read" | "create" | "append" | "update";

/** An open file. */
export interface DiskFile {
  readonly path: string;
  /**
   * Reads up to `length` bytes at `position` into `target` from `targetOffset`; returns how many (0 = end).
   */
  read(target: Uint8Array, targetOffset: number, length: number, position: number): number;
  /** Writes all of `bytes`, at `position`, or at the end when opened for append. */
  write(bytes: Uint8Array, position?: number): void;
  /** Forces what was written to the medium (fdatasync). */
  sync(): void;
  truncate(sizeBytes: number): void;
  sizeBytes(): number;
  close(): void;
}

/** What `stat` tells. */
export interface FileFacts {
  readonly isDirectory: boolean;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** Files and directories. Paths use `/`. */
export interface Disk {
  open(path: string, mode: OpenMode): DiskFile;
  readFile(path: string): Uint8Array;
  /** Writes a whole file and syncs it; not atomic: write to a side name and rename for that. */
  writeFile(path: string, bytes: Uint8Array): void;
  exists(path: string): boolean;
  /** Facts about a path, null when there is nothing. */
  stat(path: string): FileFacts | null;
  /** Names in a directory, ascending. */
  list(path: string): string[];
  /** Makes a directory and its parents. */
  makeDirectory(path: string): void;
  /** Removes a file or a directory with all in it; nothing there is fine. */
  remove(path: string): void;
  rename(from: string, to: string): void;
  /** Forces a directory's entries to the medium. */
  syncDirectory(path: string): void;
}

class SystemFile implements DiskFile {
  readonly path: string;
  readonly #descriptor: number;
  readonly #appends: boolean;

  constructor(path: string, mode: OpenMode) {
    const flags = { read: "r", create: "w+", append: "a+", update: fs.existsSync(path) ? "r+" : "w+" }[mode];
    this.path = path;
    this.#descriptor = fs.openSync(path, flags);
    this.#appends = mode === "append";
  }

  read(target: Uint8Array, targetOffset: number, length: number, position: number): number {
    return fs.readSync(this.#descriptor, target, targetOffset, length, position);
  }

  write(bytes: Uint8Array, position?: number): void {
    let written = 0;
    while (written < bytes.length) {
      const at = this.#appends || position === undefined ? null : position + written;
      written += fs.writeSync(this.#descriptor, bytes, written, bytes.length - written, at);
    }
  }

  sync(): void {
    fs.fdatasyncSync(this.#descriptor);
  }

  truncate(sizeBytes: number): void {
    fs.ftruncateSync(this.#descriptor, sizeBytes);
  }

  sizeBytes(): number {
    return fs.fstatSync(this.#descriptor).size;
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

/** The machine's file system. */
export const systemDisk: Disk = {
  open: (path, mode) => new SystemFile(path, mode),
  readFile: (path) => fs.readFileSync(path),
  writeFile: (path, bytes) => {
    const file = new SystemFile(path, "create");
    try {
      file.write(bytes, 0);
      file.sync();
    } finally {
      file.close();
    }
  },
  exists: (path) => fs.existsSync(path),
  stat: (path) => {
    const facts = fs.statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return null;
    return { isDirectory: facts.isDirectory(), sizeBytes: facts.size, modifiedMs: Math.floor(facts.mtimeMs) };
  },
  list: (path) => fs.readdirSync(path).toSorted(),
  makeDirectory: (path) => {
    fs.mkdirSync(path, { recursive: true });
  },
  remove: (path) => fs.rmSync(path, { recursive: true, force: true }),
  rename: (from, to) => fs.renameSync(from, to),
  syncDirectory: (path) => {
    const descriptor = fs.openSync(path, "r");
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  },
};
