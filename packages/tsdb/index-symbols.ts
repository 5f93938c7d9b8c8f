/**
 * The symbols of a block's index: its label names and values, which series refer to by number.
 *
 * In version 2 a reference is the symbol's ordinal, in version 1 its offset in the file; `ordinalOf` makes
 * it the same. The section stays in memory as bytes, with the offset of each symbol: texts are made when
 * they are asked for.
 */

import { ByteReader } from "@narthex/bytes/byte-reader";
import { crc32c } from "@narthex/bytes/crc32c";
import { CorruptionError } from "@narthex/storage/corruption-error";
import type { IndexFile } from "./index-file.ts";

/** A block's symbols. */
export class IndexSymbols {
  readonly #file: IndexFile;
  readonly #start: number;
  readonly #section: Uint8Array;
  /** Where in the section each symbol's length is; one more for the end. */
  readonly #offsets: Uint32Array;
  readonly #byOffset: boolean;

  /** Reads the section at `offset`. Throws `CorruptionError`. */
  constructor(file: IndexFile, offset: number, version: number) {
    this.#file = file;
    this.#start = offset;
    this.#byOffset = version === 1;
    const length = new ByteReader(file.bytes(offset, 4)).u32();
    this.#section = file.bytes(offset, 4 + length + 4);
    const expected = new ByteReader(this.#section, 4 + length).u32();
    if (crc32c(this.#section, 4, 4 + length) !== expected) {
      throw new CorruptionError(file.path, offset, "the checksum of the symbols does not fit");
    }
    const input = new ByteReader(this.#section, 4, 4 + length);
    try {
      const count = input.u32();
      if (count > length) throw new Error(`${count} symbols do not fit ${length} bytes`);
      this.#offsets = new Uint32Array(count + 1);
      for (let i = 0; i < count; i++) {
        this.#offsets[i] = input.position;
        input.skip(input.uvarint());
      }
      this.#offsets[count] = input.position;
    } catch (cause) {
      throw new CorruptionError(file.path, offset + input.position, "a symbol does not decode", { cause });
    }
  }

  get count(): number {
    return this.#offsets.length - 1;
  }

  /** The number of the symbol that a series refers to by `reference`. Throws `CorruptionError` for none. */
  ordinalOf(reference: number): number {
    if (!this.#byOffset) {
      if (reference < this.count) return reference;
    } else {
      const wanted = reference - this.#start;
      let [low, high] = [0, this.count];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.#offsets[middle] < wanted) low = middle + 1;
        else high = middle;
      }
      if (low < this.count && this.#offsets[low] === wanted) return low;
    }
    throw new CorruptionError(this.#file.path, this.#start, `there is no symbol ${reference}`);
  }

  /** The text of a symbol by its number. */
  text(ordinal: number): string {
    return new ByteReader(this.#section, this.#offsets[ordinal], this.#offsets[ordinal + 1]).uvarintString();
  }

  /** All texts in their order. */
  *texts(): Generator<string> {
    for (let i = 0; i < this.count; i++) yield this.text(i);
  }
}
