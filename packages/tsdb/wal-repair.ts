/**
 * Repairs a log after a torn write: cuts the segment off where the first bad record begins, and sets all
 * that comes after it aside, for people to look at. Nothing is deleted.
 *
 * What is set aside lies in `wal-corrupt/` beside the log, where neither we nor Prometheus read.
 *
 * Order of steps, so that a crash in between loses nothing and the repair can be run again: the remainder
 * is written and synced, later segments are moved, and only then the segment is cut.
 */

import type { Disk } from "@narthex/platform/disk";
import { assert } from "@narthex/platform/assert";
import type { CorruptionError } from "@narthex/storage/corruption-error";
import { listSegments, parentOf } from "./wal-layout.ts";

/** What a repair did. */
export interface WalRepair {
  /** The segment that was cut. */
  readonly file: string;
  /** Its size now. */
  readonly offset: number;
  /** Files that were made or moved into `wal-corrupt/`. */
  readonly setAside: readonly string[];
  /** Bytes in them. */
  readonly setAsideBytes: number;
}

/** The directory for what is set aside from the log in `walDirectory`. */
export function setAsideDirectory(walDirectory: string): string {
  return `${walDirectory}-corrupt`;
}

/** Repairs the log in `walDirectory` after `error`, which a `WalReader` threw. Throws the disk's errors. */
export function repairWal(disk: Disk, walDirectory: string, error: CorruptionError): WalRepair {
  assert(error.file.startsWith(`${walDirectory}/`), "the corruption lies in this log");
  const aside = setAsideDirectory(walDirectory);
  disk.makeDirectory(aside);
  const setAside: string[] = [];
  let setAsideBytes = 0;
  const keep = (name: string, bytes: number): string => {
    const path = freeName(disk, `${aside}/${name.replaceAll("/", ".")}`);
    setAside.push(path);
    setAsideBytes += bytes;
    return path;
  };
  const inLog = (path: string) => path.slice(walDirectory.length + 1);

  const bytes = disk.readFile(error.file);
  const rest = bytes.subarray(error.offset);
  if (rest.length > 0) disk.writeFile(keep(`${inLog(error.file)}.from-${error.offset}`, rest.length), rest);
  const directory = error.file.slice(0, error.file.lastIndexOf("/"));
  const index = Number(error.file.slice(directory.length + 1));
  for (const later of listSegments(disk, directory)) {
    if (later.index <= index) continue;
    disk.rename(later.path, keep(inLog(later.path), disk.stat(later.path)?.sizeBytes ?? 0));
  }
  disk.syncDirectory(aside);
  disk.syncDirectory(parentOf(aside));
  disk.syncDirectory(directory);
  const file = disk.open(error.file, "update");
  try {
    file.truncate(error.offset);
    file.sync();
  } finally {
    file.close();
  }
  return { file: error.file, offset: error.offset, setAside, setAsideBytes };
}

function freeName(disk: Disk, path: string): string {
  let name = path;
  for (let i = 2; disk.exists(name); i++) name = `${path}.${i}`;
  return name;
}
