/**
 * Reads a block's index, versions 1 and 2.
 *
 * Symbols and the postings offset table are read on first use, everything else when it is asked for.
 *
 * Invariant: what is returned has passed its checksum. What does not throws `CorruptionError`.
 * Layout: docs/formats/index.md
 */

import { ByteReader } from "@narthex/bytes/byte-reader";
import { crc32c } from "@narthex/bytes/crc32c";
import { Labels } from "@narthex/model/labels";
import type { LabelMatcher } from "@narthex/model/label-matcher";
import type { Disk } from "@narthex/platform/disk";
import { CorruptionError } from "@narthex/storage/corruption-error";
import { matchingSeries, unite } from "./block-postings.ts";
import { IndexFile } from "./index-file.ts";
import { IndexSymbols } from "./index-symbols.ts";
import { PostingsTable } from "./index-table.ts";
import { indexMagic, seriesAlignBytes } from "./index-writer.ts";

const contentsBytes = 52;
/** What is asked for at once for a series; most are shorter. */
const seriesGuessBytes = 512;

/** One series of an index; filled anew by each read. Times are milliseconds. */
export class IndexSeries {
  labelCount = 0;
  /** Ordinals of symbols: name, value, name, value, … */
  labels = new Uint32Array(64);
  chunkCount = 0;
  chunkMinMs = new Float64Array(64);
  chunkMaxMs = new Float64Array(64);
  chunkRefs = new Float64Array(64);

  reserveLabels(count: number): void {
    if (count * 2 > this.labels.length) this.labels = new Uint32Array(count * 4);
  }

  reserveChunks(count: number): void {
    if (count <= this.chunkRefs.length) return;
    this.chunkMinMs = new Float64Array(count * 2);
    this.chunkMaxMs = new Float64Array(count * 2);
    this.chunkRefs = new Float64Array(count * 2);
  }
}

/** An open index. */
export class IndexReader {
  readonly file: IndexFile;
  readonly version: number;
  readonly #symbolsAt: number;
  readonly #tableAt: number;
  readonly #input = new ByteReader(new Uint8Array(0));
  #symbols: IndexSymbols | null = null;
  #table: PostingsTable | null = null;

  private constructor(file: IndexFile) {
    this.file = file;
    const head = new ByteReader(file.bytes(0, 5));
    if (head.u32() !== indexMagic) throw new CorruptionError(file.path, 0, "this is not an index");
    this.version = head.u8();
    if (this.version !== 1 && this.version !== 2) {
      throw new CorruptionError(file.path, 4, `unknown index file version ${this.version}`);
    }
    const at = file.sizeBytes - contentsBytes;
    if (at < 5) throw new CorruptionError(file.path, 5, "the table of contents is missing");
    const contents = file.bytes(at, contentsBytes);
    const input = new ByteReader(contents);
    const offsets = Array.from({ length: 6 }, () => input.u64Big());
    if (input.u32() !== crc32c(contents, 0, 48)) {
      throw new CorruptionError(file.path, at, "the checksum of the table of contents does not fit");
    }
    this.#symbolsAt = Number(offsets[0]);
    this.#tableAt = Number(offsets[5]);
  }

