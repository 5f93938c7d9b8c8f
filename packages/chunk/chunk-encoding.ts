/**
 * The encodings that a chunk can have, as the byte before its data says.
 */

/** Numbers of the encodings, as on disk. */
export const ChunkEncoding = {
  Xor: 1,
  Histogram: 2,
  FloatHistogram: 3,
  Xor2: 4,
  HistogramWithStart: 5,
  FloatHistogramWithStart: 6,
} as const;
/** One of the encodings. */
export type ChunkEncoding = (typeof ChunkEncoding)[keyof typeof ChunkEncoding];

/** Whether `encoding` is a byte that means something. */
export function isChunkEncoding(encoding: number): encoding is ChunkEncoding {
  return encoding >= ChunkEncoding.Xor && encoding <= ChunkEncoding.FloatHistogramWithStart;
}

/** Whether chunks of this encoding hold histograms. */
export function holdsHistograms(encoding: number): boolean {
  return isChunkEncoding(encoding) && encoding !== ChunkEncoding.Xor && encoding !== ChunkEncoding.Xor2;
}

/**
 * The sample count in a chunk's first two bytes; the two top bits mean something else in encodings 5 and 6.
 */
export function chunkSampleCount(encoding: number, chunk: Uint8Array): number {
  const count = chunk[0] * 256 + chunk[1];
  return encoding >= ChunkEncoding.HistogramWithStart ? count & 0x3fff : count;
}
