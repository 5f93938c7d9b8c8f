/**
 * Kernel `slab`: the writer's allocator for small blocks in the arena, with deferred reuse (epochs.ts). Its
 * state is a struct in the arena made by `slabCreate`, so kernels and TypeScript allocate from the same
 * lists.
 */

/** Functions of assembly/slab.ts. Main thread only. Addresses are multiples of 16; address 0 means none. */
export interface SlabKernel {
  /** Makes the allocator's state in fresh pages and returns its address. */
  slabCreate(): number;
  /**
   * A zeroed block of at least `sizeBytes` (rounded up to 16; above 4096, to pages). 0 when the memory is
   * full.
   */
  slabAllocate(state: number, sizeBytes: number): number;
  /** Hands back a block of `sizeBytes` that no reader can have seen: it is reused at once. */
  slabFree(state: number, address: number, sizeBytes: number): void;
  /** Hands back a block that readers may hold; it is reused after `slabReclaim` with a later epoch. */
  slabRetire(state: number, address: number, sizeBytes: number): void;
  /** Reuses what was retired before `oldestEpoch` (from `advanceEpoch`); returns how many blocks. */
  slabReclaim(state: number, oldestEpoch: number): number;
  /** Bytes handed out and not handed back, retired blocks included. */
  slabUsedBytes(state: number): number;
}
