/**
 * Kernel `hash`: 32-bit hashes for hash tables in the arena. Definition: equal input, equal hash
 * (hash.test.ts).
 */

/** Functions of assembly/hash.ts. Results are signed: use `>>> 0`. */
export interface HashKernel {
  /** Hash of `sizeBytes` bytes at `at`. */
  hashBytes(at: number, sizeBytes: number): number;
  /** Hash of `count` u32 at `at`, which is 4-byte aligned. */
  hashWords(at: number, count: number): number;
}
