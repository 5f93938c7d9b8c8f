/**
 * A disk in memory that can tear: it knows which bytes and which directory entries were forced to the
 * medium, and what a killed process or a lost power leaves. For tests and the simulation.
 *
 * The model, stricter than most file systems:
 *  - A file's bytes are durable after `sync` of that file; a directory's entries (made, renamed, removed)
 *    after `syncDirectory` of that directory. One does not include the other.
 *  - Changes of entries reach the medium in the order they were made (a journal); a rename is whole or not
 *    at all.
 *  - Unsynced writes may reach the medium in part and in any order, in sectors of 512 bytes; bytes that a
 *    file grew by and that never arrived are zeros.
 *
 * Limits: `budgetBytes` of file content; a write beyond it keeps what fits and throws ENOSPC, as a full
 * disk does.
 */

import type { Disk, DiskFile, FileFacts, OpenMode } from "./disk.ts";
import type { Random } from "./random.ts";

const sectorBytes = 512;

/** The system's own kind of error. */
class DiskError extends Error {
  readonly code: string;

  constructor(code: string, operation: string, path: string) {
    super(`${code}: ${operation} '${path}'`);
    this.code = code;
  }
}

/** A change of a file's content that is not durable yet. */
interface PendingWrite {
  readonly position: number;
  /** What was written; null for a truncation to `position`. */
  readonly bytes: Uint8Array | null;
}

class FileNode {
  readonly kind = "file";
  current = new Uint8Array(0);
  size = 0;
  durable = new Uint8Array(0);
  pending: PendingWrite[] = [];
  modifiedMs = 0;

  apply(change: PendingWrite): void {
    if (change.bytes === null) {
      this.current.fill(0, change.position, this.size);
      this.size = change.position;
      this.#room(this.size);
      return;
    }
    this.#room(change.position + change.bytes.length);
    this.current.set(change.bytes, change.position);
    this.size = Math.max(this.size, change.position + change.bytes.length);
  }

  content(): Uint8Array<ArrayBuffer> {
    return this.current.slice(0, this.size);
  }

  #room(size: number): void {
    if (size <= this.current.length) return;
    const larger = new Uint8Array(Math.max(size, this.current.length * 2));
    larger.set(this.current.subarray(0, this.size));
    this.current = larger;
  }

  static holding(bytes: Uint8Array<ArrayBuffer>): FileNode {
    const node = new FileNode();
    node.current = bytes;
    node.size = bytes.length;
    node.durable = bytes.slice();
    return node;
  }
}

class DirectoryNode {
  readonly kind = "directory";
  readonly entries = new Map<string, TreeNode>();
  /** The entries that are on the medium. */
  readonly durable = new Map<string, TreeNode>();
}

type TreeNode = FileNode | DirectoryNode;

/** One change of entries, on its way to the medium. */
interface EntryChange {
  readonly directories: readonly DirectoryNode[];
  readonly settle: () => void;
}

/** What stays of that which was not synced. */
export type KeptUnsynced = "all" | "none" | "torn";

/** A disk in memory. Times of modification come from `nowMs`, 0 without it. */
export class MemoryDisk implements Disk {
  readonly #root = new DirectoryNode();
  readonly #nowMs: () => number;
  #journal: EntryChange[] = [];
  #usedBytes = 0;
  /** The most bytes that all files together may hold. */
  budgetBytes: number;

  constructor(options: { readonly budgetBytes?: number; readonly nowMs?: () => number } = {}) {
    this.budgetBytes = options.budgetBytes ?? Infinity;
    this.#nowMs = options.nowMs ?? (() => 0);
  }

