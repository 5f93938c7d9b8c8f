/**
 * Kernel `snappy`: block encoding and decoding between addresses of the arena. Definition: bytes/snappy.ts.
 */

/**
 * Functions of assembly/snappy.ts. Sources have 16 readable bytes behind them (`Scratch.take` gives that).
 */
export interface SnappyKernel {
  /**
   * Encodes `sizeBytes` bytes at `source` to `target`, where `snappyBoundBytes(sizeBytes)` fit; `table` are
   * 32 KiB to work in. Returns the size. Equals the definition byte for byte.
   */
  snappyEncode(source: number, sizeBytes: number, target: number, table: number): number;
  /** The plain size that a block announces, −1 when that is not readable. */
  snappyPlainBytes(source: number, sizeBytes: number): number;
  /**
   * Decodes a block to `target`, writing at most `capacity` bytes; the plain size, or −1 for a block that
   * is not valid.
   */
  snappyDecode(source: number, sizeBytes: number, target: number, capacity: number): number;
}
