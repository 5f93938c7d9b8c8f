/**
 * What coding a histogram chunk remembers from one sample to the next: the same for writing and reading.
 *
 * Buckets are one list, positive before negative: differences from bucket to bucket with the change of each
 * since the last sample (integer histograms), or absolute counts as XORed values (float histograms).
 */

import { ChunkEncoding } from "./chunk-encoding.ts";
import { bucketsIn, type HistogramLayout } from "./histogram-layout.ts";
import { XorValues } from "./xor-values.ts";

/** Bytes before the first bit: sample count, and flags or the header of start times. */
export const histogramHeaderBytes = 3;

/** Values in `HistogramState.xor`; a float histogram's buckets follow them. */
export const xorSlot = { sum: 0, count: 1, zeroCount: 2, buckets: 3 } as const;

/** The two bits in a chunk's header: what lies between the chunk before and this one. */
export const ResetHeader = { Unknown: 0, NotReset: 0x40, Reset: 0x80, Gauge: 0xc0 } as const;
/** One of the headers. */
export type ResetHeader = (typeof ResetHeader)[keyof typeof ResetHeader];

/** Whether chunks of this encoding hold float histograms. */
export function holdsFloatHistograms(encoding: ChunkEncoding): boolean {
  return encoding === ChunkEncoding.FloatHistogram || encoding === ChunkEncoding.FloatHistogramWithStart;
}

/** Whether histogram chunks of this encoding have start times. */
export function histogramsHaveStarts(encoding: ChunkEncoding): boolean {
  return encoding === ChunkEncoding.HistogramWithStart || encoding === ChunkEncoding.FloatHistogramWithStart;
}

/** The header bits of a chunk. */
export function resetHeaderOf(encoding: ChunkEncoding, chunk: Uint8Array, at = 0): ResetHeader {
  return (chunk[histogramsHaveStarts(encoding) ? at : at + 2] & 0xc0) as ResetHeader;
}

/** See the head of the file. */
export class HistogramState {
  readonly isFloat: boolean;
  readonly layout: HistogramLayout;
  readonly positiveCount: number;
  readonly bucketCount: number;
  readonly xor: XorValues;
  /** Integer histograms: differences between neighbours, and how each changed with the last sample. */
  readonly buckets: Float64Array;
  readonly bucketChanges: Float64Array;
  timeMs = 0;
  deltaMs = 0;
  /** Integer histograms. */
  count = 0;
  countDelta = 0;
  zeroCount = 0;
  zeroCountDelta = 0;

  constructor(layout: HistogramLayout, isFloat: boolean) {
    this.isFloat = isFloat;
    this.layout = layout;
    this.positiveCount = bucketsIn(layout.positiveSpans);
    this.bucketCount = this.positiveCount + bucketsIn(layout.negativeSpans);
    this.xor = new XorValues(isFloat ? xorSlot.buckets + this.bucketCount : 1);
    this.buckets = new Float64Array(isFloat ? 0 : this.bucketCount);
    this.bucketChanges = new Float64Array(isFloat ? 0 : this.bucketCount);
  }

  /** Whether the last sample only says that the series is stale. */
  get isStale(): boolean {
    return this.xor.words[0] === 2 && this.xor.words[1] === 0x7ff00000;
  }

  get sum(): number {
    return this.xor.values[xorSlot.sum];
  }

  /** Observations counted by the last sample. */
  get observations(): number {
    return this.isFloat ? this.xor.values[xorSlot.count] : this.count;
  }

  /** Observations in the zero bucket of the last sample. */
  get zeroObservations(): number {
    return this.isFloat ? this.xor.values[xorSlot.zeroCount] : this.zeroCount;
  }

  /** Writes the absolute counts of all buckets to `into` from `at` on. */
  writeCounts(into: Float64Array | number[], at: number): void {
    if (this.isFloat) {
      const { values } = this.xor;
      for (let i = 0; i < this.bucketCount; i++) into[at + i] = values[xorSlot.buckets + i];
      return;
    }
    let count = 0;
    for (let i = 0; i < this.bucketCount; i++) {
      count = (i === this.positiveCount ? 0 : count) + this.buckets[i];
      into[at + i] = count;
    }
  }
}
