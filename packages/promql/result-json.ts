/**
 * A query's result as the `data` object of the HTTP API: `{"resultType":…,"result":[…]}`.
 *
 *   QUERY RESULT → result-json → chunks of bytes in the arena → socket
 *
 * Points are written by the kernel `json-points`; labels once per distinct name and value, as bytes to
 * copy.
 *
 * Lifetime: chunks live in the result's memory, until the result is released (or, if so asked, until the
 * next chunk), so main may send one while the next is written. Escapes are those of the original's encoder:
 * no HTML escapes in labels and numbers, but in string results.
 */

import type { Arena } from "@narthex/kernel/arena";
import { jsonPointBytes, powersOfTen } from "@narthex/kernel/json-points";
import { loadKernels, type Kernels } from "@narthex/kernel/load";
import type { Scratch } from "@narthex/kernel/scratch";
import type { FloatHistogram } from "@narthex/model/float-histogram";
import { formatFloat, formatGoF } from "@narthex/model/go-float";
import { readRecord } from "@narthex/storage/histogram-record";
import type { QuerySymbols } from "@narthex/storage/query-symbols";
import { histogramJson, timeJson } from "./histogram-json.ts";
import {
  pointsOf,
  type MatrixResult,
  type QueryResult,
  type SamplesResult,
  type VectorResult,
} from "./query-result.ts";
import { labelStart, type SeriesTable } from "./series-table.ts";

/** Bytes in the arena. */
export interface JsonChunk {
  readonly address: number;
  readonly sizeBytes: number;
}

/** The usual and the largest size of a chunk. */
export const jsonChunkBytes = 1_048_576;

/** How chunks are made. */
export interface JsonOptions {
  /** The largest size of a chunk, at least `jsonPointBytes`. */
  readonly chunkBytes?: number;
  /** Whether a chunk is gone when the next one is asked for: one buffer for any size of result. */
  readonly reuseChunk?: boolean;
  /** Further members of the data object, each with a comma before it. */
  readonly more?: string;
}

/** Writes the data object; a chunk per iteration, none empty. Abandon it at any time. */
export function* resultJson(
  result: QueryResult,
  { chunkBytes = jsonChunkBytes, reuseChunk = false, more = "" }: JsonOptions = {},
): Generator<JsonChunk, void, undefined> {
  const writer = new ChunkWriter(result.memory, chunkBytes, reuseChunk);
  const type = result.kind === "samples" ? "matrix" : result.kind;
  yield* writer.text(`{"resultType":"${type}","result":`);
  switch (result.kind) {
    case "scalar":
      yield* writer.text(`[${formatFloat(result.timeMs / 1000)},"${formatGoF(result.value)}"]`);
      break;
    case "string":
      yield* writer.text(`[${formatFloat(result.timeMs / 1000)},${htmlSafeString(result.value)}]`);
      break;
    default:
      yield* writeSeries(writer, result);
  }
  yield* writer.text(`${more}}`);
  yield* writer.end();
}

function* writeSeries(
  writer: ChunkWriter,
  result: VectorResult | MatrixResult | SamplesResult,
): Generator<JsonChunk, void, undefined> {
  const labels = new LabelBytes(result.series, result.symbols);
  const points = new PointWriter(writer, result);
  const { count } = result.series;
  yield* writer.text("[");
  for (let i = 0; i < count; i++) {
    yield* writer.bytes(i === 0 ? openFirst : openNext);
    for (const part of labels.of(i)) yield* writer.bytes(part);
    yield* points.write(i);
  }
  yield* writer.text("]");
}

const encoder = new TextEncoder();
const openFirst = encoder.encode('{"metric":{');
const openNext = encoder.encode(',{"metric":{');

/** Appends to chunks. What it yields is full. */
class ChunkWriter {
  readonly arena: Arena;
  readonly scratch: Scratch;
  readonly #chunkBytes: number;
  readonly #reuse: boolean;
  #start = 0;
  /** Where the next byte goes. */
  at = 0;
  /** Where the chunk ends; room for over-writes lies behind it. */
  limit = 0;

