/**
 * The queries that run now, on the disk: `queries.active` in the data directory. After a crash the next start
 * reports what was running.
 *
 * The file is `[` and one slot of 1000 bytes per query that may run at once: a JSON object, zero bytes, a
 * comma. Free slots are zero bytes. Without its zero bytes and the last comma it is a JSON list that lacks
 * its end.
 *
 * Invariants
 *  - A slot is written when its query starts and cleared when it ends, however it ends.
 */

import { assert } from "@narthex/platform/assert";
import type { Clock } from "@narthex/platform/clock";
import type { Disk, DiskFile } from "@narthex/platform/disk";
import type { Logger } from "@narthex/platform/logger";
import { escapedJson } from "./api/envelope.ts";

/** Bytes of a slot. */
const slotBytes = 1000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const freeSlot = new Uint8Array(slotBytes);

/** Slots in a file; which one a query takes is for the caller to say. */
export class ActiveQueries {
  readonly #file: DiskFile;
  readonly #clock: Clock;
  readonly #count: number;
  readonly #logger: Logger;
  #isBroken = false;

  private constructor(file: DiskFile, clock: Clock, count: number, logger: Logger) {
    this.#file = file;
    this.#clock = clock;
    this.#count = count;
    this.#logger = logger;
  }

  /** Logs the queries that a file of the last run still names, and starts a new one with `count` slots. */
  static open(disk: Disk, directory: string, count: number, clock: Clock, logger: Logger): ActiveQueries {
    const path = `${directory}/queries.active`;
    const log = logger.child({ component: "activeQueryTracker" });
    if (disk.exists(path)) {
      const queries = unfinishedQueries(disk.readFile(path));
      if (queries !== null) log.info("These queries didn't finish in prometheus' last run:", { queries });
    }
    disk.makeDirectory(directory);
    const bytes = new Uint8Array(1 + count * slotBytes);
    bytes[0] = 0x5b;
    disk.writeFile(path, bytes);
    return new ActiveQueries(disk.open(path, "update"), clock, count, log);
  }

  /** A query starts in slot `index`. */
  insert(index: number, query: string): void {
    assert(index >= 0 && index < this.#count, "there is a slot for every query");
    const slot = new Uint8Array(slotBytes);
    slot.set(entryBytes(query, Math.floor(this.#clock.nowMs() / 1000)));
    slot[slotBytes - 1] = 0x2c;
    this.#write(slot, index);
  }

  /** The query in slot `index` is over. */
  remove(index: number): void {
    this.#write(freeSlot, index);
  }

  /** A disk that takes no more bytes is no reason to fail a query. */
  #write(slot: Uint8Array, index: number): void {
    if (this.#isBroken) return;
    try {
      this.#file.write(slot, 1 + index * slotBytes);
    } catch (error) {
      this.#isBroken = true;
      this.#logger.error("Active queries are no longer tracked", { err: error });
    }
  }

  close(): void {
    this.#file.close();
  }
}

/** The JSON list of queries in a file that was left behind; null when there are none. */
export function unfinishedQueries(bytes: Uint8Array): string | null {
  const text = decoder.decode(bytes).replaceAll("\0", "");
  return text.length <= 1 ? null : `${text.slice(0, -1)}]`;
}

/** `{"query":…,"timestamp_sec":…}`, the query cut so that it fits; what escapes make longer is cut off. */
function entryBytes(query: string, timestampSeconds: number): Uint8Array {
  const around = entry("", timestampSeconds).length;
  let whole = encoder.encode(entry(query, timestampSeconds));
  for (let size = slotBytes - 1 - around; whole.length > slotBytes - 1 && size > 0; size -= 100) {
    whole = encoder.encode(entry(cutText(query, size), timestampSeconds));
  }
  return whole.subarray(0, slotBytes - 1);
}

function entry(query: string, timestampSeconds: number): string {
  return escapedJson({ query, timestamp_sec: timestampSeconds });
}

/** At most `sizeBytes` bytes of `text`, no character torn. */
function cutText(text: string, sizeBytes: number): string {
  const bytes = encoder.encode(text.slice(0, sizeBytes));
  let end = Math.min(sizeBytes, bytes.length);
  while (end > 0 && end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return decoder.decode(bytes.subarray(0, end));
}
