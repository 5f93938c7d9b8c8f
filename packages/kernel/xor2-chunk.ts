/**
 * Kernel `xor2-chunk`: XOR2 chunks to float64 columns in the arena. Definition: chunk/xor2-chunk.ts.
 *
 * A chunk is given without its encoding byte; the caller says how many samples to decode.
 */

/**
 * Functions of assembly/xor2-chunk.ts. Chunks have 16 readable bytes behind them; columns are 8-byte aligned.
 */
export interface Xor2ChunkKernel {
  /**
   * Decodes the first `limit` samples and writes those with minTimeMs ≤ time ≤ maxTimeMs to `times`,
   * `values` and, unless it is 0, `starts`; returns how many, or −1 when the bytes do not hold them. Adds the
   * number of staleness markers among them to the u32 at `stale`. Stops at the first time above `maxTimeMs`.
   */
  xor2DecodeRange(
    chunk: number,
    sizeBytes: number,
    limit: number,
    minTimeMs: number,
    maxTimeMs: number,
    times: number,
    values: number,
    starts: number,
    stale: number,
  ): number;
}