  /** Bytes that all files hold. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * The disk as it is found afterwards: "all" after a killed process, "none" and "torn" after a lost power.
   * This disk stays as it is.
   */
  crash(options: { readonly random: Random; readonly keepUnsynced: KeptUnsynced }): MemoryDisk {
    const { random, keepUnsynced } = options;
    const found = new MemoryDisk({ budgetBytes: this.budgetBytes, nowMs: this.#nowMs });
    const view = this.#entriesAfter(keepUnsynced, random);
    const copies = new Map<TreeNode, TreeNode>();
    const copy = (node: TreeNode): TreeNode => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      if (node.kind === "file") {
        const file = FileNode.holding(contentAfter(node, keepUnsynced, random));
        found.#usedBytes += file.size;
        copies.set(node, file);
        return file;
      }
      const directory = new DirectoryNode();
      copies.set(node, directory);
      fill(directory, node);
      return directory;
    };
    const fill = (target: DirectoryNode, source: DirectoryNode): void => {
      for (const [name, child] of view.get(source) ?? source.durable) {
        const copied = copy(child);
        target.entries.set(name, copied);
        target.durable.set(name, copied);
      }
    };
    fill(found.#root, this.#root);
    return found;
  }

  /** The entries of each directory that a crash leaves. */
  #entriesAfter(keep: KeptUnsynced, random: Random): Map<DirectoryNode, ReadonlyMap<string, TreeNode>> {
    const view = new Map<DirectoryNode, ReadonlyMap<string, TreeNode>>();
    const visit = (directory: DirectoryNode): void => {
      if (view.has(directory)) return;
      view.set(directory, new Map(keep === "all" ? directory.entries : directory.durable));
      for (const child of [...directory.entries.values(), ...directory.durable.values()]) {
        if (child.kind === "directory") visit(child);
      }
    };
    visit(this.#root);
    if (keep !== "torn") return view;
    // Settle part of the journal, look, and take it back.
    const touched = new Map<DirectoryNode, Map<string, TreeNode>>();
    for (const directory of view.keys()) touched.set(directory, new Map(directory.durable));
    const until = random.below(this.#journal.length + 1);
    for (const change of this.#journal.slice(0, until)) change.settle();
    for (const directory of view.keys()) view.set(directory, new Map(directory.durable));
    for (const [directory, before] of touched) replaceEntries(directory.durable, before);
    return view;
  }

  open(path: string, mode: OpenMode): DiskFile {
    const node = this.#lookup(path);
    if (node?.kind === "directory") throw new DiskError("EISDIR", "open", path);
    if (node === null && mode === "read") throw new DiskError("ENOENT", "open", path);
    const file = node ?? this.#createFile(path);
    if (mode === "create" && file.size > 0) this.#change(file, { position: 0, bytes: null });
    return new MemoryFile(path, file, mode, (change) => this.#change(file, change));
  }

  readFile(path: string): Uint8Array {
    const file = this.#existing(path, "open");
    if (file.kind !== "file") throw new DiskError("EISDIR", "read", path);
    return file.content();
  }

  writeFile(path: string, bytes: Uint8Array): void {
    const file = this.open(path, "create");
    file.write(bytes, 0);
    file.sync();
    file.close();
  }

  exists(path: string): boolean {
    return this.#lookup(path) !== null;
  }

  stat(path: string): FileFacts | null {
    const node = this.#lookup(path);
    if (node === null) return null;
    if (node.kind === "directory") return { isDirectory: true, sizeBytes: 0, modifiedMs: 0 };
    return { isDirectory: false, sizeBytes: node.size, modifiedMs: node.modifiedMs };
  }

  list(path: string): string[] {
    const node = this.#existing(path, "scandir");
    if (node.kind !== "directory") throw new DiskError("ENOTDIR", "scandir", path);
    return [...node.entries.keys()].toSorted();
  }

  makeDirectory(path: string): void {
    let directory = this.#root;
    for (const name of partsOf(path)) {
      let child = directory.entries.get(name);
      if (child === undefined) {
        child = new DirectoryNode();
        this.#setEntry(directory, name, child);
      }
      if (child.kind !== "directory") throw new DiskError("EEXIST", "mkdir", path);
      directory = child;
    }
  }

  remove(path: string): void {
    const node = this.#lookup(path);
    if (node === null) return;
    const [parent, name] = this.#parentOf(path, "rm");
    this.#usedBytes -= sizeOf(node);
    this.#setEntry(parent, name, null);
  }

  rename(from: string, to: string): void {
    const node = this.#existing(from, "rename");
    const [source, sourceName] = this.#parentOf(from, "rename");
    const [target, targetName] = this.#parentOf(to, "rename");
    const replaced = target.entries.get(targetName);
    if (replaced === node) return;
    if (replaced?.kind === "directory" && replaced.entries.size > 0)
      throw new DiskError("ENOTEMPTY", "rename", to);
    if (replaced !== undefined) this.#usedBytes -= sizeOf(replaced);
    const change = (of: (directory: DirectoryNode) => Map<string, TreeNode>): void => {
      of(source).delete(sourceName);
      of(target).set(targetName, node);
    };
    change((directory) => directory.entries);
    this.#journal.push({
      directories: [source, target],
      settle: () => change((directory) => directory.durable),
    });
  }

  syncDirectory(path: string): void {
    const directory = this.#existing(path, "fsync");
    if (directory.kind !== "directory") throw new DiskError("ENOTDIR", "fsync", path);
    this.#journal = this.#journal.filter((change) => {
      if (!change.directories.includes(directory)) return true;
      change.settle();
      return false;
    });
  }

  #createFile(path: string): FileNode {
    const [parent, name] = this.#parentOf(path, "open");
    const file = new FileNode();
    this.#setEntry(parent, name, file);
    return file;
  }

