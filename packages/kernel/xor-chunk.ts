/**
 * Kernel `xor-chunk`: XOR chunks from and to float64 columns in the arena. Definition: chunk/xor-chunk.ts.
 *
 * A chunk is given without its encoding byte, starting with the two-byte sample count, which is not read:
 * the caller says how many samples to decode (the published count of an open chunk, the stored count of a
 * finished one).
 */

/**
 * Functions of assembly/xor-chunk.ts. Chunks have 16 readable bytes behind them; columns are 8-byte aligned.
 */
export interface XorChunkKernel {
  /**
   * Decodes the first `limit` samples to `times` and `values`. Returns `limit`, or −1 when the bytes do not
   * hold them.
   */
  xorDecode(chunk: number, sizeBytes: number, limit: number, times: number, values: number): number;
  /**
   * The same, but writes only samples with minTimeMs ≤ time ≤ maxTimeMs and returns how many, and adds the
   * number of staleness markers among them to the u32 at `stale`. Stops at the first time above `maxTimeMs`.
   */
  xorDecodeRange(
    chunk: number,
    sizeBytes: number,
    limit: number,
    minTimeMs: number,
    maxTimeMs: number,
    times: number,
    values: number,
    stale: number,
  ): number;
  /**
   * Encodes `count` (≤ 65535) samples to `chunk`, where 32 + 19 × count bytes fit. Returns the size. Times
   * are integers in float64. Equals the definition byte for byte.
   */
  xorEncode(times: number, values: number, count: number, chunk: number): number;
}
