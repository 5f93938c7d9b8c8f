/**
 * Kernel `crc32c`: the checksum of bytes that lie in the arena. Definition: bytes/crc32c.ts.
 */

import type { Arena } from "./arena.ts";
import type { SharedMemory } from "./web-assembly.ts";

/** Functions of assembly/crc32c.ts. */
export interface Crc32cKernel {
  /** Fills the 16 KiB at `table` with the tables that `crc32c` reads. */
  crcTableMake(table: number): void;
  /**
   * The checksum of `sizeBytes` bytes at `at`, going on from `before` (0 at the start). Signed: use `>>> 0`.
   */
  crc32c(table: number, at: number, sizeBytes: number, before: number): number;
}

const tableBytes = 16_384;
const made = new WeakMap<SharedMemory, number>();

/** The address of the kernel's tables, made once per thread in pages of the arena. */
export function crcTable(arena: Arena, kernels: Crc32cKernel): number {
  let table = made.get(arena.memory);
  if (table === undefined) {
    table = arena.allocatePages(tableBytes);
    kernels.crcTableMake(table);
    made.set(arena.memory, table);
  }
  return table;
}
