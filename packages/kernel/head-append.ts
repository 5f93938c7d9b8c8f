/**
 * Kernel `head-append`: a batch of samples into the open chunks of the head. Definition: `HeadModel` in
 * packages/tsdb/head-append.property.test.ts over chunk/xor-chunk.ts. Main thread only.
 *
 * Columns of a batch: `refs` u32, `times` f64 with a stride of 8 bytes (0: all rows have the same time),
 * `values` f64, `results` and `keep` u8.
 */

/** Functions of assembly/head-append.ts. */
export interface HeadAppendKernel {
  /**
   * Judges `count` rows against the series as they are: `results[i]` is an `AppendResult`, `keep[i]` is 1
   * when the row is to be stored. Rows with ref 0 are skipped. Returns how many were refused.
   */
  headAdmit(
    root: number,
    refs: number,
    times: number,
    timeStride: number,
    values: number,
    count: number,
    results: number,
    keep: number,
  ): number;
  /**
   * Stores the kept rows; rows no longer newer than their series are left out. Returns -1, or the index of
   * the row at which the memory was full (rows before it are stored).
   */
  headApply(
    root: number,
    refs: number,
    times: number,
    timeStride: number,
    values: number,
    keep: number,
    count: number,
    commit: number,
  ): number;
  /** Seals the open chunk of a series, of whatever encoding; 0 when the memory is full. */
  headSeal(root: number, record: number): number;
  /** Frees the open buffer of a series that no reader can reach. */
  headDropOpen(root: number, record: number): void;
}