  constructor(scratch: Scratch, chunkBytes: number, reuse: boolean) {
    this.scratch = scratch;
    this.arena = scratch.arena;
    this.#chunkBytes = chunkBytes;
    this.#reuse = reuse;
    this.#open();
  }

  text(text: string): Generator<JsonChunk, void, undefined> {
    return this.bytes(encoder.encode(text));
  }

  *bytes(bytes: Uint8Array): Generator<JsonChunk, void, undefined> {
    let from = 0;
    while (from < bytes.length) {
      if (this.at === this.limit) yield this.turn();
      const part = Math.min(bytes.length - from, this.limit - this.at);
      this.arena.u8.set(
        from === 0 && part === bytes.length ? bytes : bytes.subarray(from, from + part),
        this.at,
      );
      this.at += part;
      from += part;
    }
  }

  /** The current chunk, closed; a new one is open. */
  turn(): JsonChunk {
    const chunk = { address: this.#start, sizeBytes: this.at - this.#start };
    this.#open();
    return chunk;
  }

  *end(): Generator<JsonChunk, void, undefined> {
    if (this.at > this.#start) yield { address: this.#start, sizeBytes: this.at - this.#start };
    this.at = this.#start;
  }

  #open(): void {
    if (!this.#reuse || this.#start === 0) this.#start = this.scratch.take(this.#chunkBytes + jsonPointBytes);
    this.at = this.#start;
    this.limit = this.#start + this.#chunkBytes;
  }
}

/** `"name":"value"` of labels as bytes, made once per pair. */
class LabelBytes {
  readonly #table: SeriesTable;
  readonly #symbols: QuerySymbols;
  /** By name id × 2^26 + value id (ids of one query stay far below). */
  readonly #known = new Map<number, Uint8Array>();

  constructor(table: SeriesTable, symbols: QuerySymbols) {
    this.#table = table;
    this.#symbols = symbols;
  }

  *of(series: number): Generator<Uint8Array, void, undefined> {
    const { labelIds, labelEnds } = this.#table;
    const start = labelStart(this.#table, series);
    for (let at = start; at < labelEnds[series]; at += 2) {
      if (at > start) yield comma;
      yield this.#pair(labelIds[at], labelIds[at + 1]);
    }
  }

  #pair(nameId: number, valueId: number): Uint8Array {
    const key = nameId * 67_108_864 + valueId;
    let bytes = this.#known.get(key);
    if (bytes === undefined) {
      const text = `${jsonString(this.#symbols.text(nameId))}:${jsonString(this.#symbols.text(valueId))}`;
      bytes = encoder.encode(text);
      this.#known.set(key, bytes);
    }
    return bytes;
  }
}

const comma = encoder.encode(",");
const openValues = encoder.encode('},"values":[');
const openValue = encoder.encode('},"value":');
const closeValues = encoder.encode("]}");
const closeValue = encoder.encode("}");

/** Writes the values of one series after another. */
class PointWriter {
  readonly #writer: ChunkWriter;
  readonly #result: VectorResult | MatrixResult | SamplesResult;
  readonly #kernels: Kernels;
  readonly #powers: number;
  readonly #prefixes: number;

  constructor(writer: ChunkWriter, result: VectorResult | MatrixResult | SamplesResult) {
    this.#writer = writer;
    this.#result = result;
    this.#kernels = loadKernels(writer.arena);
    this.#powers = powersOfTen(writer.arena);
    const steps = result.kind === "matrix" ? result.steps : { startMs: 0, stepMs: 1, count: 1 };
    const startMs = result.kind === "vector" ? result.timeMs : steps.startMs;
    this.#prefixes = writer.scratch.take(32 * steps.count + 16);
    this.#kernels.jsonPrefixes(startMs, steps.stepMs, steps.count, this.#prefixes);
  }

  *write(series: number): Generator<JsonChunk, void, undefined> {
    const writer = this.#writer;
    const result = this.#result;
    if (result.kind === "vector") {
      if (result.records !== null && result.records[series] !== 0) {
        const histogram = histogramJson(readRecord(writer.arena, result.records[series]));
        yield* writer.text(`},"histogram":[${timeJson(result.timeMs)},${histogram}]}`);
        return;
      }
      yield* writer.bytes(openValue);
      if (writer.limit - writer.at < jsonPointBytes) yield writer.turn();
      this.#writeOne(result.values[series]);
      yield* writer.bytes(closeValue);
      return;
    }
    if (result.kindsAt[series] !== 0) {
      yield* this.#writeMixed(result, series);
      return;
    }
    yield* writer.bytes(openValues);
    const count = result.kind === "matrix" ? result.steps.count : result.counts[series];
    let isFirst = 1;
    for (let from = 0; from < count;) {
      const room = Math.floor((writer.limit - writer.at) / jsonPointBytes);
      if (room === 0) {
        yield writer.turn();
        continue;
      }
      const until = Math.min(count, from + room);
      const before = writer.at;
      writer.at = this.#writePoints(result, series, from, until, isFirst);
      if (writer.at > before) isFirst = 0;
      from = until;
    }
    yield* writer.bytes(closeValues);
  }

  /** A series with histograms: first its floats, then these, each if there are any. */
  *#writeMixed(result: MatrixResult | SamplesResult, series: number): Generator<JsonChunk, void, undefined> {
    const writer = this.#writer;
    const points = pointsOf(result, series);
    const floats = points.filter(({ histogram }) => histogram === null);
    const histograms = points.filter(({ histogram }) => histogram !== null);
    yield* writer.text("}");
    for (const [i, { timeMs, value }] of floats.entries()) {
      const before = i === 0 ? ',"values":[' : ",";
      yield* writer.text(`${before}[${timeJson(timeMs)},"${formatFloat(value)}"]`);
    }
    if (floats.length > 0) yield* writer.text("]");
    for (const [i, { timeMs, histogram }] of histograms.entries()) {
      const before = i === 0 ? ',"histograms":[' : ",";
      yield* writer.text(`${before}[${timeJson(timeMs)},${histogramJson(histogram as FloatHistogram)}]`);
    }
    yield* writer.text(histograms.length > 0 ? "]}" : "}");
  }

  #writeOne(value: number): void {
    const writer = this.#writer;
    const { u8 } = writer.arena;
    const length = u8[this.#prefixes + 31];
    u8.copyWithin(writer.at, this.#prefixes + 1, this.#prefixes + length);
    writer.at = this.#kernels.jsonNumber(value, this.#powers, writer.at + length - 1) >>> 0;
    u8[writer.at++] = 0x22;
    u8[writer.at++] = 0x5d;
  }

  #writePoints(
    result: MatrixResult | SamplesResult,
    series: number,
    from: number,
    until: number,
    isFirst: number,
  ): number {
    const { at } = this.#writer;
    const values = result.valuesAt[series];
    const end =
      result.kind === "matrix"
        ? this.#kernels.jsonRow(
            values,
            result.presenceAt[series],
            from,
            until,
            this.#prefixes,
            this.#powers,
            isFirst,
            at,
          )
        : this.#kernels.jsonSamples(result.timesAt[series], values, from, until, this.#powers, isFirst, at);
    return end >>> 0;
  }
}

/**
 * A JSON string as the original's encoder writes labels: \n, \r, \t, other controls as \u00xx, nothing else
 * escaped.
 */
export function jsonString(text: string): string {
  return JSON.stringify(text).replace(/\\[bf]/gu, (escape, at: number, all: string) => {
    // An even number of backslashes before it: the backslash is one of its own.
    let backslashes = 0;
    while (all[at - 1 - backslashes] === "\\") backslashes++;
    return backslashes % 2 === 1 ? escape : escape === "\\b" ? "\\u0008" : "\\u000c";
  });
}

/** A JSON string as Go's own encoder writes it: <, >, & and the line separators escaped. */
function htmlSafeString(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
