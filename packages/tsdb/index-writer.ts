/**
 * Writes a block's index (version 2): symbols, series, postings, the postings offset table, and the table
 * of contents.
 *
 *   head or compaction → block-writer → INDEX WRITER
 *
 * Series come in label order and go straight to the file; what stays in memory is eight bytes per label of
 * a series, and the symbols.
 *
 * Invariants
 *  - Labels of series strictly ascend; every label name and value is a symbol (both asserted).
 *  - Chunks of a series ascend in time and do not overlap; their refs ascend.
 * Layout: docs/formats/index.md
 */

import { ByteWriter } from "@narthex/bytes/byte-writer";
import { crc32c } from "@narthex/bytes/crc32c";
import { compareUtf8 } from "@narthex/bytes/utf8-order";
import { compareLabels, type Labels } from "@narthex/model/labels";
import { assert } from "@narthex/platform/assert";
import type { Disk } from "@narthex/platform/disk";
import { BlockFileWriter } from "./block-file.ts";

/** The index's magic number. */
export const indexMagic = 0xbaaad700;
/** Series begin at multiples of this; their id is offset ÷ 16. */
export const seriesAlignBytes = 16;

/** A chunk as the index knows it. Times are milliseconds, both inclusive. */
export interface ChunkEntry {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly ref: number;
}

/** A growing column of u32. */
class WordColumn {
  words = new Uint32Array(4096);
  count = 0;

  push(word: number): void {
    if (this.count === this.words.length) {
      const larger = new Uint32Array(this.words.length * 2);
      larger.set(this.words);
      this.words = larger;
    }
    this.words[this.count++] = word;
  }
}

/** An index in the making. */
export class IndexWriter {
  readonly #file: BlockFileWriter;
  readonly #out = new ByteWriter(65_536);
  readonly #symbolRefs = new Map<string, number>();
  #symbols: readonly string[] = [];
  /** Pairs of name and value, numbered in order of appearance: key is name ref × 2^32 + value ref. */
  readonly #pairs = new Map<number, number>();
  readonly #pairCounts = new WordColumn();
  /** Pair numbers of all series, one after the other, and for each series its id and how many they are. */
  readonly #labelPairs = new WordColumn();
  readonly #seriesIds = new WordColumn();
  readonly #seriesLabels = new WordColumn();
  #last: Labels | null = null;
  #seriesStart = 0;

  constructor(disk: Disk, path: string) {
    this.#file = new BlockFileWriter(disk, path);
    this.#out.u32(indexMagic);
    this.#out.u8(2);
    this.#emit();
  }

  /** Series written so far. */
  get seriesCount(): number {
    return this.#seriesIds.count;
  }

  /**
   * Writes the symbols: every label name and value, in any order, repeats allowed. Once, before the first
   * series.
   */
  symbols(texts: Iterable<string>): void {
    assert(this.#seriesStart === 0, "symbols come first, once");
    this.#symbols = [...new Set(texts)].toSorted(compareUtf8);
    const out = this.#out;
    out.zeros(4);
    out.u32(this.#symbols.length);
    this.#symbols.forEach((text, ref) => {
      this.#symbolRefs.set(text, ref);
      out.uvarintString(text);
    });
    out.u32At(0, out.length - 4);
    out.u32(crc32c(out.view(4)));
    this.#emit();
    this.#seriesStart = this.#file.position;
  }

