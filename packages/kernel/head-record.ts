/**
 * Kernel `head-record`: write-ahead log records of float samples. Definition: packages/tsdb/wal-record.ts.
 */

/** Functions of assembly/head-record.ts. Columns as in head-append.ts. */
export interface HeadRecordKernel {
  /**
   * Writes one record with the kept rows to `out` (17 + 28 bytes per row at most); returns its size, 0 for no
   * row.
   */
  recordEncodeSamples(
    refs: number,
    times: number,
    timeStride: number,
    values: number,
    keep: number,
    count: number,
    out: number,
  ): number;
  /**
   * Reads a samples record into columns (room for sizeBytes / 10 rows); `word` is 8 bytes of scratch. Returns
   * the number of rows, -1 for a malformed record. A ref that does not fit 32 bits becomes 0.
   */
  recordDecodeSamples(
    record: number,
    sizeBytes: number,
    refs: number,
    times: number,
    values: number,
    word: number,
  ): number;
}
