/**
 * The postings offset table of an index: for each label name and value, where the list of its series lies.
 * Entries ascend by name, then value, so every 32nd is remembered and the rest is found by reading on from
 * there.
 *
 * Invariant: entries strictly ascend (checked when the table is read; so a look-up may bisect).
 */

import { ByteReader } from "@narthex/bytes/byte-reader";
import { DecodeError } from "@narthex/bytes/decode-error";
import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { CorruptionError } from "@narthex/storage/corruption-error";
import type { IndexFile } from "./index-file.ts";

const sampling = 32;
/** The least that is asked for at once: an entry is rarely longer. */
const pieceBytes = 4096;

interface TableEntry {
  name: string;
  value: string;
  /** Where the postings list lies. */
  postings: number;
  /** Where the next entry lies. */
  next: number;
}

/** Entries of one name. */
interface NameRange {
  /** Offsets of every 32nd entry, the first one included. */
  readonly sampled: number[];
  count: number;
}

/** The table, open for look-ups. */
export class PostingsTable {
  readonly #file: IndexFile;
  readonly #end: number;
  readonly #names = new Map<string, NameRange>();
  readonly #input = new ByteReader(new Uint8Array(0));
  /** Offset in the file of the input's first byte. */
  #inputStart = 0;

  /** Reads the table at `offset` once from its beginning to its end. Throws `CorruptionError`. */
  constructor(file: IndexFile, offset: number) {
    this.#file = file;
    const head = new ByteReader(file.bytes(offset, 8));
    const length = head.u32();
    const count = head.u32();
    this.#end = offset + 4 + length;
    const expected = new ByteReader(file.bytes(this.#end, 4)).u32();
    if (file.checksum(offset + 4, length) !== expected) {
      throw new CorruptionError(file.path, offset, "the checksum of the postings offset table does not fit");
    }
    const entry = emptyEntry(offset + 8);
    let [name, value] = ["", ""];
    let range: NameRange | undefined;
    for (let i = 0; i < count; i++) {
      const at = entry.next;
      this.#read(at, entry);
      const order =
        range === undefined ? 1 : compareUtf8(entry.name, name) || compareUtf8(entry.value, value);
      if (order <= 0) throw new CorruptionError(file.path, at, "the postings offset table does not ascend");
      if (range === undefined || entry.name !== name) {
        range = { sampled: [], count: 0 };
        this.#names.set(entry.name, range);
      }
      if (range.count % sampling === 0) range.sampled.push(at);
      range.count++;
      ({ name, value } = entry);
    }
  }

  /** Names of labels, ascending. */
  names(): string[] {
    return [...this.#names.keys()].filter((name) => name !== "");
  }

  /** How many values a label has. */
  valueCount(name: string): number {
    return this.#names.get(name)?.count ?? 0;
  }

  /** Where the list of the series with this label lies, −1 for none. Empty name and value: all series. */
  find(name: string, value: string): number {
    const range = this.#names.get(name);
    if (range === undefined) return -1;
    const entry = emptyEntry(0);
    let [low, high] = [0, range.sampled.length];
    // The last sampled entry that is not behind the wanted one.
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      this.#read(range.sampled[middle], entry);
      if (compareUtf8(entry.value, value) <= 0) low = middle;
      else high = middle;
    }
    entry.next = range.sampled[low];
    for (let i = low * sampling; i < Math.min(range.count, (low + 1) * sampling); i++) {
      this.#read(entry.next, entry);
      const order = compareUtf8(entry.value, value);
      if (order === 0) return entry.postings;
      if (order > 0) return -1;
    }
    return -1;
  }

  /**
   * Calls `visit` for the values of a label, ascending, from the first one ≥ `from`, until it returns false.
   */
  forEachValue(name: string, visit: (value: string, postings: number) => boolean, from = ""): void {
    const range = this.#names.get(name);
    if (range === undefined) return;
    const entry = emptyEntry(0);
    let first = 0;
    for (let high = range.sampled.length; first + 1 < high;) {
      const middle = (first + high) >>> 1;
      this.#read(range.sampled[middle], entry);
      if (compareUtf8(entry.value, from) <= 0) first = middle;
      else high = middle;
    }
    entry.next = range.sampled[first];
    for (let i = first * sampling; i < range.count; i++) {
      this.#read(entry.next, entry);
      if (compareUtf8(entry.value, from) >= 0 && !visit(entry.value, entry.postings)) return;
    }
  }

  #read(at: number, entry: TableEntry): void {
    const input = this.#input;
    const inside = at >= this.#inputStart && at < this.#inputStart + input.position + input.remaining;
    let want = pieceBytes;
    if (inside) {
      const skip = at - this.#inputStart - input.position;
      // Reading on is the common case: no new piece as long as the entry is whole.
      if (skip === 0 && this.#tryDecode(at, entry)) return;
    }
    for (;;) {
      const have = Math.min(want, this.#end - at);
      const bytes = this.#file.from(at, have);
      input.assign(bytes, 0, Math.min(bytes.length, this.#end - at));
      this.#inputStart = at;
      if (this.#tryDecode(at, entry)) return;
      if (have === this.#end - at) {
        throw new CorruptionError(
          this.#file.path,
          at,
          "an entry of the postings offset table does not decode",
        );
      }
      want *= 8;
    }
  }

  #tryDecode(at: number, entry: TableEntry): boolean {
    const input = this.#input;
    const before = input.position;
    try {
      if (input.uvarint() !== 2) {
        throw new CorruptionError(
          this.#file.path,
          at,
          "an entry of the postings offset table has not two keys",
        );
      }
      entry.name = input.uvarintString();
      entry.value = input.uvarintString();
      entry.postings = input.uvarint();
    } catch (error) {
      if (error instanceof DecodeError) return false;
      throw error;
    }
    entry.next = at + input.position - before;
    return true;
  }
}

function emptyEntry(next: number): TableEntry {
  return { name: "", value: "", postings: 0, next };
}
