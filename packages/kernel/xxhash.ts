/**
 * Kernel `xxhash`: the 64-bit hash XXH64 with seed 0, for hashes that must equal those of other programs.
 * Definition: `@narthex/promql` functions/label-hash.ts.
 */

/** Functions of assembly/xxhash.ts. */
export interface XxHashKernel {
  /** Writes the hash of `sizeBytes` bytes at `at` as a 64-bit word to `out` (8-byte aligned). */
  xxHash64(at: number, sizeBytes: number, out: number): void;
}