  /** Writes a series. */
  series(labels: Labels, chunks: readonly ChunkEntry[]): void {
    assert(this.#last === null || compareLabels(this.#last, labels) < 0, "series come in label order");
    this.#last = labels;
    this.#file.pad(seriesAlignBytes);
    const id = this.#file.position / seriesAlignBytes;
    assert(id < 4_294_967_296, "an index has at most 64 GiB");
    this.#seriesIds.push(id);
    const out = this.#out;
    out.uvarint(labels.size);
    for (let i = 0; i < labels.pairs.length; i += 2) {
      const name = this.#symbolRef(labels.pairs[i]);
      const value = this.#symbolRef(labels.pairs[i + 1]);
      out.uvarint(name);
      out.uvarint(value);
      this.#countPair(name, value);
    }
    this.#seriesLabels.push(labels.size);
    writeChunkEntries(out, chunks);
    const size = out.length;
    const checksum = crc32c(out.view());
    const body = out.take();
    out.reset();
    out.uvarint(size);
    out.bytes(body);
    out.u32(checksum);
    this.#emit();
  }

  /** Writes the rest, forces all to the medium and closes. */
  finish(): void {
    if (this.#seriesStart === 0) this.symbols([]);
    const symbolsStart = 5;
    const labelIndices = this.#file.position;
    const postings = this.#writePostings();
    const postingsTable = this.#file.position;
    this.#writeTable(postings);
    const out = this.#out;
    for (const offset of [
      symbolsStart,
      this.#seriesStart,
      labelIndices,
      postingsTable,
      labelIndices,
      postingsTable,
    ])
      out.u64(offset);
    out.u32(crc32c(out.view()));
    this.#emit();
    this.#file.finish();
  }

  /** Closes after an error. */
  abandon(): void {
    this.#file.abandon();
  }

  #symbolRef(text: string): number {
    const ref = this.#symbolRefs.get(text);
    assert(ref !== undefined, "every label name and value is a symbol");
    return ref;
  }

  #countPair(name: number, value: number): void {
    const key = name * 4_294_967_296 + value;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = this.#pairs.size;
      this.#pairs.set(key, pair);
      this.#pairCounts.push(0);
    }
    this.#pairCounts.words[pair]++;
    this.#labelPairs.push(pair);
  }

  /** Writes all postings lists; returns the table's entries: key and offset, in order. */
  #writePostings(): { readonly keys: Float64Array; readonly offsets: Float64Array } {
    const { ends, ids } = this.#groupByPair();
    const keys = Float64Array.from(this.#pairs.keys()).sort();
    const offsets = new Float64Array(keys.length + 1);
    offsets[0] = this.#writeList(this.#seriesIds.words, 0, this.#seriesIds.count);
    for (let i = 0; i < keys.length; i++) {
      const pair = this.#pairs.get(keys[i]) as number;
      offsets[i + 1] = this.#writeList(ids, pair === 0 ? 0 : ends[pair - 1], ends[pair]);
    }
    return { keys, offsets };
  }

  /** Series ids by pair, ascending within each: those of pair p end at `ends[p]`. */
  #groupByPair(): { readonly ends: Uint32Array; readonly ids: Uint32Array } {
    const pairs = this.#pairs.size;
    const ends = new Uint32Array(pairs);
    for (let pair = 0, sum = 0; pair < pairs; pair++) {
      ends[pair] = sum;
      sum += this.#pairCounts.words[pair];
    }
    const ids = new Uint32Array(this.#labelPairs.count);
    for (let i = 0, label = 0; i < this.#seriesIds.count; i++) {
      const id = this.#seriesIds.words[i];
      for (let n = this.#seriesLabels.words[i]; n > 0; n--) ids[ends[this.#labelPairs.words[label++]]++] = id;
    }
    return { ends, ids };
  }

  #writeList(ids: Uint32Array, first: number, end: number): number {
    this.#file.pad(4);
    const offset = this.#file.position;
    const out = this.#out;
    out.u32(4 + 4 * (end - first));
    out.u32(end - first);
    for (let i = first; i < end; i++) out.u32(ids[i]);
    out.u32(crc32c(out.view(4)));
    this.#emit();
    return offset;
  }

  #writeTable({ keys, offsets }: { readonly keys: Float64Array; readonly offsets: Float64Array }): void {
    const start = this.#file.position;
    const out = this.#out;
    out.zeros(4);
    out.u32(keys.length + 1);
    let checksum = crc32c(out.view(4));
    this.#emit();
    for (let i = 0; i <= keys.length; i++) {
      out.uvarint(2);
      const key = i === 0 ? 0 : keys[i - 1];
      out.uvarintString(i === 0 ? "" : this.#symbols[Math.floor(key / 4_294_967_296)]);
      out.uvarintString(i === 0 ? "" : this.#symbols[key % 4_294_967_296]);
      out.uvarint(offsets[i]);
      checksum = crc32c(out.view(), 0, out.length, checksum);
      this.#emit();
    }
    const length = this.#file.position - start - 4;
    out.u32(checksum);
    this.#emit();
    out.u32(length);
    this.#file.writeAt(start, out.view());
    out.reset();
  }

  #emit(): void {
    this.#file.write(this.#out.view());
    this.#out.reset();
  }
}

function writeChunkEntries(out: ByteWriter, chunks: readonly ChunkEntry[]): void {
  out.uvarint(chunks.length);
  let before: ChunkEntry | null = null;
  for (const chunk of chunks) {
    assert(chunk.maxTimeMs >= chunk.minTimeMs, "a chunk's times ascend");
    if (before === null) {
      out.varint(chunk.minTimeMs);
      out.uvarint(chunk.maxTimeMs - chunk.minTimeMs);
      out.uvarint(chunk.ref);
    } else {
      assert(chunk.minTimeMs > before.maxTimeMs, "chunks of a series do not overlap");
      assert(chunk.ref > before.ref, "chunk refs ascend");
      out.uvarint(chunk.minTimeMs - before.maxTimeMs);
      out.uvarint(chunk.maxTimeMs - chunk.minTimeMs);
      out.varint(chunk.ref - before.ref);
    }
    before = chunk;
  }
}