  /** Opens an index file. Throws `CorruptionError`, or the disk's error. */
  static open(disk: Disk, path: string): IndexReader {
    const file = new IndexFile(disk, path);
    try {
      return new IndexReader(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get symbols(): IndexSymbols {
    this.#symbols ??= new IndexSymbols(this.file, this.#symbolsAt, this.version);
    return this.#symbols;
  }

  get table(): PostingsTable {
    this.#table ??= new PostingsTable(this.file, this.#tableAt);
    return this.#table;
  }

  /** Ids of all series, ascending: label order. */
  allSeries(): Uint32Array {
    return this.postings("", "");
  }

  /** Ids of the series that satisfy all matchers, ascending. */
  select(matchers: readonly LabelMatcher[]): Uint32Array {
    return matchingSeries(this, matchers);
  }

  /** Ids of the series with this label, ascending; empty name and value: all series. */
  postings(name: string, value: string): Uint32Array {
    const at = this.table.find(name, value);
    return at < 0 ? new Uint32Array(0) : this.#list(at);
  }

  /** How many series have this label. */
  postingsCount(name: string, value: string): number {
    const at = this.table.find(name, value);
    return at < 0 ? 0 : new ByteReader(this.file.bytes(at + 4, 4)).u32();
  }

  /** Ids of the series whose value of `name` begins with `prefix` and passes `accepts`, ascending. */
  postingsWhere(name: string, accepts: (value: string) => boolean, prefix: string): Uint32Array {
    const lists: number[] = [];
    this.table.forEachValue(
      name,
      (value, postings) => {
        if (prefix !== "" && !value.startsWith(prefix)) return false;
        if (accepts(value)) lists.push(postings);
        return true;
      },
      prefix,
    );
    return unite(lists.map((at) => this.#list(at)));
  }

  /** Reads the series with this id into `into`. */
  series(id: number, into: IndexSeries): void {
    // Version 1 does not align series: its ids are offsets.
    const offset = this.version === 1 ? id : id * seriesAlignBytes;
    const input = this.#input;
    let bytes = this.file.from(offset, Math.min(seriesGuessBytes, this.file.sizeBytes - offset));
    try {
      input.assign(bytes);
      const length = input.uvarint();
      const start = input.position;
      if (start + length + 4 > bytes.length) bytes = this.file.from(offset, start + length + 4);
      input.assign(bytes, start + length, start + length + 4);
      if (input.u32() !== crc32c(bytes, start, start + length)) {
        throw new CorruptionError(this.file.path, offset, "the checksum of a series does not fit");
      }
      input.assign(bytes, start, start + length);
      this.#decodeSeries(input, into);
    } catch (cause) {
      if (cause instanceof CorruptionError) throw cause;
      throw new CorruptionError(this.file.path, offset, "a series does not decode", { cause });
    }
  }

  /** The labels of a series that was read. */
  labelsOf(series: IndexSeries): Labels {
    const pairs: string[] = [];
    for (let i = 0; i < series.labelCount * 2; i++) pairs.push(this.symbols.text(series.labels[i]));
    return new Labels(pairs);
  }

  close(): void {
    this.file.close();
  }

  #decodeSeries(input: ByteReader, into: IndexSeries): void {
    const { symbols } = this;
    const labelCount = input.uvarint();
    if (labelCount > input.remaining) throw new Error(`${labelCount} labels do not fit`);
    into.reserveLabels(labelCount);
    into.labelCount = labelCount;
    for (let i = 0; i < labelCount * 2; i++) into.labels[i] = symbols.ordinalOf(input.uvarint());
    const chunkCount = input.uvarint();
    if (chunkCount > input.remaining) throw new Error(`${chunkCount} chunks do not fit`);
    into.reserveChunks(chunkCount);
    into.chunkCount = chunkCount;
    let [maxMs, ref] = [0, 0];
    for (let i = 0; i < chunkCount; i++) {
      const minMs = i === 0 ? input.varint() : maxMs + input.uvarint();
      maxMs = minMs + input.uvarint();
      ref = i === 0 ? input.uvarint() : ref + input.varint();
      into.chunkMinMs[i] = minMs;
      into.chunkMaxMs[i] = maxMs;
      into.chunkRefs[i] = ref;
    }
  }

  #list(at: number): Uint32Array {
    const length = new ByteReader(this.file.bytes(at, 4)).u32();
    const bytes = this.file.bytes(at + 4, length + 4);
    const input = new ByteReader(bytes, length);
    const count = length < 4 ? -1 : new ByteReader(bytes).u32();
    if (count * 4 + 4 !== length || input.u32() !== crc32c(bytes, 0, length)) {
      throw new CorruptionError(this.file.path, at, "the checksum of a postings list does not fit");
    }
    const ids = new Uint32Array(count);
    for (let i = 0, p = 4; i < count; i++, p += 4) {
      ids[i] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
    }
    return ids;
  }
}
