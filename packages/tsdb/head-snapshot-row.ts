/**
 * The layout of the rows that the kernel `head-snapshot` writes, one per series.
 */

/** Byte offsets in a row of the kernel. */
export const snapshotRow = {
  /** f64 last time to show. */
  visible: 0,
  /** u64 bits of the newest value, which is that at `visible` when `isNewest` is not 0. */
  value: 8,
  /** u32 the series' record. */
  record: 16,
  /** u32 data of the open chunk, and u32 its newest sealed chunk. */
  open: 20,
  sealed: 24,
  /** u32 samples of the open chunk. */
  openSamples: 28,
  /** u32 label ids of this row and those before it. */
  labelEnd: 32,
  /** u32 whether `value` stands: never for histograms, nor for a series without open chunk. */
  isNewest: 36,
  /** u32 encoding of the open chunk (chunk/chunk-encoding.ts). */
  encoding: 40,
} as const;