  #setEntry(directory: DirectoryNode, name: string, node: TreeNode | null): void {
    const change = (entries: Map<string, TreeNode>): void => {
      if (node === null) entries.delete(name);
      else entries.set(name, node);
    };
    change(directory.entries);
    this.#journal.push({ directories: [directory], settle: () => change(directory.durable) });
  }

  #change(file: FileNode, change: PendingWrite): void {
    let kept = change;
    if (change.bytes !== null) {
      const free = this.budgetBytes - this.#usedBytes;
      const fits = Math.max(0, Math.min(change.bytes.length, file.size + free - change.position));
      // A copy: the caller's buffer goes on living.
      kept = { position: change.position, bytes: change.bytes.slice(0, fits) };
    }
    const before = file.size;
    file.apply(kept);
    file.pending.push(kept);
    file.modifiedMs = this.#nowMs();
    this.#usedBytes += file.size - before;
    if (change.bytes !== null && kept.bytes?.length !== change.bytes.length)
      throw new DiskError("ENOSPC", "write", "");
  }

  #lookup(path: string): TreeNode | null {
    let node: TreeNode = this.#root;
    for (const name of partsOf(path)) {
      const child: TreeNode | undefined = node.kind === "directory" ? node.entries.get(name) : undefined;
      if (child === undefined) return null;
      node = child;
    }
    return node;
  }

  #existing(path: string, operation: string): TreeNode {
    const node = this.#lookup(path);
    if (node === null) throw new DiskError("ENOENT", operation, path);
    return node;
  }

  #parentOf(path: string, operation: string): [DirectoryNode, string] {
    const parts = partsOf(path);
    const name = parts.at(-1);
    const parent = this.#lookup(parts.slice(0, -1).join("/"));
    if (name === undefined || parent?.kind !== "directory") throw new DiskError("ENOENT", operation, path);
    return [parent, name];
  }
}

class MemoryFile implements DiskFile {
  readonly path: string;
  readonly #node: FileNode;
  readonly #mode: OpenMode;
  readonly #change: (change: PendingWrite) => void;
  #position = 0;
  #open = true;

  constructor(path: string, node: FileNode, mode: OpenMode, change: (change: PendingWrite) => void) {
    this.path = path;
    this.#node = node;
    this.#mode = mode;
    this.#change = change;
  }

  read(target: Uint8Array, targetOffset: number, length: number, position: number): number {
    this.#check("read");
    const count = Math.max(0, Math.min(length, this.#node.size - position));
    target.set(this.#node.current.subarray(position, position + count), targetOffset);
    return count;
  }

  write(bytes: Uint8Array, position?: number): void {
    this.#check("write");
    if (this.#mode === "read") throw new DiskError("EBADF", "write", this.path);
    const at = this.#mode === "append" ? this.#node.size : (position ?? this.#position);
    this.#change({ position: at, bytes });
    this.#position = at + bytes.length;
  }

  sync(): void {
    this.#check("fdatasync");
    this.#node.pending = [];
    this.#node.durable = this.#node.content();
  }

  truncate(sizeBytes: number): void {
    this.#check("ftruncate");
    this.#change({ position: sizeBytes, bytes: null });
  }

  sizeBytes(): number {
    return this.#node.size;
  }

  close(): void {
    this.#check("close");
    this.#open = false;
  }

  #check(operation: string): void {
    if (!this.#open) throw new DiskError("EBADF", operation, this.path);
  }
}

/** A file's bytes after a crash. */
function contentAfter(node: FileNode, keep: KeptUnsynced, random: Random): Uint8Array<ArrayBuffer> {
  if (keep === "all") return node.content();
  if (keep === "none" || node.pending.length === 0) return node.durable.slice();
  const file = FileNode.holding(node.durable.slice());
  const style = random.below(3);
  const until = style === 0 ? random.below(node.pending.length + 1) : node.pending.length;
  for (const change of node.pending.slice(0, until)) {
    if (change.bytes === null) file.apply(change);
    else if (style === 0) file.apply(change);
    else tear(file, change.position, change.bytes, style === 1, random);
  }
  return file.content();
}

/** Lets part of a write arrive: a prefix of it, or any of its sectors. */
function tear(file: FileNode, position: number, bytes: Uint8Array, prefix: boolean, random: Random): void {
  if (prefix) {
    file.apply({ position, bytes: bytes.slice(0, random.below(bytes.length + 1)) });
    return;
  }
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + sectorBytes - ((position + at) % sectorBytes));
    if (random.below(2) === 0) file.apply({ position: position + at, bytes: bytes.slice(at, end) });
    at = end;
  }
}

function replaceEntries(target: Map<string, TreeNode>, source: ReadonlyMap<string, TreeNode>): void {
  target.clear();
  for (const [name, node] of source) target.set(name, node);
}

function sizeOf(node: TreeNode): number {
  if (node.kind === "file") return node.size;
  let sum = 0;
  for (const child of node.entries.values()) sum += sizeOf(child);
  return sum;
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
